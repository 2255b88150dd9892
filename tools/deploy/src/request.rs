//! What a verb target asks for: the JSON file beside the launcher, written by the build.
//!
//! The schema is versioned by its field `version`. Unknown fields are refused, so an old tool
//! never does half of what a newer rule meant.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use windlass_oci_reference::Registry;
use windlass_oci_registry::ImageFiles;

/// The version of the schema that this tool reads.
pub const VERSION: u32 = 1;

/// What a user types in an unpacked bundle, without the verb.
pub const BUNDLED: &str = "./windlass";

/// One run: everything that the build graph knows about it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeployRequest {
    /// The schema's version, [`VERSION`].
    pub version: u32,
    /// What to do. A bundle is told it on its command line.
    pub verb: Verb,
    /// What the tool was started as.
    #[serde(default)]
    pub started: Started,
    /// The target that is run, without the verb: `//services/client:myns-deep`.
    pub target: String,
    /// The environment.
    pub environment: EnvironmentRequest,
    /// Namespaces that a personal one must not equal.
    pub forbidden_namespaces: Vec<String>,
    /// The cluster of the environment.
    pub cluster: ClusterRequest,
    /// The project, which is the first part of the ids of its groups; empty in requests of objects.
    #[serde(default)]
    pub project: String,
    /// The target that makes namespaces, for hints: `//prod:setup.apply`.
    pub setup: String,
    /// The groups, each once. [`DeployRequest::parse`] puts them in dependency order.
    pub groups: Vec<GroupRequest>,
    /// What must be ready before what.
    pub edges: Vec<Edge>,
    /// Images that the objects need and that are built here; empty for pinned environments.
    pub images: Vec<ImageRequest>,
    /// What proves pinned images; empty where the environment requires no proof.
    #[serde(default)]
    pub proofs: Vec<ProofRequest>,
    /// The runfiles with the pins of the environment; only for [`Verb::Graph`].
    #[serde(default)]
    pub pins: Vec<String>,
    /// What the runner of the cluster is asked to apply; `None` but for [`Verb::Worker`].
    #[serde(default)]
    pub worker: Option<WorkerRequest>,
}

/// What the tool was started as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Started {
    /// A run target, by `bazel run`.
    #[default]
    Bazel,
    /// `./windlass` of an unpacked bundle, or the entrypoint of its image.
    Bundle,
}

/// What to do with the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(strum::VariantArray))]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Make them be as described.
    Apply,
    /// The same, but refuse if one of them exists.
    Create,
    /// Remove them, then make them anew.
    Replace,
    /// Remove them.
    Delete,
    /// Show what `apply` would change.
    Diff,
    /// Show how they are.
    Status,
    /// Draw them, and how they are.
    Graph,
    /// Show what their pods say.
    Logs,
    /// Forward local ports to their pods.
    PortForward,
    /// Push their images.
    Push,
    /// Print them.
    Resolve,
    /// Show what services that are gone have left.
    Orphans,
    /// Print the rights that applying them takes.
    Roles,
    /// Have the runner of the cluster apply them.
    Worker,
}

impl Verb {
    /// The verb as it stands in a target: `apply`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Diff => "diff",
            Self::Status => "status",
            Self::Graph => "graph",
            Self::Logs => "logs",
            Self::PortForward => "port-forward",
            Self::Push => "push",
            Self::Resolve => "resolve",
            Self::Orphans => "orphans",
            Self::Roles => "roles",
            Self::Worker => "worker",
        }
    }

    /// Whether a run pushes images before it does anything else.
    pub fn pushes(self) -> bool {
        matches!(
            self,
            Self::Apply | Self::Create | Self::Replace | Self::Push | Self::Worker
        )
    }

    /// The verb as it stands before what it is done to: `cannot apply ...`.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Diff => "show the diff of",
            Self::Status => "show the status of",
            Self::Graph => "draw",
            Self::Logs => "show the logs of",
            Self::PortForward => "forward ports to",
            Self::Push => "push the images of",
            Self::Orphans => "look for orphans of",
            Self::Roles => "tell the rights of",
            Self::Worker => "have the runner apply",
            verb => verb.as_str(),
        }
    }
}

/// One environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRequest {
    /// Its name: `myns`.
    pub name: String,
    /// Its namespace; empty for setup.
    pub namespace: String,
    /// Whether the namespace is that of `$USER`.
    pub personal: bool,
    /// In what order objects are rolled out.
    pub rollout: Rollout,
    /// Whether `delete` and `replace` need a second word.
    pub protected: bool,
    /// Whether pinned images must be proven before anything is written.
    #[serde(default)]
    pub proof: Proof,
}

