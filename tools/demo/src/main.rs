//! `bazel run //:demo`: run targets one after another, then a log until it says what it should.

use std::process::ExitCode;
use windlass_demo::{PATIENCE, run};
use windlass_runfiles::Environment;

fn main() -> ExitCode {
    let argv0 = std::env::args_os().next();
    match run(argv0.as_deref(), &Environment::read(), PATIENCE) {
        Ok(code) => code,
        Err(error) => windlass_report::fail(&error),
    }
}
