//! `bazel run //bench:render`: the Jsonnet renderer beside other evaluators.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_bench::cli::Options;
use windlass_bench::{finish, render};

fn main() -> ExitCode {
    let options = Options::parse();
    finish(&options, render::run(&options))
}
