//! What can go wrong, in the house's form.

use std::path::PathBuf;

use windlass_report::{Exit, Explain};

use crate::limits::PER_BYTE;

/// Why nothing was rendered.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// The source, or what was asked of it, does not hold.
    #[error("cannot render `{label}`")]
    Render {
        /// The target.
        label: String,
        /// Where and why.
        #[source]
        cause: Cause,
    },
    /// An output cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The output.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// There are no arguments that say what to render.
    #[error(transparent)]
    Arguments(#[from] windlass_param_file::Error),
    /// The process that evaluates cannot be started.
    #[error("cannot start `{}`", program.display())]
    Start {
        /// This program.
        program: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The system gives no thread to evaluate in.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The folder that a request is for is not there.
    #[error("cannot enter `{}`", path.display())]
    Enter {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// What a worker is sent is not what Bazel sends.
    #[error(transparent)]
    Protocol(#[from] windlass_worker::Error),
}

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        match self {
            Self::Render { cause, .. } => cause.evidence(),
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Render { cause, .. } => cause.hint(),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Render { .. } => Exit::Input,
            Self::Arguments(error) => error.exit(),
            _ => Exit::Failure,
        }
    }
}

/// What is wrong with a source or with what was asked of it. One line each; begins with
/// `file:line:column:` where the place is known.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Cause {
    /// A place has two files: one of the sources and one that a rule makes, say.
    #[error("two files at `{place}`: `{first}` and `{second}`")]
    PlaceTwice {
        /// The place.
        place: String,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// An import name has two files.
    #[error("two files can be imported as `{name}`: `{first}` and `{second}`")]
    NameTwice {
        /// The name.
        name: String,
        /// The one's place.
        first: String,
        /// The other's.
        second: String,
    },
    /// A variable has two values.
    #[error("{kind} `{name}` is given twice")]
    VariableTwice {
        /// `external variable` or `argument`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A field of an external variable has two values.
    #[error("external variable `{variable}`: field `{field}` is given twice")]
    FieldTwice {
        /// The variable.
        variable: String,
        /// The field.
        field: String,
    },
    /// An output has two files.
    #[error("output `{name}` is declared twice")]
    OutputTwice {
        /// The output.
        name: String,
    },
    /// Several outputs for one value.
    #[error("got {got} outputs, want one without --multiple")]
    Outputs {
        /// How many.
        got: usize,
    },
    /// A place is named, and no file is declared to be there.
    #[error("`{place}` is not among the files of the target")]
    Undeclared {
        /// The place.
        place: String,
    },
    /// A declared file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// What another target rendered is not JSON.
    #[error("cannot parse `{path}`")]
    Parse {
        /// The file.
        path: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The evaluator says no, or the code does by `error` and `assert`.
    #[error("{text}")]
    Evaluation {
        /// Where and why, in one line.
        text: String,
        /// The source's line with a caret, and the stack trace, innermost first.
        evidence: Vec<String>,
    },
    /// Several outputs of a value that has no fields.
    #[error("{place}: got {got}, want an object with a field for each output: {want}")]
    NoObject {
        /// The source.
        place: String,
        /// The value's type.
        got: String,
        /// The outputs.
        want: String,
    },
    /// A declared output that the source does not give.
    #[error("{place}: no field for the declared output {missing}")]
    NoField {
        /// The source.
        place: String,
        /// The outputs.
        missing: String,
        /// All fields that it gives.
        fields: String,
    },
    /// A folder of outputs for a value that has no fields.
    #[error("{place}: got {got}, want an object with a field for each file of the folder")]
    NoFolder {
        /// The source.
        place: String,
        /// The value's type.
        got: String,
    },
    /// A field whose name is no path inside the folder of outputs.
    #[error("{place}: got field `{field}`, want a path in the folder, such as `{want}`")]
    NoFile {
        /// The source.
        place: String,
        /// The field.
        field: String,
        /// The same path as it is written here, or any.
        want: String,
    },
    /// A field of a folder of outputs that is a file, and a folder of another.
    #[error("{place}: got fields `{file}` and `{field}`, want `{file}` to be a file or a folder")]
    FileAndFolder {
        /// The source.
        place: String,
        /// The field.
        file: String,
        /// The field of a file in it.
        field: String,
    },
    /// A field that no output is declared for.
    #[error("{place}: not declared in `outs`: field {undeclared}")]
    NoOutput {
        /// The source.
        place: String,
        /// The fields.
        undeclared: String,
        /// All outputs that are declared.
        outs: String,
    },
    /// The values of the source do not fit.
    #[error("its evaluation takes more memory than {megabytes} MB and {PER_BYTE} times its files")]
    Memory {
        /// The limit.
        megabytes: u64,
    },
    /// The source's text or its values nest so deep that no stack is enough.
    #[error("its code or its values nest too deep")]
    Depth,
    /// The evaluation does not come to an end.
    #[error("its evaluation takes longer than {seconds} s")]
    Time {
        /// The limit.
        seconds: u64,
    },
    /// The evaluator's process ended without an answer.
    #[error("the evaluator ended: {status}")]
    Ended {
        /// How it ended.
        status: String,
        /// What it said.
        words: Vec<String>,
    },
}

impl Cause {
    /// Lines that show more of it.
    pub fn evidence(&self) -> Vec<String> {
        match self {
            Self::Evaluation { evidence, .. } => evidence.clone(),
            Self::NoField { fields, .. } => vec![format!("  fields: {fields}")],
            Self::NoOutput { outs, .. } => vec![format!("  declared: {outs}")],
            Self::Ended { words, .. } => words.clone(),
            _ => Vec::new(),
        }
    }

    /// Twice the bound that was met, as Bazel takes it for its workers.
    fn hint(&self) -> Option<String> {
        let flag = match self {
            Self::Memory { megabytes } => format!("--memory-mb={}", megabytes.saturating_mul(2)),
            Self::Time { seconds } => format!("--seconds={}", seconds.saturating_mul(2).max(1)),
            _ => return None,
        };
        Some(format!("bazel build --worker_extra_flag=Jsonnet={flag}"))
    }

    /// Whether it took too long.
    pub fn is_time(&self) -> bool {
        matches!(self, Self::Time { .. })
    }
}
