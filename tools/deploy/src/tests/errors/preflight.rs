//! What must hold before anything is written.

use serde_json::{Value, json};
use windlass_error_cases::Case;
use windlass_report::Exit;

use super::{Scenario, World, fails};
use crate::error::Failure;
use crate::tests::case;

const MAP: &str = "/api/v1/namespaces/alice/configmaps/redis";
const NAMESPACE: &str = "/api/v1/namespaces/alice";
const DB: &str = "/api/v1/namespaces/alice/secrets/db";

fn custom(kind: &str, namespace: Option<&str>) -> Value {
    let mut object = json!({"apiVersion": "stable.example.com/v1", "kind": kind,
        "metadata": {"name": "one"}});
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object
}

/// A pod that reads `user` and `password` of Secret `db`, and `k` of `ConfigMap` `conf` if it is
/// there.
fn needs_secret(world: &mut World) {
    let variable = |source: &str, name: &str, key: &str, optional: bool| {
        json!({"name": "A", "valueFrom": {source:
            {"name": name, "key": key, "optional": optional}}})
    };
    let mut pod = case::pod("server", "r.io/demo/server@sha256:11");
    pod["spec"]["containers"][0]["env"] = json!([
        variable("secretKeyRef", "db", "user", false),
        variable("secretKeyRef", "db", "password", false),
        variable("configMapKeyRef", "conf", "k", true)
    ]);
    world.object(&pod);
}

fn secret(keys: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "data": keys,
        "metadata": {"name": "db", "namespace": "alice"}})
}

pub(super) fn owned_by_bob(world: &mut World) {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "alice",
        "uid": "u", "annotations": {"windlass.dev/owner": "bob@example.com"}}});
    world.fake.put(NAMESPACE, namespace);
}

fn live_map(manager: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "redis",
        "namespace": "alice", "uid": "u", "resourceVersion": "1",
        "managedFields": [{"manager": manager}]}})
}

const MISSING: Case<Failure> = Case {
    variant: "NamespaceMissing",
    exit: Exit::Preflight,
    text: "error: namespace `alice` is missing on windlass; nothing was pushed or written\n\
           hint: bazel run //prod:setup.apply\n",
    provoke: |folder| {
        fails(folder, "apply", Scenario::Usual, |world| {
            world
                .fake
                .state
                .lock()
                .expect("lock")
                .objects
                .remove(NAMESPACE);
        })
    },
};

const OWNER: Case<Failure> = Case {
    variant: "Owner",
    text: "error: namespace `alice` on windlass is not yours: it belongs to `bob@example.com`, you \
           are `alice@example.com`\n\
           hint: bazel run //services/client:myns-deep.apply --repo_env=USER=alice\n",
    provoke: |folder| fails(folder, "apply", Scenario::Usual, owned_by_bob),
    ..MISSING
};

const REFERENCE: Case<Failure> = Case {
    variant: "ReferenceMissing",
    text: "error: Secret `alice/db` is missing, which Pod `alice/server` needs; nothing was pushed \
           or written\n\
           hint: kubectl --context windlass -n alice create secret generic db \
           --from-literal=password=... --from-literal=user=...\n",
    provoke: |folder| fails(folder, "apply", Scenario::Usual, needs_secret),
    ..MISSING
};

