//! Tests by the command line, on a machine that is made up: its own home, its own PATH with fakes
//! of docker and k3d, its own user. Nothing outside a temporary folder is read or written.

mod contexts;
mod errors;
mod k3d;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::Duration;

use crate::cli::{self, Called};
use crate::environment::{Environment, Identity};
use crate::error::Error;
use crate::request::Target;

/// A machine that is made up. What its user sees is in `home`, all else in a folder of its own.
pub(crate) struct Machine {
    pub(crate) home: PathBuf,
    pub(crate) identity: Identity,
    pub(crate) variables: BTreeMap<String, String>,
    request: serde_json::Value,
    own: tempfile::TempDir,
}

/// What docker and k3d do by default: they keep what there is in files, and fail where
/// `$own/fail` has the beginning of their command line, with the words of `$own/said`.
const FAKE: &str = r#"
line="${0##*/} $*"
echo "$line" >>"$own/log"
if [ -e "$own/fail" ]; then
  case "$line" in "$(cat "$own/fail")"*) cat "$own/said" >&2; exit 1 ;; esac
fi
cluster() { echo "[{\"name\":\"other\",\"serversCount\":1,\"serversRunning\":1},{\"name\":\"windlass\",\"serversCount\":1,\"serversRunning\":$1}]" >"$own/clusters"; }
case "$line" in
  "docker version "*) echo 28.0.0 ;;
  "docker network ls "*) cat "$own/network" 2>/dev/null ;;
  "docker network inspect "*) cat "$own/subnet" ;;
  "docker network create --subnet="*) echo k3d-network >"$own/network"; echo "172.19.0.0/26" >"$own/subnet" ;;
  "docker network rm "*) rm "$own/network" ;;
  "docker inspect --format {{index .Config.Labels \"windlass.state\"}} k3d-windlass-server-0") cat "$own/label" ;;
  "docker inspect "*) cat "$own/address" ;;
  "k3d cluster list --output json") cat "$own/clusters" ;;
  "k3d cluster create windlass "*) cluster 1; label="${line##* windlass.state=}"; echo "${label%%@server:0 *}" >"$own/label" ;;
  "k3d cluster start windlass "*) cluster 1 ;;
  "k3d cluster stop windlass") cluster 0 ;;
  "k3d cluster delete windlass") echo "[]" >"$own/clusters" ;;
  "k3d image import "*) cp "${line##* }" "$own/imported.tar" ;;
  "k3d kubeconfig get windlass") cat "$own/kubeconfig" ;;
  *) echo "unexpected: $line" >&2; exit 64 ;;
esac
exit 0
"#;

/// As k3d prints it.
const KUBECONFIG: &str = "---
apiVersion: v1
kind: Config
clusters: [{name: k3d-windlass, cluster: {server: 'https://127.0.0.1:6443', certificate-authority-data: QQ==}}]
users: [{name: admin@k3d-windlass, user: {client-key-data: Qg==}}]
contexts: [{name: k3d-windlass, context: {cluster: k3d-windlass, user: admin@k3d-windlass}}]
current-context: k3d-windlass
";

impl Machine {
    /// One of a plain user without any program, and nothing of third parties in the request.
    pub(crate) fn new(home: &Path) -> Self {
        let own = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(own.path().join("bin")).expect("a folder");
        let mut request: serde_json::Value =
            serde_json::from_str(crate::request::tests::TEXT).expect("JSON");
        request["third_party"] = serde_json::json!({});
        for (field, folder) in [("programs", "programs"), ("node", "node")] {
            request[field] = folder.into();
            std::fs::create_dir_all(own.path().join(folder)).expect("a folder");
        }
        request["toolbox"] = "enter".into();
        let text = |path: &Path| path.display().to_string();
        let variables = [
            ("HOME", text(home)),
            ("PATH", text(&own.path().join("bin"))),
            ("TMPDIR", text(own.path())),
            ("XDG_CACHE_HOME", text(&own.path().join("cache"))),
            (
                "WINDLASS_CLUSTER_RECORDS",
                text(&own.path().join("records")),
            ),
        ];
        Self {
            home: home.to_path_buf(),
            identity: Identity::User(1000),
            variables: variables
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            request,
            own,
        }
    }

    /// One with docker and k3d.
    pub(crate) fn with_k3d(home: &Path) -> Self {
        let machine = Self::new(home);
        machine.write("clusters", "[]");
        machine.write("kubeconfig", KUBECONFIG);
        machine.write("address", "172.19.0.2\n");
        machine.program("bin/docker", FAKE);
        machine.program("bin/k3d", FAKE);
        machine
    }

    /// One whose registry is at the address of the node.
    pub(crate) fn with_fixed_address(home: &Path) -> Self {
        let mut machine = Self::with_k3d(home);
        machine.request["registry"] = "172.19.0.2:31000".into();
        machine
    }

