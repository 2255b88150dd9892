//! The toolbox: the Debian root with the programs that a cluster needs to be built and run.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::cli::Called;
use crate::environment::Environment;
use crate::error::Error;
use crate::programs;
use crate::request::Target;

/// Runs this same command in the toolbox, in place of this process. Returns where it is there
/// already.
pub fn enter(
    target: &Target,
    arguments: &[OsString],
    environment: &Environment,
) -> Result<(), Error> {
    if environment.in_toolbox() {
        return Ok(());
    }
    let called = arguments.first().cloned().unwrap_or_default();
    let path = std::path::absolute(&called).map_err(Error::io("find", &called))?;
    let failed = Command::new(&target.toolbox)
        .arg(path)
        .args(arguments.iter().skip(1))
        .envs(environment.for_toolbox())
        // `enter` finds its own folder by this one.
        .env("HOME", environment.home())
        .exec();
    Err(Error::io("run", &target.toolbox)(failed))
}

/// The programs of the cluster, built in the toolbox where they are missing. This process stays
/// where it is: its docker is not in there.
pub fn build(target: &Target, called: &Called) -> Result<PathBuf, Error> {
    let environment = &called.environment;
    let path = programs::path(target, environment)?;
    if path.is_dir() || environment.in_toolbox() || environment.programs().is_some() {
        return programs::build(target, environment);
    }
    let status = Command::new(&target.toolbox)
        .arg(environment.program()?)
        .arg("build")
        .args(["--request".as_ref(), target.file.as_os_str()])
        .args(["--runfiles".as_ref(), target.runfiles.as_os_str()])
        .envs(environment.for_toolbox())
        .env("HOME", environment.home())
        .status()
        .map_err(Error::io("run", &target.toolbox))?;
    if status.success() {
        return programs::find(target, environment);
    }
    Err(Error::Program {
        what: format!("build them in the toolbox: {status}"),
        tail: Vec::new(),
    })
}
