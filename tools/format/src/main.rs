//! `bazel run //:format`: formats the checkout that Bazel was started in.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let Some(checkout) = std::env::var_os("BUILD_WORKSPACE_DIRECTORY").map(PathBuf::from) else {
        windlass_report::say("error: no checkout to format\nhint: bazel run //:format");
        return ExitCode::from(windlass_report::Exit::Usage as u8);
    };
    let toolbox = checkout.join("toolbox");
    let error = Command::new(toolbox.join("enter"))
        .arg(toolbox.join("format"))
        .arg("fix")
        .exec();
    windlass_report::say(&format!(
        "error: cannot start `{}`\ncause: {error}",
        toolbox.display()
    ));
    ExitCode::FAILURE
}
