//! Our own programs, as run targets have them.

use std::path::PathBuf;

use windlass_runfiles::{Environment, Launcher};

use crate::error::Error;

/// The deploy tool.
pub fn deploy() -> Result<PathBuf, Error> {
    tool("_main/tools/deploy/deploy")
}

/// The image tool.
pub fn image() -> Result<PathBuf, Error> {
    tool("_main/tools/image/image")
}

/// The Jsonnet renderer.
pub fn jsonnet() -> Result<PathBuf, Error> {
    tool("_main/tools/jsonnet/jsonnet")
}

fn tool(path: &str) -> Result<PathBuf, Error> {
    let argv0 = std::env::args_os().next();
    let launcher = Launcher::find(argv0.as_deref(), &Environment::read())?;
    let tool = launcher.file(path);
    std::fs::canonicalize(&tool).map_err(Error::io("find", tool))
}
