//! `build`: the programs, and nothing else.

use std::process::ExitCode;

use windlass_report::say;

use crate::cli::Called;
use crate::error::Error;
use crate::programs;
use crate::request::Target;
use crate::toolbox;

/// Builds what is missing.
pub fn run(target: &Target, called: &Called) -> Result<ExitCode, Error> {
    toolbox::enter(target, &called.arguments, &called.environment)?;
    let path = programs::build(target, &called.environment)?;
    say(&format!(
        "the programs of the cluster are in {}",
        path.display()
    ));
    Ok(ExitCode::SUCCESS)
}
