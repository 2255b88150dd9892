//! The groups of a run as a tree, bottom of the graph first, for a terminal. Pure.
//!
//! ```text
//! ✓ redis            6/6 ready   9.8 s
//! ● └─ server        0/1 ready  11.2 s
//! ○    └─ client     0/1 ready  11.2 s  waits for server
//! ```

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};
use windlass_report::harmless;

use crate::desired::Group;
use crate::progress::{Drawing, Window};
use crate::screen::{GroupLine, GroupState, tree_columns};
use windlass_k8s_diff::text::Colour;

/// How wide one level of branches is.
const BRANCH: usize = 3;

/// How a tree is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// With which characters.
    pub marks: Marks,
    /// Whether with colours.
    pub colour: Colour,
}

/// The characters of marks and branches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marks {
    /// ASCII, where the locale is another one than UTF-8.
    #[default]
    Ascii,
    /// Unicode.
    Unicode,
}

/// The shape of a tree: each group below one that it depends on, and after all of these.
#[derive(Clone, Debug)]
pub struct Tree {
    rows: Vec<Row>,
}

/// One line of a tree.
#[derive(Clone, Debug)]
struct Row {
    /// The group, as place among all.
    group: usize,
    /// For each level down to its own, whether more branches follow there.
    more: Vec<bool>,
}

impl Tree {
    /// The tree of groups that are in dependency order.
    ///
    /// A group hangs on the dependency that comes last in the tree. It is the last branch there,
    /// so it comes after all others too, and nothing that was there before moves.
    pub fn new(groups: &[Group]) -> Self {
        // The path of a group: at each level, which branch. The order of paths is that of lines.
        let mut paths: Vec<Vec<usize>> = Vec::new();
        let mut parents = Vec::new();
        let mut branches = vec![0; groups.len()];
        let mut roots = 0;
        for group in groups {
            let parent = group.deps.iter().copied().max_by_key(|dep| &paths[*dep]);
            let taken = parent.map_or(&mut roots, |parent| &mut branches[parent]);
            let mut path = parent.map_or_else(Vec::new, |parent| paths[parent].clone());
            path.push(*taken);
            *taken += 1;
            paths.push(path);
            parents.push(parent);
        }
        let mut more: Vec<Vec<bool>> = Vec::new();
        for (path, parent) in paths.iter().zip(&parents) {
            let levels = parent.map(|parent| {
                let last = path.last().map_or(0, |branch| branch + 1);
                let own = last < branches[parent];
                more[parent].iter().copied().chain([own]).collect()
            });
            more.push(levels.unwrap_or_default());
        }
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.sort_by_key(|group| &paths[*group]);
        let row = |group: usize| Row {
            group,
            more: more[group].clone(),
        };
        Self {
            rows: order.into_iter().map(row).collect(),
        }
    }

    /// The lines of it in a window. `lines` are the groups as they are, in their order.
    pub fn draw(&self, lines: &[GroupLine], style: Style, window: Window) -> Drawing {
        let deepest = self.rows.iter().map(|row| row.more.len()).max();
        let deepest = deepest.unwrap_or_default();
        // Branches that leave no room for words say less than words do.
        let is_flat = deepest * BRANCH > window.columns / 3;
        let branch = |row: &Row| {
            let levels = if is_flat { &[][..] } else { &row.more };
            style.marks.branch(levels)
        };
        let head = |row: &Row| branch(row) + &harmless(&lines[row.group].name);
        let wide = self.rows.iter().map(|row| head(row).width()).max();
        let wide = wide.unwrap_or_default();
        // The cursor stands in the line below.
        let (shown, more) = self.fit(lines, window.rows.saturating_sub(1));
        let mut drawing = Drawing::default();
        for row in shown {
            let line = &lines[row.group];
            let head = head(row);
            let pad = " ".repeat(wide - head.width());
            let text = format!("{head}{pad}{}", harmless(&tree_columns(line)));
            // The mark and a space stand before.
            let text = cut(&text, window.columns.saturating_sub(2), style.marks);
            let mark = style.marks.mark(line.state);
            drawing.widest = drawing.widest.max(text.width() + 2);
            drawing
                .lines
                .push(format!("{} {text}", paint(mark, line.state, style.colour)));
        }
        if let Some(more) = more {
            let text = cut(&format!("  {more}"), window.columns, style.marks);
            drawing.widest = drawing.widest.max(text.width());
            drawing.lines.push(text);
        }
        drawing
    }

