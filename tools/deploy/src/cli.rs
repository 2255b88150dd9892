//! The command line: what stands after `--` in `bazel run //x:y.apply -- --wait=false`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, ValueEnum};

use crate::claim::Takeover;
use crate::error::Error;
use crate::request::Verb;

/// Bring the objects of a target to its cluster, or take them away.
///
/// What to do, to which objects and on which cluster stands in the request beside this program;
/// these flags only say how. A flag that a verb has no use for is refused; `--help` beside a request
/// shows those that its verb takes.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "deploy")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that people type"
)]
pub struct Options {
    /// Wait until everything is ready, or gone; true by default (apply, create, replace, delete,
    /// orphans).
    #[arg(long, value_name = "BOOL", action = ArgAction::Set,
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub wait: Option<bool>,
    /// How long to wait: 90s, 5m, 1h; 5m by default (apply, create, replace, delete, orphans).
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// What to print on stdout; text by default (apply, create, replace, delete, diff, status,
    /// push, orphans).
    #[arg(long, value_name = "FORMAT")]
    pub output: Option<OutputFormat>,
    /// Take fields that another manager owns (apply, replace, diff).
    #[arg(long)]
    pub force_conflicts: bool,
    /// Refuse a cluster whose namespace kube-system has another uid (apply, create, replace,
    /// delete, diff, status, orphans).
    #[arg(long, value_name = "UID")]
    pub cluster_id: Option<String>,
    /// Take objects that another target or somebody else has made (apply, diff).
    #[arg(long)]
    pub adopt: bool,
    /// Print the plan and change nothing; `server` asks the API server about each write, too
    /// (apply, create, replace, delete, push, orphans).
    #[arg(long, value_name = "BY", num_args = 0..=1, require_equals = true,
          default_missing_value = "plan")]
    pub dry_run: Option<DryRun>,
    /// Write the plan to a file, for `--plan` of a later run (apply, create, replace, delete).
    #[arg(long, value_name = "FILE")]
    pub save_plan: Option<PathBuf>,
    /// Do exactly what a saved plan says, or refuse if something has changed since (apply, create,
    /// replace, delete).
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Delete what is listed (orphans).
    #[arg(long)]
    pub delete: bool,
    /// End with 8 if something would change (diff).
    #[arg(long)]
    pub exit_code: bool,
    /// Name each object, and each field that changes (apply, create, replace, delete, push, orphans).
    #[arg(long)]
    pub verbose: bool,
    /// Confirm by the name of a protected environment (replace, delete, orphans).
    #[arg(long, value_name = "ENVIRONMENT")]
    pub yes_really: Option<String>,
}

/// Verbs that wait.
const WAIT: &[Verb] = &[
    Verb::Apply,
    Verb::Create,
    Verb::Replace,
    Verb::Delete,
    Verb::Orphans,
];
/// Verbs whose plan can be kept for later.
const SAVE: &[Verb] = &[Verb::Apply, Verb::Create, Verb::Replace, Verb::Delete];
/// Verbs with a plan that is carried out.
const PLAN: &[Verb] = &[
    Verb::Apply,
    Verb::Create,
    Verb::Replace,
    Verb::Delete,
    Verb::Push,
    Verb::Orphans,
];
/// Verbs with a result document.
const RESULT: &[Verb] = &[
    Verb::Apply,
    Verb::Create,
    Verb::Replace,
    Verb::Delete,
    Verb::Diff,
    Verb::Status,
    Verb::Push,
    Verb::Orphans,
];
/// Verbs that ask a cluster.
const CLUSTER: &[Verb] = &[
    Verb::Apply,
    Verb::Create,
    Verb::Replace,
    Verb::Delete,
    Verb::Diff,
    Verb::Status,
    Verb::Orphans,
];
/// Verbs that write where others may have written.
const CONFLICTS: &[Verb] = &[Verb::Apply, Verb::Replace, Verb::Diff];
/// Verbs that may make others' things ours.
const ADOPT: &[Verb] = &[Verb::Apply, Verb::Diff];
/// Verbs that take something away.
const REMOVE: &[Verb] = &[Verb::Replace, Verb::Delete, Verb::Orphans];

impl Options {
    /// Whether to wait.
    pub fn waits(&self) -> bool {
        self.wait.unwrap_or(true)
    }

