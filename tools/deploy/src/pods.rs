//! Which pods belong to which object of a request, by the owners that live objects name; and what
//! stands in a pod of its containers. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use windlass_k8s_object::{Namespace, Object};

use crate::cluster::{Access, Reach, Resource, Selector};
use crate::desired::Desired;
use crate::watch::{Need, Store, Watched};

/// The kinds of Kubernetes itself that make pods, and pods: version, kind, name in URLs.
const WORKLOADS: [(&str, &str, &str); 8] = [
    ("v1", "Pod", "pods"),
    ("v1", "ReplicationController", "replicationcontrollers"),
    ("apps/v1", "Deployment", "deployments"),
    ("apps/v1", "ReplicaSet", "replicasets"),
    ("apps/v1", "StatefulSet", "statefulsets"),
    ("apps/v1", "DaemonSet", "daemonsets"),
    ("batch/v1", "Job", "jobs"),
    ("batch/v1", "CronJob", "cronjobs"),
];

/// What stands between a workload and its pods.
const BETWEEN: [(&str, &str); 2] = [("Deployment", "ReplicaSet"), ("CronJob", "Job")];

/// The kind of an object, if it makes pods.
fn workload(object: &Object) -> Option<Resource> {
    let (version, kind) = (object.api_version().as_str(), object.kind().as_str());
    resource(|known| (known.0, known.1) == (version, kind))
}

/// Whether an object makes pods, or is one.
pub fn makes_pods(object: &Object) -> bool {
    workload(object).is_some()
}

fn resource(is_it: impl Fn(&(&str, &str, &str)) -> bool) -> Option<Resource> {
    let (version, kind, plural) = WORKLOADS.iter().find(|known| is_it(known))?;
    let resource = Resource::built_in(version, kind, plural, Reach::Namespaced);
    Some(resource)
}

/// What has to be read so that [`pods_of`] can tell: pods, the objects that make them, and what
/// stands between. Empty where nothing of the request makes pods.
pub fn needed(desired: &Desired) -> Vec<Watched> {
    let mut needed = BTreeSet::new();
    for object in &desired.objects {
        let namespace = object.object.key().namespace.as_ref();
        let (Some(own), Some(namespace)) = (workload(&object.object), namespace) else {
            continue;
        };
        let between = BETWEEN.iter().find(|(kind, _)| *kind == own.kind);
        let between = between.and_then(|(_, kind)| resource(|known| known.1 == *kind));
        for resource in [Some(Resource::pods()), Some(own), between] {
            needed.extend(resource.map(|resource| (namespace.as_str(), resource)));
        }
    }
    let needed = needed.into_iter();
    let watched = needed.map(|(namespace, resource)| Watched {
        resource,
        namespace: Some(namespace.to_owned()),
        selector: Selector::default(),
        need: Need::Must,
    });
    watched.collect()
}

/// What somebody must be allowed to do who reads these.
pub fn accesses(needed: &[Watched], verbs: &[&'static str]) -> BTreeSet<Access> {
    let access = |one: &Watched, verb| Access {
        verb,
        group: one.resource.group.clone(),
        plural: one.resource.plural.clone(),
        subresource: "",
        namespace: one.namespace.clone(),
        name: None,
    };
    let pairs = |one| verbs.iter().map(move |verb| access(one, verb));
    needed.iter().flat_map(pairs).collect()
}

/// The same of a part of the pods in these namespaces.
pub fn pod_accesses(
    needed: &[Watched],
    subresource: &'static str,
    verbs: &[&'static str],
) -> BTreeSet<Access> {
    let pods = accesses(needed, verbs).into_iter();
    let pods =
        pods.filter(|access| (access.group.as_str(), access.plural.as_str()) == ("", "pods"));
    pods.map(|access| Access {
        subresource,
        ..access
    })
    .collect()
}

/// The live form of an object that makes pods.
pub fn live<'a>(object: &Object, store: &'a Store) -> Option<&'a Value> {
    let resource = workload(object)?;
    let key = object.key();
    let namespace = key.namespace.as_ref().map_or("", Namespace::as_str);
    store.get(
        &resource.api_version,
        &resource.kind,
        namespace,
        key.name.as_str(),
    )
}