/// Whether pinned images must be proven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// No.
    #[default]
    None,
    /// By somebody whom the cluster trusts.
    Required,
}

/// In what order objects are rolled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rollout {
    /// All at once; Kubernetes brings them together.
    Parallel,
    /// A group only after the groups that it depends on are ready.
    Gated,
}

/// The cluster, by the name of a kubeconfig context.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterRequest {
    /// The context.
    pub context: String,
    /// The uid of its namespace `kube-system`, where it is declared.
    pub id: Option<String>,
    /// How images that are built here come to its nodes.
    #[serde(default)]
    pub image_delivery: ImageDelivery,
}

/// How images that are built here come to the nodes of a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageDelivery {
    /// The nodes pull them from their registry.
    #[default]
    Registry,
    /// Straight into the one node, which is on this machine.
    Node,
}

/// A dependency between two groups, by their ids.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// The group that waits.
    pub group: String,
    /// The group that must be ready first.
    pub needs: String,
}

/// The objects of one service in one environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRequest {
    /// `<project>/<service>/<environment>`; survives a move of the package.
    pub id: String,
    /// The group's target: `//services/redis:myns-shallow`.
    pub label: String,
    /// Whether the members are all that the group has.
    #[serde(default)]
    pub members: Members,
    /// The members, in no order.
    pub objects: Vec<ObjectRequest>,
}

/// Whether a group's objects are all that it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Members {
    /// They are: what the cluster remembers of the group beside them is left over.
    #[default]
    All,
    /// One object, by itself: whatever group it belongs to is left as it is.
    Part,
}

/// One object.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectRequest {
    /// Its target.
    pub label: String,
    /// Its kind, as declared.
    pub kind: String,
    /// The runfile with its final manifest.
    pub manifest: String,
    /// Fields that are left to others once it is there: `spec.replicas`.
    #[serde(default)]
    pub ignore_fields: Vec<String>,
    /// What must hold for it to be ready: `condition=Synced=True`.
    #[serde(default)]
    pub ready_when: Vec<String>,
    /// Whether it may be deleted and made anew.
    #[serde(default)]
    pub recreate: Recreate,
}

/// Whether an object may be deleted and made anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recreate {
    /// No.
    #[default]
    Never,
    /// Where a field changes that cannot be changed.
    OnImmutable,
}

/// One image to push.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageRequest {
    /// Its target.
    pub label: String,
    /// What manifests called it before they were resolved.
    pub key: String,
    /// Where it is pushed.
    pub repository: String,
    /// Whether the registry is spoken to by plain http though it is not this machine.
    pub insecure: bool,
    /// The runfiles that it is made of.
    pub files: ImageFiles,
}

/// What the runner of a cluster is asked to apply.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerRequest {
    /// The bundle of the target.
    pub bundle: ImageRequest,
    /// The target that makes the runner, for hints: `//prod:runner-setup.apply`; empty where nobody
    /// has said which.
    pub setup: String,
}

/// What proves the pinned images of one service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofRequest {
    /// The target of its pins: `//services/client:prod-pins`.
    pub label: String,
    /// The runfile with its pins of the environment.
    pub pins: String,
    /// The runfiles with attestations, each called for its image: `<SHA-256>.json`.
    pub attestations: Vec<String>,
}

/// Why a request cannot be used.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum RequestError {
    /// The file is not there, or does not hold a request of this version.
    #[error("cannot read request `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: windlass_versioned::Error,
    },
    /// A group appears twice.
    #[error("group `{id}` appears twice in the request")]
    GroupTwice {
        /// The group.
        id: String,
    },
    /// An edge names a group that is not in the request.
    #[error("an edge names group `{id}`, which is not in the request")]
    UnknownGroup {
        /// The group.
        id: String,
    },
    /// Groups wait for one another.
    #[error("group `{id}` waits for itself")]
    Cycle {
        /// One of the groups.
        id: String,
    },
}

impl DeployRequest {
    /// Reads and checks a request.
    pub fn read(path: &Path) -> Result<Self, RequestError> {
        Self::of(windlass_versioned::read(path, VERSION), path)
    }

    /// Parses and checks a request; `path` is for messages.
    pub fn parse(text: &str, path: &Path) -> Result<Self, RequestError> {
        Self::of(windlass_versioned::parse(text.as_bytes(), VERSION), path)
    }

