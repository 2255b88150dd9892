//! `reference docs/cli/deploy.md ...`: writes pages of the reference.

use std::path::PathBuf;
use std::process::ExitCode;

use windlass_report::Exit;

fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    match windlass_reference::write(&paths) {
        Ok(()) => Exit::Success.into(),
        Err(error) => windlass_report::fail(&error),
    }
}
