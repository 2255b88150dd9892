//! The server's entry point.

use clap::Parser as _;
use server::{cli::Args, error::Error, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let service = telemetry::traces::run("server", run::run(&args));
    let ran = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Error::Runtime)
        .and_then(|runtime| runtime.block_on(service));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => windlass_report::fail(&error),
    }
}
