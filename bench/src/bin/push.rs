//! `bazel run //bench:push`: a push beside crane and skopeo, to a registry of its own.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_bench::cli::Options;
use windlass_bench::{finish, push};

fn main() -> ExitCode {
    let options = Options::parse();
    finish(&options, push::run(&options))
}
