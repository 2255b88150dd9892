//! What a laptop asks of the runner in a cluster: a custom resource `ApplyRequest`, which names a
//! bundle by digest, and in whose status the runner says how far it is.
//!
//! `tools/runner/cluster.jsonnet` has its definition, and the same names.

mod log;

pub use log::{LONGEST_LINE, Log, Printed, TAIL, Tail};

use serde::{Deserialize, Serialize};

/// The group of the kind.
pub const GROUP: &str = "windlass.dev";
/// `apiVersion` of the objects.
pub const API_VERSION: &str = "windlass.dev/v1";
/// The kind.
pub const KIND: &str = "ApplyRequest";
/// The name of the kind in URLs.
pub const PLURAL: &str = "applyrequests";

/// The service account of each environment's namespace that its bundles are applied by.
pub const ACCOUNT: &str = "windlass-apply";

/// What the names of the runner's Jobs begin with, and so those of their pods: by it the policies
/// know a pod that has the account's token.
pub const JOB_PREFIX: &str = "windlass-apply-";

/// The longest part of a request's name that is of its target.
const LONGEST: usize = 31;

/// The name of the service account in a namespace, as the API server has it.
pub fn account_in(namespace: &str) -> String {
    format!("system:serviceaccount:{namespace}:{ACCOUNT}")
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    /// The group to apply: `//services/client:prod-deep`.
    pub target: String,
    /// The image of its bundle, by digest.
    pub bundle: String,
    /// How long it waits until all is ready.
    pub timeout_seconds: u64,
}

/// How far it is. A field that a newer runner writes is passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Status {
    /// In one word.
    pub phase: Phase,
    /// What it waits for, or why it ended; empty where there is nothing to say.
    pub message: String,
    /// How the Job's container has ended; `None` until it has.
    pub exit_code: Option<i32>,
    /// What it says.
    pub log: Log,
}

/// How far a request is, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// No runner has taken it up.
    #[default]
    Waiting,
    /// There is a Job.
    Running,
    /// The Job is done.
    Succeeded,
    /// The Job has failed.
    Failed,
    /// There will be no Job.
    Refused,
}

impl Phase {
    /// Whether it will not change any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Refused)
    }
}

/// The name of a new request: `client-prod-deep-2f1c09aa`, where `unique` tells it from others.
pub fn name_of(target: &str, unique: &str) -> String {
    let last = target.rsplit('/').next().unwrap_or_default();
    let letters = last.chars().map(|c| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    let name: String = letters.take(LONGEST).collect();
    // A name begins with a letter or digit.
    match name.trim_matches('-') {
        "" => format!("apply-{unique}"),
        name => format!("{name}-{unique}"),
    }
}

/// The name of a request's Job.
pub fn job_of(request: &str) -> String {
    format!("{JOB_PREFIX}{request}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_say_what_is_applied() {
        for (target, want) in [
            ("//services/client:prod-deep", "client-prod-deep-0000002a"),
            ("@shop//a/B_c:x.y", "b-c-x-y-0000002a"),
            ("//:all", "all-0000002a"),
            ("//a:___", "a-0000002a"),
            ("", "apply-0000002a"),
        ] {
            assert_eq!(name_of(target, "0000002a"), want, "{target}");
        }
        let long = name_of(&format!("//a:{}", "b".repeat(300)), "0000002a");
        // With the prefix, a label can hold the Job's name.
        assert!(job_of(&long).len() <= 63, "{long}");
    }

    #[test]
    fn what_nobody_has_taken_up_waits() {
        let status: Status = serde_json::from_value(json!({})).expect("a status");
        assert_eq!(status, Status::default());
        assert!(!status.phase.is_over());
        let newer = json!({"phase": "Failed", "exitCode": 5, "more": true});
        let status: Status = serde_json::from_value(newer).expect("a status");
        assert_eq!((status.phase, status.exit_code), (Phase::Failed, Some(5)));
    }

    #[test]
    fn an_account_is_of_a_namespace() {
        assert_eq!(
            account_in("prod"),
            "system:serviceaccount:prod:windlass-apply"
        );
    }
}
