//! Why a run ended, in the form that users see.

use std::path::PathBuf;
use std::time::Duration;

use windlass_k8s_object::{Key, Namespace, NamespaceRefused};
use windlass_report::{Exit, Explain};

use crate::api_error::{ApiError, Conflict};
use crate::cluster::Access;
use crate::desired::ObjectError;
use crate::explain::Explanation;
use crate::request::RequestError;

/// Why a run ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The launcher cannot find its files.
    #[error("cannot find the request of this program")]
    Launcher(#[source] windlass_runfiles::Error),
    /// The request cannot be used.
    #[error("cannot use the request of this target")]
    Request(#[source] RequestError),
    /// The environment has no namespace that may be written to.
    #[error("cannot {verb} `{target}`")]
    Environment {
        /// The verb.
        verb: &'static str,
        /// The target.
        target: String,
        /// What to type, without the override.
        command: String,
        /// Why.
        source: NamespaceRefused,
    },
    /// An object of the request cannot be used.
    #[error("cannot use object `{label}`")]
    Object {
        /// Its target.
        label: String,
        /// Why.
        source: Box<ObjectError>,
    },
    /// Two targets describe one object.
    #[error("{object} is described by two targets")]
    Twice {
        /// The object.
        object: Box<Key>,
        /// The targets.
        source: Targets,
    },
    /// An image of the request cannot be used.
    #[error("cannot use image `{label}`")]
    Image {
        /// Its target.
        label: String,
        /// Why.
        source: windlass_oci_registry::ImageError,
    },
    /// An image of the request has no usable name.
    #[error("cannot name image `{label}`")]
    Repository {
        /// Its target.
        label: String,
        /// Why.
        source: windlass_oci_reference::ParseError,
    },
    /// The request asks for what this version cannot do.
    #[error(
        "environment `{environment}`: rollout: got `gated`, want `parallel`; gated rollouts are not there yet"
    )]
    Gated {
        /// The environment.
        environment: String,
    },
    /// Nobody has pinned an image of a pinned environment.
    #[error(
        "environment `{environment}` has no pin for image `{keys}`, which `{label}` needs; nothing was pushed or written"
    )]
    Unpinned {
        /// The environment.
        environment: String,
        /// The target of an object that needs it.
        label: String,
        /// The keys of the images.
        keys: String,
    },
    /// A delete in a protected environment.
    #[error("environment `{environment}` is protected: delete needs a second word")]
    Protected {
        /// The environment.
        environment: String,
        /// What to type, without the confirmation.
        command: String,
    },
    /// A kubeconfig cannot be read.
    #[error("cannot use kubeconfig `{}`", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Reason,
    },
    /// No kubeconfig has the context.
    #[error("no kubeconfig has context `{context}`")]
    Context {
        /// The context.
        context: String,
        /// What there is.
        source: Reason,
    },
    /// Nobody answers.
    #[error("cannot reach cluster `{context}`")]
    Reach {
        /// The context.
        context: String,
        /// Where it was looked for: `127.0.0.1:6443`.
        server: String,
        /// Why.
        source: Reason,
    },
    /// The context leads to another cluster.
    #[error(
        "context `{context}` leads to another cluster: kube-system uid: got {got}, want `{want}`"
    )]
    Identity {
        /// The context.
        context: String,
        /// Its uid, quoted, or why it is not known.
        got: String,
        /// The uid that it should have.
        want: String,
    },
    /// A namespace is missing.
    #[error("namespace `{namespace}` is missing on {context}; nothing was pushed or written")]
    NamespaceMissing {
        /// The namespace.
        namespace: String,
        /// The context.
        context: String,
        /// What makes it.
        setup: String,
    },
    /// The cluster does not know a kind.
    #[error(
        "{object} is of a kind that {context} does not serve (`{api_version}`); nothing was pushed or written"
    )]
    KindMissing {
        /// The object.
        object: Box<Key>,
        /// The version that it is written in.
        api_version: String,
        /// The context.
        context: String,
        /// What brings it.
        setup: String,
    },
    /// An object of an environment with a namespace, of a kind that lives in none.
    #[error(
        "{object} is of a kind that lives in no namespace: only setup may have it, not environment `{environment}`; nothing was pushed or written"
    )]
    ClusterScoped {
        /// The object.
        object: Box<Key>,
        /// The environment.
        environment: String,
    },
    /// An object of setup that does not say in which namespace it lives.
    #[error(
        "{object} is of a kind that lives in namespaces: metadata.namespace: got nothing, want {}; nothing was pushed or written",
        Namespace::WANT
    )]
    NamespaceUnset {
        /// The object.
        object: Box<Key>,
    },
    /// A namespace is somebody else's.
    #[error(
        "namespace `{namespace}` on {context} is not yours: it belongs to `{owner}`, you are `{user}`"
    )]
    Owner {
        /// The namespace.
        namespace: String,
        /// The context.
        context: String,
        /// Whose it is.
        owner: String,
        /// Who we are.
        user: String,
        /// What to type, without the override.
        command: String,
    },
    /// We may not do what the plan needs.
    #[error(
        "you may not {} on {context}; nothing was pushed or written",
        accesses(missing)
    )]
    Access {
        /// The context.
        context: String,
        /// What we may not do.
        missing: Vec<Access>,
    },
    /// Docker's configuration is there and cannot be used.
    #[error("cannot use docker configuration `{}`", path.display())]
    DockerConfig {
        /// The file.
        path: PathBuf,
        /// Why, without any of its text: it holds secrets.
        source: Reason,
    },
    /// The registry cannot be asked.
    #[error("{source_text}")]
    Registry {
        /// What the registry's error says.
        source_text: String,
        /// Why.
        source: Reason,
        /// What helps.
        hint: Option<String>,
    },
    /// Something cannot be read from the cluster.
    #[error("cannot read {what} from {context}")]
    Read {
        /// What.
        what: String,
        /// The context.
        context: String,
        /// Why.
        source: Box<ApiError>,
    },
    /// What is waited for cannot be read, and waiting does not help.
    #[error("cannot read {what} from {context}")]
    Watch {
        /// What: pods in \`alice\`.
        what: String,
        /// The context.
        context: String,
        /// Why.
        source: Box<ApiError>,
    },
    /// Objects exist that are to be created.
    #[error(
        "cannot create {}: already there; nothing was pushed or written",
        keys(objects)
    )]
    Exists {
        /// The objects.
        objects: Vec<Key>,
        /// What changes objects that exist.
        apply: String,
    },
    /// Other managers own fields that we want to set.
    #[error(
        "{} by other managers; nothing was pushed or written",
        owned(conflicts)
    )]
    Conflicts {
        /// The fields, by object.
        conflicts: Vec<(Key, Vec<Conflict>)>,
        /// What takes them.
        force: String,
    },
    /// The API server refuses a write, as its dry run says.
    #[error("cannot change {object}; nothing was pushed or written")]
    Refused {
        /// The object.
        object: Key,
        /// Why.
        source: Box<ApiError>,
    },
    /// The API server refused a write.
    #[error("cannot write {object}")]
    Write {
        /// The object.
        object: Key,
        /// Why.
        source: Box<ApiError>,
    },
    /// The API server refused a deletion.
    #[error("cannot delete {object}")]
    Delete {
        /// The object.
        object: Key,
        /// Why.
        source: Box<ApiError>,
    },
    /// An image could not be pushed.
    #[error("{source_text}")]
    Push {
        /// What the registry's error says.
        source_text: String,
        /// Why.
        source: Reason,
        /// What helps.
        hint: Option<String>,
        /// What else failed at the same time, each as one line: other pushes, then a write.
        also: Vec<String>,
    },
    /// A rollout will not finish.
    #[error("rollout of {} cannot finish", explanation.object)]
    Rollout {
        /// Why.
        #[source]
        explanation: Box<Explanation>,
        /// What a user types for kubectl, for the hint.
        kubectl: String,
    },
    /// A rollout did not finish in time.
    #[error("rollout of {} is not finished after {}", explanation.object, seconds(*after))]
    Timeout {
        /// What is missing.
        #[source]
        explanation: Box<Explanation>,
        /// How long was waited.
        after: Duration,
        /// What a user types for kubectl, for the hint.
        kubectl: String,
    },
    /// A deletion did not finish in time.
    #[error("{} not gone after {}", keys(objects), seconds(*after))]
    NotGone {
        /// What is left.
        objects: Vec<Key>,
        /// How long was waited.
        after: Duration,
        /// What holds it.
        source: Reason,
    },
    /// Ctrl-C or SIGTERM.
    #[error("interrupted")]
    Interrupted,
    /// stdout cannot be written.
    #[error("cannot write to stdout")]
    Output(#[source] std::io::Error),
}

