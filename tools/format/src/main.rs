//! `bazel run //:format`: formats the checkout that Bazel was started in.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let checkout = std::env::var_os("BUILD_WORKSPACE_DIRECTORY").map(PathBuf::from);
    match windlass_format::run(checkout) {
        Ok(never) => match never {},
        Err(error) => windlass_report::fail(&error),
    }
}
