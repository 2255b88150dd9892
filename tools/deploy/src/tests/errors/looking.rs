//! What cannot be looked at: nothing is there, or it has another name, or nobody may.

use std::net::TcpListener;

use serde_json::json;
use windlass_error_cases::Case;
use windlass_report::Exit;

use super::{Scenario, World, fails};
use crate::error::Failure;
use crate::tests::case;

const POD: &str = "/api/v1/namespaces/alice/pods/redis";

fn pod(world: &mut World) {
    world.object(&case::pod("redis", "r.io/demo/redis@sha256:11"));
}

fn live_pod(world: &mut World) {
    pod(world);
    let mut live = case::pod("redis", "r.io/demo/redis@sha256:11");
    live["metadata"]["uid"] = json!("u");
    world.fake.put(POD, live);
}

fn service(world: &mut World, ports: &serde_json::Value) {
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "redis", "namespace": "alice"},
        "spec": {"selector": {"app": "redis"}, "ports": ports}});
    world
        .fake
        .put("/api/v1/namespaces/alice/services/redis", service);
}

const NO_PODS: Case<Failure> = Case {
    variant: "NoPods",
    exit: Exit::Rollout,
    text: "error: no pod of `//services/client:myns-deep` is there\n\
           hint: bazel run //services/client:myns-deep.status\n",
    provoke: |folder| fails(folder, "logs", Scenario::Usual, pod),
};

const ABSENT: Case<Failure> = Case {
    variant: "Absent",
    exit: Exit::Usage,
    text: "error: `//services/client:myns-deep` has no object that makes pods\n\
           cause: there is none at all\n",
    provoke: |folder| fails(folder, "logs", Scenario::Usual, |_| {}),
};

const ACCESS: Case<Failure> = Case {
    variant: "Access",
    exit: Exit::Preflight,
    text: "error: you may not get pods/log in `alice` on windlass; nothing was pushed or written\n\
           hint: kubectl --context windlass -n alice auth can-i --list\n",
    provoke: |folder| fails(folder, "logs", Scenario::HidesParts, pod),
};

pub(super) const CASES: &[Case<Failure>] = &[
    Case {
        variant: "Graph/Pins",
        exit: Exit::Input,
        text: "error: cannot tell which commits images are of\n\
               cause: cannot read `pins.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            fails(folder, "graph", Scenario::Usual, |world| {
                world.case.request["pins"] = json!(["pins.json"]);
            })
        },
    },
    Case {
        variant: "Graph/Write",
        exit: Exit::Failure,
        text: "error: cannot write `none/page.html`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            fails(folder, "graph", Scenario::Usual, |world| {
                world.case.environment.working_directory = Some(world.case.folder.clone());
                world.flags.push("--html=none/page.html");
            })
        },
    },
    NO_PODS,
    Case {
        text: "error: no pod of `//services/client:myns-deep` is ready\n\
               hint: bazel run //services/client:myns-deep.status\n",
        provoke: |folder| {
            fails(folder, "port-forward", Scenario::Usual, |world| {
                service(world, &json!([{"port": 50001}]));
            })
        },
        ..NO_PODS
    },
    ABSENT,
    Case {
        text: "error: `//services/client:myns-deep` has no container `server`\n\
               cause: want `redis`\n",
        provoke: |folder| {
            fails(folder, "logs", Scenario::Usual, |world| {
                live_pod(world);
                world.flags.push("--container=server");
            })
        },
        ..ABSENT
    },
    Case {
        // The same while pods are waited for.
        text: "error: `//services/client:myns-deep` has no container `server`\n\
               cause: want `redis`\n",
        provoke: |folder| {
            fails(folder, "logs", Scenario::Usual, |world| {
                live_pod(world);
                world.flags.extend(["--container=server", "--follow"]);
            })
        },
        ..ABSENT
    },
    Case {
        text: "error: `//services/client:myns-deep` has no Service\n\
               cause: there is none at all\n",
        provoke: |folder| fails(folder, "port-forward", Scenario::Usual, pod),
        ..ABSENT
    },
    Case {
        text: "error: `//services/client:myns-deep` has no Service `server`\n\
               cause: want `redis`\n",
        provoke: |folder| {
            fails(folder, "port-forward", Scenario::Usual, |world| {
                world.flags.push("--service=server");
            })
        },
        ..ABSENT
    },
    Case {
        text: "error: `//services/client:myns-deep` has no port `grpc`\n\
               cause: want one of `redis:6379`, `redis:16379`\n",
        provoke: |folder| {
            fails(folder, "port-forward", Scenario::Usual, |world| {
                service(world, &json!([{"port": 6379}, {"port": 16379}]));
                world.flags.push("--port=8080:grpc");
            })
        },
        ..ABSENT
    },
    Case {
        text: "error: `//services/client:myns-deep` has no port that can be forwarded\n\
               cause: there is none at all\n",
        provoke: |folder| {
            fails(folder, "port-forward", Scenario::Usual, |world| {
                service(world, &json!([{"port": 53, "protocol": "UDP"}]));
            })
        },
        ..ABSENT
    },
    Case {
        variant: "NotReady",
        exit: Exit::Rollout,
        text: "error: of 1 object 1 is missing\n\
               hint: bazel run //services/client:myns-deep.apply\n",
        provoke: |folder| fails(folder, "port-forward", Scenario::Usual, |_| {}),
    },
    Case {
        variant: "Listen",
        exit: Exit::Failure,
        text: "error: cannot listen on 127.0.0.1:PORT\n\
               cause: Address already in use (os error 98)\n\
               hint: bazel run //services/client:myns-deep.port-forward -- --service=redis \
               --port=:6379\n",
        provoke: |folder| {
            let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = taken.local_addr().expect("address").port().to_string();
            folder.show_as(&port, "PORT");
            fails(folder, "port-forward", Scenario::Usual, |world| {
                service(world, &json!([{"port": 6379}]));
                let flag = format!("--port={port}:6379");
                world.flags.push(Box::leak(flag.into_boxed_str()));
            })
        },
    },
    ACCESS,
    Case {
        text: "error: you may not create pods/portforward in `alice`, get pods/portforward in \
               `alice` on windlass; nothing was pushed or written\n\
               hint: kubectl --context windlass -n alice auth can-i --list\n",
        provoke: |folder| fails(folder, "port-forward", Scenario::HidesParts, |_| {}),
        ..ACCESS
    },
    Case {
        variant: "Owner",
        text: "error: namespace `alice` on windlass is not yours: it belongs to `bob@example.com`, \
               you are `alice@example.com`\n\
               hint: bazel run //services/client:myns-deep.logs --repo_env=USER=alice\n",
        provoke: |folder| {
            fails(folder, "logs", Scenario::Usual, |world| {
                pod(world);
                super::preflight::owned_by_bob(world);
            })
        },
        ..ACCESS
    },
];
