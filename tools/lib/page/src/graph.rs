//! The page of a stack: a picture, and below it each group with its objects.

use maud::{Markup, html};
use serde_json::json;

use crate::depends::dependents;
use crate::document::{Document, data, filter};
use crate::links::Link;
use crate::stack::{Image, Object, STATES, Stack, cut, many, mark, short, word};
use crate::svg::{Detail, class, figure, in_words};

pub use crate::svg::file as svg;

/// How many objects are shown at once, until a user asks for more.
const SOME: usize = 150;

/// What a script says before anything is pointed at.
const IDLE: &str =
    "Point at an object, or go to it by Tab and the arrow keys: what depends on it is marked.";

/// The page, one file that needs nothing else.
pub fn html(stack: &Stack) -> String {
    let is_large = stack.objects.len() > SOME;
    let groups: Vec<usize> = stack.objects.iter().map(|object| object.group).collect();
    let title = format!("{} as a graph", stack.target);
    let body = html! {
        (header(stack))
        main {
            h2 { "Graph" }
            div .tools .needs-script hidden {
                (filter(&many(stack.objects.len(), "object")))
                @if stack.unseen.is_none() { (states()) }
                button #detail type="button" {
                    @if is_large { "Show objects" } @else { "Show groups only" }
                }
                button #fold type="button" {
                    @if is_large { "Open all groups" } @else { "Close all groups" }
                }
            }
            p #reach role="status" data-idle=(IDLE) { (IDLE) }
            div #picture {
                div #full hidden[is_large] { (figure(stack, Detail::Objects)) }
                div #folded hidden[!is_large] { (figure(stack, Detail::Counts)) }
            }
            h2 { "Objects" }
            // What a reader has asked for is the last of the groups.
            @for at in (0..stack.groups.len()).rev() { (group(stack, at, !is_large)) }
        }
        (data(&json!({"groups": groups, "dependents": dependents(stack)})))
    };
    let styles = [include_str!("svg.css"), include_str!("graph.css")];
    let scripts = [include_str!("graph.js"), include_str!("copy.js")];
    let document = Document {
        title: &title,
        styles: &styles,
        scripts: &scripts,
        body,
    };
    document.text()
}

fn header(stack: &Stack) -> Markup {
    html! {
        header {
            h1 { (stack.target) }
            dl {
                @for (word, value) in &stack.facts {
                    div { dt { (word) } dd { (value) } }
                }
            }
            p { (in_words(&stack.counts(None))) " in " (many(stack.groups.len(), "group")) }
            @if let Some(why) = &stack.unseen {
                p .note { strong { "Without live state: " } (why) }
            }
            (commands(&stack.commands))
        }
    }
}

fn states() -> Markup {
    html! {
        label {
            "State"
            select #state {
                option value="" { "all" }
                @for state in STATES { option value=(state.word()) { (state.word()) } }
            }
        }
    }
}

fn group(stack: &Stack, at: usize, opens: bool) -> Markup {
    let group = &stack.groups[at];
    let needs: Vec<&str> = group
        .needs
        .iter()
        .map(|need| stack.groups[*need].name.as_str())
        .collect();
    html! {
        details .group id=(format!("g{at}")) data-g=(at) data-name=(group.name) open[opens] {
            summary { (group.name) " " span .soft { (in_words(&stack.counts(Some(at)))) } }
            div .scroll tabindex="0" role="region" aria-label=(format!("Objects of {}", group.name)) {
                table {
                    caption {
                        code { (group.label) }
                        @if !needs.is_empty() { " needs " (needs.join(", ")) }
                    }
                    thead {
                        tr {
                            th scope="col" { "Object" }
                            @if stack.unseen.is_none() { th scope="col" { "State" } }
                            th scope="col" { "Image" }
                            th scope="col" { "Answers at" }
                            th scope="col" { "Commands" }
                        }
                    }
                    tbody {
                        @for place in stack.members(at) {
                            (row(&stack.objects[place], place, stack.unseen.is_none()))
                        }
                    }
                }
            }
            (commands(&group.commands))
        }
    }
}

fn row(object: &Object, at: usize, is_seen: bool) -> Markup {
    html! {
        tr id=(format!("o{at}")) tabindex="-1" data-o=(at) data-name=(object.title())
            data-state=(word(object.state)) {
            th scope="row" {
                (object.kind()) " " (object.name())
                br;
                span .soft { (object.label) }
            }
            @if is_seen {
                td {
                    span .state .(class(object.state)) { (mark(object.state)) " " (word(object.state)) }
                    ul { @for line in &object.says { li { code { (line) } } } }
                }
            }
            td { ul { @for image in &object.images { li { (image_of(image)) } } } }
            td { (links(&object.links)) }
            td {
                @if !object.commands.is_empty() {
                    details { summary { "commands" } (commands(&object.commands)) }
                }
            }
        }
    }
}

