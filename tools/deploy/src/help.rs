//! `--help`: what a verb does, the flags that it takes, and examples. `docs/cli/deploy.md` is made
//! from the same.

use std::ffi::OsStr;
use std::fmt::Write as _;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use windlass_runfiles::Launcher;

use crate::cli::Options;
use crate::request::{DeployRequest, Verb};

/// What there is to say of a verb.
#[derive(Clone, Copy, Debug)]
pub struct VerbHelp {
    /// The verb.
    pub verb: Verb,
    /// What it does: one sentence for the list of verbs, and more after an empty line.
    pub about: &'static str,
    /// Flags that people give, and what comes of it.
    pub examples: &'static [(&'static str, &'static str)],
}

/// All verbs, in the order of the page.
pub const VERBS: &[VerbHelp] = &[
    VerbHelp {
        verb: Verb::Apply,
        about: "Make all objects be as described, and wait until they are ready.\n\n\
                Pushes the images that the registry has not, writes the objects that differ, and \
                nothing else: a second run changes nothing.",
        examples: &[
            ("", "bring up everything, from the bottom up"),
            (
                "--dry-run",
                "show the plan, with each field that would change",
            ),
            ("--timeout=15m", "give a slow cluster more time"),
            (
                "--output=ndjson",
                "tell a program what happens, as it happens",
            ),
            (
                "--dry-run --save-plan=p.json",
                "keep the plan, for a later --plan=p.json",
            ),
            ("--adopt", "take over objects that somebody else has made"),
        ],
    },
    VerbHelp {
        verb: Verb::Create,
        about: "As apply, but refuse if one of the objects exists.",
        examples: &[("", "bring up what must not be there yet")],
    },
    VerbHelp {
        verb: Verb::Replace,
        about: "Remove the objects and make them anew.\n\n\
                All that can be checked is checked, and all images are pushed, before anything \
                goes.",
        examples: &[
            ("", "begin from a clean slate"),
            (
                "--dry-run",
                "show what would go, with the claims that go with it",
            ),
        ],
    },
    VerbHelp {
        verb: Verb::Delete,
        about: "Remove the objects, and wait until they are gone.\n\n\
                Takes only what windlass made. Namespaces, volumes, claims and definitions of \
                kinds stay.",
        examples: &[
            ("", "take everything down"),
            ("--wait=false", "do not wait until it is gone"),
            ("--yes-really=prod", "in the protected environment prod"),
        ],
    },
    VerbHelp {
        verb: Verb::Diff,
        about: "Show what apply would change, field by field.\n\n\
                The API server decides by a dry run. Writes nothing, and asks no registry.",
        examples: &[
            ("", "show what would change"),
            ("--exit-code", "end with 8 if something would"),
            (
                "--output=json",
                "the same, with old and new values, for programs",
            ),
        ],
    },
    VerbHelp {
        verb: Verb::Status,
        about: "Show how the objects are, and why some are not ready.",
        examples: &[
            (
                "",
                "show each object, with pods, events and log lines of what fails",
            ),
            ("--output=json", "the same for programs"),
        ],
    },
    VerbHelp {
        verb: Verb::Logs,
        about: "Show what the pods of the objects say, each line with its pod and container.",
        examples: &[
            ("", "show all that is there"),
            ("--follow --tail=20", "go on, from the last lines of each"),
            (
                "--since=5m --container=server",
                "what one container said lately",
            ),
        ],
    },
    VerbHelp {
        verb: Verb::PortForward,
        about: "Lead ports of this machine to the pods behind Services.\n\n\
                Listens on 127.0.0.1 only, and goes on with another pod when one goes away.",
        examples: &[
            ("", "a local port for each port of the uppermost Services"),
            ("--service=server --port=8080:50001", "one port, and where"),
        ],
    },
    VerbHelp {
        verb: Verb::Push,
        about: "Push the images that the registry has not, and nothing else.",
        examples: &[
            ("", "push"),
            ("--output=json", "the same, and print the digests"),
        ],
    },
    VerbHelp {
        verb: Verb::Resolve,
        about: "Print the objects as apply writes them.\n\n\
                Asks no cluster and no registry.",
        examples: &[(
            "| kubectl apply --server-side -f -",
            "apply them by kubectl instead",
        )],
    },
    VerbHelp {
        verb: Verb::Orphans,
        about: "Show what services that are gone from the repository have left.\n\n\
                Asks Bazel which groups the checkout describes, and deletes what the cluster \
                remembers of others if that is wanted.",
        examples: &[("", "list what is left"), ("--delete", "delete it")],
    },
];

