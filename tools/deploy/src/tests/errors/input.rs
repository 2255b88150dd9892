//! The command line, the request and its files, `$USER`.

use std::ffi::OsStr;

use serde_json::{Value, json};
use windlass_error_cases::{Case, Folder};
use windlass_report::Exit;

use super::{Scenario, World, block_on, fails};
use crate::cli::Options;
use crate::environment::{Output, ProcessEnvironment};
use crate::error::Failure;

/// Fails with nothing asked of any server.
fn unasked(folder: &Folder, verb: &str, arrange: impl FnOnce(&mut World)) -> Result<(), Failure> {
    fails(folder, verb, Scenario::Usual, |world| {
        arrange(world);
        // Whoever connects fails otherwise.
        world.case.environment.kubeconfig = Some("nowhere".into());
    })
}

/// The whole of `main` but its runtime: the request is `DIR/run.json`, the launcher `DIR/run`.
fn launched(folder: &Folder, argv0: Option<&str>) -> Result<(), Failure> {
    use clap::Parser as _;
    folder.keep();
    let options = Options::try_parse_from(["deploy"]).expect("flags");
    let environment = ProcessEnvironment {
        output: Output::Memory,
        ..ProcessEnvironment::default()
    };
    let argv0 = argv0.map(OsStr::new);
    let never = std::future::pending();
    block_on(crate::run(
        crate::Launched::find(argv0),
        &options,
        &environment,
        never,
    ))
}

/// The same with a request.
fn requested(folder: &Folder, request: &Value) -> Result<(), Failure> {
    folder.file("run.json", request.to_string());
    folder.folder("run.runfiles");
    launched(folder, Some(&folder.path("run")))
}

fn request() -> Value {
    crate::request::tests::empty("apply")
}

fn group(id: &str) -> Value {
    json!({"id": id, "label": format!("//{id}"), "objects": []})
}

fn user(world: &mut World, name: &str) {
    world.case.request["environment"]["namespace"] = json!(name);
}

const USAGE: Case<Failure> = Case {
    variant: "Flag",
    exit: Exit::Usage,
    text: "error: delete has no flag `--force-conflicts`: it is for apply, replace and diff\n",
    provoke: |folder| {
        unasked(folder, "delete", |world| {
            world.flags.push("--force-conflicts");
        })
    },
};

/// What most of these are.
const INPUT: Case<Failure> = Case {
    exit: Exit::Input,
    ..USAGE
};