fn image_of(image: &Image) -> Markup {
    html! {
        code title=(image.reference) { (short(&image.reference)) }
        @if let Some(commit) = &image.commit {
            br;
            span .soft { "of commit " code title=(commit) { (cut(commit, 12)) } }
        }
        @for other in &image.others {
            br;
            span .soft { "pods still run " code title=(other) { (short(other)) } }
        }
    }
}

/// Where something answers: what leads there is a link, the rest can be copied.
pub(crate) fn links(links: &[Link]) -> Markup {
    html! {
        ul {
            @for link in links {
                li {
                    @if link.is_url { a href=(link.text) rel="noreferrer" { (link.text) } }
                    @else { code { (link.text) } }
                }
            }
        }
    }
}

fn commands(commands: &[String]) -> Markup {
    html! {
        ul .commands {
            @for command in commands {
                li {
                    code { (command) }
                    button .copy .needs-script type="button" hidden
                        aria-label=(format!("Copy {command}")) { "copy" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::{Group, State};

    const HOSTILE: &str = "</script><script>alert(1)</script>\"' onload='x'><!--&amp;";

    fn hostile() -> Stack {
        let text = || HOSTILE.to_owned();
        Stack {
            target: text(),
            facts: vec![("namespace", text())],
            unseen: Some(text()),
            commands: vec![text()],
            groups: vec![Group {
                name: text(),
                label: text(),
                needs: Vec::new(),
                commands: vec![text()],
            }],
            objects: vec![Object {
                label: text(),
                manifest: json!({"kind": HOSTILE, "metadata": {"name": HOSTILE}}),
                says: vec![text()],
                images: vec![Image {
                    reference: text(),
                    commit: Some(text()),
                    others: vec![text()],
                }],
                links: vec![
                    Link {
                        text: text(),
                        is_url: false,
                    },
                    Link {
                        text: text(),
                        is_url: true,
                    },
                ],
                commands: vec![text()],
                state: Some(State::Failed),
                ..Object::default()
            }],
        }
    }

    #[test]
    fn no_text_becomes_markup() {
        let stack = hostile();
        let mut seen = hostile();
        seen.unseen = None;
        for page in [html(&stack), html(&seen), svg(&stack)] {
            // Our own script, the data, and their ends.
            let scripts = page.matches("<script").count();
            assert_eq!(scripts, page.matches("</script>").count());
            assert!(scripts == 0 || scripts == 2, "{page}");
            assert!(
                !page.contains("<!--") && !page.contains("<script>alert"),
                "{page}"
            );
            assert!(!page.contains("\"' onload"), "{page}");
        }
    }

    #[test]
    fn style_and_script_are_those_that_the_policy_names() {
        use base64::Engine as _;
        use sha2::Digest as _;
        let page = html(&hostile());
        let between = |start: &str, end: &str| {
            let from = page.find(start).expect(start) + start.len();
            &page[from..from + page[from..].find(end).expect(end)]
        };
        let policy = between("Security-Policy\" content=\"", "\"");
        for (directive, text) in [
            ("style-src", between("<style>", "</style>")),
            ("script-src", between("<script>", "</script>")),
        ] {
            let digest = sha2::Sha256::digest(text.as_bytes());
            let digest = base64::prelude::BASE64_STANDARD.encode(digest);
            assert!(
                policy.contains(&format!("{directive} 'sha256-{digest}';")),
                "{policy}"
            );
        }
        assert!(policy.starts_with("default-src 'none'; "));
        // A policy by digests lets no attribute through.
        assert!(!page.contains(" style=") && !page.contains(" onclick="));
    }

    #[test]
    fn a_page_without_a_look_shows_no_states() {
        let mut stack = hostile();
        stack.objects[0].state = None;
        let page = html(&stack);
        assert!(page.contains("Without live state: "));
        assert!(!page.contains(">State<") && !page.contains("id=\"state\""));
        stack.unseen = None;
        stack.objects[0].state = Some(State::Missing);
        let page = html(&stack);
        assert!(page.contains("1 object missing in 1 group"), "{page}");
        assert!(page.contains("<span class=\"state missing\">○ missing</span>"));
    }

    #[test]
    fn a_large_stack_begins_with_its_groups() {
        let mut stack = hostile();
        let page = html(&stack);
        assert!(page.contains("<div id=\"folded\" hidden>") && page.contains("<div id=\"full\">"));
        stack.objects = vec![stack.objects[0].clone(); SOME + 1];
        let page = html(&stack);
        assert!(page.contains("<div id=\"full\" hidden>") && page.contains("<div id=\"folded\">"));
    }
}
