//! The tool `image`; all of it is in the library.

use std::process::ExitCode;
use windlass_image::{Environment, run};
use windlass_report::Exit;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(std::env::args_os(), Environment::read()).await {
        Ok(()) => Exit::Success.into(),
        Err(error) => windlass_report::fail(&error),
    }
}
