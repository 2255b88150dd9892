//! Why the runner does not start. What goes wrong later it says, and tries again.

use windlass_report::{Exit, Explain};

/// Why the runner does not start.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// This is no pod, or one without an account.
    #[error(transparent)]
    Place(Box<windlass_deploy::Error>),
    /// What the pod was given is of no use.
    #[error("cannot use the service account of this pod")]
    Account(#[source] windlass_deploy::api_error::ApiError),
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Place(error) => error.exit(),
            Self::Account(_) => Exit::Preflight,
        }
    }
}