/// A cause that is known as text only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Reason(pub String);

/// Two targets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{first}` and `{second}`")]
pub struct Targets {
    /// The first.
    pub first: String,
    /// The second.
    pub second: String,
}

impl Error {
    /// No kubeconfig has the context; `found` are the contexts that there are.
    pub fn no_context(context: &str, found: &[String]) -> Self {
        let names = found
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ");
        let got = if names.is_empty() {
            "no contexts at all".into()
        } else {
            format!("contexts {names}")
        };
        Self::Context {
            context: context.to_owned(),
            source: Reason(format!("got {got}")),
        }
    }

    /// What a registry's error says, for a push or before one.
    pub fn registry(error: &windlass_oci_registry::Error, setup: &str) -> Self {
        let (source_text, source) = (error.to_string(), Reason(error.cause().to_string()));
        let hint = match error {
            windlass_oci_registry::Error::Reach { .. } => Some(setup.to_owned()),
            _ => error.hint(),
        };
        Self::Registry {
            source_text,
            source,
            hint,
        }
    }

    /// A push that failed.
    pub fn push(error: &windlass_oci_registry::Error) -> Self {
        let (source_text, source) = (error.to_string(), Reason(error.cause().to_string()));
        Self::Push {
            source_text,
            source,
            hint: error.hint(),
            also: Vec::new(),
        }
    }

