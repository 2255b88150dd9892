//! What can go wrong, in the house's form.

use std::path::PathBuf;

use windlass_report::{Exit, Explain};

/// Why nothing was rendered.
#[derive(Debug, thiserror::Error)]
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
            Self::Render { cause, .. } => cause.evidence.clone(),
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

/// What is wrong with a source or with what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Cause {
    /// One line; begins with `file:line:column:` where the place is known.
    pub text: String,
    /// The source's line with a caret, and the stack trace, innermost first.
    pub evidence: Vec<String>,
}

impl Cause {
    /// A cause that is told by one line.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            evidence: Vec::new(),
        }
    }
}