/// Parses the command line. Ends the process as clap does: for `--help`, and for what does not
/// parse.
pub fn parse(argv0: Option<&OsStr>) -> Options {
    Options::try_parse().unwrap_or_else(|error| {
        if error.kind() == ErrorKind::DisplayHelp
            && let Some((target, verb)) = request_of(argv0)
        {
            command(&target, verb).get_matches();
        }
        error.exit()
    })
}

/// Target and verb of the request beside the launcher, if it can be read.
fn request_of(argv0: Option<&OsStr>) -> Option<(String, Verb)> {
    let launcher = Launcher::find(argv0, &windlass_runfiles::Environment::read()).ok()?;
    let request = DeployRequest::read(&launcher.request()).ok()?;
    Some((request.target, request.verb))
}

/// The command line of a verb of a target: flags that mean nothing for it are not shown.
pub fn command(target: &str, verb: Verb) -> clap::Command {
    let run = run_command(target, verb);
    let mut command = Options::command();
    for (flag, _, verbs) in Options::default().flags() {
        let id = flag.trim_start_matches('-').replace('-', "_");
        command = command.mut_arg(id, |argument| {
            if verbs.contains(&verb) {
                with_help(argument, verbs)
            } else {
                argument.hide(true)
            }
        });
    }
    let command = command.override_usage(format!("{run} -- [OPTIONS]"));
    let Some(help) = VERBS.iter().find(|help| help.verb == verb) else {
        return command;
    };
    command
        .about(help.about.lines().next().unwrap_or_default())
        .long_about(help.about)
        .after_help(examples(&run, help.examples))
}

/// What runs a verb of a target. What looks for orphans is a target by itself.
pub fn run_command(target: &str, verb: Verb) -> String {
    match verb {
        Verb::Orphans => format!("bazel run {target}"),
        verb => format!("bazel run {target}.{}", verb.as_str()),
    }
}

/// Without the list of verbs: it is one of them.
fn with_help(argument: clap::Arg, verbs: &[Verb]) -> clap::Arg {
    let names: Vec<&str> = verbs.iter().map(|verb| verb.as_str()).collect();
    let list = format!(" ({})", names.join(", "));
    let help = argument.get_help().map(ToString::to_string);
    let help = help.unwrap_or_default();
    let help = help.strip_suffix(&list).unwrap_or(&help).to_owned();
    argument.help(help)
}

/// The commands of examples, each with what comes of it in the line below.
fn examples(run: &str, examples: &[(&str, &str)]) -> String {
    let mut text = "Examples:".to_owned();
    for (flags, what) in examples {
        let _ = write!(text, "\n  {}\n      {what}", example(run, flags));
    }
    text
}

/// `bazel run //a:b.apply -- --dry-run`.
pub fn example(run: &str, flags: &str) -> String {
    match flags {
        "" => run.to_owned(),
        flags if flags.starts_with('-') => format!("{run} -- {flags}"),
        flags => format!("{run} {flags}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray as _;

    #[test]
    fn each_verb_is_explained_by_examples_that_it_takes() {
        let verbs: Vec<Verb> = VERBS.iter().map(|help| help.verb).collect();
        assert_eq!(verbs, Verb::VARIANTS);
        for help in VERBS {
            assert!(!help.examples.is_empty(), "{:?}", help.verb);
            for (flags, _) in help
                .examples
                .iter()
                .filter(|(flags, _)| flags.starts_with('-'))
            {
                let words = ["deploy"].into_iter().chain(flags.split(' '));
                let options = Options::try_parse_from(words).expect(flags);
                assert!(options.check(help.verb).is_ok(), "{flags}");
            }
        }
    }

    #[test]
    fn help_has_the_flags_of_its_verb_only() {
        let mut command = command("//a:b", Verb::Push).term_width(80);
        let text = command.render_long_help().to_string();
        let want = "\
Push the images that the registry has not, and nothing else.

Usage: bazel run //a:b.push -- [OPTIONS]

Options:
      --output <FORMAT>
";
        assert!(text.starts_with(want), "{text}");
        assert!(!text.contains("--wait"), "{text}");
        assert!(!text.contains("(apply, create"), "{text}");
        let examples = "\
Examples:
  bazel run //a:b.push
      push
  bazel run //a:b.push -- --output=json
      the same, and print the digests
";
        assert!(text.ends_with(examples), "{text}");
    }
}
