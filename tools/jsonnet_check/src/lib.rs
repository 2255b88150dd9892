//! Checks of Jsonnet: what the validation action of `deps` runs, and what tests of Jsonnet are.
//!
//! | what | when |
//! |---|---|
//! | [`deps`] | an action: whether each of a target's `deps` is imported |
//! | [`golden`] | `jsonnet_to_json_test` and its `.update`: a rendering and a golden |
//! | [`program`] | `jsonnet_fmt_test`, `jsonnet_lint_test`: what programs of go-jsonnet say |
//!
//! Without arguments it is a test: the tool, its request the file `<test>.json` beside it. What it
//! renders, it renders in a process of its own, which is the same program (`--evaluator`).
//!
//! **Architecture invariant:** only [`Environment::read`] reads the environment, and the action
//! does not look at it.

mod cli;
pub mod deps;
mod environment;
mod error;
pub mod golden;
pub mod program;
pub mod request;

pub use environment::Environment;
pub use error::Error;

use std::ffi::OsString;

use windlass_jsonnet::cli::Persistent;
use windlass_jsonnet::{Limits, serve, told};
use windlass_runfiles::Launcher;

use crate::cli::{Cli, Command};
use crate::request::{Request, Task};

/// Does what the arguments say, or what the request beside the launcher does if there are none.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    environment: &Environment,
) -> Result<(), Error> {
    let args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_some_and(|first| first == "--evaluator") {
        let options: Persistent = windlass_param_file::parse(args).map_err(Error::Arguments)?;
        serve::serve(options, std::io::stdin());
        return Ok(());
    }
    if args.len() > 1 {
        let cli: Cli = windlass_param_file::parse(args).map_err(Error::Arguments)?;
        return match cli.command {
            Command::Deps(args) => deps::run(&args),
        };
    }
    let argv0 = args.first().map(OsString::as_os_str);
    let launcher = Launcher::find(argv0, &environment.runfiles).map_err(Error::Files)?;
    let Request { label, task, .. } = Request::read(&launcher.request())?;
    let root = launcher.runfiles().join("_main");
    std::env::set_current_dir(&root).map_err(Error::file("enter", root))?;
    let ask = |words| told(&environment.program, Limits::default(), words);
    match &task {
        Task::Test(rendering) => golden::test(&label, rendering, &ask),
        Task::Update(rendering) => golden::update(&label, rendering, environment, &ask),
        Task::Format(files) => program::format(&label, files),
        Task::Lint(files) => program::lint(&label, files, environment),
    }
}

#[cfg(test)]
mod tests {
    mod errors;
}
