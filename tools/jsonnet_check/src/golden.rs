//! A rendering beside a golden: what a `jsonnet_to_json_test` does.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use regex::bytes::{Regex, RegexBuilder};
use similar::TextDiff;
use windlass_jsonnet::{Content, Form, Outputs, Sources, cli, evaluate};
use windlass_report::{render, say};

use crate::environment::Environment;
use crate::error::Error;
use crate::request::{Compare, Golden, Outcome, Output, Rendering};

/// Renders and compares.
pub fn test(label: &str, rendering: &Rendering) -> Result<(), Error> {
    let got = rendered(label, rendering)?;
    let Some(golden) = &rendering.golden else {
        return Ok(());
    };
    let want = std::fs::read(&golden.path).map_err(Error::file("read", &golden.path))?;
    if golden.compare == Compare::Regex {
        return matches(label, rendering, golden, &want, &got);
    }
    let want = String::from_utf8_lossy(&want);
    let want = match golden.compare {
        Compare::Value => &canonical(golden, &want)?,
        _ => &*want,
    };
    let (want, got) = (plain(want), plain(&got));
    if want == got {
        return Ok(());
    }
    let diff = TextDiff::from_lines(&want, &got);
    let diff = diff
        .unified_diff()
        .header(&golden.path, "rendered")
        .to_string();
    Err(Error::Differs {
        label: label.to_owned(),
        golden: golden.path.clone(),
        diff: diff.lines().map(str::to_owned).collect(),
        update: golden.update.clone(),
    })
}

/// Renders and writes the golden in the checkout.
pub fn update(label: &str, rendering: &Rendering, environment: &Environment) -> Result<(), Error> {
    let text = rendered(label, rendering)?;
    let Some(golden) = &rendering.golden else {
        return Ok(());
    };
    let Some(workspace) = &environment.workspace else {
        return Err(Error::Workspace {
            golden: golden.path.clone(),
        });
    };
    let file = workspace.join(&golden.path);
    std::fs::write(&file, text).map_err(Error::file("write", &file))?;
    say(&format!("wrote {}", golden.path));
    Ok(())
}

/// The output, which is an error's text if an error is expected.
fn rendered(label: &str, rendering: &Rendering) -> Result<String, Error> {
    let arguments = ["jsonnet".to_owned(), format!("@{}", rendering.arguments)];
    let arguments = windlass_param_file::parse::<cli::Arguments>(arguments.map(OsString::from))
        .map_err(Error::Arguments)?;
    let request = (&arguments).try_into();
    let outcome = request.and_then(|request: windlass_jsonnet::Request| {
        let rendered = evaluate(&request);
        rendered.traces.iter().for_each(|line| say(line));
        rendered
            .files
            .map_err(|cause| windlass_jsonnet::Error::Render {
                label: label.to_owned(),
                cause,
            })
    });
    match (outcome, rendering.outcome) {
        (Ok(files), Outcome::Value) => Ok(text_of(files)),
        (Err(error), Outcome::Error) => Ok(render(&error)),
        (Err(error), Outcome::Value) => Err(Error::NoValue {
            label: label.to_owned(),
            said: lines(&render(&error)),
        }),
        (Ok(files), Outcome::Error) => Err(Error::NoError {
            label: label.to_owned(),
            output: shown(rendering, &text_of(files)),
        }),
    }
}

fn matches(
    label: &str,
    rendering: &Rendering,
    golden: &Golden,
    want: &[u8],
    got: &str,
) -> Result<(), Error> {
    let pattern = String::from_utf8_lossy(want);
    let regex = expression(plain(&pattern).trim_end()).map_err(|source| Error::Regex {
        golden: golden.path.clone(),
        source,
    })?;
    if regex.is_match(plain(got).as_bytes()) {
        return Ok(());
    }
    Err(Error::NoMatch {
        label: label.to_owned(),
        golden: golden.path.clone(),
        pattern: lines(&pattern),
        output: shown(rendering, got),
    })
}

/// As bash's `=~` has it, which tests of `rules_jsonnet` are written for: `.` is any character,
/// line ends too. Letters are equal in any case.
fn expression(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .unicode(false)
        .build()
}

/// What the renderer makes of a golden: the same value in our order of fields and our white space.
fn canonical(golden: &Golden, text: &str) -> Result<String, Error> {
    let failed = |cause| Error::Golden {
        golden: golden.path.clone(),
        cause,
    };
    let mut sources = Sources::default();
    sources
        .add(&golden.path, Content::Text(text.to_owned()))
        .map_err(failed)?;
    let request = windlass_jsonnet::Request {
        label: String::new(),
        src: golden.path.clone(),
        sources,
        ext: BTreeMap::new(),
        tla: BTreeMap::new(),
        outputs: Outputs::One(PathBuf::new()),
        form: Form::default(),
    };
    evaluate(&request).files.map(text_of).map_err(failed)
}

/// The text of the only output.
fn text_of(files: Vec<(PathBuf, String)>) -> String {
    files.into_iter().map(|(_, text)| text).collect()
}

/// A text with one line end at its end, however many it has.
fn plain(text: &str) -> String {
    format!("{}\n", text.trim_end_matches(['\n', '\r']))
}

fn shown(rendering: &Rendering, output: &str) -> Vec<String> {
    match rendering.output {
        Output::Shown => lines(output),
        Output::Hidden => Vec::new(),
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| format!("  | {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_those_of_bash() {
        let matched = |pattern: &str, text: &str| {
            let regex = expression(pattern).expect("a pattern");
            regex.is_match(text.as_bytes())
        };
        assert!(matched(
            "runtime ERROR.*port",
            "error: Runtime Error:\n  set port"
        ));
        assert!(
            !matched("^runtime", "error\nruntime"),
            "`^` is the text's start"
        );
        assert!(matched("größe", "error: größe"));
    }

    #[test]
    fn line_ends_at_the_end_do_not_count() {
        assert_eq!(plain("a\n\n"), plain("a"));
        assert_eq!(plain("a\r\n"), plain("a"));
        assert_ne!(plain("\na"), plain("a"));
    }
}
