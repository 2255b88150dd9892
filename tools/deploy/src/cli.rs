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
    /// How long to wait: 90s, 5m, 1h; 5m by default (apply, create, replace, delete, orphans,
    /// worker).
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
    /// delete, diff, status, graph, logs, port-forward, orphans).
    #[arg(long, value_name = "UID")]
    pub cluster_id: Option<String>,
    /// Go to the cluster that this program runs in, as the service account of its pod, instead of
    /// by a kubeconfig (apply, create, replace, delete, diff, status, graph, logs, port-forward,
    /// orphans).
    #[arg(long)]
    pub in_cluster: bool,
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
    /// Confirm by the name of a protected environment (apply, replace, delete,
    /// orphans).
    #[arg(long, value_name = "ENVIRONMENT")]
    pub yes_really: Option<String>,
    /// Where the page goes; `client-myns-deep.graph.html` by default, where you stand (graph).
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Where the picture goes; `client-myns-deep.graph.svg` by default, where you stand (graph).
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Ask no cluster: show what is described, and not how it is (graph).
    #[arg(long)]
    pub offline: bool,
    /// Go on with what is said from now on, also by pods that come later (logs).
    #[arg(long, conflicts_with = "previous")]
    pub follow: bool,
    /// Begin with the last lines of each container, so many; with all by default (logs).
    #[arg(long, value_name = "LINES")]
    pub tail: Option<u32>,
    /// Begin with what was said so long ago: 90s, 5m, 1h (logs).
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub since: Option<Duration>,
    /// Only containers of this name (logs).
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
    /// What containers said before they were last started again (logs).
    #[arg(long)]
    pub previous: bool,
    /// A Service to forward to; the uppermost ones by default; may be repeated (port-forward).
    #[arg(long, value_name = "NAME")]
    pub service: Vec<String>,
    /// A local port, or none for any, and the port of a Service that it leads to; all ports by
    /// default; may be repeated (port-forward).
    #[arg(long, value_name = "LOCAL:REMOTE", value_parser = WantedPort::parse)]
    pub port: Vec<WantedPort>,
}

/// `8080:80`, `:http`: which port of a Service is wanted, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedPort {
    /// The local port; `None` for any.
    pub local: Option<u16>,
    /// The Service's port, by number or by name.
    pub remote: String,
}

impl WantedPort {
    /// Parses `8080:80`, `:http`.
    ///
    /// # Errors
    /// What it is instead, and what is wanted.
    pub fn parse(text: &str) -> Result<Self, String> {
        let want = || format!("got `{text}`, want `LOCAL:REMOTE` as in `8080:80`, or `:REMOTE`");
        let (local, remote) = text.split_once(':').ok_or_else(want)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if remote.is_empty() || !remote.chars().all(is_name) {
            return Err(want());
        }
        let local = match local {
            "" => None,
            number => Some(number.parse().map_err(|_| want())?),
        };
        Ok(Self {
            local: local.filter(|port| *port != 0),
            remote: remote.to_owned(),
        })
    }
}

