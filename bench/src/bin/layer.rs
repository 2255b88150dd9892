//! `bazel run //bench:layer`: a layer beside tar into pigz.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_bench::cli::Options;
use windlass_bench::{finish, layer};

fn main() -> ExitCode {
    let options = Options::parse();
    finish(&options, layer::run(&options))
}
