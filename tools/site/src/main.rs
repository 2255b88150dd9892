//! `site build --out DIR docs/SUMMARY.md ...`: see the library.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_report::{Exit, fail, print};
use windlass_site::{cli::Cli, run};

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(data) => match print(data.as_bytes()) {
            Ok(()) => Exit::Success.into(),
            Err(_) => Exit::Failure.into(),
        },
        Err(error) => fail(&error),
    }
}
