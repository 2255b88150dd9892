//! Images and the registries that they go to.

use serde_json::json;
use windlass_error_cases::{Case, Folder};
use windlass_oci_registry_fake::{Fault, Registry, What};
use windlass_report::Exit;

use super::{Scenario, World, fails};
use crate::error::Failure;
use crate::tests::case;

/// Fails with an image to push to a registry with faults, which has seen no upload at the end.
fn with_image(
    folder: &Folder,
    verb: &str,
    faults: Vec<Fault>,
    arrange: impl FnOnce(&mut World),
) -> Result<(), Failure> {
    // It answers from a thread of its own, beside the runtime that the run is on.
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let registry = runtime.block_on(Registry::start(faults));
    folder.show_as(&registry.name(), "REGISTRY");
    let mut digest = String::new();
    let result = fails(folder, verb, Scenario::Usual, |world| {
        let repository = format!("{}/demo/redis", registry.name());
        let reference = case::add_image(&mut world.case, &repository);
        reference
            .rsplit('@')
            .next()
            .expect("a digest")
            .clone_into(&mut digest);
        world.object(&case::pod("redis", &reference));
        arrange(world);
    });
    assert_eq!(registry.manifest("demo/redis", &digest), None);
    result
}

fn fault(request: &'static str, status: u16, body: &'static str) -> Vec<Fault> {
    vec![Fault {
        request,
        times: usize::MAX,
        what: What::Status(status, "", body),
    }]
}

fn file(name: &str, world: &World) -> std::path::PathBuf {
    world.case.folder.join(format!("redis.{name}"))
}

const IMAGE: Case<Failure> = Case {
    variant: "Image",
    exit: Exit::Input,
    text: "error: cannot use image `//services/redis:image`\n\
           cause: cannot read `DIR/redis.descriptor`\n\
           cause: No such file or directory (os error 2)\n",
    provoke: |folder| {
        with_image(folder, "apply", Vec::new(), |world| {
            std::fs::remove_file(file("descriptor", world)).expect("removes");
        })
    },
};

const REGISTRY: Case<Failure> = Case {
    variant: "Registry",
    exit: Exit::Registry,
    text: "error: cannot reach registry `127.0.0.1:DOWN`\n\
           cause: GET /v2/: Connection refused (os error 111)\n\
           hint: bazel run //prod:cluster.apply\n",
    provoke: |folder| {
        // A port that was free a moment ago.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
        let port = listener.local_addr().expect("address").port();
        drop(listener);
        folder.show_as(&format!(":{port}"), ":DOWN");
        fails(folder, "push", Scenario::Usual, |world| {
            case::add_image(&mut world.case, &format!("127.0.0.1:{port}/demo/redis"));
        })
    },
};

pub(super) const CASES: &[Case<Failure>] = &[
    IMAGE,
    Case {
        text: "error: cannot use image `//services/redis:image`\n\
               cause: cannot parse `DIR/redis.descriptor`\n\
               cause: EOF while parsing a value at line 1 column 0\n",
        provoke: |folder| {
            with_image(folder, "create", Vec::new(), |world| {
                std::fs::write(file("descriptor", world), "").expect("writes");
            })
        },
        ..IMAGE
    },
    Case {
        text: "error: cannot use image `//services/redis:image`\n\
               cause: blob sha256:\
               a1d5206d7f5f19d2e6f9ddad997032acac3c9d10945627f0c1fb53b19e3ba01e of \
               `DIR/redis.manifest` is nowhere: neither made here, nor in a layout, nor in a \
               repository\n",
        provoke: |folder| {
            with_image(folder, "push", Vec::new(), |world| {
                world.case.request["images"][0]["files"]["layers"] = json!([]);
            })
        },
        ..IMAGE
    },
    Case {
        // Seen before anything is sent, though it is read last.
        text: "error: cannot use image `//services/redis:image`\n\
               cause: cannot read `DIR/redis.blob`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            with_image(folder, "apply", Vec::new(), |world| {
                std::fs::remove_file(file("blob", world)).expect("removes");
            })
        },
        ..IMAGE
    },
    Case {
        variant: "Push",
        text: "error: cannot push image `//services/redis:image` to `REGISTRY/demo/redis`\n\
               cause: blob `DIR/redis.blob`: got 5 bytes, want 18\n\
               state: nothing was pushed or written\n\
               hint: run `bazel build //services/redis:image`\n",
        provoke: |folder| {
            with_image(folder, "push", Vec::new(), |world| {
                std::fs::write(file("blob", world), "other").expect("writes");
            })
        },
        ..IMAGE
    },
    Case {
        variant: "Repository",
        text: "error: cannot name image `//services/redis:image`\n\
               cause: repository: got `localhost:31000/Demo`, want registry/path in lower case, as \
               in `localhost:31000/demo/client`\n",
        provoke: |folder| {
            with_image(folder, "apply", Vec::new(), |world| {
                world.case.request["images"][0]["repository"] = json!("localhost:31000/Demo");
            })
        },
        ..IMAGE
    },
    REGISTRY,
    Case {
        // No registry is asked: the node's containerd takes the images.
        text: "error: cannot reach containerd at `DIR/containerd.sock`\n\
               cause: Images/Get: No such file or directory (os error 2)\n\
               hint: bazel run //cluster:up\n",
        provoke: |folder| {
            with_image(folder, "apply", Vec::new(), |world| {
                world.case.request["cluster"]["image_delivery"] = json!("node");
                let socket = world.case.folder.join("containerd.sock");
                let said = format!("unix://{}", socket.display());
                let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node",
                    "annotations": {"windlass.dev/containerd": said}}});
                world.fake.put("/api/v1/nodes/node", node);
            })
        },
        ..REGISTRY
    },
    Case {
        variant: "Node",
        exit: Exit::Preflight,
        text: "error: cannot bring images straight to a node of windlass; nothing was pushed or \
               written\n\
               cause: annotation `windlass.dev/containerd` of node `far`: got nothing, want \
               `unix:///...`\n\
               hint: set image_delivery = \"registry\" where the rules are bound\n",
        provoke: |folder| {
            with_image(folder, "apply", Vec::new(), |world| {
                world.case.request["cluster"]["image_delivery"] = json!("node");
                let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "far"}});
                world.fake.put("/api/v1/nodes/far", node);
            })
        },
    },
    Case {
        text: "error: cannot look up `REGISTRY/demo/redis@sha256:\
               dac442dcacdd7735c1e8bc336d3652cd563fa2042b2f1df02f475c31fab13054`\n\
               cause: HEAD /v2/demo/redis/manifests/alice.redis.b49420a5: 403 FORBIDDEN\n",
        provoke: |folder| {
            let faults = fault("HEAD /v2/demo/redis/manifests/", 403, "");
            with_image(folder, "replace", faults, |_| {})
        },
        ..REGISTRY
    },
    Case {
        variant: "Push",
        text: "error: cannot push image `//services/redis:image` to `REGISTRY/demo/redis`\n\
               cause: PUT /v2/demo/redis/manifests/kept_dac442dcacdd: 404 \
               MANIFEST_BLOB_UNKNOWN: x\n\
               state: nothing was pushed or written\n",
        provoke: |folder| {
            let body = r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"x"}]}"#;
            let faults = fault("PUT /v2/demo/redis/manifests/", 404, body);
            with_image(folder, "push", faults, |_| {})
        },
        ..REGISTRY
    },
];