    fn of(
        read: Result<Self, windlass_versioned::Error>,
        path: &Path,
    ) -> Result<Self, RequestError> {
        let mut request = read.map_err(|source| RequestError::Read {
            path: path.to_owned(),
            source,
        })?;
        request.order_groups()?;
        Ok(request)
    }

    /// The ids of the groups that must be ready before a group.
    pub fn needs<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a str> {
        let own = move |edge: &&Edge| edge.group == group;
        self.edges
            .iter()
            .filter(own)
            .map(|edge| edge.needs.as_str())
    }

    /// Sorts the groups so that each comes after those that it needs, and otherwise stay as they
    /// are. Linear in groups and edges, but for a look-up each.
    fn order_groups(&mut self) -> Result<(), RequestError> {
        let mut places = BTreeMap::new();
        for (place, group) in self.groups.iter().enumerate() {
            if places.insert(group.id.as_str(), place).is_some() {
                let id = group.id.clone();
                return Err(RequestError::GroupTwice { id });
            }
        }
        let mut needs = vec![Vec::new(); self.groups.len()];
        for edge in &self.edges {
            let place = |id: &String| {
                let unknown = || RequestError::UnknownGroup { id: id.clone() };
                places.get(id.as_str()).copied().ok_or_else(unknown)
            };
            needs[place(&edge.group)?].push(place(&edge.needs)?);
        }
        let mut order = Vec::new();
        let mut visits = vec![Visit::Not; self.groups.len()];
        for place in 0..self.groups.len() {
            visit(place, &needs, &mut visits, &mut order).map_err(|place| RequestError::Cycle {
                id: self.groups[place].id.clone(),
            })?;
        }
        let mut groups: Vec<_> = std::mem::take(&mut self.groups)
            .into_iter()
            .map(Some)
            .collect();
        self.groups = order
            .into_iter()
            .filter_map(|place| groups[place].take())
            .collect();
        Ok(())
    }

    /// The same request for another verb, as a bundle is told it.
    #[must_use]
    pub fn with_verb(mut self, verb: Verb) -> Self {
        if !verb.pushes() {
            self.images.clear();
        }
        Self { verb, ..self }
    }

    /// What a user types to run this again: `bazel run //services/client:myns-deep.apply`.
    pub fn command(&self) -> String {
        match self.verb {
            Verb::Orphans => self.run_command(),
            verb => self.command_of(verb),
        }
    }

    /// What a user types to run the target itself.
    pub fn run_command(&self) -> String {
        format!("bazel run {}", self.target)
    }

    /// What a user types to do something else with the same objects.
    pub fn command_of(&self, verb: Verb) -> String {
        match self.started {
            Started::Bazel => format!("bazel run {}.{}", self.target, verb.as_str()),
            Started::Bundle => format!("{BUNDLED} {}", verb.as_str()),
        }
    }

    /// What a user types for setup: `bazel run //prod:setup.apply`. Who is not `user` here, has told
    /// Bazel so, and has to tell it again.
    pub fn setup_command(&self, user: Option<&str>) -> String {
        let (setup, environment) = (&self.setup, &self.environment);
        let name = &environment.namespace;
        match user {
            Some(user) if environment.personal && user != name => {
                format!("bazel run {setup} --repo_env=USER={name}")
            }
            _ => format!("bazel run {setup}"),
        }
    }

    /// What a user types where a registry does not answer: one of this machine is an object of the
    /// local cluster.
    pub fn registry_command(&self, registry: &Registry) -> String {
        if registry.is_loopback() {
            "bazel run //prod:cluster.apply".to_owned()
        } else {
            self.setup_command(None)
        }
    }
}

/// A command with flags: of `bazel run` they stand behind `--`.
pub fn with_flags(command: &str, flags: &str) -> String {
    let between = if is_of_bazel(command) { " -- " } else { " " };
    format!("{command}{between}{flags}")
}

/// Whether a command takes options of Bazel.
pub fn is_of_bazel(command: &str) -> bool {
    command.starts_with("bazel run ")
}

/// How far a depth-first walk is with a group.
#[derive(Clone, Copy, PartialEq)]
enum Visit {
    Not,
    Underway,
    Done,
}

