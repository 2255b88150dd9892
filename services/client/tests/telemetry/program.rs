//! Client and server as processes, which end with their test.

use crate::page::Page;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::cell::RefCell;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longer than anything here takes on a slow machine: a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_mins(2);

/// Names and values of the environment.
pub type Variables<'a> = &'a [(&'a str, &'a str)];

/// A program that runs, and what it says.
pub struct Program {
    child: Child,
    lines: Receiver<String>,
    said: RefCell<Vec<String>>,
}

impl Program {
    /// The server, on ports that are free.
    pub fn server(redis: SocketAddr, variables: Variables<'_>) -> Self {
        let redis = redis.to_string();
        let features = data("FEATURES", "../server/features.json");
        let args = ["--port=0", "--redis", &redis, "--features"];
        let mut command = Command::new(program("SERVER", "server"));
        Self::start(command.args(args).arg(features), variables)
    }

    /// The client of a server on this machine.
    pub fn client(server: u16, iterations: &str, variables: Variables<'_>) -> Self {
        let server = format!("127.0.0.1:{server}");
        let args = [
            "--server",
            &server,
            "--interval=0.1",
            "--iterations",
            iterations,
        ];
        let mut command = Command::new(program("CLIENT", "client"));
        Self::start(command.args(args), variables)
    }

    fn start(command: &mut Command, variables: Variables<'_>) -> Self {
        let mut child = command
            .envs(variables.iter().copied())
            .arg("--metrics-address=127.0.0.1:0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Self {
            child,
            lines,
            said: RefCell::default(),
        }
    }

    /// The first line with `text` in it, of what it has said or will say.
    pub fn wait_for(&self, text: &str) -> String {
        let mut said = self.said.borrow_mut();
        loop {
            if let Some(line) = said.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no {text:?} in:\n{}", said.join("\n")));
            said.push(line);
        }
    }

    /// Tells it to end, as Kubernetes does.
    pub fn terminate(&self) {
        let id = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(id), Signal::SIGTERM).expect("runs");
    }

    /// Until it has ended by itself, well.
    pub fn wait_for_end(mut self) {
        let status = self.child.wait().expect("can be waited for");
        assert!(status.success(), "{status}");
    }

    /// The port that the server serves.
    pub fn port(&self) -> u16 {
        let line = self.wait_for("serving on port ");
        let (_, rest) = line.split_once("serving on port ").expect("a port");
        let (port, _) = rest.split_once(',').expect("then Redis");
        port.parse().expect("a number")
    }

    /// Its metrics.
    pub fn page(&self) -> Page {
        let line = self.wait_for("metrics on http://");
        let (_, rest) = line.split_once("http://").expect("an address");
        let address = rest.strip_suffix("/metrics").expect("a path");
        Page::get(address.parse().expect("an address"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program by the variable that names it, else where cargo puts it: `cargo build -p server` first.
pub fn program(variable: &str, name: &str) -> PathBuf {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let beside = || Some(PathBuf::from(option_env!("CARGO_BIN_EXE_client")?).with_file_name(name));
    let path = named.or_else(beside).expect("a program");
    path.canonicalize()
        .unwrap_or_else(|_| panic!("{} is not built", path.display()))
}

fn data(variable: &str, path: &str) -> PathBuf {
    let named = std::env::var_os(variable).map(PathBuf::from);
    named.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path))
}

/// A port of this machine's own.
pub fn any_port() -> (Ipv4Addr, u16) {
    (Ipv4Addr::LOCALHOST, 0)
}
