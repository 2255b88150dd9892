//! The entry point of the bootstrap.

use clap::Parser as _;
use redis_bootstrap::{cli::Args, error::Error, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_target(false)
        .with_ansi(false)
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ran = runtime.map_err(Error::Runtime).and_then(|runtime| {
        let ran = runtime.block_on(run::run(Args::parse().command));
        // A look-up of a name may hang for seconds; nobody waits for it.
        runtime.shutdown_background();
        ran
    });
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => windlass_report::fail(&error),
    }
}
