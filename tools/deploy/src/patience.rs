//! When waiting has no more use: which problems have lasted too long. Pure; the clock is the
//! caller's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::Value;

use crate::desired::Desired;
use crate::problem::{Container, Outlook, Problem, Revision, problems};
use crate::ready::Readiness;
use crate::wait::Status;
use crate::watch::Store;

/// Who has a problem. `ErrImagePull` and `ImagePullBackOff` take turns: not the reason is what
/// lasts.
type Who = (String, String, String, Option<Container>);

fn who(problem: &Problem) -> Who {
    let Problem {
        namespace,
        kind,
        name,
        container,
        ..
    } = problem;
    (
        namespace.clone(),
        kind.clone(),
        name.clone(),
        container.clone(),
    )
}

/// What was seen of problems while waiting.
#[derive(Debug, Default)]
pub struct Patience {
    /// Since when somebody has had a problem that may not last.
    since: BTreeMap<Who, Instant>,
    /// How often a container had been started again when it was first seen, all that it needs
    /// being ready.
    restarts: BTreeMap<Who, u64>,
}

/// Everything that is waited for, at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// What is wanted.
    pub desired: &'a Desired,
    /// The objects as they were last seen.
    pub objects: &'a [Value],
    /// How far each is.
    pub statuses: &'a [Status],
    /// What is around them.
    pub store: &'a Store,
    /// When.
    pub now: Instant,
}

impl Patience {
    /// The first object, from the bottom of the graph, that will not become ready, and what keeps
    /// it from that.
    pub fn hopeless(&mut self, moment: Moment<'_>) -> Option<(usize, Option<Problem>)> {
        let Moment {
            desired,
            objects,
            statuses,
            store,
            now,
        } = moment;
        let ready = ready_groups(desired, statuses);
        let mut lasting = BTreeSet::new();
        let mut found = None;
        for (at, (object, status)) in objects.iter().zip(statuses).enumerate() {
            if status.is_current() || follows(object) {
                continue;
            }
            let group = &desired.groups[desired.objects[at].group];
            let needs = if group.deps.iter().all(|dep| ready[*dep]) {
                Needs::Ready
            } else {
                Needs::Open
            };
            let all = problems(object, store, Revision::Newest);
            for problem in &all {
                self.see(problem, needs, now);
                if matches!(problem.outlook, Outlook::HopelessAfter(_)) {
                    lasting.insert(who(problem));
                }
            }
            let others = others(object);
            let worst = all
                .iter()
                .find(|problem| self.is_over(problem, others, now));
            let has_failed = matches!(status.readiness, Readiness::Failed(_));
            if found.is_none() && (worst.is_some() || has_failed) {
                found = Some((at, worst.or(all.first()).cloned()));
            }
        }
        self.since.retain(|who, _| lasting.contains(who));
        found
    }

    fn see(&mut self, problem: &Problem, needs: Needs, now: Instant) {
        if matches!(problem.outlook, Outlook::HopelessAfter(_)) {
            self.since.entry(who(problem)).or_insert(now);
        }
        let first = self
            .restarts
            .entry(who(problem))
            .or_insert(problem.restarts);
        // What it crashes for may be what is being repaired.
        if needs == Needs::Open {
            *first = problem.restarts;
        }
    }

    fn is_over(&self, problem: &Problem, others: Others, now: Instant) -> bool {
        let who = who(problem);
        let crashes_again = || {
            let first = self.restarts.get(&who);
            first.is_some_and(|first| problem.restarts > *first)
        };
        match problem.outlook {
            Outlook::Open => {
                let loops = problem.reason == "CrashLoopBackOff";
                loops && others == Others::Serve && crashes_again()
            }
            Outlook::HopelessAfter(patience) => self
                .since
                .get(&who)
                .is_some_and(|since| now.saturating_duration_since(*since) >= patience),
            Outlook::HopelessIfAgain => crashes_again(),
        }
    }
}

/// Whether other pods of a Deployment serve while one crashes. Then what they need is there, and a
/// second crash is the new pod's own fault; else its dependencies may still come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    Serve,
    Missing,
}

fn others(object: &Value) -> Others {
    let available = object["status"]["availableReplicas"].as_u64().unwrap_or(0);
    if object["kind"] == "Deployment" && available > 0 {
        Others::Serve
    } else {
        Others::Missing
    }
}

/// Whether the groups that an object's group depends on are ready.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Ready,
    Open,
}

