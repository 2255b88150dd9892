//! What ends the process. A server that is away is not here: it is waited for.

use windlass_report::{Exit, Explain};

/// Why the client did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `--server` does not parse.
    #[error("--server: got {got:?}, want host:port")]
    Server {
        /// The argument as given.
        got: String,
    },
    /// It cannot tell about itself.
    #[error(transparent)]
    Telemetry(#[from] telemetry::Error),
    /// No event loop, no signals.
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
}

impl Explain for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Telemetry(error) => error.hint(),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Telemetry(error) => error.exit(),
            Self::Server { .. } => Exit::Usage,
            Self::Runtime(_) => Exit::Failure,
        }
    }
}
