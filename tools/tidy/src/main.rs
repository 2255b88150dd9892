//! `tidy [CHECKOUT]`: prints what breaks the house rules, and fails if anything does.

use std::path::PathBuf;
use std::process::ExitCode;

/// The house rules that a program can check.
#[derive(clap::Parser)]
struct Args {
    /// The checkout.
    #[arg(default_value = ".", env = "BUILD_WORKSPACE_DIRECTORY")]
    checkout: PathBuf,
}

fn main() -> ExitCode {
    let args: Args = clap::Parser::parse();
    let sources = match windlass_tidy::read(&args.checkout) {
        Ok(sources) => sources,
        Err(error) => return windlass_report::fail(&error),
    };
    let findings = windlass_tidy::check(&sources);
    for finding in &findings {
        let _ = windlass_report::print(format!("{finding}\n").as_bytes());
    }
    if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
