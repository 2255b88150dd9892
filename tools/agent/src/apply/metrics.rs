//! How an agent stands, for Prometheus (text exposition format 0.0.4). Pure.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::board::Shown;
use super::status::{State, Status};

/// All metrics.
pub fn text(shown: &Shown) -> String {
    let status = &shown.status;
    let mut page = Page {
        text: String::new(),
        environment: &status.environment,
    };
    page.head("state", "gauge", "1 for the state that the agent is in");
    for state in State::ALL {
        let label = format!(",state=\"{}\"", state.word());
        page.line("state", &label, u8::from(status.state == state));
    }
    page.head("commit", "gauge", "1; the label has the commit");
    let applied = status.applied.as_ref().map(|applied| &applied.commit);
    for (at, commit) in [("head", status.head.as_ref()), ("applied", applied)] {
        if let Some(commit) = commit {
            let label = format!(",at=\"{at}\",commit=\"{}\"", escaped(commit));
            page.line("commit", &label, 1);
        }
    }
    page.head(
        "behind",
        "gauge",
        "1 while the head of the branch is not applied",
    );
    page.line("behind", "", u8::from(applied != status.head.as_ref()));
    page.head("failures", "gauge", "turns that failed in a row");
    page.line("failures", "", status.failures);
    page.head(
        "turns_total",
        "counter",
        "turns since the agent was started",
    );
    page.line("turns_total", ",result=\"well\"", shown.turns.well);
    page.line("turns_total", ",result=\"failed\"", shown.turns.failed);
    page.head(
        "drift_objects_total",
        "counter",
        "objects that were found changed and put back",
    );
    page.line("drift_objects_total", "", status.drift.objects);
    page.head(
        "checked_timestamp_seconds",
        "gauge",
        "when the cluster was last as the commit says",
    );
    page.line("checked_timestamp_seconds", "", checked(status));
    page.text
}

/// When all was last applied; 0 if it never was.
fn checked(status: &Status) -> i64 {
    let checked = status.applied.as_ref().map(|applied| &applied.checked);
    let moment = checked.and_then(|checked| checked.parse::<Timestamp>().ok());
    moment.map_or(0, Timestamp::as_second)
}

struct Page<'a> {
    text: String,
    environment: &'a str,
}

impl Page<'_> {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let name = format!("windlass_agent_{name}");
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let environment = escaped(self.environment);
        let _ = writeln!(
            self.text,
            "windlass_agent_{name}{{environment=\"{environment}\"{labels}}} {value}"
        );
    }
}

/// A value of a label.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
