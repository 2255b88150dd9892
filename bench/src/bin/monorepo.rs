//! `bazel run //bench:monorepo`: what Bazel takes for the manifests of many services.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_bench::cli::MonorepoOptions;
use windlass_bench::{finish, monorepo};

fn main() -> ExitCode {
    let options = MonorepoOptions::parse();
    finish(&options.common, monorepo::run(&options))
}
