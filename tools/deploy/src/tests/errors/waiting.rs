//! Written, but not ready; deleted, but not gone; looked at, and not all there.

use serde_json::json;
use windlass_error_cases::Case;
use windlass_report::Exit;

use super::{Scenario, World, fails};
use crate::error::Failure;
use crate::tests::case;

const MAP: &str = "/api/v1/namespaces/alice/configmaps/redis";
const POD: &str = "/api/v1/namespaces/alice/pods/redis";
const WRITES: [&str; 2] = [
    "PATCH /api/v1/namespaces/alice/configmaps/redis",
    "PATCH /api/v1/namespaces/alice/pods/redis",
];

/// A pod in the place of the `Service`, as a node shows it.
fn pod(world: &mut World, status: &serde_json::Value) {
    let image = "r.io/demo/redis@sha256:11";
    world.object(&case::pod("redis", image));
    let mut live = case::pod("redis", image);
    live["metadata"]["uid"] = json!("u");
    live["metadata"]["resourceVersion"] = json!("1");
    live["metadata"]["managedFields"] = json!([{"manager": "windlass"}]);
    live["status"] = status.clone();
    world.fake.put(POD, live);
    world.writes = WRITES.to_vec();
}

const JOB: &str = "/apis/batch/v1/namespaces/alice/jobs/migrate";
const JOB_POD: &str = "/api/v1/namespaces/alice/pods/migrate-x2x9k";

/// A job in the place of the `Service`, that has failed, and its pod.
fn failed_job(world: &mut World) {
    world.object(&json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {},
        "metadata": {"name": "migrate", "namespace": "alice"}}));
    let failed = json!({"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded",
        "message": "Job has reached the specified backoff limit"});
    world.fake.put(
        JOB,
        json!({"apiVersion": "batch/v1", "kind": "Job", "status": {"conditions": [failed]},
            "metadata": {"name": "migrate", "namespace": "alice", "uid": "j",
                "resourceVersion": "1", "managedFields": [{"manager": "windlass"}]}}),
    );
    let ended = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
    world.fake.put(
        JOB_POD,
        json!({"metadata": {"name": "migrate-x2x9k", "namespace": "alice",
                "ownerReferences": [{"uid": "j"}]},
            "status": {"phase": "Failed", "initContainerStatuses": [
                {"name": "schema", "restartCount": 0, "state": ended}]}}),
    );
    let log = json!("no table `notes`\n");
    world.fake.put(&format!("{JOB_POD}/log"), log);
    world.writes = vec![
        WRITES[0],
        "PATCH /apis/batch/v1/namespaces/alice/jobs/migrate",
    ];
}

const ROLLOUT: Case<Failure> = Case {
    variant: "Rollout",
    exit: Exit::Rollout,
    text: "error: rollout of Pod `alice/redis` cannot finish\n\
           cause: pod redis, container redis: CrashLoopBackOff, exit 101, 3 restarts\n  \
           | starting\n  \
           | panicked at src/main.rs:41\n\
           event: Unhealthy: probe failed\n\
           state: 2 of 2 written; a rerun goes on from here\n\
           hint: kubectl --context windlass -n alice describe pod/redis\n",
    provoke: |folder| {
        fails(folder, "apply", Scenario::Crashes, |world| {
            let status = json!({"containerStatuses": [{"name": "redis", "restartCount": 0,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
                "lastState": {"terminated": {"exitCode": 101}}}]});
            pod(world, &status);
            let log = json!("starting\n\npanicked at src/main.rs:41\n");
            world.fake.put(&format!("{POD}/log"), log);
            let event = json!({"reason": "Unhealthy", "message": "probe failed"});
            world.fake.put("/api/v1/namespaces/alice/events/one", event);
        })
    },
};

