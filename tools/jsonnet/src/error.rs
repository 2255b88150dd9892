//! What can go wrong, in the house's form.

use std::path::PathBuf;

use windlass_report::{Exit, Explain};

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
}

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        match self {
            Self::Render { cause, .. } => cause.evidence(),
            Self::Write { .. } => Vec::new(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Render { .. } => Exit::Input,
            Self::Write { .. } => Exit::Failure,
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
    #[error("{place}: got field `{field}`, want a path in the folder, such as `service.json`")]
    NoFile {
        /// The source.
        place: String,
        /// The field.
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
}

impl Cause {
    /// Lines that show more of it.
    pub fn evidence(&self) -> Vec<String> {
        match self {
            Self::Evaluation { evidence, .. } => evidence.clone(),
            Self::NoField { fields, .. } => vec![format!("  fields: {fields}")],
            Self::NoOutput { outs, .. } => vec![format!("  declared: {outs}")],
            _ => Vec::new(),
        }
    }
}