/// The pods of a request, each with the place of its object; in the order of the objects, then of
/// the pods' names.
pub fn pods_of<'a>(desired: &'a Desired, store: &'a Store) -> Vec<(usize, &'a Value)> {
    let mut objects = BTreeMap::new();
    for (at, object) in desired.objects.iter().enumerate() {
        let live = live(&object.object, store);
        objects.extend(live.and_then(uid).map(|uid| (uid, at)));
    }
    let mut namespaces: Vec<&str> = desired
        .objects
        .iter()
        .filter_map(|object| object.object.key().namespace.as_ref())
        .map(Namespace::as_str)
        .collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    let all = |kind: (&'static str, &'static str)| {
        let mut all: Vec<&Value> = Vec::new();
        for namespace in &namespaces {
            all.extend(store.all(kind.0, kind.1, namespace));
        }
        all
    };
    let between = BETWEEN.iter().filter_map(|(_, kind)| {
        let known = WORKLOADS.iter().find(|known| known.1 == *kind)?;
        Some(all((known.0, known.1)))
    });
    let between: BTreeMap<&str, &Value> = between
        .flatten()
        .filter_map(|object| Some((uid(object)?, object)))
        .collect();
    let mut pods: Vec<(usize, &Value)> = all(("v1", "Pod"))
        .into_iter()
        .filter_map(|pod| Some((object_of(pod, &objects, &between)?, pod)))
        .collect();
    pods.sort_by_key(|(at, pod)| (*at, pod["metadata"]["name"].as_str()));
    pods
}

/// The object of the request that a pod goes back to, itself included.
fn object_of(
    pod: &Value,
    objects: &BTreeMap<&str, usize>,
    between: &BTreeMap<&str, &Value>,
) -> Option<usize> {
    let mut open = vec![pod];
    // A pod has an owner, and that one may have one.
    for _ in 0..3 {
        let mut owners = Vec::new();
        for object in open {
            if let Some(at) = uid(object).and_then(|uid| objects.get(uid)) {
                return Some(*at);
            }
            let named = object["metadata"]["ownerReferences"].as_array();
            for owner in named.into_iter().flatten() {
                let Some(uid) = owner["uid"].as_str() else {
                    continue;
                };
                if let Some(at) = objects.get(uid) {
                    return Some(*at);
                }
                owners.extend(between.get(uid).copied());
            }
        }
        open = owners;
    }
    None
}

fn uid(object: &Value) -> Option<&str> {
    object["metadata"]["uid"].as_str()
}

/// Whether an object of the request will never have a pod that says more: a Job that is over, or a
/// pod that is.
pub fn is_over(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    let is_true = |name: &str| {
        let mut all = conditions.into_iter().flatten();
        all.any(|one| one["type"] == name && one["status"] == "True")
    };
    match object["kind"].as_str().unwrap_or_default() {
        "Job" => is_true("Complete") || is_true("Failed"),
        "Pod" => matches!(
            object["status"]["phase"].as_str(),
            Some("Succeeded" | "Failed")
        ),
        _ => false,
    }
}

/// A container of a pod, as its status has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its newest run; `None` if it has not been started.
    pub run: Option<Run>,
    /// Whether it ran before that.
    pub has_previous: bool,
    /// Why it does not run: `ContainerCreating`; empty if it does, or nobody says.
    pub waits: String,
}

/// One run of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What tells it from others.
    pub id: String,
    /// Whether it has ended.
    pub is_over: bool,
}

/// All containers of a pod, those that prepare it first.
pub fn containers(pod: &Value) -> Vec<Container> {
    let lists = [
        ("initContainers", "initContainerStatuses"),
        ("containers", "containerStatuses"),
        ("ephemeralContainers", "ephemeralContainerStatuses"),
    ];
    let one = |statuses: &Value, container: &Value| {
        let name = container["name"].as_str()?;
        let mut known = statuses.as_array().into_iter().flatten();
        let status = known.find(|status| status["name"] == name);
        Some(container_of(name, status.unwrap_or(&Value::Null)))
    };
    let all = lists.iter().flat_map(|(containers, statuses)| {
        let containers = pod["spec"][containers].as_array().into_iter().flatten();
        containers.filter_map(move |container| one(&pod["status"][statuses], container))
    });
    all.collect()
}

