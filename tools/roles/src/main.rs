//! Writes the rights that applying targets takes: an action of `k8s_roles`.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_report::{Exit, fail};
use windlass_roles::{cli::Arguments, run};

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => Exit::Success.into(),
        Err(error) => fail(&error),
    }
}
