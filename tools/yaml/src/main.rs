//! Converts YAML to JSON: an action of `yaml_to_json`, and of a `k8s_object` whose source is YAML.

use std::process::ExitCode;

use windlass_report::{Exit, fail};
use windlass_yaml::{cli, to_json};

fn main() -> ExitCode {
    let arguments = match windlass_param_file::parse::<cli::Arguments>(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(windlass_param_file::Error::Usage(usage)) => usage.exit(),
        Err(error) => return fail(&error),
    };
    let cli::Command::ToJson(arguments) = arguments.command;
    match to_json::run(&arguments) {
        Ok(()) => Exit::Success.into(),
        Err(error) => fail(&error),
    }
}
