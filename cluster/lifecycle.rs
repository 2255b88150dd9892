//! What a cluster promises about its beginning and its end, tried on the one that `cluster_test`
//! brought up: `up` is idempotent, a killed supervisor takes everything with it, the next `up`
//! mends what is left and finds its data, and `down` leaves nothing behind.
//!
//! The network and PID namespaces of the test are the machine here.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Programs of a node: none may be there when its cluster is down.
const PROGRAMS: [&str; 6] = [
    "containerd",
    "containerd-shim",
    "etcd",
    "kube-apiserver",
    "kube-proxy",
    "kubelet",
];

fn main() {
    let machine = Machine::from_environment();
    let before = traces();

    machine.kubectl(&["create", "configmap", "kept", "--from-literal=key=value"]);
    let again = machine.cluster("up", true);
    assert!(
        again.contains("already up"),
        "a second `up` changes nothing: {again}"
    );

    let record = machine.record();
    let supervisor = number_after(&record, "\"pid\":");
    run(Command::new("kill").args(["-KILL", &supervisor]));
    assert_gone("kill -9 of the supervisor");
    let status = machine.cluster("status", false);
    assert!(status.contains("down"), "`status` after a kill: {status}");

    let mended = machine.cluster("up", true);
    assert!(mended.contains("is up in"), "`up` after a kill: {mended}");
    let kept = machine.kubectl(&["get", "configmap", "kept", "--output=jsonpath={.data.key}"]);
    assert_eq!(kept, "value", "data outlives a kill");
    let cgroups = cgroups(&machine.record());
    assert!(
        cgroups.iter().all(|path| path.is_dir()),
        "the node has cgroups: {cgroups:?}"
    );

    machine.cluster("down", true);
    assert_gone("down");
    let left: Vec<_> = cgroups.iter().filter(|path| path.exists()).collect();
    assert!(left.is_empty(), "`down` leaves cgroups: {left:?}");
    assert_eq!(
        traces(),
        before,
        "`down` leaves mounts, interfaces or rules"
    );
    let again = machine.cluster("down", true);
    assert!(again.contains("down already"), "a second `down`: {again}");
}

/// The namespaces of the test, and the cluster in them.
struct Machine {
    runfiles: PathBuf,
    state: PathBuf,
    kubectl: PathBuf,
}

impl Machine {
    fn from_environment() -> Self {
        let path =
            |name| PathBuf::from(std::env::var_os(name).unwrap_or_else(|| panic!("no {name}")));
        Self {
            runfiles: path("TEST_SRCDIR"),
            state: path("WINDLASS_CLUSTER_STATE"),
            kubectl: path("WINDLASS_KUBECTL"),
        }
    }

    /// Runs a launcher of //cluster on this cluster; all that it says.
    fn cluster(&self, verb: &str, succeeds: bool) -> String {
        let launcher = self.runfiles.join("_main/cluster").join(verb);
        let output = Command::new(launcher)
            .arg("--state")
            .arg(&self.state)
            .output();
        let output = output.expect("the launcher runs");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.success(), succeeds, "{verb}: {text}");
        text
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        run(Command::new(&self.kubectl).args(arguments))
    }

    /// The record of the running cluster.
    fn record(&self) -> String {
        let state = format!("\"state\":\"{}\"", self.state.display());
        let entries = std::fs::read_dir("/run/windlass")
            .expect("a cluster runs")
            .flatten();
        entries
            .filter_map(|entry| std::fs::read_to_string(entry.path()).ok())
            .find(|text| text.contains(&state))
            .expect("the record of this cluster")
    }
}

/// Waits until no process of a node is left and nobody listens; the kernel takes a moment.
fn assert_gone(after: &str) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let left: Vec<_> = processes()
            .intersection(&BTreeSet::from(PROGRAMS.map(str::to_owned)))
            .cloned()
            .collect();
        let answers = TcpStream::connect("127.0.0.1:6443").is_ok();
        if left.is_empty() && !answers {
            return;
        }
        assert!(
            Instant::now() < until,
            "{after} leaves {left:?}, port 6443 answers: {answers}"
        );
        sleep(Duration::from_millis(100));
    }
}

/// What a cluster could leave on the machine: mounts, interfaces, rules.
fn traces() -> [String; 3] {
    let read = |path: &str| std::fs::read_to_string(path).expect("readable");
    let interfaces = read("/proc/net/dev")
        .lines()
        .skip(2)
        .filter_map(|line| line.split(':').next().map(str::to_owned))
        .collect::<Vec<_>>()
        .join(" ");
    [
        read("/proc/self/mountinfo"),
        interfaces,
        run(Command::new("/usr/sbin/nft").args(["list", "ruleset"])),
    ]
}

/// The names of all processes that still run.
fn processes() -> BTreeSet<String> {
    let stat = |path: PathBuf| std::fs::read_to_string(path.join("stat")).ok();
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    entries
        .filter_map(|entry| stat(entry.path()))
        .filter(|stat| !stat.contains(") Z "))
        .filter_map(|stat| Some(stat.split_once('(')?.1.split_once(')')?.0.to_owned()))
        .collect()
}

/// The cgroup folders that a record names.
fn cgroups(record: &str) -> Vec<PathBuf> {
    let words = record
        .split('"')
        .filter(|word| word.starts_with("/sys/fs/cgroup/"));
    words.map(|word| Path::new(word).to_path_buf()).collect()
}

/// The digits after a word.
fn number_after(text: &str, word: &str) -> String {
    let (_, rest) = text.split_once(word).expect("the word");
    rest.chars().take_while(char::is_ascii_digit).collect()
}

fn run(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program runs");
    assert!(
        status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&stderr)
    );
    String::from_utf8_lossy(&stdout).into_owned()
}
