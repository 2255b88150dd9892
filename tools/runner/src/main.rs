//! The runner of a cluster: makes a Job of each `ApplyRequest`, and follows it.

use std::process::ExitCode;

use windlass_deploy::environment::ProcessEnvironment;
use windlass_deploy::interrupted;
use windlass_report::{Exit, fail};
use windlass_runner::{Runner, Terms};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Fails only if one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runner = match Runner::in_cluster(&ProcessEnvironment::read(), Terms::default()) {
        Ok(runner) => runner,
        Err(error) => return fail(&error),
    };
    tokio::select! {
        () = runner.serve() => {}
        () = interrupted() => {}
    }
    Exit::Success.into()
}
