//! `docs/cli/cluster.md`.

use clap::CommandFactory as _;
use windlass_cluster::cli::{Cli, EXAMPLES};

use crate::examples::block;
use crate::flags::verbs;

const HEAD: &str = "\
# Cluster: a Kubernetes on this machine

`bazel run //cluster:up`; each verb is a target of `//cluster` (`with_api_server` in Bazel's spelling), and its flags stand after `--`. What it is made of:
[cluster/README.md](../../cluster/README.md). How a run ends: [exit-codes.md](exit-codes.md). This page is what `--help` says, made by
`bazel run //:update`.
";

pub(crate) fn page() -> String {
    let mark = "not run: a cluster runs already; //e2e and .ci/steps/docs start it by the first";
    HEAD.to_owned() + &verbs(&Cli::command(), "") + &block(EXAMPLES, &[mark])
}
