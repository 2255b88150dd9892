//! All that people run with flags behind `--`, by label.

use clap::{Command, CommandFactory as _};
use windlass_deploy::help::{VERBS, command, run_command};
use windlass_deploy::request::Verb;

use crate::flags::shown_verbs;

/// What `bazel run LABEL -- ...` takes.
pub(crate) struct Tool {
    /// `apply`, `pin`: its manual page is `windlass-apply`.
    pub(crate) name: String,
    /// Which labels are it, as patterns of bash: `*.apply`.
    pub(crate) labels: String,
    /// How it is run: `bazel run LABEL.apply`.
    pub(crate) run: String,
    pub(crate) command: Command,
    /// What is typed in front of the names of its verbs.
    pub(crate) prefix: &'static str,
}

/// All of them. The first whose pattern has a label is the one.
pub(crate) fn tools() -> Vec<Tool> {
    let mut tools: Vec<Tool> = VERBS.iter().map(|help| of_verb(help.verb)).collect();
    let cluster = windlass_cluster::cli::Cli::command();
    tools.extend(shown_verbs(&cluster).map(of_cluster));
    tools.extend([
        Tool {
            name: "image-push".to_owned(),
            labels: "*.push|*:push".to_owned(),
            ..of_tool("LABEL.push", windlass_image::cli::push_command())
        },
        Tool {
            labels: "*:rendered".to_owned(),
            ..of_tool("//:rendered", windlass_rendered::cli::Cli::command())
        },
        Tool {
            labels: "*.dev".to_owned(),
            ..of_tool("LABEL.dev", windlass_dev::cli::Cli::command())
        },
        Tool {
            prefix: "--",
            ..of_tool("//tools/agent", windlass_agent::cli::Cli::command())
        },
        of_tool("//tools/image", windlass_image::cli::command()),
        of_tool("//tools/new", windlass_new::cli::Cli::command()),
        of_tool("//tools/page", windlass_deployments::cli::Cli::command()),
        of_tool("//tools/pin", windlass_pin::cli::Cli::command()),
    ]);
    tools
}

fn of_verb(verb: Verb) -> Tool {
    let name = verb.as_str();
    let (label, labels) = match verb {
        // What looks for orphans is a target of each environment.
        Verb::Orphans => ("//prod:orphans.ENVIRONMENT", "*:orphans.*".to_owned()),
        // Images have a target of that name, too.
        Verb::Push => ("LABEL", format!("*-deep.{name}|*-shallow.{name}")),
        _ => ("LABEL", format!("*.{name}")),
    };
    Tool {
        name: name.to_owned(),
        labels,
        run: run_command(label, verb),
        command: command(label, verb),
        prefix: "",
    }
}

fn of_cluster(verb: &Command) -> Tool {
    let target = verb.get_name().replace('-', "_");
    Tool {
        name: format!("cluster-{}", verb.get_name()),
        labels: format!("*cluster:{target}"),
        ..of_tool(&format!("//cluster:{target}"), verb.clone())
    }
}

/// A program of `//tools`; some are aliases of targets of `//prod`.
fn of_tool(label: &str, command: Command) -> Tool {
    let name = command.get_name();
    Tool {
        name: name.to_owned(),
        labels: format!("*tools/{name}|*tools/{name}:{name}|*prod:{name}"),
        run: format!("bazel run {label}"),
        command,
        prefix: "",
    }
}