fn container_of(name: &str, status: &Value) -> Container {
    let (state, last) = (&status["state"], &status["lastState"]["terminated"]);
    let id = |value: &Value| {
        value
            .as_str()
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
    };
    let run = |id: Option<String>, is_over| id.map(|id| Run { id, is_over });
    let newest = if state["running"].is_object() {
        run(id(&status["containerID"]), false)
    } else if state["terminated"].is_object() {
        run(id(&state["terminated"]["containerID"]), true)
    } else {
        // Between two runs the log is that of the one before.
        run(id(&last["containerID"]), true)
    };
    Container {
        name: name.to_owned(),
        run: newest,
        has_previous: last.is_object(),
        waits: state["waiting"]["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    }
}

/// Whether a pod is ready, and stays.
pub fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    let is_ready = conditions.any(|one| one["type"] == "Ready" && one["status"] == "True");
    is_ready && !pod["metadata"]["deletionTimestamp"].is_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::desired::{DesiredObject, Group};
    use windlass_k8s_object::{Environment, Ownership};

    fn desired(objects: &[(&str, &str, &str)]) -> Desired {
        let group = Group {
            id: "demo/a/myns".to_owned(),
            label: "//a:myns-shallow".to_owned(),
            name: "a".to_owned(),
            deps: Vec::new(),
            inventory: None,
        };
        let object = |(version, kind, name): &(&str, &str, &str)| {
            let document = json!({"apiVersion": version, "kind": kind,
                "metadata": {"name": name, "namespace": "alice"}});
            DesiredObject {
                label: String::new(),
                group: 0,
                object: Object::from_document(document).expect("object"),
                images: Vec::new(),
                policy: crate::policy::Policy::default(),
            }
        };
        let environment = Environment::try_new("myns", "alice", Ownership::Personal, &[]);
        Desired {
            environment: environment.expect("environment"),
            groups: vec![group],
            objects: objects.iter().map(object).collect(),
            images: Vec::new(),
        }
    }

    fn put(store: &mut Store, kind: (&str, &str), name: &str, uid: &str, owner: &str) {
        store.set(
            json!({"apiVersion": kind.0, "kind": kind.1, "metadata": {"name": name,
            "namespace": "alice", "uid": uid, "ownerReferences": [{"uid": owner}]}}),
        );
    }

    #[test]
    fn pods_go_back_to_their_objects_by_owners() {
        let (deployment, job) = (("apps/v1", "Deployment"), ("batch/v1", "Job"));
        let (pod, cron) = (("v1", "Pod"), ("batch/v1", "CronJob"));
        let desired = desired(&[
            ("v1", "Service", "a"),
            (cron.0, cron.1, "nightly"),
            (deployment.0, deployment.1, "a"),
            (pod.0, pod.1, "alone"),
            (job.0, job.1, "once"),
        ]);
        let mut store = Store::default();
        put(&mut store, deployment, "a", "d", "");
        put(&mut store, ("apps/v1", "ReplicaSet"), "a-1", "r", "d");
        put(&mut store, pod, "a-1-x", "1", "r");
        put(&mut store, cron, "nightly", "c", "");
        put(&mut store, job, "nightly-7", "j", "c");
        put(&mut store, pod, "nightly-7-y", "2", "j");
        put(&mut store, pod, "alone", "3", "");
        put(&mut store, job, "once", "o", "");
        put(&mut store, pod, "once-z", "4", "o");
        put(&mut store, ("apps/v1", "ReplicaSet"), "b-1", "q", "other");
        put(&mut store, pod, "b-1-x", "5", "q");
        let found = pods_of(&desired, &store).into_iter();
        let found: Vec<_> = found
            .map(|(at, pod)| (at, pod["metadata"]["name"].as_str().expect("name")))
            .collect();
        assert_eq!(
            found,
            [
                (1, "nightly-7-y"),
                (2, "a-1-x"),
                (3, "alone"),
                (4, "once-z")
            ]
        );
        let kinds: Vec<_> = needed(&desired)
            .into_iter()
            .map(|one| one.resource.plural)
            .collect();
        assert_eq!(
            kinds,
            ["deployments", "replicasets", "cronjobs", "jobs", "pods"]
        );
    }

    #[test]
    fn runs_of_containers() {
        let ended = |id: &str| json!({"terminated": {"containerID": id, "exitCode": 1}});
        let pod = json!({
            "spec": {"initContainers": [{"name": "prepare"}],
                "containers": [{"name": "new"}, {"name": "up"}, {"name": "loops"}]},
            "status": {"initContainerStatuses": [{"name": "prepare", "state": ended("i")}],
                "containerStatuses": [
                    {"name": "new", "state": {"waiting": {"reason": "ContainerCreating"}}},
                    {"name": "up", "state": {"running": {}}, "containerID": "u2",
                     "lastState": ended("u1")},
                    {"name": "loops", "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                     "lastState": ended("l")}]}});
        let container =
            |name: &str, run: Option<(&str, bool)>, has_previous, waits: &str| Container {
                name: name.to_owned(),
                run: run.map(|(id, is_over)| Run {
                    id: id.to_owned(),
                    is_over,
                }),
                has_previous,
                waits: waits.to_owned(),
            };
        let want = [
            container("prepare", Some(("i", true)), false, ""),
            container("new", None, false, "ContainerCreating"),
            container("up", Some(("u2", false)), true, ""),
            container("loops", Some(("l", true)), true, "CrashLoopBackOff"),
        ];
        assert_eq!(containers(&pod), want);
    }
}
