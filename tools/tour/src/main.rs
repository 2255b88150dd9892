//! `bazel run //:tour`: see the library.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use windlass_rendered::environment::Environment;
use windlass_report::{Exit, fail};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Ctrl-C reaches Bazel too: it ends, and this process tidies up behind it.
    let _interrupts = signal(SignalKind::interrupt());
    let argv0 = std::env::args_os().next();
    match windlass_tour::run(argv0.as_deref(), &Environment::read()) {
        Ok(()) => Exit::Success.into(),
        Err(error) => fail(&error),
    }
}
