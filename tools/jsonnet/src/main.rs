//! Renders one Jsonnet source to JSON files: an action of `jsonnet_to_json`, or a worker of Bazel
//! for many of them.

use std::process::ExitCode;

use windlass_jsonnet::{Error, start};
use windlass_report::fail;

fn main() -> ExitCode {
    let program = std::env::current_exe().unwrap_or_else(|_| "jsonnet".into());
    match start(&program, std::env::args_os().collect()) {
        Ok(exit) => exit,
        Err(Error::Arguments(windlass_param_file::Error::Usage(usage))) => usage.exit(),
        Err(error) => fail(&error),
    }
}
