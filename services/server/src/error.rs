//! What ends the process. Trouble with Redis is not here: it is waited out, see [`crate::store`].

use std::path::PathBuf;
use windlass_report::{Exit, Explain};

/// Why the server did not start, or stopped serving.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `--redis` does not parse.
    #[error("--redis: got {got:?}, want host:port")]
    Redis {
        /// The argument as given.
        got: String,
    },
    /// The fixture cannot be read.
    #[error("cannot read features `{}`", path.display())]
    Read {
        /// The argument `--features`.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The fixture is not what it should be.
    #[error("cannot load features `{}`", path.display())]
    Fixture {
        /// The argument `--features`.
        path: PathBuf,
        /// What is wrong with it.
        source: crate::fixture::Error,
    },
    /// The port is taken or may not be used.
    #[error("cannot listen on port {port}")]
    Listen {
        /// The argument `--port`.
        port: u16,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The gRPC server ended by itself.
    #[error("cannot serve")]
    Serve(#[source] tonic::transport::Error),
    /// It cannot tell about itself.
    #[error(transparent)]
    Telemetry(#[from] telemetry::Error),
    /// No threads, no event loop, no signals.
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
            Self::Redis { .. } => Exit::Usage,
            Self::Read { .. } | Self::Fixture { .. } => Exit::Input,
            Self::Listen { .. } | Self::Serve(_) | Self::Runtime(_) => Exit::Failure,
        }
    }
}