/// Appends a group to `order`, after all that it needs.
fn visit(
    place: usize,
    needs: &[Vec<usize>],
    visits: &mut [Visit],
    order: &mut Vec<usize>,
) -> Result<(), usize> {
    match visits[place] {
        Visit::Done => return Ok(()),
        Visit::Underway => return Err(place),
        Visit::Not => visits[place] = Visit::Underway,
    }
    for need in &needs[place] {
        visit(*need, needs, visits, order)?;
    }
    visits[place] = Visit::Done;
    order.push(place);
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A request without groups and images, to add to.
    pub(crate) fn empty(verb: &str) -> Value {
        json!({
            "version": 1, "verb": verb, "target": "//services/client:myns-deep",
            "environment": {"name": "myns", "namespace": "alice", "personal": true,
                            "rollout": "parallel", "protected": false},
            "forbidden_namespaces": ["prod", "staging", "dev"],
            "cluster": {"context": "windlass", "id": null},
            "setup": "//prod:setup.apply", "groups": [], "edges": [], "images": [],
        })
    }

    fn refused(request: &Value) -> String {
        let error = DeployRequest::parse(&request.to_string(), Path::new("x.json"));
        let error = error.expect_err("refused");
        std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string)
    }

    #[test]
    fn commands_for_hints() {
        let request = DeployRequest::parse(&empty("apply").to_string(), Path::new("x.json"));
        let request = request.expect("parses");
        assert_eq!(
            request.command(),
            "bazel run //services/client:myns-deep.apply"
        );
        assert_eq!(
            request.command_of(Verb::Diff),
            "bazel run //services/client:myns-deep.diff"
        );
        for user in [None, Some("alice")] {
            let setup = request.setup_command(user);
            assert_eq!(setup, "bazel run //prod:setup.apply");
        }
        assert_eq!(
            request.setup_command(Some("bob")),
            "bazel run //prod:setup.apply --repo_env=USER=alice"
        );
        for (registry, want) in [
            ("localhost:31000", "bazel run //prod:cluster.apply"),
            ("registry.example", "bazel run //prod:setup.apply"),
        ] {
            let registry: Registry = registry.parse().expect("a registry");
            assert_eq!(request.registry_command(&registry), want);
        }
    }

    #[test]
    fn a_bundle_is_told_its_verb() {
        let mut request = empty("apply");
        request["started"] = json!("bundle");
        request["images"] = json!([{"label": "//a:image", "key": "a", "repository": "localhost:1/a",
            "insecure": false, "files": {"manifest": "m", "descriptor": "d", "config": "c",
            "layers": [], "layout": null, "source": null, "manifests": []}}]);
        let request = DeployRequest::parse(&request.to_string(), Path::new("x")).expect("parses");
        assert_eq!(request.images.len(), 1);
        let create = request.clone().with_verb(Verb::Create);
        assert_eq!(
            (create.command(), create.images.len()),
            ("./windlass create".to_owned(), 1)
        );
        let diff = request.with_verb(Verb::Diff);
        assert_eq!(
            (diff.command(), diff.images.len()),
            ("./windlass diff".to_owned(), 0)
        );
        assert_eq!(
            with_flags(&diff.command(), "--exit-code"),
            "./windlass diff --exit-code"
        );
        assert_eq!(
            with_flags("bazel run //a:b.diff", "--exit-code"),
            "bazel run //a:b.diff -- --exit-code"
        );
    }

    #[test]
    fn unknown_fields_verbs_and_versions_are_refused() {
        let mut request = empty("apply");
        request["extra"] = json!(1);
        assert!(refused(&request).starts_with("unknown field `extra`"));
        assert!(refused(&empty("explode")).starts_with("unknown variant `explode`"));
        request["version"] = json!(2);
        assert_eq!(refused(&request), "version: got 2, want 1");
    }

    #[test]
    fn groups_come_once_and_after_what_they_need() {
        let group = |id: &str| json!({"id": id, "label": format!("//{id}"), "objects": []});
        let edge = |group: &str, needs: &str| json!({"group": group, "needs": needs});
        let mut request = empty("apply");
        request["groups"] = json!([group("c"), group("b"), group("a")]);
        request["edges"] = json!([edge("c", "b"), edge("b", "a"), edge("c", "a")]);
        let parsed = DeployRequest::parse(&request.to_string(), Path::new("x")).expect("parses");
        let ids: Vec<_> = parsed
            .groups
            .iter()
            .map(|group| group.id.as_str())
            .collect();
        assert_eq!(ids, ["a", "b", "c"]);
        assert_eq!(parsed.needs("c").collect::<Vec<_>>(), ["b", "a"]);
        request["edges"] = json!([edge("a", "b"), edge("b", "a")]);
        assert_eq!(refused(&request), "group `b` waits for itself");
        request["edges"] = json!([edge("a", "z")]);
        assert_eq!(
            refused(&request),
            "an edge names group `z`, which is not in the request"
        );
        request["groups"] = json!([group("a"), group("a")]);
        assert_eq!(refused(&request), "group `a` appears twice in the request");
    }
}