    /// How long to wait.
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_mins(5))
    }

    /// Whether nothing is to be written.
    pub fn dry_run(&self) -> bool {
        self.dry_run.is_some()
    }

    /// What happens to things of others.
    pub fn takeover(&self) -> Takeover {
        if self.adopt {
            Takeover::Adopt
        } else {
            Takeover::Refuse
        }
    }

    /// What to print on stdout.
    pub fn output(&self) -> OutputFormat {
        self.output.unwrap_or(OutputFormat::Text)
    }

    /// Refuses a flag that means nothing for a verb: somebody who gives it expects an effect.
    pub fn check(&self, verb: Verb) -> Result<(), Error> {
        for (flag, given, verbs) in self.flags() {
            if given && !verbs.contains(&verb) {
                return Err(Error::Flag {
                    flag,
                    verb,
                    of: verbs,
                });
            }
        }
        Ok(())
    }

    /// Each flag, whether it was given, and the verbs that it is for.
    pub(crate) fn flags(&self) -> [(&'static str, bool, &'static [Verb]); 13] {
        [
            ("--wait", self.wait.is_some(), WAIT),
            ("--timeout", self.timeout.is_some(), WAIT),
            ("--output", self.output.is_some(), RESULT),
            ("--force-conflicts", self.force_conflicts, CONFLICTS),
            ("--cluster-id", self.cluster_id.is_some(), CLUSTER),
            ("--adopt", self.adopt, ADOPT),
            ("--dry-run", self.dry_run(), PLAN),
            ("--save-plan", self.save_plan.is_some(), SAVE),
            ("--plan", self.plan.is_some(), SAVE),
            ("--delete", self.delete, &[Verb::Orphans]),
            ("--exit-code", self.exit_code, &[Verb::Diff]),
            ("--verbose", self.verbose, PLAN),
            ("--yes-really", self.yes_really.is_some(), REMOVE),
        ]
    }
}

/// What goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// What the verb prints for people: of those that change something, nothing.
    Text,
    /// One JSON document when the run ends: docs/schemas/deploy-result.v1.json.
    Json,
    /// One JSON object a line for what happens, as it happens, and at last the document:
    /// docs/schemas/deploy-event.v1.json.
    Ndjson,
}

/// Who is asked about a plan that is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// Nobody but for what the plan is made of.
    Plan,
    /// The API server, about each write.
    Server,
}

/// Parses `90s`, `5m`, `1h`, `500ms`.
fn duration(text: &str) -> Result<Duration, String> {
    let want = || format!("got `{text}`, want a number and a unit as in `90s`, `5m` or `1h`");
    let end = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(want)?;
    let number: u64 = text[..end].parse().map_err(|_| want())?;
    let seconds = match &text[end..] {
        "ms" => return Ok(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(want()),
    };
    let seconds = number.checked_mul(seconds).ok_or_else(want)?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Options {
        Options::try_parse_from(["deploy"].iter().chain(arguments)).expect("parses")
    }

    #[test]
    fn defaults_and_the_two_ways_to_wait() {
        let options = parse(&[]);
        assert!(options.waits() && !options.dry_run());
        assert_eq!(options.timeout(), Duration::from_mins(5));
        assert!(!parse(&["--wait=false"]).waits());
        assert!(parse(&["--wait"]).waits());
    }

    #[test]
    fn flags_are_refused_where_they_mean_nothing() {
        let all = [
            "--wait=true",
            "--timeout=1s",
            "--output=text",
            "--force-conflicts",
            "--cluster-id=x",
            "--adopt",
            "--dry-run",
            "--delete",
            "--save-plan=f",
            "--plan=f",
            "--exit-code",
            "--verbose",
            "--yes-really=prod",
        ];
        let taken = |verb: Verb| {
            let taken = all.iter().filter(|flag| parse(&[flag]).check(verb).is_ok());
            let name = |flag: &&str| flag.split('=').next().map(|flag| flag[2..].to_owned());
            taken.filter_map(name).collect::<Vec<_>>().join(" ")
        };
        let usual = "wait timeout output cluster-id dry-run save-plan plan verbose";
        assert_eq!(taken(Verb::Create), usual);
        let changes =
            "wait timeout output force-conflicts cluster-id dry-run save-plan plan verbose";
        let adopts =
            "wait timeout output force-conflicts cluster-id adopt dry-run save-plan plan verbose";
        assert_eq!(taken(Verb::Apply), adopts);
        assert_eq!(taken(Verb::Replace), format!("{changes} yes-really"));
        assert_eq!(taken(Verb::Delete), format!("{usual} yes-really"));
        assert_eq!(
            taken(Verb::Diff),
            "output force-conflicts cluster-id adopt exit-code"
        );
        assert_eq!(taken(Verb::Status), "output cluster-id");
        assert_eq!(taken(Verb::Push), "output dry-run verbose");
        assert_eq!(taken(Verb::Resolve), "");
        let orphans = "wait timeout output cluster-id dry-run delete verbose yes-really";
        assert_eq!(taken(Verb::Orphans), orphans);
    }

    #[test]
    fn help_says_for_which_verbs_a_flag_is() {
        use clap::CommandFactory as _;
        let command = Options::command();
        for (flag, _, verbs) in parse(&[]).flags() {
            let names: Vec<_> = verbs.iter().map(|verb| verb.as_str()).collect();
            let argument = command
                .get_arguments()
                .find(|argument| argument.get_long() == flag.strip_prefix("--"));
            let help = argument.and_then(clap::Arg::get_help).expect(flag);
            let want = format!("({})", names.join(", "));
            assert!(help.to_string().ends_with(&want), "{flag}: {help}: {want}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h"), Ok(Duration::from_hours(1)));
        for refused in ["", "5", "m", "5 m", "-1s", "18446744073709551615h"] {
            assert!(duration(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn there_is_no_way_to_name_a_context() {
        assert!(Options::try_parse_from(["deploy", "--context=other"]).is_err());
    }
}
