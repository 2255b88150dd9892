//! A rendering beside a golden: what a `jsonnet_to_json_test` does.

use regex::bytes::{Regex, RegexBuilder};
use similar::TextDiff;
use windlass_jsonnet::Told;
use windlass_report::say;

use crate::environment::Environment;
use crate::error::Error;
use crate::request::{Compare, Golden, Outcome, Output, Rendering};

/// Who renders what a command line says, in words: see [`windlass_jsonnet::told`].
pub type Ask<'a> = &'a dyn Fn(Vec<String>) -> std::io::Result<Told>;

/// Renders and compares.
pub fn test(label: &str, rendering: &Rendering, ask: Ask<'_>) -> Result<(), Error> {
    let got = rendered(label, rendering, ask)?;
    let Some(golden) = &rendering.golden else {
        return Ok(());
    };
    let want = std::fs::read(&golden.path).map_err(Error::file("read", &golden.path))?;
    if golden.compare == Compare::Regex {
        return matches(label, rendering, golden, &want, &got);
    }
    let want = String::from_utf8_lossy(&want);
    let want = match golden.compare {
        Compare::Value => &canonical(label, golden, ask)?,
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
pub fn update(
    label: &str,
    rendering: &Rendering,
    environment: &Environment,
    ask: Ask<'_>,
) -> Result<(), Error> {
    let text = rendered(label, rendering, ask)?;
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
fn rendered(label: &str, rendering: &Rendering, ask: Ask<'_>) -> Result<String, Error> {
    let words = windlass_param_file::expand([format!("@{}", rendering.arguments).into()])
        .map_err(Error::Arguments)?;
    let mut words: Vec<_> = words
        .into_iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    // The target that updates the golden says what its test will.
    let mut after_flag = words.iter_mut().skip_while(|word| *word != "--label");
    if let Some(named) = after_flag.nth(1) {
        label.clone_into(named);
    }
    let told = asked(label, words, ask)?;
    told.traces.iter().for_each(|line| say(line));
    match (told.outcome, rendering.outcome) {
        (Ok(texts), Outcome::Value) => Ok(texts.concat()),
        (Err(error), Outcome::Error) => Ok(error),
        (Err(error), Outcome::Value) => Err(Error::NoValue {
            label: label.to_owned(),
            said: lines(&error),
        }),
        (Ok(texts), Outcome::Error) => Err(Error::NoError {
            label: label.to_owned(),
            output: shown(rendering, &texts.concat()),
        }),
    }
}

fn asked(label: &str, words: Vec<String>, ask: Ask<'_>) -> Result<Told, Error> {
    ask(words).map_err(|source| Error::Start {
        label: label.to_owned(),
        program: "jsonnet_check".into(),
        source,
    })
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
fn canonical(label: &str, golden: &Golden, ask: Ask<'_>) -> Result<String, Error> {
    let path = &*golden.path;
    let words = [
        "--label", label, "--src", path, "--file", path, path, "--out", "-", "-",
    ];
    let told = asked(label, words.map(str::to_owned).to_vec(), ask)?;
    told.outcome
        .map(|texts| texts.concat())
        .map_err(|error| Error::Golden {
            golden: golden.path.clone(),
            // Why, and neither what cannot be rendered nor what helps a build.
            said: error
                .lines()
                .filter(|line| !line.starts_with("error: ") && !line.starts_with("hint: "))
                .map(str::to_owned)
                .collect(),
        })
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
