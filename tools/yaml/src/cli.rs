//! The command line. Bazel's actions give it as `@file`, one argument a line.

use std::path::PathBuf;

use clap::Parser;

/// Work on YAML at build time.
#[derive(Debug, Clone, Parser)]
#[command(name = "yaml", arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the tool can do.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Command {
    /// Convert the documents of a YAML file to JSON.
    ToJson(ToJson),
}

/// Arguments of `to-json`.
#[derive(Debug, Clone, clap::Args)]
pub struct ToJson {
    /// The target that wants the JSON, for messages.
    #[arg(long, value_name = "LABEL")]
    pub label: String,
    /// The YAML.
    #[arg(long, value_name = "FILE")]
    pub src: PathBuf,
    /// The target that the YAML is of, for messages.
    #[arg(long, value_name = "LABEL")]
    pub src_label: String,
    /// Where to.
    #[command(flatten)]
    pub outputs: Outputs,
}

/// The files to write.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(required = true, multiple = true)]
pub struct Outputs {
    /// The file of a document, in the order of the source.
    #[arg(long, value_name = "FILE")]
    pub document: Vec<PathBuf>,
    /// The file of an array of all documents.
    #[arg(long, value_name = "FILE")]
    pub list: Option<PathBuf>,
    /// The file of the only document.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["document", "list"])]
    pub object: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use windlass_param_file::{Error, parse};

    fn to_json(outputs: &[&str]) -> Result<Outputs, Error> {
        let base = [
            "yaml",
            "to-json",
            "--label=//a",
            "--src=a.yaml",
            "--src-label=//a:a.yaml",
        ];
        let all = base.iter().chain(outputs).map(OsString::from);
        parse::<Arguments>(all).map(|arguments| match arguments.command {
            Command::ToJson(arguments) => arguments.outputs,
        })
    }

    #[test]
    fn documents_and_a_list_may_stand_together() {
        let outputs = to_json(&["--document=1", "--document=2", "--list=3"]).expect("parses");
        assert_eq!(outputs.document, ["1", "2"].map(PathBuf::from));
        assert_eq!(outputs.list, Some("3".into()));
    }

    #[test]
    fn no_output_and_an_object_beside_others_do_not_parse() {
        for refused in [
            &[][..],
            &["--object=1", "--list=2"],
            &["--object=1", "--document=2"],
        ] {
            assert!(
                matches!(to_json(refused), Err(Error::Usage(_))),
                "{refused:?}"
            );
        }
    }
}
