//! One connection to one node: words go out, text comes back, nothing takes long.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, RedisError};
use std::time::Duration;

/// For a connection, and for each answer.
const PATIENCE: Duration = Duration::from_millis(900);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection, or none in time.
    #[error("{0}")]
    Silent(String),
    /// Redis answered with an error: it is alive.
    #[error("{0}")]
    Refused(String),
    /// Redis answered something else than it should.
    #[error(transparent)]
    Table(#[from] crate::table::NotALine),
}

impl From<RedisError> for Error {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::Server(_) | ErrorKind::Extension => Self::Refused(error.to_string()),
            _ => Self::Silent(error.to_string()),
        }
    }
}

/// A connection to a node.
pub struct Wire(MultiplexedConnection);

impl Wire {
    /// Connects to a host, which may be a name, and a port.
    ///
    /// # Errors
    /// [`Error::Silent`].
    pub async fn connect(host: &str, port: u16) -> Result<Self, Error> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let client = redis::Client::open((host, port))?;
        let connect = client.get_multiplexed_async_connection_with_config(&config);
        match tokio::time::timeout(PATIENCE, connect).await {
            Ok(connection) => Ok(Self(connection?)),
            Err(_) => Err(Error::Silent("no connection in time".to_owned())),
        }
    }

    /// Sends one command and gives its answer as text.
    ///
    /// # Errors
    /// All of [`Error`].
    pub async fn ask(&mut self, words: &[&str]) -> Result<String, Error> {
        let mut command = redis::Cmd::new();
        command.arg(words);
        Ok(command.query_async(&mut self.0).await?)
    }

    /// As [`Wire::ask`], without the answer.
    ///
    /// # Errors
    /// All of [`Error`].
    pub async fn send(&mut self, words: &[String]) -> Result<(), Error> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.ask(&words).await.map(drop)
    }
}