pub(super) const CASES: &[Case<Failure>] = &[
    MISSING,
    Case {
        provoke: |folder| {
            fails(folder, "replace", Scenario::Usual, |world| {
                world
                    .fake
                    .state
                    .lock()
                    .expect("lock")
                    .objects
                    .remove(NAMESPACE);
            })
        },
        ..MISSING
    },
    Case {
        variant: "NamespaceGoing",
        text: "error: namespace `alice` is being deleted on windlass; nothing was pushed or written\n\
               hint: kubectl --context windlass wait --for=delete namespace/alice\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                world.fake.begin_deletion(NAMESPACE);
            })
        },
        ..MISSING
    },
    Case {
        variant: "KindMissing",
        text: "error: Rule `alice/one` is of a kind that windlass does not serve (`x.dev/v1`); \
               nothing was pushed or written\n\
               hint: bazel run //prod:setup.apply\n",
        provoke: |folder| {
            fails(folder, "create", Scenario::Usual, |world| {
                world.object(&json!({"apiVersion": "x.dev/v1", "kind": "Rule",
                    "metadata": {"name": "one", "namespace": "alice"}}));
            })
        },
        ..MISSING
    },
    Case {
        variant: "ClusterScoped",
        text: "error: Widget `alice/one` is of a kind that lives in no namespace: only setup may \
               have it, not environment `myns`; nothing was pushed or written\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                world.object(&custom("Widget", Some("alice")));
            })
        },
        ..MISSING
    },
    Case {
        variant: "NamespaceUnset",
        text: "error: Gadget `one` is of a kind that lives in namespaces: metadata.namespace: got \
               nothing, want a DNS label: at most 63 of a-z, 0-9 and `-`, with no `-` at either end; \
               nothing was pushed or written\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                case::setup(&mut world.case);
                world.object(&custom("Gadget", None));
            })
        },
        ..MISSING
    },
    Case {
        variant: "NamespaceSet",
        text: "error: Widget `alice/one` is of a kind that lives in no namespace: \
               metadata.namespace: got `alice`, want nothing; nothing was pushed or written\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                case::setup(&mut world.case);
                world.object(&custom("Widget", Some("alice")));
            })
        },
        ..MISSING
    },
    OWNER,
    Case {
        text: "error: namespace `alice` on windlass is not yours: it belongs to `bob@example.com`, \
               you are `alice@example.com`\n\
               hint: bazel run //services/client:myns-deep.delete --repo_env=USER=alice\n",
        provoke: |folder| fails(folder, "delete", Scenario::Usual, owned_by_bob),
        ..OWNER
    },
    Case {
        text: "error: namespace `alice` on windlass is not yours: it belongs to `bob@example.com`, \
               you are `alice@example.com`\n\
               hint: bazel run //services/client:myns-deep.diff --repo_env=USER=alice\n",
        provoke: |folder| fails(folder, "diff", Scenario::Usual, owned_by_bob),
        ..OWNER
    },
    Case {
        // Setup does not take it over either.
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                case::setup(&mut world.case);
                world.object(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata":
                    {"name": "alice", "annotations": {"windlass.dev/personal": "true"}}}));
                owned_by_bob(world);
            })
        },
        ..OWNER
    },
    Case {
        variant: "Read/Other",
        text: "error: cannot read who you are from windlass\n\
               cause: user name: got nothing, want a name\n",
        provoke: |folder| fails(folder, "apply", Scenario::Nameless, owned_by_bob),
        ..MISSING
    },
    REFERENCE,
    Case {
        text: "error: Secret `alice/db` has no key `password`, which Pod `alice/server` needs; \
               nothing was pushed or written\n\
               hint: kubectl --context windlass -n alice patch secret db -p \
               '{\"stringData\":{\"password\":\"...\"}}'\n",
        provoke: |folder| {
            fails(folder, "create", Scenario::Usual, |world| {
                needs_secret(world);
                world.fake.put(DB, secret(&json!({"user": "YQ=="})));
            })
        },
        ..REFERENCE
    },
    Case {
        // The plan's own Secret counts, as far as it goes.
        text: "error: Secret `alice/db` has no key `user`, which Pod `alice/server` needs; nothing \
               was pushed or written\n\
               hint: kubectl --context windlass -n alice patch secret db -p \
               '{\"stringData\":{\"user\":\"...\"}}'\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                needs_secret(world);
                let own = secret(&json!({"password": "YQ=="}));
                world.case.add_as("//services/redis:myns-db", "db", &own);
            })
        },
        ..REFERENCE
    },
    Case {
        text: "error: ConfigMap `alice/conf` is missing, which Pod `alice/server` needs, and 1 \
               more; nothing was pushed or written\n  \
               | ConfigMap `alice/conf` is missing, which Pod `alice/server` needs\n  \
               | Secret `alice/tls` is missing, which Pod `alice/server` needs\n\
               hint: kubectl --context windlass -n alice create configmap conf \
               --from-env-file=...\n",
        provoke: |folder| {
            fails(folder, "replace", Scenario::Usual, |world| {
                let mut pod = case::pod("server", "r.io/demo/server@sha256:11");
                pod["spec"]["volumes"] = json!([
                    {"name": "a", "secret": {"secretName": "tls"}},
                    {"name": "b", "configMap": {"name": "conf"}}]);
                world.object(&pod);
            })
        },
        ..REFERENCE
    },
    Case {
        variant: "DockerConfig",
        text: "error: cannot use `DIR/config.json`\n\
               cause: line 1, column 19: want JSON as `docker login` writes it\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                world
                    .case
                    .write("config.json", &json!({"auths": "c2VjcmV0"}));
            })
        },
        ..MISSING
    },
    Case {
        variant: "DockerConfig",
        text: "error: cannot use `DIR/config.json`\n\
               cause: Is a directory (os error 21)\n",
        provoke: |folder| {
            fails(folder, "create", Scenario::Usual, |world| {
                let path = world.case.folder.join("config.json");
                std::fs::create_dir(path).expect("makes");
            })
        },
        ..MISSING
    },
    Case {
        variant: "Access",
        text: "error: you may not create configmaps in `alice`, create services in `alice`, create \
               leases in `alice`, delete leases in `alice`, get leases in `alice`, patch configmaps \
               in `alice`, patch services in `alice`, update leases in `alice` on windlass; nothing \
               was pushed or written\n\
               hint: kubectl --context windlass -n alice auth can-i --list\n",
        provoke: |folder| fails(folder, "apply", Scenario::ReadOnly, |_| {}),
        ..MISSING
    },
    Case {
        variant: "Access",
        text: "error: you may not create configmaps in `alice`, create leases in `alice`, delete \
               configmaps in `alice`, delete leases in `alice`, get leases in `alice`, patch \
               configmaps in `alice`, update leases in `alice` on windlass; nothing was pushed or \
               written\n\
               hint: kubectl --context windlass -n alice auth can-i --list\n",
        provoke: |folder| {
            fails(folder, "delete", Scenario::ReadOnly, |world| {
                world.fake.put(MAP, live_map("windlass"));
            })
        },
        ..MISSING
    },
    Case {
        variant: "Access",
        text: "error: you may not create configmaps `redis` in `alice`, patch configmaps `redis` in \
               `alice` on windlass; nothing was pushed or written\n\
               hint: kubectl --context windlass -n alice auth can-i --list\n",
        provoke: |folder| fails(folder, "apply", Scenario::GrantsNames, |_| {}),
        ..MISSING
    },
    Case {
        variant: "Exists",
        text: "error: cannot create ConfigMap `alice/redis`: already there; nothing was pushed or \
               written\n\
               hint: bazel run //services/client:myns-deep.apply\n",
        provoke: |folder| {
            fails(folder, "create", Scenario::Usual, |world| {
                world.fake.put(MAP, live_map("windlass"));
            })
        },
        ..MISSING
    },
    Case {
        variant: "Claims",
        text: "error: cannot replace StatefulSet `alice/redis`: claims go with what is there: \
               whenDeleted: got `Delete`, want `Retain`; nothing was pushed or written\n\
               hint: bazel run //services/client:myns-deep.apply\n",
        provoke: |folder| {
            fails(folder, "replace", Scenario::Usual, |world| {
                let mut set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
                    "metadata": {"name": "redis", "namespace": "alice"}, "spec": {}});
                world.object(&set);
                set["metadata"]["uid"] = json!("u");
                set["metadata"]["managedFields"] = json!([{"manager": "windlass"}]);
                set["spec"]["persistentVolumeClaimRetentionPolicy"] =
                    json!({"whenDeleted": "Delete"});
                let path = "/apis/apps/v1/namespaces/alice/statefulsets/redis";
                world.fake.put(path, set);
            })
        },
        ..MISSING
    },
    Case {
        variant: "Foreign",
        text: "error: cannot replace ConfigMap `alice/redis`: this target did not make it; nothing \
               was pushed or written\n  \
               | ConfigMap `alice/redis`: managed by `helm`\n\
               hint: bazel run //services/client:myns-deep.apply -- --adopt\n",
        provoke: |folder| {
            fails(folder, "replace", Scenario::Usual, |world| {
                world.fake.put(MAP, live_map("helm"));
            })
        },
        ..MISSING
    },
];