    /// The first of several errors that came together, with the others as its evidence: a push
    /// that failed says why the writes that need it did not happen. `None` without errors.
    pub fn first_of(errors: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut errors = errors.into_iter();
        let mut first = errors.next()?;
        if let Self::Push { also, .. } = &mut first {
            also.extend(errors.map(|error| one_line(&error)));
        }
        Some(first)
    }
}

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        match self {
            Self::Conflicts { conflicts, .. } => conflict_lines(conflicts),
            Self::Rollout { explanation, .. } | Self::Timeout { explanation, .. } => {
                explanation.evidence()
            }
            Self::Push { also, .. } => also.iter().map(|also| format!("also: {also}")).collect(),
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Environment {
                command, source, ..
            } => source.hint(command),
            Self::Owner { command, user, .. } => {
                // A name of one's own, from who one is; `system:serviceaccount:a:b` is none.
                let name = Namespace::try_new(user);
                let name = name.as_ref().map_or("alice", |name| name.as_str());
                Some(format!("{command} --repo_env=USER={name}"))
            }
            Self::Protected {
                environment,
                command,
            } => Some(format!("{command} -- --yes-really={environment}")),
            Self::Context { .. } | Self::Reach { .. } => Some("bazel run //cluster:up".to_owned()),
            Self::NamespaceMissing { setup, .. } | Self::KindMissing { setup, .. } => {
                Some(setup.clone())
            }
            Self::Registry { hint, .. } | Self::Push { hint, .. } => hint.clone(),
            Self::Exists { apply, .. } => Some(apply.clone()),
            Self::Conflicts { force, .. } => Some(force.clone()),
            Self::Write { source, .. } if !source.conflicts().is_empty() => None,
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
            Self::Launcher(_) | Self::Output(_) => Exit::Failure,
            Self::Request(_)
            | Self::Environment { .. }
            | Self::Object { .. }
            | Self::Twice { .. }
            | Self::Image { .. }
            | Self::Repository { .. }
            | Self::Gated { .. }
            | Self::Unpinned { .. } => Exit::Input,
            Self::Protected { .. }
            | Self::Kubeconfig { .. }
            | Self::Context { .. }
            | Self::Reach { .. }
            | Self::Identity { .. }
            | Self::NamespaceMissing { .. }
            | Self::KindMissing { .. }
            | Self::ClusterScoped { .. }
            | Self::NamespaceUnset { .. }
            | Self::DockerConfig { .. }
            | Self::Owner { .. }
            | Self::Access { .. }
            | Self::Read { .. }
            | Self::Exists { .. } => Exit::Preflight,
            Self::Registry { .. } | Self::Push { .. } => Exit::Registry,
            Self::Conflicts { .. }
            | Self::Refused { .. }
            | Self::Write { .. }
            | Self::Delete { .. } => Exit::Write,
            Self::Rollout { .. }
            | Self::Timeout { .. }
            | Self::Watch { .. }
            | Self::NotGone { .. } => Exit::Rollout,
            Self::Interrupted => Exit::Interrupted,
        }
    }
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

