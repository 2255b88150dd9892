//! A real Kubernetes API server and its etcd on 127.0.0.1, for tests.
//!
//! There is no node and no controller: objects are checked, defaulted, stored and answered for,
//! and nothing comes of them. The API server is ready within a few seconds.
//!
//! ```no_run
//! use std::path::Path;
//! use std::time::Duration;
//! use windlass_api_server::{ApiServer, Settings};
//!
//! let server = ApiServer::start(&Settings {
//!     programs: Path::new("/root/.cache/windlass/kubernetes-0123456789ab"),
//!     folder: Path::new("/tmp/test"),
//!     context: "windlass",
//!     timeout: Duration::from_secs(60),
//! })?;
//! let kubeconfig = server.kubeconfig(); // for `KUBECONFIG`
//! # Ok::<(), windlass_api_server::Error>(())
//! ```
//!
//! The folder is laid out as that of a cluster of `//cluster:up`: `kubeconfig`, `pki/`, and below
//! `var/` etcd's data and `log/cluster/{audit,etcd,kube-apiserver}.log`. The audit log has every
//! request but those of the API server itself, writes with the object that was answered.
//!
//! # Caveats
//! Both programs end when the [`ApiServer`] is dropped. A process that is killed drops nothing:
//! a test that must not leave anything behind runs in a PID namespace of its own, as
//! `cluster with-api-server` does.

mod keys;

use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

/// What goes into the audit log.
const AUDIT: &str = include_str!("audit.json");

/// How many of a log's last lines an error has.
const TAIL: usize = 12;

/// Between two looks whether it is ready.
const PAUSE: Duration = Duration::from_millis(50);

/// What an API server is started with.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The folder of the cluster's programs, as `bazel run //cluster:build` makes it: `etcd`,
    /// `kube-apiserver` and `kubectl` are in `bin/`.
    pub programs: &'a Path,
    /// An absolute path to keep everything in; made where it is missing.
    pub folder: &'a Path,
    /// The context that the kubeconfig gets, its cluster and its user.
    pub context: &'a str,
    /// How long it may take to be ready.
    pub timeout: Duration,
}

/// Why there is no API server.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// The operating system, or a key that cannot be made.
    #[error("cannot {what} `{}`", path.display())]
    Io {
        /// What was tried, after "cannot".
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What it says.
        #[source]
        source: io::Error,
    },
    /// One of the two programs ended.
    #[error("{program} ended while it was starting: {status}")]
    Ended {
        /// Its name.
        program: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        tail: Vec<String>,
    },
    /// The time is up.
    #[error("the API server is not ready after {} s", after.as_secs_f32())]
    Late {
        /// How long it had.
        after: Duration,
        /// The last lines of its log.
        tail: Vec<String>,
    },
}

impl Error {
    fn io(what: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { what, path, source }
    }

    /// The last lines of the log of who failed; empty where nobody wrote one.
    pub fn tail(&self) -> &[String] {
        match self {
            Self::Ended { tail, .. } | Self::Late { tail, .. } => tail,
            Self::Io { .. } => &[],
        }
    }
}

/// A running API server; dropping it ends it.
#[derive(Debug)]
pub struct ApiServer {
    folder: PathBuf,
    port: u16,
    running: Vec<Daemon>,
}

#[derive(Debug)]
struct Daemon {
    program: &'static str,
    process: Child,
}

impl ApiServer {
    /// Starts etcd and the API server on free ports of 127.0.0.1, and waits until it answers and
    /// has its own namespaces.
    pub fn start(settings: &Settings) -> Result<Self, Error> {
        let from = Instant::now();
        let folder = settings.folder;
        for path in [folder.join("pki"), folder.join("var/lib"), logs(folder)] {
            std::fs::create_dir_all(&path).map_err(Error::io("make", &path))?;
        }
        let pki = folder.join("pki");
        keys::write(&pki).map_err(Error::io("make keys in", &pki))?;
        write(&policy(folder), AUDIT)?;
        let [client, peer, api] = free_ports().map_err(Error::io("find a port of", "127.0.0.1"))?;
        write(&folder.join("kubeconfig"), &kubeconfig(settings, api))?;

        let mut server = Self {
            folder: folder.to_owned(),
            port: api,
            running: Vec::new(),
        };
        server.run(settings, "etcd", &etcd_flags(folder, client, peer))?;
        server.run(settings, "kube-apiserver", &api_flags(folder, client, api))?;
        while !server.is_ready(settings) {
            server.still_runs()?;
            if from.elapsed() > settings.timeout {
                let tail = last_lines(&logs(folder).join("kube-apiserver.log"));
                return Err(Error::Late {
                    after: settings.timeout,
                    tail,
                });
            }
            sleep(PAUSE);
        }
        Ok(server)
    }

    /// The file to set `KUBECONFIG` to: its one context is of the cluster's administrator.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// The audit log: one JSON document a line. A request has its line before its answer is
    /// complete.
    pub fn audit_log(&self) -> PathBuf {
        logs(&self.folder).join("audit.log")
    }

