//! `jsonnet_conformance`: whether the renderer speaks Jsonnet as others do.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_jsonnet_conformance::{Arguments, run};
use windlass_report::Exit;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => Exit::Success.into(),
        Err(error) => windlass_report::fail(&error),
    }
}
