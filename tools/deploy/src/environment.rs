//! What this tool takes from the process's environment: read here, and nowhere else.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::credentials::moment;
use crate::diff::Colour;
use crate::lease::Terms;

/// The environment of the process.
#[derive(Clone, Debug, Default)]
pub struct ProcessEnvironment {
    /// `KUBECONFIG`: files, joined as PATH is.
    pub kubeconfig: Option<OsString>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_STATE_HOME`, where the local cluster keeps its kubeconfig.
    pub xdg_state_home: Option<PathBuf>,
    /// `DOCKER_CONFIG`: the folder with credentials for registries.
    pub docker_config: Option<OsString>,
    /// `BUILD_WORKING_DIRECTORY`: where the user stood when `bazel run` was typed.
    pub working_directory: Option<PathBuf>,
    /// `BUILD_WORKSPACE_DIRECTORY`: the checkout in which `bazel run` was typed.
    pub workspace: Option<PathBuf>,
    /// Who holds the leases of this run, for others to read: user, machine, process, and since when.
    pub holder: String,
    /// How leases are held.
    pub lease: Terms,
    /// Where lines of progress go.
    pub output: Output,
    /// Whether data on stdout has colours: on a terminal, unless `NO_COLOR` is set
    /// (<https://no-color.org>).
    pub colour: Colour,
}

/// What stderr is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// A log: plain lines, each once.
    #[default]
    Lines,
    /// A terminal that can redraw lines.
    Terminal,
    /// Nothing: lines are kept, see [`crate::progress::Progress::kept`].
    Memory,
}

impl ProcessEnvironment {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        let path = |name: &str| {
            std::env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let terminal = std::io::stderr().is_terminal() && !dumb;
        let plain = dumb || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colourful = std::io::stdout().is_terminal() && !plain;
        Self {
            kubeconfig: std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty()),
            home: path("HOME"),
            xdg_state_home: path("XDG_STATE_HOME"),
            docker_config: std::env::var_os("DOCKER_CONFIG"),
            working_directory: path("BUILD_WORKING_DIRECTORY"),
            workspace: path("BUILD_WORKSPACE_DIRECTORY"),
            holder: holder(),
            lease: Terms::default(),
            output: if terminal {
                Output::Terminal
            } else {
                Output::Lines
            },
            colour: if colourful {
                Colour::Ansi
            } else {
                Colour::Never
            },
        }
    }
}

/// `alice@laptop, process 4711, since 2026-03-01T12:00:00Z`: no two runs are called the same.
fn holder() -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let host = host.or_else(|_| std::env::var("HOSTNAME"));
    let host = host.unwrap_or_else(|_| "localhost".to_owned());
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let since = moment(since.unwrap_or_default());
    let process = std::process::id();
    format!("{user}@{}, process {process}, since {since}", host.trim())
}
