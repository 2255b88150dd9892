//! Writes that the API server refuses, before and after it was asked for good.

use serde_json::{Value, json};
use windlass_error_cases::Case;
use windlass_report::Exit;

use super::{Scenario, World, block_on, fails, root};
use crate::environment::Output;
use crate::error::Failure;
use crate::progress::Progress;
use crate::tests::case::{Buffer, case_in, pod, replace_service, run_with};
use crate::tests::fake::Fake;

const MAP: &str = "/api/v1/namespaces/alice/configmaps/redis";
const SERVICE: &str = "/api/v1/namespaces/alice/services/redis";

fn live(kind: &str) -> Value {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "redis", "namespace": "alice",
        "uid": kind, "resourceVersion": "1", "managedFields": [{"manager": "windlass"}]}})
}

fn both_live(world: &mut World) {
    world.fake.put(MAP, live("ConfigMap"));
    world.fake.put(SERVICE, live("Service"));
}

const CONFLICTS: Case<Failure> = Case {
    variant: "Conflicts",
    exit: Exit::Write,
    text: "error: 1 field of ConfigMap `alice/redis` is owned by other managers; nothing was pushed \
           or written\n  \
           | ConfigMap `alice/redis` data.k: owned by `helm`\n\
           hint: bazel run //services/client:myns-deep.apply -- --force-conflicts\n",
    provoke: |folder| fails(folder, "apply", Scenario::Owned, both_live),
};

pub(super) const CASES: &[Case<Failure>] = &[
    CONFLICTS,
    Case {
        // Somebody was quicker: what was not there when it was looked at is theirs by now.
        variant: "Overtaken",
        text: "error: 1 field of ConfigMap `alice/redis` is owned by other managers\n  \
               | ConfigMap `alice/redis` data.k: owned by `helm`\n\
               state: 1 of 2 written; a rerun goes on from here\n\
               hint: bazel run //services/client:myns-deep.apply -- --force-conflicts\n",
        provoke: |folder| {
            fails(folder, "create", Scenario::Owned, |world| {
                world.writes = vec!["PATCH /api/v1/namespaces/alice/services/redis"];
            })
        },
        ..CONFLICTS
    },
    Case {
        variant: "Refused/Status",
        text: "error: cannot change Service `alice/redis`; nothing was pushed or written\n\
               cause: spec.ports: Required value\n",
        provoke: |folder| fails(folder, "apply", Scenario::Refuses, both_live),
        ..CONFLICTS
    },
    Case {
        variant: "Refused/Status",
        text: "error: cannot replace Service `alice/redis`; nothing was pushed or written\n\
               cause: spec.ports: Required value\n",
        provoke: |folder| fails(folder, "replace", Scenario::Refuses, both_live),
        ..CONFLICTS
    },
    Case {
        variant: "Write/Status",
        text: "error: cannot write Service `alice/redis`\n\
               cause: spec.ports: Required value\n\
               state: 1 of 2 written; a rerun goes on from here\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Refuses, |world| {
                world.writes = vec!["PATCH /api/v1/namespaces/alice/configmaps/redis"];
            })
        },
        ..CONFLICTS
    },
    Case {
        variant: "Delete/Status",
        text: "error: cannot delete Service `alice/redis`\n\
               cause: not this one\n\
               state: 1 of 2 deleted; a rerun goes on from here\n",
        provoke: |folder| {
            fails(folder, "delete", Scenario::Refuses, |world| {
                both_live(world);
                world.writes = vec!["DELETE /api/v1/namespaces/alice/configmaps/redis"];
            })
        },
        ..CONFLICTS
    },
    Case {
        variant: "Delete/Connection",
        text: "error: cannot delete Service `alice/redis`\n\
               cause: connection closed before message completed\n\
               state: 1 of 2 deleted, 1 sent and not answered; a rerun goes on from here\n",
        provoke: |folder| {
            fails(folder, "delete", Scenario::DropsDeletions, |world| {
                both_live(world);
                world.writes = vec!["DELETE /api/v1/namespaces/alice/configmaps/redis"];
            })
        },
        ..CONFLICTS
    },
    Case {
        variant: "Delete/Status",
        text: "error: cannot delete ConfigMap `alice/other`\n\
               cause: not this one\n\
               also: cannot delete ConfigMap `alice/redis`: not this one\n\
               state: 1 of 3 deleted; a rerun goes on from here\n",
        provoke: |folder| {
            fails(folder, "delete", Scenario::Guards, |world| {
                both_live(world);
                let mut other = live("ConfigMap");
                other["metadata"]["name"] = json!("other");
                world.case.add_as("//services/redis:other", "other", &other);
                let path = "/api/v1/namespaces/alice/configmaps/other";
                world.fake.put(path, other);
                world.writes = vec!["DELETE /api/v1/namespaces/alice/services/redis"];
            })
        },
        ..CONFLICTS
    },
    Case {
        variant: "Interrupted",
        exit: Exit::Interrupted,
        text: "error: interrupted\n\
               state: 1 of 2 written, 1 sent and not answered; a rerun goes on from here\n",
        provoke: |folder| {
            block_on(async {
                let fake = Fake::start(Scenario::Stalls, &["alice"]).await;
                let mut case = case_in(&root(folder), &fake.address, "apply");
                // A stage later than the `ConfigMap`, so that one is done by then.
                replace_service(&mut case, &pod("redis", "r.io/demo/redis@sha256:11"));
                folder.keep();
                let progress = Progress::new(Output::Memory, Box::new(Buffer::default()));
                let half_way = async {
                    while !fake.is_stalled() {
                        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                    }
                };
                run_with(&case, &[], &progress, half_way).await
            })
        },
    },
    Case {
        variant: "Interrupted",
        exit: Exit::Interrupted,
        text: "error: interrupted\n",
        provoke: |folder| {
            block_on(async {
                let fake = Fake::start(Scenario::Usual, &["alice"]).await;
                let case = case_in(&root(folder), &fake.address, "replace");
                folder.keep();
                let progress = Progress::new(Output::Memory, Box::new(Buffer::default()));
                let result = run_with(&case, &[], &progress, std::future::ready(())).await;
                assert_eq!(fake.writes(), [""; 0]);
                result
            })
        },
    },
];
