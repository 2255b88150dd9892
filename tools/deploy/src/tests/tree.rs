//! The tree that people see while they wait, as goldens; and that a terminal shows it as it was
//! meant.

use std::num::NonZeroU16;

use crate::desired::Group;
use crate::progress::{Drawing, Shown, Window};
use crate::screen::{GroupLine, GroupState, Waits};
use crate::tree::{Marks, Style, Tree};
use windlass_k8s_diff::text::Colour;

const UNICODE: Style = Style {
    marks: Marks::Unicode,
    colour: Colour::Never,
};

const ASCII: Style = Style {
    marks: Marks::Ascii,
    colour: Colour::Never,
};

fn window(columns: usize, rows: usize) -> Window {
    Window { columns, rows }
}

/// Groups by name, with the names of those that they depend on.
fn groups(graph: &[(&str, &[&str])]) -> Vec<Group> {
    let place = |name: &&str| graph.iter().position(|(known, _)| known == name);
    let group = |(name, deps): &(&str, &[&str])| Group {
        id: format!("demo/{name}/myns"),
        label: format!("//services/{name}:myns-shallow"),
        name: (*name).to_owned(),
        deps: deps.iter().map(|dep| place(dep).expect("known")).collect(),
        inventory: None,
    };
    graph.iter().map(group).collect()
}

fn ready(name: &str, after: f64, waits: Option<(f64, &str)>) -> GroupLine {
    let waits = waits.map(|(seconds, group)| Waits::Waited {
        seconds,
        group: group.to_owned(),
    });
    GroupLine {
        name: name.to_owned(),
        kinds: "Deployment".to_owned(),
        state: GroupState::Ready,
        ready: 1,
        of: 1,
        after,
        waits,
    }
}

fn open(name: &str, state: GroupState, after: f64, waits: Waits) -> GroupLine {
    GroupLine {
        state,
        ready: 0,
        waits: Some(waits),
        ..ready(name, after, None)
    }
}

fn waits(name: &str, after: f64, of: &[&str]) -> GroupLine {
    let of = of.iter().map(|group| (*group).to_owned()).collect();
    open(name, GroupState::Waits, after, Waits::Groups(of))
}

/// A chain, half way up.
fn stack() -> (Vec<Group>, Vec<GroupLine>) {
    let groups = groups(&[
        ("redis", &[]),
        ("server", &["redis"]),
        ("client", &["server"]),
    ]);
    let starting = Waits::Own("pod server-6f5d-x2x9k is starting".to_owned());
    let lines = vec![
        GroupLine {
            ready: 6,
            of: 6,
            ..ready("redis", 9.8, None)
        },
        open("server", GroupState::Underway, 11.2, starting),
        waits("client", 11.2, &["server"]),
    ];
    (groups, lines)
}

fn draw(graph: &(Vec<Group>, Vec<GroupLine>), style: Style, window: Window) -> Vec<String> {
    Tree::new(&graph.0).draw(&graph.1, style, window).lines
}

#[test]
fn a_chain() {
    let want = "\
✓ redis           6/6 ready   9.8 s
● └─ server       0/1 ready  11.2 s  pod server-6f5d-x2x9k is starting
○    └─ client    0/1 ready  11.2 s  waits for server";
    assert_eq!(draw(&stack(), UNICODE, window(80, 24)).join("\n"), want);
    let want = "\
+ redis           6/6 ready   9.8 s
* `- server       0/1 ready  11.2 s  pod server-6f5d-x2x9k is starting
-    `- client    0/1 ready  11.2 s  waits for server";
    assert_eq!(draw(&stack(), ASCII, window(80, 24)).join("\n"), want);
}