/// Verbs that wait.
const WAIT: &[Verb] = &[
    Verb::Apply,
    Verb::Create,
    Verb::Replace,
    Verb::Delete,
    Verb::Orphans,
];
/// Verbs that wait for a time.
const TIMEOUT: &[Verb] = &[
    Verb::Apply,
    Verb::Create,
    Verb::Replace,
    Verb::Delete,
    Verb::Orphans,
    Verb::Worker,
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
    Verb::Graph,
    Verb::Logs,
    Verb::PortForward,
    Verb::Orphans,
];
/// Verbs that write where others may have written.
const CONFLICTS: &[Verb] = &[Verb::Apply, Verb::Replace, Verb::Diff];
/// Verbs that may make others' things ours.
const ADOPT: &[Verb] = &[Verb::Apply, Verb::Diff];
/// Verbs that take something away.
const REMOVE: &[Verb] = &[Verb::Apply, Verb::Replace, Verb::Delete, Verb::Orphans];
/// The verb that draws.
const GRAPH: &[Verb] = &[Verb::Graph];
/// The verb that shows what pods say.
const LOGS: &[Verb] = &[Verb::Logs];
/// The verb that leads to pods.
const FORWARD: &[Verb] = &[Verb::PortForward];

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

    /// Whether a run has no end of its own: who ends it with Ctrl-C got what they wanted.
    pub fn is_ended_by_users(&self, verb: Verb) -> bool {
        verb == Verb::PortForward || verb == Verb::Logs && self.follow
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
    pub(crate) fn flags(&self) -> [(&'static str, bool, &'static [Verb]); 24] {
        [
            ("--wait", self.wait.is_some(), WAIT),
            ("--timeout", self.timeout.is_some(), TIMEOUT),
            ("--output", self.output.is_some(), RESULT),
            ("--force-conflicts", self.force_conflicts, CONFLICTS),
            ("--cluster-id", self.cluster_id.is_some(), CLUSTER),
            ("--in-cluster", self.in_cluster, CLUSTER),
            ("--adopt", self.adopt, ADOPT),
            ("--dry-run", self.dry_run(), PLAN),
            ("--save-plan", self.save_plan.is_some(), SAVE),
            ("--plan", self.plan.is_some(), SAVE),
            ("--delete", self.delete, &[Verb::Orphans]),
            ("--exit-code", self.exit_code, &[Verb::Diff]),
            ("--verbose", self.verbose, PLAN),
            ("--yes-really", self.yes_really.is_some(), REMOVE),
            ("--html", self.html.is_some(), GRAPH),
            ("--svg", self.svg.is_some(), GRAPH),
            ("--offline", self.offline, GRAPH),
            ("--follow", self.follow, LOGS),
            ("--tail", self.tail.is_some(), LOGS),
            ("--since", self.since.is_some(), LOGS),
            ("--container", self.container.is_some(), LOGS),
            ("--previous", self.previous, LOGS),
            ("--service", !self.service.is_empty(), FORWARD),
            ("--port", !self.port.is_empty(), FORWARD),
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
///
/// # Errors
/// What it is instead, and what is wanted.
pub fn duration(text: &str) -> Result<Duration, String> {
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
            "--in-cluster",
            "--adopt",
            "--dry-run",
            "--delete",
            "--save-plan=f",
            "--plan=f",
            "--exit-code",
            "--verbose",
            "--yes-really=prod",
            "--html=f",
            "--svg=f",
            "--offline",
            "--follow",
            "--tail=5",
            "--since=5m",
            "--container=x",
            "--previous",
            "--service=x",
            "--port=8080:80",
        ];
        let taken = |verb: Verb| {
            let taken = all.iter().filter(|flag| parse(&[flag]).check(verb).is_ok());
            let name = |flag: &&str| flag.split('=').next().map(|flag| flag[2..].to_owned());
            taken.filter_map(name).collect::<Vec<_>>().join(" ")
        };
        let usual = "wait timeout output cluster-id in-cluster dry-run save-plan plan verbose";
        assert_eq!(taken(Verb::Create), usual);
        let changes = "wait timeout output force-conflicts cluster-id in-cluster dry-run save-plan plan verbose";
        let adopts = "wait timeout output force-conflicts cluster-id in-cluster adopt dry-run save-plan plan verbose yes-really";
        assert_eq!(taken(Verb::Apply), adopts);
        assert_eq!(taken(Verb::Replace), format!("{changes} yes-really"));
        assert_eq!(taken(Verb::Delete), format!("{usual} yes-really"));
        assert_eq!(
            taken(Verb::Diff),
            "output force-conflicts cluster-id in-cluster adopt exit-code"
        );
        assert_eq!(taken(Verb::Status), "output cluster-id in-cluster");
        let graph = "cluster-id in-cluster html svg offline";
        assert_eq!(taken(Verb::Graph), graph);
        let logs = "cluster-id in-cluster follow tail since container previous";
        assert_eq!(taken(Verb::Logs), logs);
        assert_eq!(
            taken(Verb::PortForward),
            "cluster-id in-cluster service port"
        );
        assert_eq!(taken(Verb::Push), "output dry-run verbose");
        assert_eq!(taken(Verb::Resolve), "");
        assert_eq!(taken(Verb::Roles), "");
        assert_eq!(taken(Verb::Worker), "timeout");
        let orphans = "wait timeout output cluster-id in-cluster dry-run delete verbose yes-really";
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
    fn ports_are_local_and_remote() {
        let port = |local, remote: &str| WantedPort {
            local,
            remote: remote.to_owned(),
        };
        let options = parse(&["--port=8080:80", "--port=:http", "--port=0:53"]);
        let want = [port(Some(8080), "80"), port(None, "http"), port(None, "53")];
        assert_eq!(options.port, want);
        for refused in ["80", "8080:", "70000:80", "a:80", "1:2:3", ""] {
            assert!(WantedPort::parse(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn what_is_over_is_not_followed() {
        let both = ["deploy", "--follow", "--previous"];
        assert!(Options::try_parse_from(both).is_err());
    }

    #[test]
    fn there_is_no_way_to_name_a_context() {
        assert!(Options::try_parse_from(["deploy", "--context=other"]).is_err());
    }
}
