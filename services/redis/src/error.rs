//! What ends a command. In `run`, trouble with Redis is no error: the next second tries again.

use std::path::PathBuf;
use windlass_report::{Exit, Explain};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not an address.
    #[error("{option}: got {got:?}, want host:port")]
    Address {
        /// The option.
        option: &'static str,
        /// Its value.
        got: String,
    },
    /// The own name is not among the nodes.
    #[error("--name: got {got:?}, want one of {want}")]
    Name {
        /// The value.
        got: String,
        /// The names of the nodes.
        want: String,
    },
    /// More masters than nodes, or none.
    #[error("--masters: got {got}, want 1 to {nodes}")]
    Masters {
        /// The value.
        got: usize,
        /// How many nodes there are.
        nodes: usize,
    },
    /// A probe's verdict: Redis is there, but not as it should be.
    #[error("not ready: {0}")]
    NotReady(crate::probe::NotReady),
    /// No answer that can be used.
    #[error("cannot ask redis at {address}")]
    Redis {
        /// host:port.
        address: String,
        /// What went wrong.
        source: crate::wire::Error,
    },
    /// The program cannot be copied.
    #[error("cannot install into `{}`", directory.display())]
    Install {
        /// The folder.
        directory: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// No event loop, no signals.
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Address { .. } | Self::Name { .. } | Self::Masters { .. } => Exit::Usage,
            _ => Exit::Failure,
        }
    }
}
