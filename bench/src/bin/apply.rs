//! `bazel run //bench:apply`: the deploy tool beside kubectl. The rule runs it beside a cluster.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_bench::cli::ApplyOptions;
use windlass_bench::{apply, finish};

fn main() -> ExitCode {
    let options = ApplyOptions::parse();
    finish(&options.common, apply::run(&options))
}
