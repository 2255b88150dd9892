//! Why a run ended, in the form that users see.

mod form;
mod made;
mod text;

pub use form::Failure;
pub use made::{Reason, Targets};

use std::path::PathBuf;
use std::time::Duration;

use windlass_k8s_object::{Key, Namespace, NamespaceRefused};
use windlass_report::Exit;

use crate::api_error::{ApiError, Conflict};
use crate::claim::Owner;
use crate::cluster::Access;
use crate::desired::ObjectError;
use crate::explain::Explanation;
use crate::references::Lacking;
use crate::request::{RequestError, Verb};

use text::{accesses, keys, keys_of, lacking, owned, seconds, standing, verbs, whose};

/// Why a run ended.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// A flag that means nothing for the verb.
    #[error("{} has no flag `{flag}`: it is for {}", verb.as_str(), verbs(of))]
    Flag {
        /// The flag.
        flag: &'static str,
        /// The verb.
        verb: Verb,
        /// The verbs that have it.
        of: &'static [Verb],
    },
    /// The launcher cannot find its files.
    #[error("cannot find the request of this program")]
    Launcher(#[source] windlass_runfiles::Error),
    /// The request cannot be used.
    #[error("cannot use the request of this target")]
    Request(#[source] RequestError),
    /// The environment has no namespace that may be written to.
    #[error("cannot {} `{target}`", verb.phrase())]
    Environment {
        /// The verb.
        verb: Verb,
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
        /// What pins them.
        pin: String,
    },
    /// An environment requires proof, and there is none.
    #[error("environment `{environment}` requires proof of {what}; nothing was pushed or written")]
    Unproven {
        /// The environment.
        environment: String,
        /// The image, quoted, or what else there is no proof of.
        what: String,
        /// Why.
        source: Box<crate::proof::ProofError>,
    },
    /// A deletion in a protected environment.
    #[error("environment `{environment}` {}: {} needs a second word", whose(*protected), verb.as_str())]
    Protected {
        /// The environment.
        environment: String,
        /// Whether it is protected, or only not one person's alone.
        protected: bool,
        /// The verb.
        verb: Verb,
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
    /// This is no pod, or one that cannot use its service account.
    #[error("cannot reach the cluster that this program runs in")]
    InCluster {
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
    /// The API server shows a certificate that is not valid any more.
    #[error("the certificate of cluster `{context}` expired at {expired}")]
    ServerExpired {
        /// The context.
        context: String,
        /// Where it was looked for: `127.0.0.1:6443`.
        server: String,
        /// The last moment at which it was valid.
        expired: String,
    },
    /// We show something that is not valid any more.
    #[error("your {what} for cluster `{context}` expired at {expired}")]
    CredentialsExpired {
        /// The context.
        context: String,
        /// What we show: a client certificate or a token.
        what: &'static str,
        /// The last moment at which it was valid.
        expired: String,
        /// What the server said.
        source: Box<ApiError>,
        /// What a user types for kubectl, for the hint.
        kubectl: String,
    },
    /// The API server does not know us.
    #[error("cluster `{context}` does not know who you are")]
    Unauthorized {
        /// The context.
        context: String,
        /// What the server said.
        source: Box<ApiError>,
        /// What a user types for kubectl, for the hint.
        kubectl: String,
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
    /// A namespace is being deleted, and all that is in it.
    #[error("namespace `{namespace}` is being deleted on {context}; nothing was pushed or written")]
    NamespaceGoing {
        /// The namespace.
        namespace: String,
        /// The context.
        context: String,
        /// What a user types for kubectl, for the hint.
        kubectl: String,
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
    /// An object of setup that says in which namespace it lives, of a kind that lives in none.
    #[error(
        "{object} is of a kind that lives in no namespace: metadata.namespace: got `{namespace}`, want nothing; nothing was pushed or written"
    )]
    NamespaceSet {
        /// The object.
        object: Box<Key>,
        /// The namespace.
        namespace: String,
    },
    /// Pods need a `Secret` or a `ConfigMap` that is not there, or a key of one.
    #[error("{}; nothing was pushed or written", lacking(missing))]
    ReferenceMissing {
        /// What is missing.
        missing: Vec<Lacking>,
        /// What a user types for kubectl, for the hint.
        kubectl: String,
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
        /// What a user types for kubectl, for the hint.
        kubectl: String,
    },
    /// A file with credentials for registries is there and cannot be used.
    #[error(transparent)]
    DockerConfig(#[from] windlass_oci_registry::ConfigError),
    /// No node of the cluster can be given images.
    #[error("cannot bring images straight to a node of {context}; nothing was pushed or written")]
    Node {
        /// The context.
        context: String,
        /// What its nodes say.
        source: Reason,
    },
    /// The registry, or the containerd of a node, cannot be asked.
    #[error("{source_text}")]
    Registry {
        /// What the registry's error says.
        source_text: String,
        /// Why.
        source: Reason,
        /// What helps.
        hint: Option<String>,
        /// The exit code: not every fault is the registry's.
        exit: Exit,
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
    /// Objects are to be changed or replaced that somebody else made.
    #[error(
        "cannot {} {}: this target did not make it; nothing was pushed or written",
        verb.phrase(),
        keys_of(objects)
    )]
    Foreign {
        /// The verb.
        verb: Verb,
        /// The objects, each with whoever made it.
        objects: Vec<(Key, Owner)>,
        /// What takes them over.
        adopt: String,
    },
    /// Fields are to be changed that cannot be.
    #[error("cannot change {object} in place; nothing was pushed or written")]
    Immutable {
        /// The object.
        object: Box<Key>,
        /// Which fields.
        source: Box<ApiError>,
        /// What makes it anew.
        replace: String,
    },
    /// What the cluster remembers of a group cannot be read.
    #[error("cannot read the inventory {object} on {context}; nothing was pushed or written")]
    Inventory {
        /// The object that holds it.
        object: Box<Key>,
        /// The context.
        context: String,
        /// Why.
        source: crate::inventory::InventoryError,
        /// What a user types for kubectl, for the hint.
        kubectl: String,
    },
    /// Bazel does not tell which groups the checkout describes.
    #[error("cannot tell which groups this checkout describes; nothing was written")]
    Query {
        /// Why.
        source: Reason,
    },
    /// A plan in a file cannot be used.
    #[error("cannot use plan `{}`; nothing was pushed or written", path.display())]
    PlanFile {
        /// The file, as the user names it.
        path: PathBuf,
        /// Why.
        source: crate::saved::SavedPlanError,
    },
    /// What is there, or wanted, is not what it was when a plan was saved.
    #[error("plan `{}` does not hold any more; nothing was pushed or written", path.display())]
    Moved {
        /// The file, as the user names it.
        path: PathBuf,
        /// What has changed, a line each.
        differences: Vec<String>,
        /// What the user has run.
        command: String,
    },
    /// Somebody else changes the same group at this moment.
    #[error("{lease} is held by {holder}; nothing was pushed or written")]
    Held {
        /// The lease.
        lease: String,
        /// By whom.
        holder: String,
        /// What shows it.
        kubectl: String,
    },
    /// Somebody else has begun to change the same group.
    #[error("{lease} is lost")]
    Lost {
        /// The lease.
        lease: String,
        /// How that comes.
        source: Reason,
    },
    /// Something would change, when somebody asked.
    #[error("{} not as described", text::are(*objects, "object"))]
    Differs {
        /// How many objects.
        objects: usize,
        /// What changes them.
        apply: String,
    },
    /// Stateful sets are to be replaced that would take claims with them which are to stay.
    #[error(
        "cannot replace {}: claims go with what is there: whenDeleted: got `Delete`, want `Retain`; nothing was pushed or written",
        keys(objects)
    )]
    Claims {
        /// The sets.
        objects: Vec<Key>,
        /// What changes the policy first.
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
    /// Other managers own fields that we want to set, since we looked: seen by the write itself.
    #[error("{} by other managers", owned(conflicts))]
    Overtaken {
        /// The fields, by object.
        conflicts: Vec<(Key, Vec<Conflict>)>,
        /// What takes them.
        force: String,
    },
    /// The API server refuses a write, as its dry run says.
    #[error("cannot {doing} {object}; nothing was pushed or written")]
    Refused {
        /// What it refuses: `change`, `make`, `replace`.
        doing: &'static str,
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
        object: Box<Key>,
        /// Why.
        source: Box<ApiError>,
        /// Other deletions that failed at the same time, each as one line.
        also: Vec<String>,
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
        /// The exit code: not every fault is the registry's.
        exit: Exit,
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
    /// Not all is as it should be, when somebody asked.
    #[error("of {} {}", text::many(*of, "object"), standing(*missing, *open))]
    NotReady {
        /// How many are not there.
        missing: usize,
        /// How many are there and not ready.
        open: usize,
        /// How many there should be.
        of: usize,
        /// What helps.
        hint: String,
    },
    /// There is no pod to look at, or none to lead to.
    #[error("no pod of `{target}` is {state}")]
    NoPods {
        /// The target.
        target: String,
        /// How none is: there, ready.
        state: &'static str,
        /// What shows why.
        hint: String,
    },
    /// Something that is asked for is in no object of the target.
    #[error("`{target}` has no {what}")]
    Absent {
        /// The target.
        target: String,
        /// What: container \`server\`.
        what: String,
        /// What there is.
        source: Reason,
    },
    /// A local port cannot be listened on.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        source: std::io::Error,
        /// What takes another port.
        other: String,
    },
    /// What is left to the runner of the cluster has not come about.
    #[error(transparent)]
    Worker(#[from] crate::ask::AskError),
    /// The picture of the objects has not come about.
    #[error(transparent)]
    Graph(#[from] crate::drawing::DrawError),
    /// Ctrl-C or SIGTERM.
    #[error("interrupted")]
    Interrupted,
    /// stdout cannot be written.
    #[error("cannot write to stdout")]
    Output(#[source] std::io::Error),
}
