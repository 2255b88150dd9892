//! The deploy tool beside kubectl, on a real API server. Every figure is of a whole process, its
//! start included. Neither side waits for pods.

use std::path::{Path, PathBuf};
use std::process::Command;

use windlass_report::say;

use crate::bare;
use crate::cli::ApplyOptions;
use crate::environment;
use crate::error::Error;
use crate::input::{Edition, Set};
use crate::process::{self, Ended};
use crate::row::{Row, Unit};
use crate::statistics::median;
use crate::tools;
use crate::tree::{Place, Tree};

/// Objects of a set that both sides apply.
const COUNT: usize = 300;
/// Objects of the group whose memory is measured, and how many megabytes it may take.
const MANY: usize = 10_000;
const MANY_MEGABYTES: f64 = 200.0;

/// What is done with a set, and what the ratio to kubectl must not exceed.
const WORKS: [(Work, &str, f64); 3] = [
    (Work::Create, "create", 0.35),
    (Work::Again, "apply again, nothing changed,", 0.08),
    (Work::Diff, "diff, one in ten changed, of", 0.3),
];

/// What the time of a creation must not exceed, by that of its writes alone.
const BARE: f64 = 1.25;

/// What is done with a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Create,
    Again,
    Diff,
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Ours,
    Kubectl,
}

/// Measures everything.
pub fn run(options: &ApplyOptions) -> Result<Vec<Row>, Error> {
    let bench = Bench::start(options)?;
    let mut rows = Vec::new();
    for set in [Set::ConfigMaps, Set::Services] {
        rows.extend(bench.compare(set, options.common.runs)?);
    }
    rows.extend(bench.memory()?);
    Ok(rows)
}

/// What all measurements have in common.
struct Bench<'a> {
    context: &'a str,
    kubectl: PathBuf,
    kubeconfig: PathBuf,
    tool: PathBuf,
    folder: tempfile::TempDir,
}

/// One set of one side, in a namespace of its own: as it is applied, and with changes.
struct Round {
    side: Side,
    namespace: String,
    first: Tree,
    second: Tree,
}

impl<'a> Bench<'a> {
    /// Finds kubectl, the cluster's kubeconfig, and the deploy tool.
    fn start(options: &'a ApplyOptions) -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(Error::io("create", std::env::temp_dir()))?;
        let bench = Self {
            context: &options.context,
            kubectl: environment::kubectl()?,
            kubeconfig: environment::kubeconfig()?,
            tool: tools::deploy()?,
            folder,
        };
        // What kubectl keeps of a cluster from run to run is there before anything is measured.
        bench.kubectl(&["get", "configmaps"])?;
        Ok(bench)
    }

    /// The works of a set, in turn.
    fn compare(&self, set: Set, runs: u32) -> Result<Vec<Row>, Error> {
        let mut times = WORKS.map(|_| (Vec::new(), Vec::new()));
        let mut bares = Vec::new();
        for run in 0..runs {
            let rounds = [
                self.round(set, Side::Ours, run)?,
                self.round(set, Side::Kubectl, run)?,
            ];
            bares.push(self.bare(set, run)?);
            for ((work, name, _), (ours, theirs)) in WORKS.iter().zip(&mut times) {
                for round in &rounds {
                    let ended = self.measure(*work, round)?;
                    say(&format!(
                        "{:?} {name} {COUNT} {}: {:.0} ms, {:.0} ms of them on a processor, {:.0} MB",
                        round.side,
                        set.name(),
                        ended.milliseconds(),
                        ended.cpu.as_secs_f64() * 1e3,
                        ended.megabytes(),
                    ));
                    match round.side {
                        Side::Ours => ours.push(ended.milliseconds()),
                        Side::Kubectl => theirs.push(ended.milliseconds()),
                    }
                }
                if *work == Work::Create && set == Set::Services {
                    rounds.iter().try_for_each(|round| self.settle(round))?;
                }
            }
        }
        let results = WORKS.iter().zip(&times);
        let row =
            |((_, name, target), (ours, theirs)): (&(Work, &str, f64), &(Vec<_>, Vec<_>))| Row {
                work: format!("{name} {COUNT} {}", set.name()),
                unit: Unit::Milliseconds,
                ours: median(ours),
                peer: "kubectl --server-side".to_owned(),
                theirs: median(theirs),
                target: *target,
            };
        let mut rows: Vec<Row> = results.map(row).collect();
        let bare = Row {
            peer: "its writes alone".to_owned(),
            theirs: median(&bares),
            target: BARE,
            ..rows[0].clone()
        };
        rows.insert(1, bare);
        Ok(rows)
    }

    /// The writes of a creation by themselves, in milliseconds.
    fn bare(&self, set: Set, run: u32) -> Result<f64, Error> {
        let namespace = format!("{set:?}-bare-{run}").to_lowercase();
        self.kubectl(&["create", "namespace", &namespace])?;
        let place = Place {
            context: self.context,
            namespace: &namespace,
        };
        let took = bare::create(&self.kubeconfig, place, set, COUNT)?;
        let milliseconds = took.as_secs_f64() * 1e3;
        say(&format!(
            "Bare create {COUNT} {}: {milliseconds:.0} ms",
            set.name()
        ));
        Ok(milliseconds)
    }