    /// The rows that a window has room for, and what to say of the others. What is not ready comes
    /// first, from the bottom of the graph; of what is ready, the last ones.
    fn fit(&self, lines: &[GroupLine], room: usize) -> (Vec<&Row>, Option<String>) {
        if self.rows.len() <= room {
            return (self.rows.iter().collect(), None);
        }
        let room = room.saturating_sub(1);
        let is_ready = |at: &usize| lines[self.rows[*at].group].state == GroupState::Ready;
        let all = 0..self.rows.len();
        let (ready, open): (Vec<usize>, Vec<usize>) = all.partition(is_ready);
        let mut shown: Vec<usize> = open.iter().copied().take(room).collect();
        let left = room - shown.len();
        shown.extend(ready.iter().rev().take(left));
        shown.sort_unstable();
        let hidden = self.rows.len() - shown.len();
        let hidden_ready = ready.iter().filter(|at| shown.binary_search(at).is_err());
        let more = format!("and {hidden} more, {} of them ready", hidden_ready.count());
        (shown.iter().map(|at| &self.rows[*at]).collect(), Some(more))
    }
}

impl Marks {
    fn mark(self, state: GroupState) -> char {
        match (self, state) {
            (Self::Unicode, GroupState::Ready) => '✓',
            (Self::Unicode, GroupState::Underway) => '●',
            (Self::Unicode, GroupState::Waits) => '○',
            (Self::Unicode, GroupState::Failed) => '✗',
            (Self::Ascii, GroupState::Ready) => '+',
            (Self::Ascii, GroupState::Underway) => '*',
            (Self::Ascii, GroupState::Waits) => '-',
            (Self::Ascii, GroupState::Failed) => '!',
        }
    }

    fn branch(self, levels: &[bool]) -> String {
        let [pass, tee, end] = match self {
            Self::Unicode => ["│  ", "├─ ", "└─ "],
            Self::Ascii => ["|  ", "|- ", "`- "],
        };
        let Some((own, above)) = levels.split_last() else {
            return String::new();
        };
        let passed = above.iter().map(|more| if *more { pass } else { "   " });
        passed.chain([if *own { tee } else { end }]).collect()
    }

    fn ellipsis(self) -> &'static str {
        match self {
            Self::Unicode => "…",
            Self::Ascii => "...",
        }
    }
}

/// A mark in the colour of its state (ECMA-48: SGR).
fn paint(mark: char, state: GroupState, colour: Colour) -> String {
    let code = match state {
        GroupState::Ready => "32",
        GroupState::Underway => "33",
        GroupState::Waits => "2",
        GroupState::Failed => "31",
    };
    match colour {
        Colour::Never => mark.to_string(),
        Colour::Ansi => format!("\x1b[{code}m{mark}\x1b[0m"),
    }
}

/// A line that is not wider than so many columns, and says so where something is missing.
fn cut(line: &str, columns: usize, marks: Marks) -> String {
    if line.width() <= columns {
        return line.to_owned();
    }
    let ellipsis = marks.ellipsis();
    let mut room = columns.saturating_sub(ellipsis.width());
    let mut text = String::new();
    for c in line.chars() {
        let Some(left) = room.checked_sub(c.width().unwrap_or(0)) else {
            break;
        };
        room = left;
        text.push(c);
    }
    text.truncate(text.trim_end().len());
    if columns >= ellipsis.width() {
        text.push_str(ellipsis);
    }
    text
}
