//! An error of the evaluator as something to read: where, what, the source's line, the stack.

use std::fmt::Write as _;

use jrsonnet_evaluator::analyze::DiagLevel;
use jrsonnet_evaluator::error::ErrorKind;
use jrsonnet_evaluator::{Error, SourcePath, Span, StackTraceElement};

use crate::evaluate::MAX_STACK;
use crate::parameters;
use crate::request::Request;
use crate::sources::place_of;
use crate::{Cause, Sources};

/// Frames shown at the inner and at the outer end of a stack.
const FRAMES: (usize, usize) = (12, 8);
/// Characters of a source's line that are shown.
const WIDTH: usize = 120;

/// A part of a source's text.
struct Part {
    place: String,
    code: String,
    start: usize,
    end: usize,
}

/// Turns an error of the evaluator into `file:line:column: text` and evidence. Where the
/// evaluator knows no place at all, that of the rendered source (`src`) has to do.
pub fn explain(error: &Error, request: &Request) -> Cause {
    let (src, sources) = (&request.src, &request.sources);
    let frames = &error.trace().0;
    let (text, part) = said(error.error(), frames, request);
    let part = part.or_else(|| {
        frames
            .iter()
            .find_map(|frame| frame.location.as_ref().map(of))
    });
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let mut evidence: Vec<String> = lines.map(|line| format!("  {line}")).collect();
    let text = match &part {
        Some(part) => {
            evidence.splice(0..0, part.excerpt());
            format!("{}: {first}", part.shown(sources))
        }
        None => format!("{}: {first}", sources.shown(src)),
    };
    evidence.extend(stack(frames, part.as_ref(), sources));
    Cause::Evaluation { text, evidence }
}

/// The line and the column, both from 1, of a byte of a text. The evaluator's own function for
/// this takes bytes for characters.
fn position(code: &str, byte: usize) -> (usize, usize) {
    let before = before(code, byte);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |line| line.chars().count())
        + 1;
    (line, column)
}

fn before(code: &str, byte: usize) -> &str {
    let mut end = byte.min(code.len());
    while !code.is_char_boundary(end) {
        end -= 1;
    }
    &code[..end]
}

/// What is wrong, and where if the error itself knows.
fn said(
    kind: &ErrorKind,
    frames: &[StackTraceElement],
    request: &Request,
) -> (String, Option<Part>) {
    let sources = &request.sources;
    match kind {
        ErrorKind::RuntimeError(text) => (text.to_string(), None),
        ErrorKind::ImportSyntaxError { error, .. } => (
            format!("syntax error: {}", error.message),
            Some(of(&error.location)),
        ),
        ErrorKind::StaticAnalysisError(all) => {
            let errors = || all.iter().filter(|one| one.level == DiagLevel::Error);
            let texts: Vec<_> = errors().map(|one| one.message.as_str()).collect();
            let part = errors().find_map(|one| one.span.as_ref()).map(of);
            (texts.join("\n"), part)
        }
        ErrorKind::StackOverflow => (
            format!("stack overflow: calls nest deeper than {MAX_STACK}"),
            None,
        ),
        ErrorKind::ImportIo(text) => (text.clone(), None),
        ErrorKind::NoSuchField(name, similar) => {
            let mut uses = uses_of(name, sources);
            let mut text = format!("no such field: {name}");
            if !similar.is_empty() {
                let similar: Vec<&str> = similar.iter().map(|name| &**name).collect();
                let _ = write!(text, "\nfields of similar names: {}", similar.join(", "));
            }
            if uses.len() == 1 {
                return (text, uses.pop());
            }
            for part in &uses {
                let _ = write!(text, "\n`.{name}` is at {}", part.shown(sources));
            }
            (text, None)
        }
        ErrorKind::UnknownFunctionParameter(name) => {
            let called = frames.first().and_then(|frame| function_of(&frame.desc));
            let nearest = called.and_then(|function| nearest_parameter(name, function, sources));
            let nearest = nearest.map(|name| format!("\nthe nearest is: {name}"));
            (format!("{kind}{}", nearest.unwrap_or_default()), None)
        }
        ErrorKind::ImportFileNotFound(from, what) => {
            let what = what.to_string();
            let mut text = format!(
                "cannot import '{what}': no file of `deps` (of a service: `jsonnet_deps`) or \
                 `data` is found by it"
            );
            for place in sources.namesakes(&what) {
                let _ = write!(text, "\ndeclared with that file name: '{place}'");
            }
            (text, import_of(from, &what, sources))
        }
        ErrorKind::UndefinedExternalVariable(name) => {
            let known: Vec<&String> = request.ext.keys().collect();
            let known = match known.as_slice() {
                [] => "none is given".to_owned(),
                known => format!("want {}", windlass_nearest::one_of(name, known)),
            };
            // What a service reads of another one is called by its label.
            let why = if name.contains("//") {
                ": those are the labels in `deps`"
            } else {
                ""
            };
            (format!("{kind}\n{known}{why}"), None)
        }
        other => (other.to_string(), None),
    }
}

/// The function that a frame calls: `container` of `function <container> preparation`.
fn function_of(desc: &str) -> Option<&str> {
    let (name, _) = desc.strip_prefix("function <")?.split_once('>')?;
    Some(name)
}

/// The parameter of a function that a name is probably a slip of.
fn nearest_parameter(name: &str, function: &str, sources: &Sources) -> Option<String> {
    let texts = sources.code().filter_map(|place| {
        let code = sources.read(place).ok()?;
        String::from_utf8(code).ok()
    });
    let texts: Vec<String> = texts.collect();
    let known = texts.iter().flat_map(|code| parameters::of(code, function));
    windlass_nearest::nearest(name, known).map(str::to_owned)
}

