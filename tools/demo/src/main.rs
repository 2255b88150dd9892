//! `bazel run //:demo`: run targets one after another, then a log until it says what it should.

use std::process::ExitCode;

fn main() -> ExitCode {
    match windlass_demo::run() {
        Ok(code) => code,
        Err(error) => windlass_report::fail(&error),
    }
}