    fn run(
        &mut self,
        settings: &Settings,
        program: &'static str,
        flags: &[String],
    ) -> Result<(), Error> {
        let log = logs(settings.folder).join(format!("{program}.log"));
        let file = std::fs::File::create(&log).map_err(Error::io("make", &log))?;
        let errors = file.try_clone().map_err(Error::io("open", &log))?;
        let path = settings.programs.join("bin").join(program);
        let process = Command::new(&path)
            .args(flags)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            .spawn()
            .map_err(Error::io("run", &path))?;
        self.running.push(Daemon { program, process });
        Ok(())
    }

    /// Whether it answers, and has made the namespaces that every cluster has.
    fn is_ready(&self, settings: &Settings) -> bool {
        let answers = |path: &str| {
            let mut kubectl = Command::new(settings.programs.join("bin/kubectl"));
            kubectl.arg("--kubeconfig").arg(self.kubeconfig());
            kubectl.args(["get", "--raw", path, "--request-timeout=3s"]);
            let kubectl = kubectl.env_clear().stdin(Stdio::null());
            let status = kubectl.stdout(Stdio::null()).stderr(Stdio::null()).status();
            status.is_ok_and(|status| status.success())
        };
        // The cheap question first: a kubectl takes time from those it waits for.
        let listens = TcpStream::connect(("127.0.0.1", self.port)).is_ok();
        listens && answers("/readyz") && answers("/api/v1/namespaces/kube-system")
    }

    fn still_runs(&mut self) -> Result<(), Error> {
        for daemon in &mut self.running {
            if let Ok(Some(status)) = daemon.process.try_wait() {
                let log = format!("{}.log", daemon.program);
                return Err(Error::Ended {
                    program: daemon.program,
                    status,
                    tail: last_lines(&logs(&self.folder).join(log)),
                });
            }
        }
        Ok(())
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        // The API server first: without etcd it would complain.
        for daemon in self.running.iter_mut().rev() {
            let _ = daemon.process.kill();
            let _ = daemon.process.wait();
        }
    }
}

fn logs(folder: &Path) -> PathBuf {
    folder.join("var/log/cluster")
}

fn policy(folder: &Path) -> PathBuf {
    folder.join("var/audit.json")
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(Error::io("write", path))
}

/// Ports that nobody has now; all are held until the last is found, so they differ.
fn free_ports() -> io::Result<[u16; 3]> {
    let held = [(); 3].map(|()| TcpListener::bind(("127.0.0.1", 0)));
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(held) {
        *port = listener?.local_addr()?.port();
    }
    Ok(ports)
}

/// JSON, which is YAML as well.
fn kubeconfig(settings: &Settings, port: u16) -> String {
    let (name, pki) = (settings.context, settings.folder.join("pki"));
    let document = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {
            "server": format!("https://127.0.0.1:{port}"),
            "certificate-authority": pki.join(keys::AUTHORITY),
        }}],
        "users": [{"name": name, "user": {
            "client-certificate": pki.join(keys::ADMIN.certificate),
            "client-key": pki.join(keys::ADMIN.key),
        }}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    });
    format!("{document:#}\n")
}

fn etcd_flags(folder: &Path, client: u16, peer: u16) -> Vec<String> {
    let (client, peer) = (
        format!("http://127.0.0.1:{client}"),
        format!("http://127.0.0.1:{peer}"),
    );
    vec![
        format!("--data-dir={}", folder.join("var/lib/etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        "--log-level=warn".to_owned(),
        // What is lost with the machine is not missed.
        "--unsafe-no-fsync".to_owned(),
    ]
}

fn api_flags(folder: &Path, etcd: u16, port: u16) -> Vec<String> {
    let key = |name: &str| folder.join("pki").join(name).display().to_string();
    let audit_log = logs(folder).join("audit.log");
    vec![
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        // Nobody reaches it by the Service `kubernetes`: there are no pods.
        "--advertise-address=127.0.0.1".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
        // As in the cluster of `//cluster:up`.
        "--authorization-mode=Node,RBAC".to_owned(),
        "--enable-admission-plugins=NodeRestriction".to_owned(),
        "--allow-privileged".to_owned(),
        format!("--tls-cert-file={}", key(keys::SERVER.certificate)),
        format!("--tls-private-key-file={}", key(keys::SERVER.key)),
        format!("--client-ca-file={}", key(keys::AUTHORITY)),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
        format!(
            "--service-account-key-file={}",
            key(keys::ACCOUNTS.certificate)
        ),
        format!(
            "--service-account-signing-key-file={}",
            key(keys::ACCOUNTS.key)
        ),
        format!("--audit-policy-file={}", policy(folder).display()),
        format!("--audit-log-path={}", audit_log.display()),
    ]
}

fn last_lines(path: &Path) -> Vec<String> {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len().saturating_sub(TAIL);
    lines[first..].iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests;
