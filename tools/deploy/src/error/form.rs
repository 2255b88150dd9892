//! What is printed of an error beside its causes: evidence, a hint, the exit code.

use std::path::Path;

use windlass_k8s_object::{Key, Namespace};
use windlass_report::{Exit, Explain};

use super::Error;
use super::text::{conflict_lines, lacking_lines, owner_lines};
use crate::request::{Verb, is_of_bazel, with_flags};

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        match self {
            Self::Conflicts { conflicts, .. } | Self::Overtaken { conflicts, .. } => {
                conflict_lines(conflicts)
            }
            Self::Foreign { objects, .. } => owner_lines(objects),
            Self::Moved { differences, .. } => differences
                .iter()
                .map(|line| format!("  | {line}"))
                .collect(),
            Self::ReferenceMissing { missing, .. } => lacking_lines(missing),
            Self::Rollout { explanation, .. } | Self::Timeout { explanation, .. } => {
                explanation.evidence()
            }
            Self::Push { also, .. } | Self::Delete { also, .. } => {
                also.iter().map(|also| format!("also: {also}")).collect()
            }
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Environment {
                command, source, ..
            } => source.hint(command),
            Self::Owner { command, user, .. } => as_user(command, user),
            Self::Unproven { source, .. } => source.hint(),
            Self::Protected {
                environment,
                verb,
                command,
                ..
            } => Some(confirmed(command, *verb, environment)),
            Self::Context { .. } | Self::Reach { .. } => Some("bazel run //cluster:up".to_owned()),
            Self::ServerExpired { server, .. } => Some(format!(
                "openssl s_client -connect {server} </dev/null | openssl x509 -noout -dates"
            )),
            Self::CredentialsExpired { kubectl, .. } | Self::Unauthorized { kubectl, .. } => {
                Some(format!("{kubectl} auth whoami"))
            }
            Self::ReferenceMissing { missing, kubectl } => {
                missing.first().map(|first| first.command(kubectl))
            }
            Self::Access {
                missing, kubectl, ..
            } => {
                let namespace = missing.iter().find_map(|access| access.namespace.as_ref());
                let namespace = namespace.map_or(String::new(), |name| format!(" -n {name}"));
                Some(format!("{kubectl}{namespace} auth can-i --list"))
            }
            Self::NotReady { hint, .. }
            | Self::NoPods { hint, .. }
            | Self::Unpinned { pin: hint, .. }
            | Self::Listen { other: hint, .. }
            | Self::Foreign { adopt: hint, .. }
            | Self::Immutable { replace: hint, .. } => Some(hint.clone()),
            Self::Inventory {
                object, kubectl, ..
            } => Some(shown(kubectl, object)),
            Self::Held { kubectl, .. } => Some(kubectl.clone()),
            Self::Worker(error) => error.hint(),
            Self::Moved { path, command, .. } => Some(planned(command, path)),
            Self::NamespaceMissing { setup, .. } | Self::KindMissing { setup, .. } => {
                Some(setup.clone())
            }
            Self::Node { .. } => {
                Some("set image_delivery = \"registry\" where the rules are bound".to_owned())
            }
            Self::Registry { hint, .. } | Self::Push { hint, .. } => hint.clone(),
            Self::NamespaceGoing {
                namespace, kubectl, ..
            } => Some(format!("{kubectl} wait --for=delete namespace/{namespace}")),
            Self::Exists { apply, .. }
            | Self::Claims { apply, .. }
            | Self::Differs { apply, .. } => Some(apply.clone()),
            Self::Conflicts { force, .. } | Self::Overtaken { force, .. } => Some(force.clone()),
            Self::Rollout {
                explanation,
                kubectl,
            }
            | Self::Timeout {
                explanation,
                kubectl,
                ..
            } => Some(explanation.describe_command(kubectl)),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Flag { .. } | Self::Absent { .. } => Exit::Usage,
            Self::Launcher(_) | Self::Output(_) | Self::Listen { .. } => Exit::Failure,
            Self::Request(_)
            | Self::Environment { .. }
            | Self::Object { .. }
            | Self::Twice { .. }
            | Self::Image { .. }
            | Self::Repository { .. }
            | Self::PlanFile { .. }
            | Self::Query { .. }
            | Self::Unpinned { .. } => Exit::Input,
            Self::Protected { .. }
            | Self::Kubeconfig { .. }
            | Self::InCluster { .. }
            | Self::Context { .. }
            | Self::Reach { .. }
            | Self::ServerExpired { .. }
            | Self::CredentialsExpired { .. }
            | Self::Unauthorized { .. }
            | Self::Identity { .. }
            | Self::NamespaceMissing { .. }
            | Self::NamespaceGoing { .. }
            | Self::KindMissing { .. }
            | Self::ClusterScoped { .. }
            | Self::NamespaceUnset { .. }
            | Self::NamespaceSet { .. }
            | Self::ReferenceMissing { .. }
            | Self::Foreign { .. }
            | Self::Inventory { .. }
            | Self::Held { .. }
            | Self::Moved { .. }
            | Self::Claims { .. }
            | Self::DockerConfig(_)
            | Self::Node { .. }
            | Self::Owner { .. }
            | Self::Access { .. }
            | Self::Read { .. }
            | Self::Unproven { .. }
            | Self::Exists { .. } => Exit::Preflight,
            Self::Registry { exit, .. } | Self::Push { exit, .. } => *exit,
            Self::Worker(error) => error.exit(),
            Self::Graph(error) => error.exit(),
            Self::Conflicts { .. }
            | Self::Overtaken { .. }
            | Self::Refused { .. }
            | Self::Immutable { .. }
            | Self::Lost { .. }
            | Self::Write { .. }
            | Self::Delete { .. } => Exit::Write,
            Self::Rollout { .. }
            | Self::Timeout { .. }
            | Self::Watch { .. }
            | Self::NotReady { .. }
            | Self::NoPods { .. }
            | Self::NotGone { .. } => Exit::Rollout,
            Self::Differs { .. } => Exit::Differs,
            Self::Interrupted => Exit::Interrupted,
        }
    }
}

