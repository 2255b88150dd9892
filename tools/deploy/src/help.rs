//! `--help`: what a verb does, the flags that it takes, and examples. `docs/cli/deploy.md` is made
//! from the same.

use std::ffi::OsString;
use std::fmt::Write as _;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _, Parser as _};

use crate::Launched;
use crate::cli::Options;
use crate::request::{BUNDLED, DeployRequest, Started, Verb, with_flags};

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
        verb: Verb::Graph,
        about: "Write a page that shows the stack as a graph, and the same as a picture.\n\n\
                What needs what, how each object is as status has it, its images, and what depends \
                on what is pointed at. One file, which loads nothing. Without a cluster it shows \
                what is described.",
        examples: &[
            (
                "",
                "write client-myns-deep.graph.html and .svg where you stand",
            ),
            ("--html=stack.html", "write the page elsewhere"),
            ("--offline", "ask no cluster"),
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
            "apply them by kubectl instead, where nothing is yet",
        )],
    },
    VerbHelp {
        verb: Verb::Orphans,
        about: "Show what services that are gone from the repository have left.\n\n\
                Asks Bazel which groups the checkout describes, and deletes what the cluster \
                remembers of others if that is wanted.",
        examples: &[("", "list what is left"), ("--delete", "delete it")],
    },
    VerbHelp {
        verb: Verb::Roles,
        about: "Print the rights that applying the objects takes, as Roles.\n\n\
                For a service account that may do this and nothing else. Asks no cluster.",
        examples: &[("| kubectl apply --server-side -f -", "make the Roles")],
    },
    VerbHelp {
        verb: Verb::Worker,
        about: "Have the runner of the cluster apply the objects, and follow it.\n\n\
                Pushes the images and the bundle, asks the runner for an apply, shows what it says \
                and ends as it does. It takes one right in the cluster: to ask the runner.",
        examples: &[
            ("", "apply with the rights of the runner's account"),
            ("--timeout=15m", "give a slow cluster more time"),
        ],
    },
];

/// Parses the command line, and gives back what was launched with the verb that a bundle is told.
/// Ends the process as clap does: for `--help`, and for what does not parse.
pub fn parse<E>(launched: Result<Launched, E>) -> (Options, Result<Launched, E>) {
    let Ok(mut own) = launched else {
        return (Options::parse(), launched);
    };
    if own.request.started == Started::Bundle {
        let (options, verb) = parse_bundle(&own.request, std::env::args_os());
        own.request = own.request.with_verb(verb);
        return (options, Ok(own));
    }
    let options = Options::try_parse().unwrap_or_else(|error| {
        if error.kind() == ErrorKind::DisplayHelp {
            command(&own.request.target, own.request.verb).get_matches();
        }
        error.exit()
    });
    (options, Ok(own))
}

/// The same of a bundle: `./windlass apply --dry-run`.
fn parse_bundle(
    request: &DeployRequest,
    arguments: impl IntoIterator<Item = OsString>,
) -> (Options, Verb) {
    let mut command = bundle_command(request);
    let parsed = command.try_get_matches_from_mut(arguments);
    let parsed = parsed.and_then(|matches| {
        let (name, flags) = matches.subcommand().unzip();
        let verb = VERBS.iter().find(|help| Some(help.verb.as_str()) == name);
        let verb =
            verb.ok_or_else(|| command.error(ErrorKind::MissingSubcommand, "want a verb"))?;
        let options = flags.map_or_else(|| Ok(Options::default()), Options::from_arg_matches)?;
        Ok((options, verb.verb))
    });
    parsed.unwrap_or_else(|error| error.exit())
}

/// The command line of a bundle, which has all verbs of its objects but those that need the checkout.
fn bundle_command(request: &DeployRequest) -> clap::Command {
    let is_for = |verb: Verb| match verb {
        Verb::Orphans | Verb::Worker => false,
        Verb::Push => !request.images.is_empty(),
        _ => true,
    };
    let verbs = VERBS.iter().filter(|help| is_for(help.verb));
    let verbs = verbs.map(|help| {
        let name = help.verb.as_str();
        command_called(&format!("{BUNDLED} {name}"), help.verb).name(name)
    });
    clap::Command::new(BUNDLED)
        .about(format!(
            "The objects of {}, and what brings them to their cluster.",
            request.target
        ))
        .override_usage(format!("{BUNDLED} <VERB> [OPTIONS]"))
        .subcommand_help_heading("Verbs")
        .subcommand_value_name("VERB")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommands(verbs)
}

/// The command line of a verb of a target: flags that mean nothing for it are not shown.
pub fn command(target: &str, verb: Verb) -> clap::Command {
    command_called(&run_command(target, verb), verb)
}

/// The same of whatever runs the verb.
fn command_called(run: &str, verb: Verb) -> clap::Command {
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
    let command = command.override_usage(with_flags(run, "[OPTIONS]"));
    let Some(help) = VERBS.iter().find(|help| help.verb == verb) else {
        return command;
    };
    command
        .about(help.about.lines().next().unwrap_or_default())
        .long_about(help.about)
        .after_help(examples(run, help.examples))
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
        flags if flags.starts_with('-') => with_flags(run, flags),
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

    #[test]
    fn a_bundle_has_the_verbs_that_need_no_checkout() {
        let mut request = crate::request::tests::empty("apply");
        request["started"] = serde_json::json!("bundle");
        let request = DeployRequest::parse(&request.to_string(), std::path::Path::new("x"));
        let request = request.expect("parses");
        let command = bundle_command(&request);
        let names: Vec<&str> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        assert_eq!(
            names.join(" "),
            "apply create replace delete diff status graph logs port-forward resolve roles"
        );
        let help = command.clone().render_long_help().to_string();
        assert!(
            help.contains("Usage: ./windlass <VERB> [OPTIONS]\n\nVerbs:\n  apply "),
            "{help}"
        );
        let (options, verb) = parse_bundle(
            &request,
            ["./windlass", "diff", "--exit-code"].map(OsString::from),
        );
        assert_eq!((options.exit_code, verb), (true, Verb::Diff));
        let help = bundle_command(&request).try_get_matches_from(["./windlass", "apply", "--help"]);
        let help = help.expect_err("help").to_string();
        assert!(
            help.contains("Usage: ./windlass apply [OPTIONS]\n"),
            "{help}"
        );
        assert!(help.contains("\n  ./windlass apply --dry-run\n"), "{help}");
    }
}
