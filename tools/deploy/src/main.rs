//! Carries out the request beside this program: `bazel run //services/client:myns-deep.apply`.

use std::process::ExitCode;

use windlass_deploy::environment::ProcessEnvironment;
use windlass_deploy::{Launched, help, interrupted, run};
use windlass_report::{Exit, fail};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let argv0 = std::env::args_os().next();
    let (options, launched) = help::parse(Launched::find(argv0.as_deref()));
    // Fails only if one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let environment = ProcessEnvironment::read();
    match run(launched, &options, &environment, interrupted()).await {
        Ok(()) => Exit::Success.into(),
        Err(failure) => fail(&failure),
    }
}
