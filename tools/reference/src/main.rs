//! `reference docs/cli/deploy.md ...`: writes pages of the reference; `reference --man FOLDER`: manual pages.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use windlass_report::Exit;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let written = match arguments.as_slice() {
        [flag, folder] if flag == Path::new("--man") => windlass_reference::write_manual(folder),
        pages => windlass_reference::write(pages),
    };
    match written {
        Ok(()) => Exit::Success.into(),
        Err(error) => windlass_report::fail(&error),
    }
}