/// An error and its causes: `cannot write Service `a/b`: spec.ports: Required value`.
fn one_line(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// `1 field of Deployment `alice/server` is owned`.
fn owned(conflicts: &[(Key, Vec<Conflict>)]) -> String {
    let fields: usize = conflicts.iter().map(|(_, fields)| fields.len()).sum();
    let of = match conflicts {
        [(key, _)] => key.to_string(),
        many => format!("{} objects", many.len()),
    };
    if fields == 1 {
        format!("1 field of {of} is owned")
    } else {
        format!("{fields} fields of {of} are owned")
    }
}

fn conflict_lines(conflicts: &[(Key, Vec<Conflict>)]) -> Vec<String> {
    let line = |key: &Key, conflict: &Conflict| {
        format!(
            "  | {key} {}: owned by `{}`",
            conflict.field, conflict.manager
        )
    };
    conflicts
        .iter()
        .flat_map(|(key, all)| all.iter().map(move |one| line(key, one)))
        .collect()
}

fn keys(keys: &[Key]) -> String {
    match keys {
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => String::new(),
    }
}

fn accesses(missing: &[Access]) -> String {
    let text = |access: &Access| match &access.namespace {
        Some(namespace) => format!("{} {} in `{namespace}`", access.verb, access.plural),
        None => format!("{} {}", access.verb, access.plural),
    };
    missing.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn seconds(duration: Duration) -> String {
    crate::screen::seconds(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_come_with_a_failed_push_are_told_in_their_order() {
        let push = |image: &str| Error::Push {
            source_text: format!("cannot push image `{image}`"),
            source: Reason("connection reset".to_owned()),
            hint: None,
            also: Vec::new(),
        };
        let object = serde_json::json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "redis", "namespace": "alice"}});
        let object = windlass_k8s_object::Object::from_document(object).expect("object");
        let write = Error::Write {
            object: object.key().clone(),
            source: Box::new(ApiError::Other {
                reason: "spec.ports: Required value".to_owned(),
            }),
        };
        let first = Error::first_of([push("//b"), push("//a"), write]).expect("an error");
        assert_eq!(
            windlass_report::render(&first),
            "error: cannot push image `//b`\n\
             cause: connection reset\n\
             also: cannot push image `//a`: connection reset\n\
             also: cannot write Service `alice/redis`: spec.ports: Required value\n"
        );
        assert!(Error::first_of([]).is_none());
    }
}
