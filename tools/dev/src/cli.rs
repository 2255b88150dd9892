//! The command line: what stands after `--` in `bazel run //services/client:myns.dev -- --timeout=1m`.

use std::time::Duration;

use clap::Parser;
use windlass_deploy::cli::{WantedPort, duration};

/// What people type, and what comes of it: the end of `--help`, and a block of the page in docs/cli.
pub const EXAMPLES: &str = "\
Examples:
  bazel run //services/client:myns.dev
      begin; Ctrl-C ends
  bazel run //services/client:myns.dev -- --port=8080:50001
      one port, and where";

/// Build and apply whenever a source is saved, show what the changed service says, and forward the
/// ports of the stack's Services, until Ctrl-C.
#[derive(Clone, Debug, Parser)]
#[command(name = "dev", max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// How long a rollout is waited for: 90s, 5m, 1h. A save ends the wait.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5m")]
    pub timeout: Duration,
    /// A Service to forward to; all of the stack by default; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub service: Vec<String>,
    /// A local port, or none for any, and the port of a Service that it leads to; all ports by
    /// default; may be repeated.
    #[arg(long, value_name = "LOCAL:REMOTE", value_parser = WantedPort::parse)]
    pub port: Vec<WantedPort>,
    /// Flags for Bazel's query, info and build: `-- --repo_env=USER=alice`.
    #[arg(last = true, value_name = "BAZEL_FLAG")]
    pub bazel_flags: Vec<String>,
}
