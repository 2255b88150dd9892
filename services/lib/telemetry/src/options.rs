//! The arguments that every service has: `#[command(flatten)] telemetry: telemetry::Options`.

use std::net::SocketAddr;

/// How a service tells about itself.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Where to serve metrics, at the path `/metrics`; port 0 is any that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "[::]:9464")]
    pub metrics_address: SocketAddr,
}
