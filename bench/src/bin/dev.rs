//! `bazel run //bench:dev`: from a save to a pod that is ready.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_bench::cli::Options;
use windlass_bench::{dev, finish};

fn main() -> ExitCode {
    let options = Options::parse();
    finish(&options, dev::run(&options))
}