/// Each group comes after all that it depends on, and hangs on the last of these.
#[test]
fn a_graph_that_is_no_tree() {
    let groups = groups(&[
        ("redis", &[]),
        ("cache", &["redis"]),
        ("postgres", &[]),
        ("users", &["postgres"]),
        ("api", &["cache", "users"]),
        ("web", &["api", "redis"]),
        ("jobs", &["postgres"]),
    ]);
    let lines = vec![
        ready("redis", 3.0, None),
        open(
            "cache",
            GroupState::Underway,
            4.0,
            Waits::Own("Pending".to_owned()),
        ),
        ready("postgres", 2.0, None),
        open(
            "users",
            GroupState::Failed,
            4.0,
            Waits::Own("ProgressDeadlineExceeded".to_owned()),
        ),
        waits("api", 4.0, &["cache", "users"]),
        waits("web", 4.0, &["api"]),
        ready("jobs", 3.5, Some((2.0, "postgres"))),
    ];
    let want = "\
✓ redis           1/1 ready   3.0 s
● └─ cache        0/1 ready   4.0 s  Pending
✓ postgres        1/1 ready   2.0 s
✗ ├─ users        0/1 ready   4.0 s  ProgressDeadlineExceeded
○ │  └─ api       0/1 ready   4.0 s  waits for cache, users
○ │     └─ web    0/1 ready   4.0 s  waits for api
✓ └─ jobs         1/1 ready   3.5 s  waited 2.0 s for postgres";
    assert_eq!(
        draw(&(groups, lines), UNICODE, window(80, 24)).join("\n"),
        want
    );
}

#[test]
fn a_narrow_window_cuts_and_says_so() {
    let want = "\
✓ redis           6/6 ready   9.8 s
● └─ server       0/1 ready  11.2 s  po…
○    └─ client    0/1 ready  11.2 s  wa…";
    assert_eq!(draw(&stack(), UNICODE, window(40, 24)).join("\n"), want);
    for columns in 1..60 {
        let drawing = Tree::new(&stack().0).draw(&stack().1, ASCII, window(columns, 24));
        assert!(drawing.widest <= columns.max(2), "{columns}: {drawing:?}");
    }
}

#[test]
fn branches_that_leave_no_room_go() {
    let want = "\
+ redis...
* `- server...
-    `- client...";
    assert_eq!(draw(&stack(), ASCII, window(18, 24)).join("\n"), want);
    let want = "\
+ redis     6/...
* server    0/...
- client    0/...";
    assert_eq!(draw(&stack(), ASCII, window(17, 24)).join("\n"), want);
}

#[test]
fn names_of_double_width_keep_the_columns() {
    let groups = groups(&[("港", &[]), ("ship", &[])]);
    let lines = vec![ready("港", 1.0, None), ready("ship", 2.0, None)];
    let want = "\
✓ 港      1/1 ready   1.0 s
✓ ship    1/1 ready   2.0 s";
    assert_eq!(
        draw(&(groups, lines), UNICODE, window(80, 24)).join("\n"),
        want
    );
}

#[test]
fn what_does_not_fit_is_counted() {
    let names: Vec<String> = (0..9).map(|at| format!("g{at}")).collect();
    let graph: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), &[][..])).collect();
    let mut lines: Vec<GroupLine> = names.iter().map(|name| ready(name, 1.0, None)).collect();
    lines[7] = waits("g7", 2.0, &["g6"]);
    lines[8] = waits("g8", 2.0, &["g7"]);
    let graph = (groups(&graph), lines);
    let want = "\
✓ g5    1/1 ready   1.0 s
✓ g6    1/1 ready   1.0 s
○ g7    0/1 ready   2.0 s  waits for g6
○ g8    0/1 ready   2.0 s  waits for g7
  and 5 more, 5 of them ready";
    assert_eq!(draw(&graph, UNICODE, window(80, 6)).join("\n"), want);
    let want = "\
○ g7    0/1 ready   2.0 s  waits for g6
  and 8 more, 7 of them ready";
    assert_eq!(draw(&graph, UNICODE, window(80, 3)).join("\n"), want);
    assert_eq!(draw(&graph, UNICODE, window(80, 10)).len(), 9);
}

#[test]
fn colours_are_those_of_the_state_and_take_no_room() {
    let style = Style {
        colour: Colour::Ansi,
        ..UNICODE
    };
    let plain = Tree::new(&stack().0).draw(&stack().1, UNICODE, window(80, 24));
    let drawing = Tree::new(&stack().0).draw(&stack().1, style, window(80, 24));
    assert!(
        drawing.lines[0].starts_with("\x1b[32m✓\x1b[0m redis  "),
        "{drawing:?}"
    );
    assert_eq!(drawing.widest, plain.widest);
}

