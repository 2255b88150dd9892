//! The tool `image`; all of it is in the library.

use std::process::ExitCode;
use windlass_report::Exit;

fn main() -> ExitCode {
    match windlass_image::cli::run(std::env::args_os()) {
        Ok(()) => Exit::Success.into(),
        Err(error) => windlass_report::fail(&error),
    }
}
