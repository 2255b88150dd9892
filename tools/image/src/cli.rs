//! The command line. This is the one place that reads the environment: `DOCKER_CONFIG` and `HOME`,
//! for `push`.

use crate::{Error, layer, layout, manifest, push};
use clap::{Parser, Subcommand};
use std::ffi::OsString;

/// Makes container images from files, and pushes them.
///
/// An argument `@file` is replaced by the lines of that file, one argument each.
#[derive(Debug, Parser)]
#[command(name = "image", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Layer(layer::Args),
    Manifest(manifest::Args),
    Layout(layout::Args),
    Push(push::Args),
}

/// Runs the tool. Ends the process where clap does: after `--help`, and with 2 on a command line
/// that does not parse.
pub fn run(args: impl Iterator<Item = OsString>) -> Result<(), Error> {
    match Cli::parse_from(expand(args)?).verb {
        Verb::Layer(args) => layer::run(&args),
        Verb::Manifest(args) => manifest::run(&args),
        Verb::Layout(args) => layout::run(&args),
        Verb::Push(args) => {
            let environment = push::Environment {
                docker_config: std::env::var_os("DOCKER_CONFIG"),
                home: std::env::var_os("HOME"),
            };
            push::run(&args, environment)
        }
    }
}

/// Replaces `@file` by its lines.
fn expand(args: impl Iterator<Item = OsString>) -> Result<Vec<OsString>, Error> {
    let mut expanded = Vec::new();
    for arg in args {
        let Some(path) = arg.to_str().and_then(|text| text.strip_prefix('@')) else {
            expanded.push(arg);
            continue;
        };
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.into(),
            source,
        })?;
        expanded.extend(text.lines().map(OsString::from));
    }
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn parameter_files_are_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("params");
        std::fs::write(&file, "--file\n/a b\n0644\nsrc=x\n\n").expect("writes");
        let at_file = format!("@{}", file.display());
        let args = ["image", "layer", &at_file, "--end"].map(OsString::from);
        let expanded = expand(args.into_iter()).expect("expands");
        assert_eq!(
            expanded,
            [
                "image", "layer", "--file", "/a b", "0644", "src=x", "", "--end"
            ]
        );
        let missing = expand([OsString::from("@/nowhere")].into_iter()).expect_err("missing");
        assert_eq!(missing.to_string(), "cannot read `/nowhere`");
    }
}