    /// A namespace, and the files of a side for it.
    fn round(&self, set: Set, side: Side, run: u32) -> Result<Round, Error> {
        let namespace = format!("{set:?}-{side:?}-{run}").to_lowercase();
        let tree = |edition| {
            let folder = self.folder.path().join(format!("{namespace}-{edition:?}"));
            self.tree(&folder, set, COUNT, &namespace, edition)
        };
        let (first, second) = (tree(Edition::First)?, tree(Edition::Second)?);
        self.kubectl(&["create", "namespace", &namespace])?;
        Ok(Round {
            side,
            namespace,
            first,
            second,
        })
    }

    fn tree(
        &self,
        folder: &Path,
        set: Set,
        count: usize,
        namespace: &str,
        edition: Edition,
    ) -> Result<Tree, Error> {
        let place = Place {
            context: self.context,
            namespace,
        };
        let tree = Tree::write(folder, set, count, place, edition)?;
        tree.link(&self.tool)?;
        Ok(tree)
    }

    /// One process of one side; it must have done what is measured.
    fn measure(&self, work: Work, round: &Round) -> Result<Ended, Error> {
        match round.side {
            Side::Ours => self.ours(work, round),
            Side::Kubectl => self.theirs(work, round),
        }
    }

    fn ours(&self, work: Work, round: &Round) -> Result<Ended, Error> {
        let (tree, verb, says) = match work {
            Work::Create => (&round.first, "apply", format!(" {COUNT} objects to create")),
            Work::Again => (&round.first, "apply", format!(" {COUNT} as wanted")),
            Work::Diff => (&round.second, "diff", format!(" {} to change", COUNT / 10)),
        };
        self.deploy(tree, verb)?.with_code(0)?.saying(&says)
    }

    fn theirs(&self, work: Work, round: &Round) -> Result<Ended, Error> {
        let (tree, verb, code) = match work {
            Work::Create | Work::Again => (&round.first, "apply", 0),
            // 1 is how kubectl says that something differs.
            Work::Diff => (&round.second, "diff", 1),
        };
        let manifests = tree.manifests();
        let mut command = self.kubectl_command();
        command.args([verb, "--server-side", "-f"]).arg(&manifests);
        let what = format!("kubectl {verb} --server-side -f {}", manifests.display());
        let ended = process::run(&what, &mut command, self.folder.path())?.with_code(code)?;
        let (line, want) = match work {
            Work::Create | Work::Again => (" serverside-applied", COUNT),
            Work::Diff => ("+    example.com/revision: \"2\"", COUNT / 10),
        };
        let got = ended.stdout.lines().filter(|l| l.contains(line)).count();
        if got == want {
            return Ok(ended);
        }
        ended.saying(&format!("{want} times: {line}"))
    }

    /// The deploy tool, as `bazel run` starts it.
    fn deploy(&self, tree: &Tree, verb: &str) -> Result<Ended, Error> {
        let launcher = tree.launcher(verb);
        let mut command = Command::new(&launcher);
        command
            .env("KUBECONFIG", &self.kubeconfig)
            .env("RUNFILES_DIR", tree.folder());
        if verb == "apply" {
            command.arg("--wait=false");
        }
        process::run(
            &launcher.display().to_string(),
            &mut command,
            self.folder.path(),
        )
    }

    fn kubectl_command(&self) -> Command {
        let mut command = Command::new(&self.kubectl);
        command
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", self.folder.path())
            .args(["--context", self.context]);
        command
    }

    fn kubectl(&self, arguments: &[&str]) -> Result<Ended, Error> {
        let what = format!("kubectl {}", arguments.join(" "));
        let mut command = self.kubectl_command();
        command.args(arguments);
        process::run(&what, &mut command, self.folder.path())?.with_code(0)
    }

    /// Waits until the controllers have seen what was created: their writes are no part of it.
    fn settle(&self, round: &Round) -> Result<(), Error> {
        for kind in ["deployments", "poddisruptionbudgets"] {
            self.kubectl(&[
                "wait",
                "--namespace",
                &round.namespace,
                "--all",
                "--for=jsonpath={.status.observedGeneration}=1",
                "--timeout=120s",
                kind,
            ])?;
        }
        Ok(())
    }

    /// The memory that a large group takes.
    fn memory(&self) -> Result<Vec<Row>, Error> {
        let namespace = "many";
        let folder = self.folder.path().join(namespace);
        let tree = self.tree(&folder, Set::ConfigMaps, MANY, namespace, Edition::First)?;
        self.kubectl(&["create", "namespace", namespace])?;
        let mut rows = Vec::new();
        for (name, says) in [
            ("create", format!(" {MANY} objects to create")),
            (
                "apply again, nothing changed,",
                format!(" {MANY} as wanted"),
            ),
        ] {
            let ended = self.deploy(&tree, "apply")?.with_code(0)?.saying(&says)?;
            say(&format!(
                "Ours {name} {MANY}: {:.0} ms",
                ended.milliseconds()
            ));
            rows.push(Row {
                work: format!("{name} 10,000 ConfigMaps of one group: memory at the peak"),
                unit: Unit::Megabytes,
                ours: ended.megabytes(),
                peer: "aim".to_owned(),
                theirs: MANY_MEGABYTES,
                target: 1.0,
            });
        }
        Ok(rows)
    }
}