    /// One of root, in the toolbox, whose programs and node are only just enough to be started.
    pub(crate) fn with_root(home: &Path) -> Self {
        let mut machine = Self::new(home);
        machine.identity = Identity::Root;
        machine.set("WINDLASS_TOOLBOX", "/toolbox");
        machine.set("WINDLASS_CLUSTER_PROGRAMS", machine.path("built"));
        machine.write(
            "built/images/images.json",
            r#"{"coredns": {"digest": "sha256:1"}, "pause": {"digest": "sha256:2"}}"#,
        );
        machine.write("admin", KUBECONFIG);
        machine.program(
            "node/certs",
            "mkdir -p \"$1\"; cp \"$own/admin\" \"$1/admin.kubeconfig\"",
        );
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.own.path().join(name)
    }

    pub(crate) fn set(&mut self, name: &str, value: impl AsRef<Path>) {
        let value = value.as_ref().display().to_string();
        self.variables.insert(name.to_owned(), value);
    }

    /// Changes a field of the request.
    pub(crate) fn ask(&mut self, field: &str, value: serde_json::Value) {
        self.request[field] = value;
    }

    /// Writes a file of the machine's own.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Writes a program, which finds the machine's own folder in `$own`.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let own = self.own.path().display();
        self.write(
            name,
            format!("#!/bin/sh\nown='{own}'\n[ \"$1\" = settle ] && exit 0\n{script}\n"),
        );
        let path = self.path(name);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("set");
        // A process that another test is just starting may have the file open for writing still.
        while let Err(error) = Command::new(&path).arg("settle").status() {
            assert_eq!(
                error.kind(),
                std::io::ErrorKind::ExecutableFileBusy,
                "{error}"
            );
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Lets a command line of docker or k3d fail with these words.
    pub(crate) fn fail(&self, line: &str, said: &str) {
        self.write("fail", line);
        self.write("said", said);
    }

    /// The command lines of docker and k3d since the last time, one a line.
    pub(crate) fn log(&self) -> String {
        let log = self.read("log");
        let _ = std::fs::remove_file(self.path("log"));
        log
    }

    /// The command lines that change something.
    pub(crate) fn changes(&self) -> String {
        let looks = [
            "docker version",
            "docker inspect",
            "docker network ls",
            "docker network inspect",
            "k3d cluster list",
            "k3d kubeconfig get",
        ];
        let is_look = |line: &&str| looks.iter().any(|look| line.starts_with(look));
        let log = self.log();
        let lines = log.split_inclusive('\n').filter(|line| !is_look(line));
        lines.collect()
    }

    pub(crate) fn environment(&self) -> Environment {
        let variables = self.variables.iter();
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        Environment::new(
            variables,
            self.identity.clone(),
            Some(self.path("own-program")),
        )
    }

    /// The arguments with which a launcher of this machine would be called.
    pub(crate) fn line(&self, verb: &str, arguments: &[&str]) -> Vec<OsString> {
        self.write("request.json", self.request.to_string());
        let mut line: Vec<OsString> = vec!["cluster".into(), verb.into()];
        line.extend(["--request".into(), self.path("request.json").into()]);
        line.extend(["--runfiles".into(), self.own.path().into()]);
        line.extend(arguments.iter().map(OsString::from));
        line
    }

    /// What a verb is given.
    pub(crate) fn target(&self) -> Target {
        self.line("status", &[]);
        Target::read(&self.path("request.json"), self.own.path()).expect("a request")
    }

    /// How a verb is called.
    pub(crate) fn called(&self) -> Called {
        Called {
            arguments: self.line("status", &[]),
            environment: self.environment(),
        }
    }

    /// Runs a verb, as a launcher would be called.
    pub(crate) fn run(&self, verb: &str, arguments: &[&str]) -> Result<ExitCode, Error> {
        cli::run(self.line(verb, arguments), &self.environment())
    }

    /// The folder of the user's cluster.
    pub(crate) fn state(&self) -> PathBuf {
        self.environment().state()
    }
}

/// A port of loopback that nobody has, and no other test gets: below those that the kernel gives,
/// a hundred for each process. It is not bound to try: a process that another test is just
/// starting would have the socket for a moment longer.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first = 15000 + u16::try_from(std::process::id() % 150).expect("small") * 100;
    loop {
        let port = first + GIVEN.fetch_add(1, Ordering::Relaxed);
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            return port;
        }
    }
}

/// Flags that move the cluster to ports that nobody has.
pub(crate) fn free_ports() -> [String; 2] {
    [
        format!("--api-port={}", free_port()),
        format!("--registry-port={}", free_port()),
    ]
}
