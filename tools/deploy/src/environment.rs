//! What this tool takes from the process's environment: read here, and nowhere else.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::SystemTime;

use windlass_k8s_diff::text::Colour;
use windlass_oci_registry::ConfigPlaces;

use crate::ask;
use crate::credentials::moment;
use crate::lease::Terms;
use crate::tree::{Marks, Style};

/// The environment of the process.
#[derive(Clone, Debug, Default)]
pub struct ProcessEnvironment {
    /// `KUBECONFIG`: files, joined as PATH is.
    pub kubeconfig: Option<OsString>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_STATE_HOME`, where the local cluster keeps its kubeconfig.
    pub xdg_state_home: Option<PathBuf>,
    /// `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`, which every pod has: the API server.
    pub api_server: Option<String>,
    /// Where credentials for registries are.
    pub registries: ConfigPlaces,
    /// `BUILD_WORKING_DIRECTORY`: where the user stood when `bazel run` was typed.
    pub working_directory: Option<PathBuf>,
    /// `BUILD_WORKSPACE_DIRECTORY`: the checkout in which `bazel run` was typed.
    pub workspace: Option<PathBuf>,
    /// `USER`: of a personal namespace with another name, hints tell Bazel whose it is.
    pub user: Option<String>,
    /// Who holds the leases of this run, for others to read: user, machine, process, and since when.
    pub holder: String,
    /// How leases are held.
    pub lease: Terms,
    /// How long the runner of a cluster is waited for.
    pub worker: ask::Terms,
    /// Where lines of progress go.
    pub output: Output,
    /// How stderr is drawn on, where it is a terminal.
    pub style: Style,
    /// Whether data on stdout has colours.
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
        let var = |name: &str| std::env::var_os(name);
        let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
        Self {
            kubeconfig: std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty()),
            home: path("HOME"),
            xdg_state_home: path("XDG_STATE_HOME"),
            api_server: api_server(var),
            registries: ConfigPlaces::of(var),
            working_directory: path("BUILD_WORKING_DIRECTORY"),
            workspace: path("BUILD_WORKSPACE_DIRECTORY"),
            user: std::env::var("USER").ok(),
            holder: holder(),
            lease: Terms::default(),
            worker: ask::Terms::default(),
            output: output(stderr.is_terminal(), var),
            style: Style {
                marks: marks(var),
                colour: Colour::of(stderr.is_terminal(), var),
            },
            colour: Colour::of(stdout.is_terminal(), var),
        }
    }
}

/// Whether stderr is drawn over: on a terminal that can, unless `CI` says that it is a log.
fn output(is_terminal: bool, var: impl Fn(&str) -> Option<OsString>) -> Output {
    let is_log = var("CI").is_some_and(|value| !value.is_empty() && value != "false");
    if is_terminal && !is_dumb(&var) && !is_log {
        Output::Terminal
    } else {
        Output::Lines
    }
}

fn is_dumb(var: impl Fn(&str) -> Option<OsString>) -> bool {
    var("TERM").is_none_or(|term| term == "dumb")
}

/// Host and port as they stand in a URL, where an address of IPv6 has brackets.
fn api_server(var: impl Fn(&str) -> Option<OsString>) -> Option<String> {
    let text = |name: &str| {
        var(name)?
            .into_string()
            .ok()
            .filter(|text| !text.is_empty())
    };
    let host = text("KUBERNETES_SERVICE_HOST")?;
    let port = text("KUBERNETES_SERVICE_PORT")?;
    Some(if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    })
}

/// Which characters there are, by the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set (POSIX,
/// Environment Variables 8.2).
fn marks(var: impl Fn(&str) -> Option<OsString>) -> Marks {
    let mut set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(var);
    let locale = set.find(|value| !value.is_empty()).unwrap_or_default();
    let locale = locale.to_string_lossy().to_lowercase();
    if locale.contains("utf-8") || locale.contains("utf8") {
        Marks::Unicode
    } else {
        Marks::Ascii
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Variables, as `A=b C=d`.
    fn vars(text: &str) -> impl Fn(&str) -> Option<OsString> + Copy {
        move |name| {
            let mut pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
            let pair = pairs.find(|(key, _)| *key == name);
            pair.map(|(_, value)| value.into())
        }
    }

    #[test]
    fn lines_are_drawn_over_on_terminals_only() {
        for (is_terminal, text, want) in [
            (true, "TERM=xterm", Output::Terminal),
            (true, "TERM=xterm CI=false", Output::Terminal),
            (true, "TERM=xterm CI=", Output::Terminal),
            (true, "TERM=xterm CI=true", Output::Lines),
            (true, "TERM=dumb", Output::Lines),
            (true, "", Output::Lines),
            (false, "TERM=xterm", Output::Lines),
        ] {
            assert_eq!(output(is_terminal, vars(text)), want, "{text}");
        }
    }

    #[test]
    fn pods_know_their_api_server() {
        for (text, want) in [
            (
                "KUBERNETES_SERVICE_HOST=10.0.0.1 KUBERNETES_SERVICE_PORT=443",
                Some("10.0.0.1:443"),
            ),
            (
                "KUBERNETES_SERVICE_HOST=fd00::1 KUBERNETES_SERVICE_PORT=443",
                Some("[fd00::1]:443"),
            ),
            ("KUBERNETES_SERVICE_HOST=10.0.0.1", None),
            ("", None),
        ] {
            assert_eq!(api_server(vars(text)).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn the_first_locale_that_is_set_counts() {
        for (text, want) in [
            ("LANG=en_GB.UTF-8", Marks::Unicode),
            ("LC_CTYPE=C.utf8", Marks::Unicode),
            ("LC_ALL=C LANG=en_GB.UTF-8", Marks::Ascii),
            ("LC_ALL= LANG=en_GB.UTF-8", Marks::Unicode),
            ("LANG=de_DE.ISO-8859-1", Marks::Ascii),
            ("", Marks::Ascii),
        ] {
            assert_eq!(marks(vars(text)), want, "{text}");
        }
    }
}
