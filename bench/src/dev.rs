//! The dev loop: from a save to a pod that is ready, on the local cluster, and where the time goes.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use windlass_report::say;

use crate::build_profile::{Actions, actions};
use crate::cli::Options;
use crate::environment;
use crate::error::Error;
use crate::process;
use crate::row::{Row, Unit};
use crate::statistics::median;

/// The service whose source is edited, and what is edited there.
const SERVICE: &str = "services/server";
const SOURCE: &str = "services/server/src/run.rs";
const LINE: &str = "\"serving on port";

/// The namespace is one of this benchmark's own.
const USER: &str = "--repo_env=USER=bench";
const NAMESPACE: &str = "bench";

/// What a save may take, and what of it is ours, in milliseconds.
const AIM: f64 = 6000.0;
const AIM_OURS: f64 = 1500.0;

/// How long something is waited for that will come, unless it never does.
const PATIENCE: Duration = Duration::from_mins(10);

/// What `kubectl get --watch` prints of a pod, each time that it changes.
const POD: &str = "jsonpath={.metadata.name} {.status.containerStatuses[0].started} \
                   {.status.conditions[?(@.type==\"Ready\")].status}{\"\\n\"}";

/// Measures rounds on the local cluster, which must be up. It edits a source of the checkout, and puts
/// it back.
pub fn run(options: &Options) -> Result<Vec<Row>, Error> {
    let checkout = environment::checkout()?;
    let folder = tempfile::tempdir().map_err(Error::io("create", std::env::temp_dir()))?;
    let bench = Bench {
        profile: folder.path().join("profile.gz"),
        scratch: folder.path().to_owned(),
        checkout,
    };
    bench.bazel(&["run", USER, "//prod:setup.apply"])?;
    let measured = bench.measure(options.runs);
    let deleted = bench.bazel(&["run", USER, &format!("//{SERVICE}:myns-deep.delete")]);
    let rounds = measured?;
    deleted?;
    Ok(rows(&rounds))
}

/// One round, in milliseconds.
#[derive(Debug)]
struct Round {
    /// From the save to a pod that is ready.
    whole: f64,
    /// Until it is built.
    build: f64,
    /// From then to when there is a pod.
    pod: f64,
    /// From then to when its container has started: the node's part.
    node: f64,
    /// From then to when it is ready.
    ready: f64,
    /// What the build was at.
    actions: Actions,
}

fn rows(rounds: &[Round]) -> Vec<Row> {
    let part = |of: fn(&Round) -> f64| median(&rounds.iter().map(of).collect::<Vec<_>>());
    for (name, value) in [
        ("build", part(|one| one.build)),
        ("  compile", part(|one| one.actions.compile)),
        ("  link", part(|one| one.actions.link)),
        ("  layers and manifests", part(|one| one.actions.other)),
        ("until there is a pod", part(|one| one.pod)),
        ("until its container has started", part(|one| one.node)),
        ("until it is ready", part(|one| one.ready)),
    ] {
        say(&format!("median {name}: {value:.0} ms"));
    }
    let row = |work: &str, ours, theirs| Row {
        work: work.to_owned(),
        unit: Unit::Milliseconds,
        ours,
        peer: "aim".to_owned(),
        theirs,
        target: 1.0,
    };
    vec![
        row(
            "from a save to a ready pod, one line of a Rust service changed",
            part(|one| one.whole),
            AIM,
        ),
        row(
            "of it from what is built to a ready pod, the node's part aside",
            part(|one| one.pod + one.ready),
            AIM_OURS,
        ),
    ]
}

struct Bench {
    checkout: PathBuf,
    scratch: PathBuf,
    profile: PathBuf,
}

impl Bench {
    fn measure(&self, runs: u32) -> Result<Vec<Round>, Error> {
        let source = Source::read(&self.checkout.join(SOURCE))?;
        let mut dev = self.start(&[
            &format!("//{SERVICE}:myns.dev"),
            "--",
            "--",
            USER,
            &format!("--profile={}", self.profile.display()),
        ])?;
        dev.until("done in ")?;
        let mut pods = self.start(&[
            "//cluster:kubectl",
            "--",
            &format!("--namespace={NAMESPACE}"),
            "get",
            "pods",
            "--selector=app.kubernetes.io/name=server",
            "--watch",
            "--output",
            POD,
        ])?;
        let mut known = BTreeSet::new();
        pods.until_pod(&mut known, |pod| pod.is_ready)?;
        let mut rounds = Vec::new();
        for run in 0..runs {
            let saved = Instant::now();
            source.edit(run)?;
            let built = dev.until("build   ")?;
            let created = pods.until_pod(&mut known, |_| true)?;
            let started = pods.on_from(created.clone(), |pod| pod.is_started)?;
            let ready = pods.on_from(started.clone(), |pod| pod.is_ready)?;
            dev.until("done in ")?;
            let span = |from: Instant, to: Instant| (to - from).as_secs_f64() * 1e3;
            let round = Round {
                whole: span(saved, ready.at),
                build: span(saved, built),
                pod: span(built, created.at),
                node: span(created.at, started.at),
                ready: span(started.at, ready.at),
                actions: self.actions()?,
            };
            say(&format!("round {}: {round:.0?}", run + 1));
            rounds.push(round);
        }
        dev.end()?;
        Ok(rounds)
    }

