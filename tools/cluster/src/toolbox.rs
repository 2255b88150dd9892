//! The toolbox: the Debian root with the programs that a cluster needs to be built and run.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::environment::Environment;
use crate::error::Error;
use crate::request::Provider;

/// Runs this same command in the toolbox, in place of this process. Returns where it is there
/// already.
pub fn enter(
    provider: &Provider,
    arguments: &[OsString],
    environment: &Environment,
) -> Result<(), Error> {
    if environment.in_toolbox() {
        return Ok(());
    }
    let called = arguments.first().cloned().unwrap_or_default();
    let path = std::path::absolute(&called).map_err(Error::io("find", &called))?;
    let failed = Command::new(&provider.toolbox)
        .arg(path)
        .args(arguments.iter().skip(1))
        .envs(environment.for_toolbox())
        // `enter` finds its own folder by this one.
        .env("HOME", environment.home())
        .exec();
    Err(Error::io("run", &provider.toolbox)(failed))
}