/// Which groups are ready, with all that they depend on: groups are in dependency order.
fn ready_groups(desired: &Desired, statuses: &[Status]) -> Vec<bool> {
    let mut ready = vec![true; desired.groups.len()];
    for (object, status) in desired.objects.iter().zip(statuses) {
        ready[object.group] &= status.is_current();
    }
    for (at, group) in desired.groups.iter().enumerate() {
        ready[at] &= group.deps.iter().all(|dep| ready[*dep]);
    }
    ready
}

/// Whether an object is only ever as ready as the pods of others: its fault is theirs.
pub fn follows(object: &Value) -> bool {
    matches!(
        object["kind"].as_str(),
        Some("Service" | "PodDisruptionBudget" | "HorizontalPodAutoscaler" | "APIService")
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::desired::{DesiredObject, Group};
    use crate::policy::Policy;
    use crate::ready::Surroundings;
    use serde_json::json;
    use windlass_k8s_object::{Environment, Object, Ownership};

    /// What one test sees, second by second.
    struct Watch {
        desired: Desired,
        objects: Vec<Value>,
        store: Store,
        start: Instant,
        patience: Patience,
    }

    /// A set of pods in each of two groups: `server` depends on `redis`.
    fn watch() -> Watch {
        let object = |name: &str| {
            json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"replicas": 1},
                "metadata": {"name": name, "namespace": "alice", "uid": name, "generation": 1},
                "status": {"observedGeneration": 1, "replicas": 1}})
        };
        let objects = vec![object("redis"), object("server")];
        let group = |name: &str, deps: &[usize]| Group {
            id: format!("demo/{name}/myns"),
            label: String::new(),
            name: name.to_owned(),
            deps: deps.to_vec(),
            inventory: None,
        };
        let desired = |(at, object): (usize, &Value)| DesiredObject {
            label: String::new(),
            group: at,
            object: Object::from_document(object.clone()).expect("object"),
            policy: Policy::default(),
            images: Vec::new(),
        };
        let environment = Environment::try_new("myns", "alice", Ownership::Personal, &[]);
        Watch {
            desired: Desired {
                environment: environment.expect("environment"),
                groups: vec![group("redis", &[]), group("server", &[0])],
                objects: objects.iter().enumerate().map(desired).collect(),
                images: Vec::new(),
            },
            objects,
            store: Store::default(),
            start: Instant::now(),
            patience: Patience::default(),
        }
    }

    impl Watch {
        /// The pod of a set, with a container in a state.
        fn pod(&mut self, of: &str, restarts: u64, state: &Value) {
            self.store.set(json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": format!("{of}-0"), "namespace": "alice",
                    "ownerReferences": [{"uid": of}]},
                "status": {"containerStatuses": [{"name": "a", "restartCount": restarts,
                    "ready": false, "state": state}]}}));
        }

        fn waits(&mut self, of: &str, reason: &str) {
            self.pod(of, 0, &json!({"waiting": {"reason": reason}}));
        }

        fn crashes(&mut self, of: &str, restarts: u64) {
            self.pod(
                of,
                restarts,
                &json!({"waiting": {"reason": "CrashLoopBackOff"}}),
            );
        }

        fn becomes_ready(&mut self, at: usize) {
            self.objects[at]["status"] = json!({"observedGeneration": 1, "replicas": 1,
                "readyReplicas": 1, "currentReplicas": 1, "updatedReplicas": 1});
        }

        /// The reason for which waiting ends, so many seconds into it.
        fn at(&mut self, seconds: u64) -> Option<String> {
            let around = Surroundings {
                store: &self.store,
                run: &self.objects,
            };
            let status = |object: &Value| Status::of(object, &[], around);
            let statuses: Vec<Status> = self.objects.iter().map(status).collect();
            let moment = Moment {
                desired: &self.desired,
                objects: &self.objects,
                statuses: &statuses,
                store: &self.store,
                now: self.start + Duration::from_secs(seconds),
            };
            let (at, problem) = self.patience.hopeless(moment)?;
            let reason = problem.map_or_else(|| "failed".to_owned(), |problem| problem.reason);
            let name = &self.desired.groups[at].name;
            Some(format!("{name}: {reason}"))
        }
    }

    #[test]
    fn what_no_time_mends_ends_the_wait_at_once() {
        let mut watch = watch();
        assert_eq!(watch.at(0), None);
        watch.waits("redis", "InvalidImageName");
        assert_eq!(watch.at(1).as_deref(), Some("redis: InvalidImageName"));
    }

    #[test]
    fn what_lasts_ends_it_and_its_reasons_may_take_turns() {
        let mut watch = watch();
        for (second, reason) in [
            (1, "ErrImagePull"),
            (30, "ImagePullBackOff"),
            (60, "ErrImagePull"),
        ] {
            watch.waits("redis", reason);
            assert_eq!(watch.at(second), None, "{second}");
        }
        watch.waits("redis", "ImagePullBackOff");
        assert_eq!(watch.at(61).as_deref(), Some("redis: ImagePullBackOff"));
    }

    #[test]
    fn what_heals_begins_anew() {
        let mut watch = watch();
        watch.waits("redis", "CreateContainerConfigError");
        assert_eq!(watch.at(0), None);
        watch.pod("redis", 0, &json!({"running": {}}));
        assert_eq!(watch.at(29), None);
        watch.waits("redis", "CreateContainerConfigError");
        assert_eq!(watch.at(31), None);
        assert_eq!(watch.at(60), None);
        assert_eq!(
            watch.at(61).as_deref(),
            Some("redis: CreateContainerConfigError")
        );
    }

    #[test]
    fn a_loop_that_began_before_may_have_been_mended() {
        let mut watch = watch();
        watch.crashes("redis", 9);
        assert_eq!(watch.at(0), None);
        assert_eq!(watch.at(280), None);
        watch.pod("redis", 10, &json!({"running": {}}));
        assert_eq!(watch.at(281), None);
        watch.crashes("redis", 10);
        assert_eq!(watch.at(282).as_deref(), Some("redis: CrashLoopBackOff"));
    }

    #[test]
    fn a_loop_that_begins_here_ends_at_the_third_crash() {
        let mut watch = watch();
        for restarts in [0, 1, 2] {
            watch.crashes("redis", restarts);
            assert_eq!(watch.at(restarts * 10), None, "{restarts}");
        }
        watch.crashes("redis", 3);
        assert_eq!(watch.at(40).as_deref(), Some("redis: CrashLoopBackOff"));
    }

    #[test]
    fn an_update_that_crashes_ends_at_the_second_crash_while_others_serve() {
        let mut watch = watch();
        watch.objects[0]["kind"] = json!("Deployment");
        watch.objects[0]["status"] = json!({"observedGeneration": 1, "replicas": 2,
            "availableReplicas": 1, "readyReplicas": 1, "updatedReplicas": 1});
        // The new pod, below the set that the Deployment has made for it.
        watch
            .store
            .set(json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": "redis", "namespace": "alice", "uid": "new",
                "ownerReferences": [{"uid": "redis"}]}}));
        watch.crashes("new", 0);
        assert_eq!(watch.at(2), None);
        watch.crashes("new", 1);
        assert_eq!(watch.at(14).as_deref(), Some("redis: CrashLoopBackOff"));
    }

    #[test]
    fn crashes_count_from_when_all_that_is_needed_is_ready() {
        let mut watch = watch();
        for restarts in 0..9 {
            watch.crashes("server", restarts);
            assert_eq!(watch.at(restarts), None, "{restarts}");
        }
        watch.becomes_ready(0);
        assert_eq!(watch.at(10), None);
        watch.crashes("server", 9);
        assert_eq!(watch.at(100).as_deref(), Some("server: CrashLoopBackOff"));
    }

    #[test]
    fn the_lowest_of_the_graph_is_named() {
        let mut watch = watch();
        watch.waits("server", "InvalidImageName");
        watch.waits("redis", "InvalidImageName");
        assert_eq!(watch.at(0).as_deref(), Some("redis: InvalidImageName"));
    }

    #[test]
    fn what_has_failed_needs_no_pod() {
        let mut watch = watch();
        watch.objects[1] = json!({"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "server", "namespace": "alice"}, "status": {"conditions":
                [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]}});
        assert_eq!(watch.at(0).as_deref(), Some("server: failed"));
    }

    #[test]
    fn nobody_is_blamed_for_the_pods_of_others() {
        let mut watch = watch();
        watch.becomes_ready(1);
        watch.objects[0] = json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "redis", "namespace": "alice"},
            "spec": {"selector": {"app": "a"}}});
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "status": {"containerStatuses":
            [{"name": "a", "state": {"waiting": {"reason": "InvalidImageName"}}}]}});
        pod["metadata"] = json!({"name": "x", "namespace": "alice", "labels": {"app": "a"}});
        watch.store.set(pod);
        assert_eq!(watch.at(0), None);
    }
}