#[test]
fn what_a_cluster_says_does_not_steer_the_terminal() {
    let groups = groups(&[("a\x1b[2J", &[])]);
    let says = Waits::Own("\x1b]0;title\x07".to_owned());
    let lines = vec![open("a\x1b[2J", GroupState::Underway, 1.0, says)];
    let text = draw(&(groups, lines), UNICODE, window(80, 24)).join("\n");
    assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
}

/// A terminal that shows what it is sent.
struct Terminal {
    parser: vt100::Parser,
    shown: Shown,
    window: Window,
}

impl Terminal {
    fn new(columns: u16, rows: u16) -> Self {
        let size = |count| NonZeroU16::new(count).expect("not 0");
        Self {
            parser: vt100::Parser::new(size(rows), size(columns), 100),
            shown: Shown::default(),
            window: window(columns.into(), rows.into()),
        }
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        let size = |count| NonZeroU16::new(count).expect("not 0");
        self.parser.screen_mut().set_size(size(rows), size(columns));
        self.window = window(columns.into(), rows.into());
    }

    fn show(&mut self, fixed: &[&str], drawing: Drawing) {
        let fixed: Vec<String> = fixed.iter().map(|line| (*line).to_owned()).collect();
        let text = self.shown.redraw(&fixed, drawing, self.window);
        // A terminal device makes both of a newline.
        self.parser.process(text.replace('\n', "\r\n").as_bytes());
    }

    fn tree(&mut self, fixed: &[&str], graph: &(Vec<Group>, Vec<GroupLine>)) {
        let drawing = Tree::new(&graph.0).draw(&graph.1, UNICODE, self.window);
        self.show(fixed, drawing);
    }

    fn contents(&self) -> String {
        self.parser.screen().contents()
    }
}

#[test]
fn a_terminal_shows_one_tree_below_the_lines_that_stay() {
    let mut terminal = Terminal::new(80, 10);
    let mut graph = stack();
    terminal.tree(&["plan    7 objects to create"], &graph);
    graph.1[1] = ready("server", 12.5, Some((9.4, "redis")));
    graph.1[2] = open(
        "client",
        GroupState::Underway,
        12.5,
        Waits::Groups(Vec::new()),
    );
    graph.1[2].waits = None;
    terminal.tree(&["note    a line between"], &graph);
    assert_eq!(
        terminal.contents(),
        "\
plan    7 objects to create
note    a line between
✓ redis           6/6 ready   9.8 s
✓ └─ server       1/1 ready  12.5 s  waited 9.4 s for redis
●    └─ client    0/1 ready  12.5 s"
    );
    // At the end it stays, and the summary comes below.
    terminal.shown = Shown::default();
    terminal.show(&["done in 13.0 s: 7 created"], Drawing::default());
    assert!(
        terminal
            .contents()
            .ends_with("12.5 s\ndone in 13.0 s: 7 created"),
        "{}",
        terminal.contents()
    );
}

#[test]
fn a_tree_as_high_as_the_window_stays_in_it() {
    let mut terminal = Terminal::new(80, 3);
    for _ in 0..3 {
        terminal.tree(&[], &stack());
    }
    assert_eq!(
        terminal.contents(),
        "\
● └─ server       0/1 ready  11.2 s  pod server-6f5d-x2x9k is starting
  and 2 more, 1 of them ready"
    );
}

#[test]
fn a_window_that_changes_loses_no_line() {
    let mut terminal = Terminal::new(80, 12);
    terminal.tree(&["plan"], &stack());
    terminal.resize(100, 12);
    terminal.tree(&[], &stack());
    assert_eq!(terminal.contents().lines().count(), 4, "drawn over");
    // Now lines of the old tree may have been wrapped by the terminal.
    terminal.resize(40, 12);
    terminal.tree(&["note"], &stack());
    terminal.tree(&[], &stack());
    let text = terminal.contents();
    assert!(text.starts_with("plan\n✓ redis"), "{text}");
    assert!(
        text.ends_with(
            "\
note
✓ redis           6/6 ready   9.8 s
● └─ server       0/1 ready  11.2 s  po…
○    └─ client    0/1 ready  11.2 s  wa…"
        ),
        "{text}"
    );
    assert_eq!(text.matches("redis").count(), 2, "{text}");
}