/// A command, in a namespace of one's own.
fn as_user(command: &str, user: &str) -> Option<String> {
    // Its name is from who one is; `system:serviceaccount:a:b` is none.
    let name = Namespace::try_new(user);
    let name = name.as_ref().map_or("alice", |name| name.as_str());
    is_of_bazel(command).then(|| format!("{command} --repo_env=USER={name}"))
}

/// What the user has typed, with the second word.
fn confirmed(command: &str, verb: Verb, environment: &str) -> String {
    let more = if verb == Verb::Orphans {
        "--delete "
    } else {
        ""
    };
    with_flags(command, &format!("{more}--yes-really={environment}"))
}

/// What makes a plan anew.
fn planned(command: &str, path: &Path) -> String {
    with_flags(
        command,
        &format!("--dry-run --save-plan {}", path.display()),
    )
}

/// `kubectl -n alice get configmap redis -o yaml`.
fn shown(kubectl: &str, config_map: &Key) -> String {
    let namespace = config_map.namespace.as_ref().map_or("", Namespace::as_str);
    let name = config_map.name.as_str();
    format!("{kubectl} -n {namespace} get configmap {name} -o yaml")
}

/// An error, and how far the run had come.
#[derive(Debug)]
pub struct Failure {
    /// Why it ended.
    pub error: Box<Error>,
    /// What was done and what was not; `None` where nothing was written.
    pub state: Option<String>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl Explain for Failure {
    fn evidence(&self) -> Vec<String> {
        let state = self.state.iter().map(|state| format!("state: {state}"));
        self.error.evidence().into_iter().chain(state).collect()
    }

    fn hint(&self) -> Option<String> {
        self.error.hint()
    }

    fn exit(&self) -> Exit {
        self.error.exit()
    }
}
