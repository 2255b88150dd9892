//! The command line: what stands after `--` in `bazel run //tools/agent -- --apply`.

use clap::{Parser, Subcommand};

use crate::{apply, publish};

/// How hints name this tool.
pub const COMMAND: &str = "bazel run //tools/agent --";

/// What people type, and what comes of it: the end of `--help`, and a block of the page in docs/cli.
pub const EXAMPLES: &str = "\
Examples:
  bazel run //tools/agent -- --apply --once --env=prod --remote=https://git.example/shop
      apply the release of the newest commit, and end
  bazel run //tools/agent -- --apply --env=prod --remote=https://git.example/shop
      go on, and look every minute
  bazel run //tools/agent -- --publish --once --key=$KEY --source=$SOURCE --builder=$CI
      build, push, pin and release once, signed by $KEY";

/// Bring what the main branch says to where it runs: from commits to releases, or from releases to a
/// cluster.
#[derive(Clone, Debug, Parser)]
#[command(name = "agent", max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// In which role.
    #[command(subcommand)]
    pub role: Role,
}

/// What an agent is: one or the other, so that no machine needs the rights of both.
#[derive(Clone, Debug, Subcommand)]
pub enum Role {
    /// Make releases of the commits of the main branch. Needs Bazel, a registry and a key to sign by;
    /// knows no cluster.
    #[command(long_flag = "publish")]
    Publish(publish::Arguments),
    /// Bring the release of the newest commit to the cluster. Needs git and the cluster; builds and
    /// pushes nothing.
    #[command(long_flag = "apply")]
    Apply(apply::Arguments),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_a_flag_and_is_required() {
        assert!(Cli::try_parse_from(["agent"]).is_err());
        let key = "--key=SHA256:j8SIeghRgrMOnCmiyb6NhNbtBTDXsfAOuLy9uNEAPdI";
        let publishes = ["agent", "--publish", "--source=a", "--builder=b", key];
        let publishes = Cli::try_parse_from(publishes);
        assert!(matches!(publishes.expect("parses").role, Role::Publish(_)));
        let apply = ["agent", "--apply", "--env=prod", "--remote=shop.git"];
        let applies = Cli::try_parse_from(apply);
        assert!(matches!(applies.expect("parses").role, Role::Apply(_)));
        assert!(Cli::try_parse_from([&apply[..], &["--publish"]].concat()).is_err());
    }
}
