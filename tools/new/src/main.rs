//! `bazel run //tools/new -- service greeter`: see the library.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_new::{cli::Cli, environment::Environment, run};
use windlass_report::{Exit, fail, print, say};

fn main() -> ExitCode {
    match run(&Cli::parse(), &Environment::read()) {
        Ok(outcome) => {
            // That nobody reads the list is no reason to fail.
            let _ = print(outcome.list().as_bytes());
            outcome.next.iter().for_each(|line| say(line));
            Exit::Success.into()
        }
        Err(error) => fail(&error),
    }
}