    /// What the last build was at.
    fn actions(&self) -> Result<Actions, Error> {
        let data = std::fs::read(&self.profile).map_err(Error::io("read", &self.profile))?;
        actions(&data).ok_or_else(|| Error::Said {
            what: "bazel --profile".to_owned(),
            want: "critical path component".to_owned(),
            said: String::new(),
        })
    }

    fn bazel(&self, arguments: &[&str]) -> Result<(), Error> {
        let what = format!("bazel {}", arguments.join(" "));
        let mut command = Command::new(self.checkout.join("bazelw"));
        command.current_dir(&self.checkout).args(arguments);
        process::run(&what, &mut command, &self.scratch)?.with_code(0)?;
        Ok(())
    }

    /// Starts a run target.
    fn start(&self, arguments: &[&str]) -> Result<Running, Error> {
        let program = self.checkout.join("bazelw");
        let mut child = Command::new(&program)
            .current_dir(&self.checkout)
            .args(["run", "--noshow_progress", USER])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // So that Ctrl-C can be sent to it and its children, as a terminal does.
            .process_group(0)
            .spawn()
            .map_err(Error::io("start", program))?;
        let (sender, lines) = channel();
        if let Some(pipe) = child.stdout.take() {
            forward(pipe, sender.clone());
        }
        if let Some(pipe) = child.stderr.take() {
            forward(pipe, sender);
        }
        Ok(Running {
            what: arguments.join(" "),
            child,
            lines,
            said: String::new(),
        })
    }
}

/// A program that goes on, and its lines, each with when it came.
struct Running {
    what: String,
    child: Child,
    lines: Receiver<(Instant, String)>,
    said: String,
}

/// A pod, as one line of kubectl has it.
#[derive(Clone, Debug)]
struct Pod {
    at: Instant,
    name: String,
    is_started: bool,
    is_ready: bool,
}

impl Running {
    /// When it says something.
    fn until(&mut self, start: &str) -> Result<Instant, Error> {
        loop {
            let (at, line) = self.line(start)?;
            if line.starts_with(start) {
                return Ok(at);
            }
        }
    }

    /// A pod that is not known yet, as soon as it is as wanted.
    fn until_pod(
        &mut self,
        known: &mut BTreeSet<String>,
        wanted: impl Fn(&Pod) -> bool,
    ) -> Result<Pod, Error> {
        loop {
            let pod = self.pod()?;
            if !known.contains(&pod.name) && wanted(&pod) {
                known.insert(pod.name.clone());
                return Ok(pod);
            }
        }
    }

    /// The same pod, as soon as it is as wanted, which it may be already.
    fn on_from(&mut self, mut pod: Pod, wanted: impl Fn(&Pod) -> bool) -> Result<Pod, Error> {
        while !wanted(&pod) {
            let next = self.pod()?;
            if next.name == pod.name {
                pod = next;
            }
        }
        Ok(pod)
    }

    fn pod(&mut self) -> Result<Pod, Error> {
        let (at, line) = self.line("a pod")?;
        let mut words = line.split(' ');
        Ok(Pod {
            at,
            name: words.next().unwrap_or_default().to_owned(),
            is_started: words.next() == Some("true"),
            is_ready: words.next() == Some("True"),
        })
    }

    fn line(&mut self, want: &str) -> Result<(Instant, String), Error> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok((at, line)) => {
                self.said += &line;
                self.said.push('\n');
                Ok((at, line))
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(Error::Said {
                what: self.what.clone(),
                want: want.to_owned(),
                said: std::mem::take(&mut self.said),
            }),
        }
    }

    /// Ctrl-C.
    fn end(&mut self) -> Result<(), Error> {
        self.interrupt();
        let status = self.child.wait().map_err(Error::io("end", &self.what))?;
        match status.code() {
            Some(0) => Ok(()),
            code => Err(Error::Ended {
                what: self.what.clone(),
                code: code.unwrap_or(-1),
                want: 0,
                said: std::mem::take(&mut self.said),
            }),
        }
    }

    fn interrupt(&self) {
        let group = format!("-{}", self.child.id());
        // It may have ended.
        let _ = Command::new("kill").args(["-INT", "--", &group]).status();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.interrupt();
            let _ = self.child.wait();
        }
    }
}

/// Sends each line with the moment at which it came.
fn forward(pipe: impl Read + Send + 'static, sender: Sender<(Instant, String)>) {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send((Instant::now(), line)).is_err() {
                return;
            }
        }
    });
}

/// The source, which is put back in the end.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        let path = path.to_owned();
        if text.contains(LINE) {
            return Ok(Self { path, text });
        }
        Err(Error::Said {
            what: path.display().to_string(),
            want: LINE.to_owned(),
            said: text,
        })
    }

    fn edit(&self, run: u32) -> Result<(), Error> {
        // Each is another text than any before: nothing of it is in a cache.
        let now = std::time::SystemTime::now();
        let since = now
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let new = format!("\"{}.{run}: {}", since.as_millis(), &LINE[1..]);
        let text = self.text.replace(LINE, &new);
        std::fs::write(&self.path, text).map_err(Error::io("write", &self.path))
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let _ = std::fs::write(&self.path, &self.text);
    }
}
