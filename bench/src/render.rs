//! The Jsonnet renderer: whole processes beside those of others, and a worker that is warm.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use windlass_report::say;

use crate::cli::Options;
use crate::error::Error;
use crate::jsonnet_tree as tree;
use crate::memory;
use crate::peers::{GO_JSONNET, JRSONNET, JRSONNET_FAST, Peer, RSJSONNET};
use crate::process::{self, Ended};
use crate::row::{Row, Unit};
use crate::statistics::median;
use crate::tools;

/// Who renders the same, and what our time must not exceed, by theirs.
const PEERS: [(&str, Peer, f64); 4] = [
    ("jrsonnet", JRSONNET, 0.75),
    ("jrsonnet, lto and mimalloc", JRSONNET_FAST, 0.9),
    ("rsjsonnet", RSJSONNET, 0.9),
    ("go-jsonnet", GO_JSONNET, 0.9),
];
/// Services in a tree; of the last, the memory counts as well.
const SERVICES: [usize; 3] = [1, 100, 1000];
const MEMORY_MB: f64 = 150.0;
/// Requests to a worker.
const REQUESTS: usize = 200;
/// What a warm worker may take of our own time for a small target, in milliseconds.
const OWN_MS: f64 = 1.0;
/// With a large library: cold, and in a worker that knows it, by jrsonnet's time.
const LIBRARY: (f64, f64) = (0.45, 0.1);

/// Something to render.
struct Input {
    work: String,
    folder: PathBuf,
    files: Vec<String>,
    outputs: Vec<String>,
}

/// Measures it.
pub fn run(options: &Options) -> Result<Vec<Row>, Error> {
    let folder = tempfile::tempdir().map_err(Error::io("create", std::env::temp_dir()))?;
    let tool = tools::jsonnet()?;
    let mut rows = Vec::new();
    for services in SERVICES {
        let place = folder.path().join(services.to_string());
        let (files, outputs) = tree::write(&place, services)?;
        let work = format!("render {} files", outputs.len());
        let input = Input::new(work, place, files, outputs)?;
        let mut beside = input.measure(&tool, &PEERS, options)?;
        rows.append(&mut beside);
        if services == SERVICES[0] {
            rows.push(input.own(&tool)?);
        }
        if services == SERVICES[SERVICES.len() - 1] {
            rows.push(Row {
                work: format!("{}: memory at the peak", input.work),
                unit: Unit::Megabytes,
                ours: input.memory(&tool)?,
                peer: "aim".to_owned(),
                theirs: MEMORY_MB,
                target: 1.0,
            });
        }
    }
    let place = folder.path().join("library");
    let (files, outputs) = tree::write_large_library(&place)?;
    let work = "render with a library of 6 MB".to_owned();
    let input = Input::new(work, place, files, outputs)?;
    let beside = [("jrsonnet", JRSONNET, LIBRARY.0)];
    let mut cold = input.measure(&tool, &beside, options)?;
    let warm = input.requests(&tool)?;
    rows.extend(cold.first().map(|cold| Row {
        work: format!("{}, in a warm worker", input.work),
        ours: median(&warm),
        target: LIBRARY.1,
        ..cold.clone()
    }));
    rows.append(&mut cold);
    Ok(rows)
}

impl Input {
    fn new(
        work: String,
        folder: PathBuf,
        files: Vec<String>,
        outputs: Vec<String>,
    ) -> Result<Self, Error> {
        let input = Self {
            work,
            folder,
            files,
            outputs,
        };
        let lines = input.arguments().join("\n") + "\n";
        let path = input.folder.join("arguments");
        std::fs::write(&path, lines).map_err(Error::io("write", &path))?;
        Ok(input)
    }

    /// What an action of Bazel gives the tool.
    fn arguments(&self) -> Vec<String> {
        let start = ["--label", "//:main", "--src", "main.jsonnet", "--multiple"];
        let mut all: Vec<String> = start.map(str::to_owned).into();
        for file in &self.files {
            all.extend(["--file", file, file].map(str::to_owned));
        }
        for output in &self.outputs {
            all.extend(["--out".to_owned(), output.clone(), format!("out/{output}")]);
        }
        all
    }

