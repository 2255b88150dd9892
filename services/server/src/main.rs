//! The server's entry point.

use clap::Parser as _;
use server::{cli::Args, error::Error, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_target(false)
        .with_ansi(false)
        .init();
    let ran = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Error::Runtime)
        .and_then(|runtime| runtime.block_on(run::run(&Args::parse())));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => windlass_report::fail(&error),
    }
}
