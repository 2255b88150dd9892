//! `bazel run //bench:plan`: the planner of the deploy tool, alone.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_bench::cli::Options;
use windlass_bench::{finish, plan};

fn main() -> ExitCode {
    let options = Options::parse();
    finish(&options, plan::run(&options))
}
