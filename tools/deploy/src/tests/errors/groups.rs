//! What the cluster remembers of groups, whose an object is, and others who change the same.

use serde_json::{Value, json};
use windlass_error_cases::{Case, Folder};
use windlass_report::Exit;

use super::{Scenario, World, fails};
use crate::error::Failure;
use crate::inventory::InventoryId;
use crate::tests::case;

const MAP: &str = "/api/v1/namespaces/alice/configmaps/redis";
const SERVICE: &str = "/api/v1/namespaces/alice/services/redis";

fn name() -> String {
    InventoryId::of("demo/redis/myns", "alice").name
}

fn live(kind: &str, manager: &str) -> Value {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "redis",
        "namespace": "alice", "uid": kind, "resourceVersion": "1",
        "managedFields": [{"manager": manager, "operation": "Apply"}]}})
}

fn held(world: &mut World) {
    let lease = json!({"metadata": {"resourceVersion": "1"},
        "spec": {"holderIdentity": "bob@desk, process 7", "leaseDurationSeconds": 15}});
    let path = format!(
        "/apis/coordination.k8s.io/v1/namespaces/alice/leases/{}",
        name()
    );
    world.fake.put(&path, lease);
    world.flags = vec!["--wait=false"];
}

/// An apply with a plan in a file, beside which `plan.json` holds `written`.
fn planned(folder: &Folder, flags: &[&'static str], written: Option<Value>) -> Result<(), Failure> {
    fails(folder, "apply", Scenario::Usual, |world| {
        world.case.environment.working_directory = Some(world.case.folder.clone());
        if let Some(written) = written {
            world.case.write("plan.json", &written);
        }
        world.flags = flags.to_vec();
    })
}

const FOREIGN: Case<Failure> = Case {
    variant: "Foreign",
    exit: Exit::Preflight,
    text: "error: cannot apply ConfigMap `alice/redis` and 1 more: this target did not make it; \
           nothing was pushed or written\n  \
           | ConfigMap `alice/redis`: managed by `kubectl`\n  \
           | Service `alice/redis`: made by `//services/other:myns-redis`\n\
           hint: bazel run //services/client:myns-deep.apply -- --adopt\n",
    provoke: |folder| {
        fails(folder, "apply", Scenario::Usual, |world| {
            world.fake.put(MAP, live("ConfigMap", "kubectl"));
            let mut service = live("Service", "windlass");
            service["metadata"]["labels"] =
                json!({"applyset.kubernetes.io/part-of": "applyset-other-v1"});
            service["metadata"]["annotations"] =
                json!({"windlass.dev/object": "//services/other:myns-redis"});
            world.fake.put(SERVICE, service);
        })
    },
};

pub(super) const CASES: &[Case<Failure>] = &[
    FOREIGN,
    Case {
        variant: "Inventory/Version",
        text: "error: cannot read the inventory ConfigMap `alice/windlass.redis.NAME` on windlass; \
               nothing was pushed or written\n\
               cause: data.version: got `9`, want `1`\n\
               hint: kubectl --context windlass -n alice get configmap windlass.redis.NAME -o yaml\n",
        provoke: |folder| {
            folder.show_as(name().rsplit('.').next().expect("a digest"), "NAME");
            fails(folder, "apply", Scenario::Usual, |world| {
                let path = format!("/api/v1/namespaces/alice/configmaps/{}", name());
                world.fake.put(&path, json!({"data": {"version": "9"}}));
            })
        },
        ..FOREIGN
    },
    Case {
        variant: "Inventory/Line",
        text: "error: cannot read the inventory ConfigMap `alice/windlass.redis.NAME` on windlass; \
               nothing was pushed or written\n\
               cause: line 1 of data.objects: got `Service`, want kind, namespace/name, uid, \
               fingerprint\n\
               hint: kubectl --context windlass -n alice get configmap windlass.redis.NAME -o yaml\n",
        provoke: |folder| {
            folder.show_as(name().rsplit('.').next().expect("a digest"), "NAME");
            fails(folder, "diff", Scenario::Usual, |world| {
                let path = format!("/api/v1/namespaces/alice/configmaps/{}", name());
                world.fake.put(
                    &path,
                    json!({"data": {"version": "1", "objects": "Service"}}),
                );
            })
        },
        ..FOREIGN
    },
    Case {
        variant: "Moved",
        exit: Exit::Preflight,
        text: "error: plan `plan.json` does not hold any more; nothing was pushed or written\n  \
               | ConfigMap alice/redis: not in the plan\n  \
               | Service alice/redis: not in the plan\n\
               hint: bazel run //services/client:myns-deep.apply -- --dry-run --save-plan plan.json\n",
        provoke: |folder| {
            let plan = json!({"version": 1, "verb": "apply", "target": "//services/client:myns-deep",
                "environment": "myns", "cluster": "3f9c21-kube-system", "images": [], "steps": {}});
            planned(folder, &["--plan=plan.json"], Some(plan))
        },
    },
    Case {
        variant: "PlanFile/Read",
        exit: Exit::Input,
        text: "error: cannot use plan `none.json`; nothing was pushed or written\n\
               cause: cannot read it\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| planned(folder, &["--plan=none.json"], None),
    },
    Case {
        variant: "PlanFile/Write",
        exit: Exit::Input,
        text: "error: cannot use plan `none/plan.json`; nothing was pushed or written\n\
               cause: cannot write it\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| planned(folder, &["--save-plan=none/plan.json"], None),
    },
    Case {
        variant: "PlanFile/Read",
        exit: Exit::Input,
        text: "error: cannot use plan `plan.json`; nothing was pushed or written\n\
               cause: cannot read it\n\
               cause: missing field `version` at line 1 column 2\n",
        provoke: |folder| planned(folder, &["--plan=plan.json"], Some(json!({}))),
    },
    Case {
        variant: "PlanFile/Read",
        exit: Exit::Input,
        text: "error: cannot use plan `plan.json`; nothing was pushed or written\n\
               cause: cannot read it\n\
               cause: version: got 9, want 1\n",
        provoke: |folder| planned(folder, &["--plan=plan.json"], Some(json!({"version": 9}))),
    },
    Case {
        variant: "Query",
        exit: Exit::Input,
        text: "error: cannot tell which groups this checkout describes; nothing was written\n\
               cause: ERROR: no such package 'broken'\n",
        provoke: |folder| {
            fails(folder, "orphans", Scenario::Usual, |world| {
                case::checkout(
                    &mut world.case,
                    "echo \"ERROR: no such package 'broken'\" >&2; exit 1",
                );
                case::leave_a_group(&world.fake);
            })
        },
    },
    Case {
        variant: "Query",
        exit: Exit::Input,
        text: "error: cannot tell which groups this checkout describes; nothing was written\n\
               cause: BUILD_WORKSPACE_DIRECTORY is not set: want `bazel run`\n",
        provoke: |folder| fails(folder, "orphans", Scenario::Usual, |_| {}),
    },
    Case {
        variant: "Held",
        text: "error: lease `alice/windlass.redis.NAME` is held by bob@desk, process 7; nothing was \
               pushed or written\n\
               hint: kubectl --context windlass -n alice get lease windlass.redis.NAME\n",
        provoke: |folder| {
            folder.show_as(name().rsplit('.').next().expect("a digest"), "NAME");
            fails(folder, "apply", Scenario::Usual, held)
        },
        ..FOREIGN
    },
    Case {
        variant: "Lost",
        exit: Exit::Write,
        text: "error: lease `alice/windlass.redis.NAME` is lost\n\
               cause: somebody has taken it, or it could not be renewed in time\n\
               state: 1 of 2 written, 1 sent and not answered; a rerun goes on from here\n",
        provoke: |folder| {
            folder.show_as(name().rsplit('.').next().expect("a digest"), "NAME");
            fails(folder, "apply", Scenario::Stalls, |world| {
                world.object(&case::pod("redis", "r.io/demo/redis@sha256:11"));
                world.fake.lose_leases();
                world.writes = vec!["PATCH /api/v1/namespaces/alice/configmaps/redis"];
            })
        },
    },
    Case {
        variant: "Immutable",
        exit: Exit::Write,
        text: "error: cannot change Service `alice/redis` in place; nothing was pushed or written\n\
               cause: field is immutable\n\
               hint: bazel run //services/client:myns-deep.replace\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Immutable, |world| {
                world.fake.put(SERVICE, live("Service", "windlass"));
            })
        },
    },
    Case {
        variant: "Differs",
        exit: Exit::Differs,
        text: "error: 2 objects are not as described\n\
               hint: bazel run //services/client:myns-deep.apply\n",
        provoke: |folder| {
            fails(folder, "diff", Scenario::Usual, |world| {
                world.flags = vec!["--exit-code"];
            })
        },
    },
];
