//! A stack as a picture: a box for each group, with its objects in it, and a line for each need.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use crate::layout::{Layout, Point, Size, layout};
use crate::stack::{Stack, State, cut, many, mark, word};

/// The room around everything.
const MARGIN: i64 = 12;
/// The height of a group's name.
const HEAD: i64 = 30;
/// The height of an object.
const ROW: i64 = 22;
/// The width of an object.
const WIDE: i64 = 230;
/// How much of a name fits in.
const CHARACTERS: usize = 30;

/// What is drawn of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Its objects.
    Objects,
    /// How many it has of each state.
    Counts,
}

/// The picture as a part of a page: boxes and objects are links to where the page tells of them.
pub(crate) fn figure(stack: &Stack, detail: Detail) -> Markup {
    let drawing = Drawing::of(stack, detail);
    let Size { width, height } = drawing.size();
    html! {
        svg width=(width) height=(height) viewBox=(format!("0 0 {width} {height}"))
            role="group" aria-label="Groups, and what they need" {
            (drawing.inside())
        }
    }
}

/// The picture as a file of its own.
pub fn file(stack: &Stack) -> String {
    let drawing = Drawing::of(stack, Detail::Objects);
    let Size { width, height } = drawing.size();
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height)
            viewBox=(format!("0 0 {width} {height}")) {
            title { (stack.target) }
            style { (PreEscaped(include_str!("colours.css"))) (PreEscaped(include_str!("svg.css"))) }
            rect .paper width=(width) height=(height) {}
            (drawing.inside())
        }
    };
    picture.into_string() + "\n"
}

struct Drawing<'a> {
    stack: &'a Stack,
    detail: Detail,
    layout: Layout,
    sizes: Vec<Size>,
    members: Vec<Vec<usize>>,
}

impl<'a> Drawing<'a> {
    fn of(stack: &'a Stack, detail: Detail) -> Self {
        let mut members = vec![Vec::new(); stack.groups.len()];
        for (at, object) in stack.objects.iter().enumerate() {
            members[object.group].push(at);
        }
        let size = |own: &Vec<usize>| match detail {
            Detail::Counts => Size {
                width: WIDE,
                height: HEAD + ROW,
            },
            Detail::Objects => {
                let rows = rows(own.len());
                Size {
                    width: WIDE * small(own.len().div_ceil(rows)).max(1),
                    height: HEAD + ROW * small(rows.min(own.len())) + 4,
                }
            }
        };
        let sizes: Vec<Size> = members.iter().map(size).collect();
        let needs: Vec<Vec<usize>> = stack.groups.iter().map(|one| one.needs.clone()).collect();
        Self {
            stack,
            detail,
            layout: layout(&sizes, &needs),
            sizes,
            members,
        }
    }

    fn size(&self) -> Size {
        let Size { width, height } = self.layout.size;
        Size {
            width: width + 2 * MARGIN,
            height: height + 2 * MARGIN,
        }
    }

    fn inside(&self) -> Markup {
        html! {
            g transform=(format!("translate({MARGIN} {MARGIN})")) {
                g {
                    @for (from, to, points) in &self.layout.edges {
                        path .e data-from=(from) data-to=(to) d=(curve(points)) {}
                        path .t data-from=(from) data-to=(to) d=(tip(points)) {}
                    }
                }
                // The last group needs what is before it: it is what a reader begins with.
                @for group in (0..self.stack.groups.len()).rev() { (self.group(group)) }
            }
        }
    }

    fn group(&self, at: usize) -> Markup {
        let (group, members) = (&self.stack.groups[at], &self.members[at]);
        let ((x, y), Size { width, height }) = (self.layout.boxes[at], self.sizes[at]);
        let counts = self.stack.counts(Some(at));
        let state = counts.first().and_then(|(state, _)| *state);
        let label = format!("{}: {}", group.name, in_words(&counts));
        html! {
            g transform=(format!("translate({x} {y})")) {
                a .g .(class(state)) href=(format!("#g{at}")) data-g=(at) {
                    title { (label) }
                    rect .b width=(width) height=(height) rx="6" {}
                    text .h x="10" y="20" { (shown(&group.name)) }
                    @if self.detail == Detail::Counts {
                        text .c x="10" y=(HEAD + 12) {
                            @for (state, count) in &counts {
                                tspan .(class(*state)) { (mark(*state)) " " (count) "  " }
                            }
                        }
                    }
                }
                @if self.detail == Detail::Objects {
                    @for (row, place) in members.iter().enumerate() {
                        (self.object(*place, row, rows(members.len())))
                    }
                }
            }
        }
    }

    fn object(&self, at: usize, place: usize, rows: usize) -> Markup {
        let object = &self.stack.objects[at];
        let (x, y) = (small(place / rows) * WIDE, HEAD + small(place % rows) * ROW);
        let title = object.title();
        let label = match object.state {
            Some(state) => format!("{title}: {}", state.word()),
            None => title.clone(),
        };
        html! {
            a .o .(class(object.state)) href=(format!("#o{at}")) data-o=(at)
                transform=(format!("translate({x} {y})")) {
                title { (label) }
                rect x="4" width=(WIDE - 8) height=(ROW) rx="3" {}
                text .m x="12" y="15" { (mark(object.state)) }
                text x="28" y="15" { (shown(&title)) }
            }
        }
    }
}

/// How many objects stand in one column of a box: a large box is not much higher than wide.
fn rows(objects: usize) -> usize {
    (objects * 4).isqrt().max(14)
}

/// A line that leaves and reaches its boxes level.
fn curve(points: &[Point]) -> String {
    let mut path = String::new();
    for pair in points.windows(2) {
        let [(x, y), (to_x, to_y)] = [pair[0], pair[1]];
        let half = i64::midpoint(x, to_x);
        if path.is_empty() {
            path = format!("M{x} {y}");
        }
        let _ = write!(path, "C{half} {y} {half} {to_y} {to_x} {to_y}");
    }
    path
}

/// The tip of an arrow at what is needed.
fn tip(points: &[Point]) -> String {
    let end = points.last();
    end.map_or(String::new(), |(x, y)| format!("M{x} {y}l-8 -4v8z"))
}

/// The class of a state.
pub(crate) fn class(state: Option<State>) -> &'static str {
    word(state)
}

/// `2 objects ready, 1 object failed`.
pub(crate) fn in_words(counts: &[(Option<State>, usize)]) -> String {
    let one = |(state, count): &(Option<State>, usize)| match state {
        Some(state) => format!("{} {}", many(*count, "object"), state.word()),
        None => many(*count, "object"),
    };
    counts.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn shown(name: &str) -> String {
    match cut(name, CHARACTERS) {
        whole if whole == name => name.to_owned(),
        start => format!("{start}…"),
    }
}

fn small(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
