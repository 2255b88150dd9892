//! The command line.

use crate::{
    Environment, Error, attest, attestation, certificates, check, diff, import, index, inspect,
    layer, layout, manifest, pull, push,
};
use clap::{CommandFactory as _, Parser, Subcommand};
use serde::Deserialize;
use std::ffi::OsString;
use windlass_runfiles::Launcher;

/// What people type, and what comes of it: the end of `--help`, and a block of the page in docs/cli.
pub const EXAMPLES: &str = "\
Examples:
  bazel run @windlass//tools/image -- pull ghcr.io/acme/base:v1 --lock base.lock.json
      lock a base image
  bazel run @windlass//tools/image -- inspect bazel-bin/services/client/image.oci
      where the bytes of an image are
  bazel run @windlass//tools/image -- diff before.oci bazel-bin/services/client/image.oci
      in what two images differ";

/// Looks into container images, locks base images, and signs what images were built from.
///
/// Rules run it, too: with verbs that are not listed here, and arguments from a file, `@file`, one a
/// line.
#[derive(Debug, Parser)]
#[command(name = "image", max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[command(hide = true)]
    Certificates(certificates::Args),
    #[command(hide = true)]
    Layer(layer::Args),
    #[command(hide = true)]
    Manifest(manifest::Args),
    #[command(hide = true)]
    Index(index::Args),
    Pull(pull::Args),
    #[command(hide = true)]
    Import(import::Args),
    #[command(hide = true)]
    Layout(layout::Args),
    #[command(hide = true)]
    Push(push::Args),
    Attest(attest::Args),
    Attestation(attestation::Args),
    Inspect(inspect::Args),
    Diff(diff::Args),
    #[command(hide = true)]
    Check(check::Args),
}

/// Pushes an image, and prints its reference by digest.
#[derive(Debug, Parser)]
#[command(name = "push", max_term_width = 100)]
struct LaunchedPush {
    #[command(flatten)]
    options: push::Options,
}

/// Runs the tool; the program's name comes first. Ends the process where clap does: after
/// `--help`, and with 2 on a command line that does not parse.
pub async fn run(
    args: impl IntoIterator<Item = OsString>,
    environment: Environment,
) -> Result<(), Error> {
    let args: Vec<OsString> = args.into_iter().collect();
    if let Some(launcher) = launcher(&args, &environment) {
        return Box::pin(launched(&launcher, args, &environment)).await;
    }
    let cli: Cli = match windlass_param_file::parse(args) {
        Ok(cli) => cli,
        Err(windlass_param_file::Error::Usage(usage)) => usage.exit(),
        Err(windlass_param_file::Error::File { path, source }) => {
            let path = path.into();
            return Err(Error::Read { path, source });
        }
    };
    match cli.verb {
        Verb::Certificates(args) => certificates::run(&args),
        Verb::Layer(args) => layer::run(&args),
        Verb::Manifest(args) => manifest::run(&args),
        Verb::Index(args) => index::run(&args),
        Verb::Pull(args) => Box::pin(pull::run(&args, &environment)).await,
        Verb::Import(args) => import::run(&args),
        Verb::Layout(args) => layout::run(&args),
        Verb::Push(args) => Box::pin(push::run(&args, &environment)).await,
        Verb::Attest(args) => Box::pin(attest::run(&args, &environment)).await,
        Verb::Attestation(args) => Box::pin(attestation::run(&args, &environment)).await,
        Verb::Inspect(args) => inspect::run(&args, &environment),
        Verb::Diff(args) => diff::run(&args, &environment),
        Verb::Check(args) => check::run(&args),
    }
}

/// The command line, for tests and for its page in docs/cli.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// The command line of a target that pushes an image, for its page.
#[must_use]
pub fn push_command() -> clap::Command {
    LaunchedPush::command()
}

/// The run target that this process is, if it is one: there is a request beside it.
fn launcher(args: &[OsString], environment: &Environment) -> Option<Launcher> {
    let argv0 = args.first().map(OsString::as_os_str);
    let launcher = Launcher::find(argv0, &environment.runfiles).ok()?;
    launcher.request().is_file().then_some(launcher)
}

/// What a request says that it is for.
#[derive(Deserialize)]
struct Request {
    verb: RequestVerb,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RequestVerb {
    Check,
    Push,
}

/// Does what the request beside the launcher says.
async fn launched(
    launcher: &Launcher,
    args: Vec<OsString>,
    environment: &Environment,
) -> Result<(), Error> {
    let request = launcher.request();
    let root = launcher.runfiles().to_owned();
    let Request { verb } = crate::output::read_json(&request)?;
    match verb {
        RequestVerb::Check => check::run(&check::Args { request, root }),
        RequestVerb::Push => {
            let LaunchedPush { options } = LaunchedPush::parse_from(args);
            let requests = vec![request];
            let args = push::Args {
                requests,
                root,
                options,
            };
            Box::pin(push::run(&args, environment)).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
        LaunchedPush::command().debug_assert();
    }

    /// The process ends with 2, as clap has it for all that is wrong with a command line.
    #[test]
    fn references_and_platforms_that_do_not_parse() {
        for (arguments, want) in [
            (
                "pull base --lock x",
                "error: invalid value 'base' for '[IMAGE]': image reference: got `base`, want \
                 registry/path@sha256:<digest> or registry/path:<tag>, as in \
                 `localhost:31000/demo/client:v1`",
            ),
            (
                "pull ghcr.io/a:v1 --lock x --platform linux",
                "error: invalid value 'linux' for '--platform <SYSTEM/PROCESSOR>': want a system \
                 and a processor, as in `linux/amd64`",
            ),
        ] {
            let arguments = ["image"].into_iter().chain(arguments.split(' '));
            let error = Cli::try_parse_from(arguments).expect_err("refused");
            assert_eq!(error.exit_code(), 2);
            assert_eq!(error.to_string().lines().next(), Some(want));
        }
    }
}
