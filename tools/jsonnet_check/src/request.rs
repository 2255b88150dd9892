//! The request: what a test says, in the file beside its launcher.

use std::path::Path;

use serde::Deserialize;

use crate::Error;

/// The version of the schema that this tool reads.
pub const VERSION: u32 = 1;

/// A test, or the rewriting of its golden. Paths of files are those of runfiles below `_main`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The schema's version, [`VERSION`].
    pub version: u32,
    /// The test: `//services/client:client_test`.
    pub label: String,
    /// What to do.
    pub task: Task,
}

/// What to do.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Render, and compare.
    Test(Rendering),
    /// Render, and write the golden.
    Update(Rendering),
    /// Compare files with what the formatter makes of them.
    Format(Files),
    /// Ask the linter about files.
    Lint(Files),
}

/// A rendering, and what is expected of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rendering {
    /// The file with the arguments of `tools/jsonnet`.
    pub arguments: String,
    /// What it has to be like; nothing is compared without.
    pub golden: Option<Golden>,
    /// How it ends.
    pub outcome: Outcome,
    /// Whether a message may hold all of the output.
    pub output: Output,
}

/// A file that says what is expected.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// The file.
    pub path: String,
    /// How it is compared.
    pub compare: Compare,
    /// The target that writes it anew; none where a rule makes it.
    pub update: Option<String>,
}

/// How a golden is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Text with text, but for line ends at the end.
    Text,
    /// The value that it is as Jsonnet: its order of fields and white space mean nothing.
    Value,
    /// It is a regular expression that matches a part of the output, in any case of letters.
    Regex,
}

/// How a rendering ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With a value.
    Value,
    /// With an error: the output is what `bazel build` would say.
    Error,
}

/// Whether a message may hold all of the output. A difference is always shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// It may.
    Shown,
    /// It may not: it is long.
    Hidden,
}

/// Files, and a program that looks at them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// The program.
    pub program: String,
    /// The files that it looks at.
    pub files: Vec<String>,
    /// The file with what they may import, as arguments; none for a formatter.
    pub imports: Option<String>,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// The file is not there, not JSON, or not of this version.
    pub fn read(path: &Path) -> Result<Self, Error> {
        windlass_versioned::read(path, VERSION).map_err(|source| Error::Request {
            path: path.to_owned(),
            source,
        })
    }
}
