//! Why nothing can be applied.

use windlass_report::{Exit, Explain};

/// Why nothing can be applied.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum Error {
    /// No environment of this name.
    #[error("--env: got `{got}`, want {want}")]
    UnknownEnvironment {
        /// The name.
        got: String,
        /// Those that there are.
        want: String,
    },
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::UnknownEnvironment { .. } => Exit::Usage,
        }
    }
}