    /// The tool and peers in turn, each into an empty folder.
    fn measure(
        &self,
        tool: &Path,
        peers: &[(&str, Peer, f64)],
        options: &Options,
    ) -> Result<Vec<Row>, Error> {
        let programs = peers.iter().map(|(_, peer, _)| peer.program());
        let programs: Vec<PathBuf> = programs.collect::<Result<_, _>>()?;
        let all = peers.iter().map(|(name, ..)| *name).zip(&programs);
        let all: Vec<_> = all.map(Some).chain([None]).collect();
        let mut ours = Vec::new();
        let mut theirs = vec![Vec::new(); peers.len()];
        for run in 0..options.runs as usize {
            // Each begins once: what one leaves to the kernel to do, the next one pays for.
            for number in (0..all.len()).map(|number| (run + number) % all.len()) {
                if let Some((name, program)) = all[number] {
                    let mut command = Command::new(program);
                    command.args(["-m", "out", "main.jsonnet"]);
                    theirs[number].push(self.one(name, command)?.milliseconds());
                } else {
                    let mut command = Command::new(tool);
                    command.arg("@arguments");
                    ours.push(self.one("windlass", command)?.milliseconds());
                }
            }
        }
        let row = |((name, _, target), times): (&(&str, Peer, f64), &Vec<f64>)| Row {
            work: self.work.clone(),
            unit: Unit::Milliseconds,
            ours: median(&ours),
            peer: (*name).to_owned(),
            theirs: median(times),
            target: *target,
        };
        Ok(peers.iter().zip(&theirs).map(row).collect())
    }

    /// All of the tool's processes together, at the peak, in megabytes.
    fn memory(&self, tool: &Path) -> Result<f64, Error> {
        self.empty()?;
        let mut command = Command::new(tool);
        memory::peak(command.arg("@arguments").current_dir(&self.folder))
    }

    /// Nothing is removed before all is measured: ext4 gives no inode anew within seconds, and looks
    /// at each that was removed for every new file.
    fn empty(&self) -> Result<(), Error> {
        let out = self.folder.join("out");
        if out.exists() {
            let old = tempfile::tempdir_in(&self.folder);
            let old = old.map_err(Error::io("make a folder in", &self.folder))?;
            let to = old.keep().join("out");
            std::fs::rename(&out, to).map_err(Error::io("rename", &out))?;
        }
        std::fs::create_dir(&out).map_err(Error::io("create", &out))
    }

    fn one(&self, name: &str, mut command: Command) -> Result<Ended, Error> {
        self.empty()?;
        command.current_dir(&self.folder);
        let ended = process::run(name, &mut command, &self.folder)?.with_code(0)?;
        say(&format!(
            "{}: {name}: {:.1} ms, {:.0} MB",
            self.work,
            ended.milliseconds(),
            ended.megabytes()
        ));
        Ok(ended)
    }

    fn own(&self, tool: &Path) -> Result<Row, Error> {
        Ok(Row {
            work: "a small target in a warm worker, our own time".to_owned(),
            unit: Unit::Milliseconds,
            ours: median(&self.requests(tool)?),
            peer: "aim".to_owned(),
            theirs: OWN_MS,
            target: 1.0,
        })
    }

    /// The files, with their digests as Bazel sends them.
    fn inputs(&self) -> Result<Vec<Value>, Error> {
        let input = |file: &String| {
            let path = self.folder.join(file);
            let bytes = std::fs::read(&path).map_err(Error::io("read", &path))?;
            let digits = Sha256::digest(bytes)
                .iter()
                .fold(String::new(), |mut digits, byte| {
                    let _ = write!(digits, "{byte:02x}");
                    digits
                });
            Ok(json!({"path": file, "digest": BASE64_STANDARD.encode(digits)}))
        };
        self.files.iter().map(input).collect()
    }

    /// From a request to its response, in milliseconds, of all but the first one.
    fn requests(&self, tool: &Path) -> Result<Vec<f64>, Error> {
        let inputs = self.inputs()?;
        let mut worker = Command::new(tool)
            .arg("--persistent_worker")
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::io("start", tool))?;
        let request = json!({"arguments": self.arguments(), "inputs": inputs});
        let request = format!("{request}\n");
        let times = exchange(&mut worker, &request, tool);
        if times.is_err() {
            // It may wait for more to do.
            let _ = worker.kill();
        }
        let ended = worker.wait();
        let times = times?.split_off(1);
        ended.map_err(Error::io("wait for", tool))?;
        Ok(times)
    }
}

/// How long a worker takes for each of [`REQUESTS`] requests and one more, in milliseconds. It has
/// nothing more to read then.
fn exchange(worker: &mut Child, request: &str, tool: &Path) -> Result<Vec<f64>, Error> {
    let mut times = Vec::new();
    if let (Some(mut stdin), Some(stdout)) = (worker.stdin.take(), worker.stdout.take()) {
        let mut stdout = BufReader::new(stdout);
        for _ in 0..=REQUESTS {
            let started = Instant::now();
            let sent = stdin.write_all(request.as_bytes());
            sent.map_err(Error::io("write to", tool))?;
            let mut answer = String::new();
            let read = stdout.read_line(&mut answer);
            read.map_err(Error::io("read from", tool))?;
            times.push(started.elapsed().as_secs_f64() * 1e3);
            if !answer.starts_with("{\"exitCode\":0") {
                return Err(Error::Said {
                    what: "worker".to_owned(),
                    want: "exitCode 0".to_owned(),
                    said: answer,
                });
            }
        }
    }
    Ok(times)
}
