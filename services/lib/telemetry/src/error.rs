//! What ends a service before it serves.

use std::net::SocketAddr;
use windlass_report::{Exit, Explain};

/// Why a service cannot tell about itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port is taken or may not be used.
    #[error("cannot serve metrics on {address}")]
    Listen {
        /// The argument `--metrics-address`.
        address: SocketAddr,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// What the environment says of traces is not to be had.
    #[error("cannot send traces")]
    Traces(#[source] opentelemetry_otlp::ExporterBuildError),
}

impl Explain for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Traces(_) => Some("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317".to_owned()),
            Self::Listen { .. } => {
                Some("--metrics-address=127.0.0.1:0 takes any free port".to_owned())
            }
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Listen { .. } => Exit::Failure,
            Self::Traces(_) => Exit::Usage,
        }
    }
}
