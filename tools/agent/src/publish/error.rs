//! Why nothing can be published.

use windlass_report::{Exit, Explain};

/// Why nothing can be published.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum Error {
    /// Not started by `bazel run`.
    #[error(
        "BUILD_WORKSPACE_DIRECTORY: got nothing, want the checkout; `bazel run` in a workspace \
         sets it"
    )]
    NoWorkspace,
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoWorkspace => Exit::Preflight,
        }
    }
}
