//! The command line. Bazel's actions give it as `@file`, one argument a line; therefore whatever
//! a user may write with line ends in it (values, code) is JSON here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Parser;

use crate::{Cause, Content, Format, Limits, Sources};

/// Render one Jsonnet source to JSON, YAML or text files.
///
/// PLACE is a file's path below the root of the repository, or `../<repository>/...`; NAMES is a
/// JSON object from the name of a variable to its text or code.
#[derive(Debug, Clone, Parser)]
#[command(name = "jsonnet", arg_required_else_help = true)]
pub struct Arguments {
    /// The target that is rendered, for messages.
    #[arg(long, value_name = "LABEL")]
    pub label: String,
    /// The source to render.
    #[arg(long, value_name = "PLACE")]
    pub src: String,
    /// What it may import.
    #[command(flatten)]
    pub imports: Imports,

    /// External variables that are strings.
    #[arg(long, value_name = "NAMES", value_parser = names)]
    pub ext_strs: Option<Names>,
    /// External variables that are code.
    #[arg(long, value_name = "NAMES", value_parser = names)]
    pub ext_code: Option<Names>,
    /// An external variable that is the text of a file.
    #[arg(long, num_args = 2, value_names = ["NAME", "PLACE"])]
    pub ext_str_file: Vec<String>,
    /// An external variable that is the value of a file.
    #[arg(long, num_args = 2, value_names = ["NAME", "PLACE"])]
    pub ext_code_file: Vec<String>,
    /// A field of an external variable that is an object, and the JSON file with its value.
    #[arg(long, num_args = 3, value_names = ["NAME", "FIELD", "PATH"])]
    pub ext_rendered: Vec<String>,

    /// Arguments of the source's function that are strings.
    #[arg(long, value_name = "NAMES", value_parser = names)]
    pub tla_strs: Option<Names>,
    /// Arguments of the source's function that are code.
    #[arg(long, value_name = "NAMES", value_parser = names)]
    pub tla_code: Option<Names>,
    /// An argument of the source's function that is the text of a file.
    #[arg(long, num_args = 2, value_names = ["NAME", "PLACE"])]
    pub tla_str_file: Vec<String>,
    /// An argument of the source's function that is the value of a file.
    #[arg(long, num_args = 2, value_names = ["NAME", "PLACE"])]
    pub tla_code_file: Vec<String>,
    /// The argument `params` of the source's function.
    #[arg(long, value_name = "JSON", value_parser = json)]
    pub params: Option<serde_json::Value>,

    /// How a value is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Each output is an array, and its elements are the documents of a YAML stream.
    #[arg(long)]
    pub stream: bool,
    /// An output does not end in a line end.
    #[arg(long)]
    pub no_trailing_newline: bool,

    /// The source gives an object with a field for each `--out`, by its NAME.
    #[arg(long)]
    pub multiple: bool,
    /// An output and its path.
    #[arg(
        long,
        num_args = 2,
        required_unless_present = "out_dir",
        value_names = ["NAME", "PATH"]
    )]
    pub out: Vec<String>,
    /// A folder for the fields of the object that the source gives, whatever they are.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["multiple", "out"])]
    pub out_dir: Option<PathBuf>,
}

/// What may be imported, and how. PLACE is a file's path below the root of the repository, or
/// `../<repository>/...`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Imports {
    /// A file that may be imported, and its path.
    #[arg(long, num_args = 2, value_names = ["PLACE", "PATH"])]
    pub file: Vec<String>,
    /// A name that a file can be imported by from everywhere.
    #[arg(long, num_args = 2, value_names = ["NAME", "PLACE"])]
    pub import_name: Vec<String>,
    /// A folder to look up imports in.
    #[arg(long, value_name = "PLACE")]
    pub search: Vec<String>,
}

impl Imports {
    /// The same, as the renderer has it.
    ///
    /// # Errors
    /// Two files have one place or one name.
    pub fn sources(&self) -> Result<Sources, Cause> {
        let mut sources = Sources::default();
        for [place, path] in self.file.as_chunks().0 {
            sources.add(place, Content::File(path.clone()))?;
        }
        for [name, place] in self.import_name.as_chunks().0 {
            sources.add_name(name, place)?;
        }
        for folder in &self.search {
            sources.add_search(folder);
        }
        Ok(sources)
    }
}

/// Render what Bazel asks for, until it asks no more.
#[derive(Debug, Clone, Copy, Parser)]
#[command(name = "jsonnet")]
pub struct Persistent {
    /// Speak Bazel's protocol for persistent workers, in JSON, on stdin and stdout.
    #[arg(long = "persistent_worker")]
    pub persistent_worker: bool,
    /// Be one of the processes in which a worker evaluates.
    #[arg(long, hide = true, conflicts_with = "persistent_worker")]
    pub evaluator: bool,
    /// Answer with what is rendered, and write nothing.
    #[arg(long, hide = true, requires = "evaluator")]
    pub tell: bool,
    /// What one evaluation may take.
    #[command(flatten)]
    pub limits: Limits,
}

/// Variables by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names(pub BTreeMap<String, String>);

fn names(text: &str) -> Result<Names, serde_json::Error> {
    serde_json::from_str(text).map(Names)
}

fn json(text: &str) -> Result<serde_json::Value, serde_json::Error> {
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use windlass_param_file::{Error, parse};

    #[test]
    fn names_are_json() {
        let line = r#"{"a": "two\nlines", "b": "it's"}"#;
        let names = names(line).expect("JSON");
        assert_eq!(names.0["a"], "two\nlines");
        assert_eq!(names.0["b"], "it's");
    }

    #[test]
    fn arguments_without_an_output_do_not_parse() {
        let given = ["jsonnet", "--label=//a", "--src=a.jsonnet"].map(OsString::from);
        assert!(matches!(parse::<Arguments>(given), Err(Error::Usage(_))));
    }
}
