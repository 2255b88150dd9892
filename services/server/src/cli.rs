//! The arguments, and what they are parsed into.

use crate::error::Error;
use std::path::PathBuf;

/// Serves the features of a fixture and the notes of travellers, both kept in Redis.
#[derive(Clone, Debug, clap::Parser)]
#[command(version)]
pub struct Args {
    /// Port to listen on, on all addresses.
    #[arg(long, default_value_t = 50001)]
    pub port: u16,
    /// Any address of the Redis cluster; the other nodes are found from there.
    #[arg(long, value_name = "HOST:PORT")]
    pub redis: String,
    /// JSON file with the features: `[{"name": ..., "location": {"latitude": E7, "longitude": E7}}]`.
    #[arg(long, value_name = "FILE", default_value = "/features.json")]
    pub features: PathBuf,
    /// Metrics.
    #[command(flatten)]
    pub telemetry: telemetry::Options,
}

/// Where Redis is first asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// A name or an address.
    pub host: String,
    /// A TCP port, not 0.
    pub port: u16,
}

impl Seed {
    /// Parses `host:port`.
    ///
    /// # Errors
    /// [`Error::Redis`] when the host is empty or the port is not a number from 1 to 65535.
    pub fn try_new(text: &str) -> Result<Self, Error> {
        text.rsplit_once(':')
            .filter(|(host, _)| !host.is_empty())
            .and_then(|(host, port)| Some((host, port.parse().ok().filter(|port| *port > 0)?)))
            .map(|(host, port)| Self {
                host: host.to_owned(),
                port,
            })
            .ok_or_else(|| Error::Redis {
                got: text.to_owned(),
            })
    }
}

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_host_and_port() {
        let seed = Seed::try_new("redis:6379").expect("parses");
        assert_eq!((seed.host.as_str(), seed.port), ("redis", 6379));
        assert_eq!(seed.to_string(), "redis:6379");
    }

    #[test]
    fn anything_else_is_refused_with_what_would_do() {
        for text in [
            "redis",
            "",
            ":6379",
            "redis:",
            "redis:0",
            "redis:70000",
            "redis:x",
        ] {
            let error = Seed::try_new(text).expect_err(text);
            assert_eq!(
                error.to_string(),
                format!("--redis: got {text:?}, want host:port")
            );
        }
    }
}
