//! `tidy [CHECKOUT]`: prints what breaks the house rules, and fails if anything does.

use std::path::PathBuf;
use std::process::ExitCode;
use windlass_report::{print, say};

/// The house rules that a program can check.
#[derive(clap::Parser)]
struct Args {
    /// The checkout.
    #[arg(default_value = ".", env = "BUILD_WORKSPACE_DIRECTORY")]
    checkout: PathBuf,
}

fn main() -> ExitCode {
    let args: Args = clap::Parser::parse();
    let findings = match windlass_tidy::read(&args.checkout) {
        Ok(sources) => windlass_tidy::check(&sources),
        Err(error) => {
            say(&format!("error: {error}"));
            return ExitCode::FAILURE;
        }
    };
    for finding in &findings {
        let _ = print(format!("{finding}\n").as_bytes());
    }
    if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