pub(super) const CASES: &[Case<Failure>] = &[
    ROLLOUT,
    Case {
        text: "error: rollout of Pod `alice/redis` cannot finish\n\
               cause: phase Failed Evicted the node was low on memory\n\
               state: 2 of 2 written; a rerun goes on from here\n\
               hint: kubectl --context windlass -n alice describe pod/redis\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                pod(
                    world,
                    &json!({"phase": "Failed", "reason": "Evicted",
                    "message": "the node was low on memory"}),
                );
            })
        },
        ..ROLLOUT
    },
    Case {
        text: "error: rollout of Job `alice/migrate` cannot finish\n\
               cause: pod migrate-x2x9k, init container schema: Error, exit 1\n  \
               | no table `notes`\n\
               job: BackoffLimitExceeded: Job has reached the specified backoff limit\n\
               state: 2 of 2 written; a rerun goes on from here\n\
               hint: kubectl --context windlass -n alice describe pod/migrate-x2x9k\n",
        provoke: |folder| fails(folder, "apply", Scenario::Usual, failed_job),
        ..ROLLOUT
    },
    Case {
        variant: "Timeout",
        text: "error: rollout of Gadget `alice/g` is not finished after 1.0 s\n\
               cause: condition=Synced=True: got False, Behind\n\
               state: 2 of 2 written; a rerun goes on from here\n\
               hint: kubectl --context windlass -n alice describe gadget/g\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                world.flags.push("--timeout=1s");
                let gadget = json!({"apiVersion": "stable.example.com/v1", "kind": "Gadget",
                    "metadata": {"name": "g", "namespace": "alice"}});
                world.object(&gadget);
                let objects = &mut world.case.request["groups"][0]["objects"];
                objects[1]["ready_when"] = json!(["condition=Synced"]);
                let path = "/apis/stable.example.com/v1/namespaces/alice/gadgets/g";
                let mut live = gadget;
                live["metadata"]["managedFields"] = json!([{"manager": "windlass"}]);
                live["status"] = json!({"conditions": [
                    {"type": "Ready", "status": "True"},
                    {"type": "Synced", "status": "False", "reason": "Behind"}]});
                world.fake.put(path, live);
                world.writes = vec![
                    WRITES[0],
                    "PATCH /apis/stable.example.com/v1/namespaces/alice/gadgets/g",
                ];
            })
        },
        ..ROLLOUT
    },
    Case {
        // Of a service and the pod behind it, the pod is at fault.
        variant: "Timeout",
        text: "error: rollout of Pod `alice/redis` is not finished after 1.0 s\n\
               cause: pod redis, container redis: not ready\n\
               state: 3 of 3 written; a rerun goes on from here\n\
               hint: kubectl --context windlass -n alice describe pod/redis\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                world.flags.push("--timeout=1s");
                let status = json!({"containerStatuses": [{"name": "redis", "restartCount": 0,
                    "ready": false, "state": {"running": {}}}]});
                pod(world, &status);
                let service = json!({"apiVersion": "v1", "kind": "Service",
                    "metadata": {"name": "redis", "namespace": "alice"},
                    "spec": {"selector": {"app": "redis"}}});
                world
                    .case
                    .add_as("//services/redis:myns-access", "access", &service);
                let service = "PATCH /api/v1/namespaces/alice/services/redis";
                world.writes.insert(1, service);
            })
        },
        ..ROLLOUT
    },
    Case {
        variant: "Timeout",
        text: "error: rollout of Pod `alice/redis` is not finished after 1.0 s\n\
               cause: pod redis: Unschedulable, 0/1 nodes are available\n\
               state: 2 of 2 written; a rerun goes on from here\n\
               hint: kubectl --context windlass -n alice describe pod/redis\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                world.flags.push("--timeout=1s");
                pod(
                    world,
                    &json!({"conditions": [{"type": "PodScheduled", "status": "False",
                    "reason": "Unschedulable", "message": "0/1 nodes are available"}]}),
                );
            })
        },
        ..ROLLOUT
    },
    Case {
        variant: "Timeout",
        text: "error: rollout of Pod `alice/redis` is not finished after 1.0 s\n\
               cause: cannot read pods in `alice`: etcd has no leader\n\
               state: 2 of 2 written; a rerun goes on from here\n\
               hint: kubectl --context windlass -n alice describe pod/redis\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::LosesPods, |world| {
                world.flags.push("--timeout=1s");
                pod(world, &json!({}));
            })
        },
        ..ROLLOUT
    },
    Case {
        variant: "Watch/Status",
        text: "error: cannot read pods in `alice` from windlass\n\
               cause: pods is forbidden\n\
               state: 2 of 2 written; a rerun goes on from here\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::HidesPods, |world| {
                pod(world, &json!({}));
            })
        },
        ..ROLLOUT
    },
    Case {
        // A read after a write: not "refused before any write".
        variant: "Watch/Status",
        text: "error: cannot read CustomResourceDefinition `things.x.dev` from windlass\n\
               cause: customresourcedefinitions is forbidden\n\
               state: 1 of 2 written; a rerun goes on from here\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::HidesDefinitions, |world| {
                case::setup(&mut world.case);
                world.object(&json!({"apiVersion": "apiextensions.k8s.io/v1",
                    "kind": "CustomResourceDefinition", "metadata": {"name": "things.x.dev"},
                    "spec": {"group": "x.dev", "scope": "Cluster", "versions": [{"name": "v1"}],
                        "names": {"kind": "Thing", "plural": "things"}}}));
                world.writes = vec![
                    "PATCH /apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.x.dev",
                ];
            })
        },
        ..ROLLOUT
    },
    Case {
        variant: "NotGone",
        text: "error: ConfigMap `alice/redis` not gone after 1.0 s\n\
               cause: finalizers hold it: a.example.com/one, b.example.com/two\n\
               state: 1 of 1 deleted; a rerun goes on from here\n",
        provoke: |folder| {
            fails(folder, "delete", Scenario::Holds, |world| {
                world.flags.push("--timeout=1s");
                world.fake.put(
                    MAP,
                    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata":
                    {"name": "redis", "namespace": "alice", "uid": "u",
                     "finalizers": ["b.example.com/two", "a.example.com/one"],
                     "managedFields": [{"manager": "windlass"}]}}),
                );
                world.writes = vec!["DELETE /api/v1/namespaces/alice/configmaps/redis"];
            })
        },
        ..ROLLOUT
    },
    Case {
        variant: "NotReady",
        text: "error: of 2 objects 1 is missing and 1 is not ready\n\
               hint: bazel run //services/client:myns-deep.apply\n",
        provoke: |folder| {
            fails(folder, "status", Scenario::Usual, |world| {
                pod(world, &json!({}));
                world.writes.clear();
            })
        },
        ..ROLLOUT
    },
];