/// The import of `what` in a file: the evaluator does not say where it stands.
fn import_of(from: &SourcePath, what: &str, sources: &Sources) -> Option<Part> {
    let place = place_of(from);
    let code = String::from_utf8(sources.read(&place).ok()?).ok()?;
    let start = ["'", "\""]
        .iter()
        .find_map(|quote| code.find(&format!("{quote}{what}{quote}")))?;
    Some(Part {
        place,
        start,
        end: start + what.len() + 2,
        code,
    })
}

/// Each `.name` in the sources: the evaluator does not say which of them has no such field.
fn uses_of(name: &str, sources: &Sources) -> Vec<Part> {
    let dotted = format!(".{name}");
    let of_name = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let mut uses = Vec::new();
    for place in sources.code() {
        let Some(code) = sources
            .read(place)
            .ok()
            .and_then(|code| String::from_utf8(code).ok())
        else {
            continue;
        };
        let ends = code.match_indices(&dotted).map(|(at, _)| at + dotted.len());
        for end in ends.filter(|end| !code[*end..].starts_with(of_name)) {
            let start = end - name.len();
            uses.push(Part {
                place: place.to_owned(),
                code: code.clone(),
                start,
                end,
            });
        }
    }
    uses
}

fn of(span: &Span) -> Part {
    Part {
        place: place_of(span.0.source_path()),
        code: span.0.code().to_owned(),
        start: span.1 as usize,
        end: span.2 as usize,
    }
}

impl Part {
    fn shown(&self, sources: &Sources) -> String {
        let (line, column) = self.position();
        format!("{}:{line}:{column}", sources.shown(&self.place))
    }

    fn position(&self) -> (usize, usize) {
        position(&self.code, self.start)
    }

    /// The line, and below it carets under the part.
    fn excerpt(&self) -> [String; 2] {
        let (line, column) = self.position();
        let text: Vec<char> = self
            .code
            .lines()
            .nth(line - 1)
            .unwrap_or_default()
            .chars()
            .map(|c| if c == '\t' { ' ' } else { c })
            .collect();
        let inside = before(&self.code, self.end)
            .len()
            .saturating_sub(self.start);
        let first = column - 1;
        let carets = inside.clamp(1, text.len().saturating_sub(first).max(1));
        // A line of minified JSON is shown around the part only.
        let from = if text.len() > WIDTH {
            first.saturating_sub(WIDTH / 2)
        } else {
            0
        };
        let shown: String = text.iter().skip(from).take(WIDTH).collect();
        let carets = carets.min(WIDTH.saturating_sub(first - from)).max(1);
        let number = line.to_string();
        let (margin, indent) = (" ".repeat(number.len()), " ".repeat(first - from));
        [
            format!("  {number} | {shown}").trim_end().to_owned(),
            format!("  {margin} | {indent}{}", "^".repeat(carets)),
        ]
    }

    fn same(&self, other: &Self) -> bool {
        self.place == other.place && self.start == other.start && self.end == other.end
    }
}

/// What a frame without a place says, in fewer words.
fn plain(desc: &str) -> &str {
    let desc = desc.strip_prefix("during ").unwrap_or(desc);
    let desc = desc.strip_suffix(" manifestification").unwrap_or(desc);
    desc.strip_suffix(" evaluation").unwrap_or(desc)
}

/// The frames, innermost first; an excerpt where the stack comes to another file.
fn stack(frames: &[StackTraceElement], cause: Option<&Part>, sources: &Sources) -> Vec<String> {
    let mut lines = Vec::new();
    let mut file = cause.map(|part| part.place.clone());
    let hidden = FRAMES.0..frames.len().saturating_sub(FRAMES.1);
    for (index, frame) in frames.iter().enumerate() {
        if hidden.contains(&index) {
            if index == hidden.start {
                lines.push(format!("  ... {} more ...", hidden.len()));
            }
            continue;
        }
        let Some(part) = frame.location.as_ref().map(of) else {
            lines.push(format!("  in {}", plain(&frame.desc)));
            continue;
        };
        if cause.is_some_and(|cause| cause.same(&part)) {
            continue;
        }
        lines.push(format!("  at {}: {}", part.shown(sources), frame.desc));
        if file.as_ref() != Some(&part.place) {
            lines.extend(part.excerpt());
            file = Some(part.place);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(code: &str, of: &str) -> Part {
        let start = code.find(of).expect("is there");
        Part {
            place: "a".to_owned(),
            code: code.to_owned(),
            start,
            end: start + of.len(),
        }
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(position("ab\näö x", 8), (2, 4));
        assert_eq!(position("ab", 2), (1, 3));
        assert_eq!(position("", 7), (1, 1));
    }

    #[test]
    fn carets_stand_under_the_part() {
        assert_eq!(
            part("a\n  b: cd,\n", "cd").excerpt(),
            ["  2 |   b: cd,", "    |      ^^"]
        );
    }

    #[test]
    fn a_long_line_is_shown_around_the_part() {
        let code = format!("{}here{}", "x".repeat(1000), "y".repeat(1000));
        let [line, carets] = part(&code, "here").excerpt();
        assert_eq!(line.len(), WIDTH + "  1 | ".len());
        assert_eq!(line.find("here"), carets.find("^^^^"));
    }
}