pub(super) const CASES: &[Case<Failure>] = &[
    USAGE,
    Case {
        text: "error: create has no flag `--yes-really`: it is for apply, replace, delete and \
               orphans\n",
        provoke: |folder| {
            unasked(folder, "create", |world| {
                world.flags.push("--yes-really=prod");
            })
        },
        ..USAGE
    },
    Case {
        variant: "Launcher",
        exit: Exit::Failure,
        text: "error: cannot find the request of this program\n\
               cause: cannot find this program: got argv[0] nothing, want its path, or its name in \
               PATH\n",
        provoke: |folder| launched(folder, None),
    },
    Case {
        variant: "Request/Read",
        text: "error: cannot use the request of this target\n\
               cause: cannot read request `DIR/run.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            folder.folder("run.runfiles");
            launched(folder, Some(&folder.path("run")))
        },
        ..INPUT
    },
    Case {
        variant: "Request/Read",
        text: "error: cannot use the request of this target\n\
               cause: cannot read request `DIR/run.json`\n\
               cause: unknown variant `explode`, expected one of `apply`, `create`, `replace`, \
               `delete`, `diff`, `status`, `graph`, `logs`, `port-forward`, `push`, `resolve`, \
               `orphans`, `roles`, `worker` at line 1 column 29\n",
        provoke: |folder| requested(folder, &crate::request::tests::empty("explode")),
        ..INPUT
    },
    Case {
        variant: "Request/Read",
        text: "error: cannot use the request of this target\n\
               cause: cannot read request `DIR/run.json`\n\
               cause: version: got 2, want 1\n",
        provoke: |folder| {
            let mut request = request();
            request["version"] = json!(2);
            requested(folder, &request)
        },
        ..INPUT
    },
    Case {
        variant: "Request/GroupTwice",
        text: "error: cannot use the request of this target\n\
               cause: group `a` appears twice in the request\n",
        provoke: |folder| {
            let mut request = request();
            request["groups"] = json!([group("a"), group("a")]);
            requested(folder, &request)
        },
        ..INPUT
    },
    Case {
        variant: "Request/UnknownGroup",
        text: "error: cannot use the request of this target\n\
               cause: an edge names group `z`, which is not in the request\n",
        provoke: |folder| {
            let mut request = request();
            request["groups"] = json!([group("a")]);
            request["edges"] = json!([{"group": "a", "needs": "z"}]);
            requested(folder, &request)
        },
        ..INPUT
    },
    Case {
        variant: "Request/Cycle",
        text: "error: cannot use the request of this target\n\
               cause: group `a` waits for itself\n",
        provoke: |folder| {
            let mut request = request();
            request["groups"] = json!([group("a")]);
            request["edges"] = json!([{"group": "a", "needs": "a"}]);
            requested(folder, &request)
        },
        ..INPUT
    },
    Case {
        variant: "Environment/Empty",
        text: "error: cannot apply `//services/client:myns-deep`\n\
               cause: $USER: got nothing, want a DNS label: at most 63 of a-z, 0-9 and `-`, with \
               no `-` at either end\n\
               hint: bazel run //services/client:myns-deep.apply --repo_env=USER=alice\n",
        provoke: |folder| unasked(folder, "apply", |world| user(world, "")),
        ..INPUT
    },
    Case {
        variant: "Environment/NotLabel",
        text: "error: cannot show the diff of `//services/client:myns-deep`\n\
               cause: $USER: got `Al.ice`, want a DNS label: at most 63 of a-z, 0-9 and `-`, with \
               no `-` at either end\n\
               hint: bazel run //services/client:myns-deep.diff --repo_env=USER=alice\n",
        provoke: |folder| unasked(folder, "diff", |world| user(world, "Al.ice")),
        ..INPUT
    },
    Case {
        variant: "Environment/Taken",
        text: "error: cannot delete `//services/client:myns-deep`\n\
               cause: $USER: got `prod`, which is a namespace of setup or of another environment; \
               want a name of your own\n\
               hint: bazel run //services/client:myns-deep.delete --repo_env=USER=alice\n",
        provoke: |folder| unasked(folder, "delete", |world| user(world, "prod")),
        ..INPUT
    },
    Case {
        variant: "Environment/Taken",
        text: "error: cannot replace `//services/client:myns-deep`\n\
               cause: $USER: got `kube-system`, which is a namespace of Kubernetes; want a name of \
               your own\n\
               hint: bazel run //services/client:myns-deep.replace --repo_env=USER=alice\n",
        provoke: |folder| unasked(folder, "replace", |world| user(world, "kube-system")),
        ..INPUT
    },
    Case {
        variant: "Environment/Taken",
        text: "error: cannot apply `//services/client:myns-deep`\n\
               cause: $USER: got `prod`, which is a namespace of setup or of another environment; \
               want a name of your own\n\
               hint: bazel run //services/client:myns-deep.apply --repo_env=USER=alice\n",
        provoke: |folder| {
            unasked(folder, "apply", |world| {
                crate::tests::case::setup(&mut world.case);
                world.object(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata":
                    {"name": "prod", "annotations": {"windlass.dev/personal": "true"}}}));
            })
        },
        ..INPUT
    },
    Case {
        variant: "Environment/Shared",
        text: "error: cannot show the status of `//services/client:myns-deep`\n\
               cause: namespace of environment `myns`: got `Prod`, want a DNS label: at most 63 of \
               a-z, 0-9 and `-`, with no `-` at either end\n",
        provoke: |folder| {
            unasked(folder, "status", |world| {
                world.case.request["environment"]["personal"] = json!(false);
                user(world, "Prod");
            })
        },
        ..INPUT
    },
    Case {
        variant: "Object/Read",
        text: "error: cannot use object `//services/redis:myns-service`\n\
               cause: cannot read `DIR/Service`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            unasked(folder, "apply", |world| {
                std::fs::remove_file(world.case.folder.join("Service")).expect("removes");
            })
        },
        ..INPUT
    },
    Case {
        variant: "Object/Parse",
        text: "error: cannot use object `//services/redis:myns-service`\n\
               cause: `DIR/Service` is not one Kubernetes object\n\
               cause: metadata.name is missing\n",
        provoke: |folder| {
            unasked(folder, "resolve", |world| {
                world.object(&json!({"apiVersion": "v1", "kind": "Service", "metadata": {}}));
            })
        },
        ..INPUT
    },
    Case {
        variant: "Object/Kind",
        text: "error: cannot use object `//services/redis:myns-service`\n\
               cause: kind: got `Service` in the manifest, want `Secret` as declared\n",
        provoke: |folder| {
            unasked(folder, "push", |world| {
                world.case.request["groups"][0]["objects"][1]["kind"] = json!("Secret");
            })
        },
        ..INPUT
    },
    Case {
        variant: "Object/Namespace",
        text: "error: cannot use object `//services/redis:myns-service`\n\
               cause: Service `bob/redis` is not in namespace `alice`, the only one of environment \
               `myns`\n",
        provoke: |folder| {
            unasked(folder, "delete", |world| {
                world.object(&json!({"apiVersion": "v1", "kind": "Service",
                    "metadata": {"name": "redis", "namespace": "bob"}}));
            })
        },
        ..INPUT
    },
    Case {
        variant: "Object/Policy",
        text: "error: cannot use object `//services/redis:myns-service`\n\
               cause: ignore_fields: got `spec..replicas`, want names with `.` between them and \
               [index] or [\"key\"] behind them\n",
        provoke: |folder| {
            unasked(folder, "apply", |world| {
                let objects = &mut world.case.request["groups"][0]["objects"];
                objects[1]["ignore_fields"] = json!(["spec..replicas"]);
            })
        },
        ..INPUT
    },
    Case {
        variant: "Object/Policy",
        text: "error: cannot use object `//services/redis:myns-service`\n\
               cause: ignore_fields: got `metadata.name`, want a field that does not hold what \
               the object is and whose it is\n",
        provoke: |folder| {
            unasked(folder, "apply", |world| {
                let objects = &mut world.case.request["groups"][0]["objects"];
                objects[1]["ignore_fields"] = json!(["metadata.name"]);
            })
        },
        ..INPUT
    },
    Case {
        variant: "Object/Policy",
        text: "error: cannot use object `//services/redis:myns-service`\n\
               cause: ready_when: got `Ready`, want condition=TYPE, condition=TYPE=True, \
               jsonpath={.PATH} or jsonpath={.PATH}=VALUE\n",
        provoke: |folder| {
            unasked(folder, "status", |world| {
                let objects = &mut world.case.request["groups"][0]["objects"];
                objects[1]["ready_when"] = json!(["Ready"]);
            })
        },
        ..INPUT
    },
    Case {
        variant: "Twice",
        text: "error: ConfigMap `alice/redis` is described by two targets\n\
               cause: `//services/redis:myns-configmap` and `//services/redis:myns-service`\n",
        provoke: |folder| {
            unasked(folder, "apply", |world| {
                world.object(&json!({"apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"name": "redis", "namespace": "alice"}}));
            })
        },
        ..INPUT
    },
    Case {
        variant: "Unpinned",
        text: "error: environment `myns` has no pin for image `redis`, which \
               `//services/redis:myns-service` needs; nothing was pushed or written\n\
               hint: bazel run //tools/pin -- set --service //services/redis --env myns --image \
               redis=r.io/demo/redis@sha256:... --commit SHA\n",
        provoke: |folder| {
            for verb in ["apply", "create", "replace", "diff"] {
                unasked(folder, verb, unpinned).expect_err(verb);
            }
            unasked(folder, "push", unpinned)
        },
        ..INPUT
    },
    Case {
        variant: "Protected",
        exit: Exit::Preflight,
        text: "error: environment `myns` is protected: delete needs a second word\n\
               hint: bazel run //services/client:myns-deep.delete -- --yes-really=myns\n",
        provoke: |folder| {
            unasked(folder, "delete", |world| {
                world.case.request["environment"]["protected"] = json!(true);
            })
        },
    },
    Case {
        variant: "Protected",
        exit: Exit::Preflight,
        text: "error: environment `dev` is not yours alone: orphans needs a second word\n\
               hint: bazel run //services/client:myns-deep -- --delete --yes-really=dev\n",
        provoke: |folder| {
            unasked(folder, "orphans", |world| {
                world.case.request["environment"] = json!({"name": "dev", "namespace": "dev",
                    "personal": false, "rollout": "parallel", "protected": false});
                world.flags.push("--delete");
            })
        },
    },
    Case {
        variant: "Protected",
        exit: Exit::Preflight,
        text: "error: environment `myns` is protected: replace needs a second word\n\
               hint: bazel run //services/client:myns-deep.replace -- --yes-really=myns\n",
        provoke: |folder| {
            unasked(folder, "replace", |world| {
                world.case.request["environment"]["protected"] = json!(true);
                world.flags.push("--yes-really=prod");
            })
        },
    },
    Case {
        variant: "Output",
        exit: Exit::Failure,
        text: "error: cannot write to stdout\ncause: Broken pipe (os error 32)\n",
        provoke: |folder| {
            let case = super::case_in(&super::root(folder), "nowhere", "resolve");
            folder.keep();
            let (reader, writer) = std::io::pipe().expect("a pipe");
            drop(reader);
            let progress = crate::progress::Progress::new(Output::Memory, Box::new(writer));
            let never = std::future::pending();
            block_on(super::run_with(&case, &[], &progress, never))
        },
    },
];

fn unpinned(world: &mut World) {
    world.object(
        &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "redis",
        "namespace": "alice", "annotations": {"windlass.dev/unpinned": "redis"}},
        "spec": {"containers": [{"name": "a", "image": "r.io/demo/redis:unpinned"}]}}),
    );
}
