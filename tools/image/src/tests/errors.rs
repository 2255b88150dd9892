//! Every error of the tool, by its command line.

use crate::{Environment, Error, run};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_oci_registry::ConfigPlaces;
use windlass_oci_registry_fake::{Fault, Registry, What};
use windlass_report::Exit;

const CASES: &[Case<Error>] = &[
    Case {
        variant: "Read",
        exit: Exit::Input,
        text: "error: cannot read `DIR/source`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| layer(folder, "--file /a 0644 DIR/source"),
    },
    Case {
        variant: "Read",
        exit: Exit::Input,
        text: "error: cannot read `DIR/params`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| image(folder, "@DIR/params"),
    },
    Case {
        variant: "Write",
        exit: Exit::Failure,
        text: "error: cannot write `DIR/blob`\n\
               cause: Is a directory (os error 21)\n",
        provoke: |folder| {
            folder.folder("blob");
            layer(folder, "--dir /a 0755")
        },
    },
    Case {
        variant: "Parse",
        exit: Exit::Input,
        text: "error: cannot parse `DIR/layer.json`\n\
               cause: unknown field `sha`, expected one of `mediaType`, `digest`, `size`, `diffId` \
               at line 1 column 6\n",
        provoke: |folder| {
            folder.file("layer.json", r#"{"sha":1}"#);
            manifest(folder, "--layer DIR/layer.json")
        },
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot read request `DIR/request.json`\n\
               cause: repository: got `https://ghcr.io/a`, want registry/path in lower case, as \
               in `localhost:31000/demo/client` at line 1 column 65\n",
        provoke: |folder| {
            made(folder);
            request(folder, "https://ghcr.io");
            image(folder, "push DIR/request.json --root DIR")
        },
    },
    Case {
        variant: "Value",
        exit: Exit::Input,
        text: "error: mode: got `755`, want four octal digits, as in `0644`\n",
        provoke: |folder| layer(folder, "--dir /a 755"),
    },
    Case {
        variant: "Value",
        exit: Exit::Input,
        text: "error: label: got `a`, want NAME=VALUE, each name once\n",
        provoke: |folder| manifest(folder, "--label=a"),
    },
    Case {
        variant: "Value",
        exit: Exit::Input,
        text: "error: path in the image: got `etc/a`, want an absolute path without `.`, `..`, \
               double or trailing slashes, as in `/app/x`\n",
        provoke: |folder| layer(folder, "--file etc/a 0644 DIR/source"),
    },
    Case {
        variant: "Value",
        exit: Exit::Input,
        text: "error: path in the image: got `/a/../b`, want an absolute path without `.`, `..`, \
               double or trailing slashes, as in `/app/x`\n",
        provoke: |folder| layer(folder, "--symlink /a/../b /c"),
    },
    Case {
        variant: "Value",
        exit: Exit::Input,
        text: "error: path in the image: got `data`, want an absolute path without `.`, `..`, \
               double or trailing slashes, as in `/app/x`\n",
        provoke: |folder| manifest(folder, "--volume=data"),
    },
    Case {
        variant: "Twice",
        exit: Exit::Input,
        text: "error: layer has `/a` twice: file `DIR/one` and file `DIR/other`\n",
        provoke: |folder| {
            folder.file("one", "1");
            folder.file("other", "2");
            layer(folder, "--file /a 0644 DIR/one --file /a 0644 DIR/other")
        },
    },
    Case {
        variant: "Twice",
        exit: Exit::Input,
        text: "error: layer has `/a` twice: folder `/a` of mode 0755 and folder `/a` of mode 0700\n",
        provoke: |folder| layer(folder, "--dir /a 0755 --dir /a 0700"),
    },
    Case {
        variant: "Below",
        exit: Exit::Input,
        text: "error: layer has `/a/b` below symlink to `/c`, which is no folder\n",
        provoke: |folder| layer(folder, "--symlink /a /c --dir /a/b 0755"),
    },
    Case {
        variant: "NoEntry",
        exit: Exit::Input,
        text: "error: mode of `/b`: the layer has no such file or folder\n",
        provoke: |folder| layer(folder, "--symlink /b /a --set-mode /b 0755"),
    },
    Case {
        variant: "NoEntry",
        exit: Exit::Input,
        text: "error: owner of `/b`: the layer has no such entry\n",
        provoke: |folder| layer(folder, "--dir /a 0755 --set-owner /b 1:1"),
    },
    Case {
        variant: "Changed",
        exit: Exit::Input,
        text: "error: `PIPE` changed while it was read: got 4 bytes, want 0\n",
        provoke: |folder| {
            // A pipe says that it is empty, and then is not.
            let (reader, mut writer) = std::io::pipe().expect("a pipe");
            writer.write_all(b"more").expect("writes");
            drop(writer);
            let pipe = format!("/proc/self/fd/{}", reader.as_raw_fd());
            folder.show_as(&pipe, "PIPE");
            layer(folder, &format!("--file /a 0644 {pipe}"))
        },
    },
    Case {
        variant: "Layout",
        exit: Exit::Input,
        text: "error: cannot use `DIR/out`: number of images: got `0`, want 1\n",
        provoke: |folder| {
            layout(folder);
            folder.file("out/index.json", r#"{"schemaVersion":2,"manifests":[]}"#);
            image(folder, "inspect DIR/out")
        },
    },
    Case {
        variant: "Digest",
        exit: Exit::Input,
        text: "error: digest of `DIR/out/blobs/sha256/BLOB`: got CHANGED, want MANIFEST\n",
        provoke: |folder| {
            layout(folder);
            let manifest = std::fs::read(folder.path("manifest")).expect("reads");
            let digest = windlass_oci_reference::Digest::of(&manifest);
            let blob = format!("out/blobs/sha256/{}", digest.hex());
            folder.show_as(&digest.to_string(), "MANIFEST");
            folder.show_as(digest.hex().as_ref(), "BLOB");
            let changed = windlass_oci_reference::Digest::of(b"{}");
            folder.show_as(&changed.to_string(), "CHANGED");
            folder.file(&blob, "{}");
            image(folder, "diff DIR/out DIR/out")
        },
    },
    Case {
        variant: "Digest",
        exit: Exit::Input,
        text: "error: digest of `DIR/lock`: got CHANGED, want MANIFEST\n",
        provoke: |folder| {
            made(folder);
            let descriptor = std::fs::read(folder.path("descriptor")).expect("reads");
            let descriptor: serde_json::Value =
                serde_json::from_slice(&descriptor).expect("a descriptor");
            let digest = descriptor["digest"].as_str().expect("a digest");
            folder.show_as(digest, "MANIFEST");
            folder.show_as(
                &windlass_oci_reference::Digest::of(b"{}").to_string(),
                "CHANGED",
            );
            let lock = serde_json::json!({
                "version": 1, "image": format!("a.example/base@{digest}"),
                "index": {"schemaVersion": 2, "manifests": [descriptor]},
                "documents": {digest: "{}"},
            });
            folder.file("lock", lock.to_string());
            import_lock(folder)
        },
    },
    Case {
        variant: "Platform",
        exit: Exit::Input,
        text: "error: `DIR/out` has no image for linux/riscv64: it is for linux/amd64\n\
               hint: add `--platform linux/amd64`, to a build \
               `--@windlass//rules:node_platform=@windlass//rules/platforms:linux_amd64`\n",
        provoke: |folder| {
            layout(folder);
            image(folder, "inspect DIR/out --platform linux/riscv64")
        },
    },
    Case {
        variant: "Variants",
        exit: Exit::Input,
        text: "error: `DIR/out` has several images for linux/arm, and none without a variant: \
               linux/arm/v6, linux/arm/v7\n",
        provoke: |folder| {
            layout(folder);
            let image = |variant: &str| {
                let digest = windlass_oci_reference::Digest::of(variant.as_bytes());
                serde_json::json!({
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": digest, "size": 2,
                    "platform": {"os": "linux", "architecture": "arm", "variant": variant},
                })
            };
            let manifests = ["v6", "v7"].map(image);
            let index = serde_json::json!({"schemaVersion": 2, "manifests": manifests});
            folder.file("out/index.json", index.to_string());
            self::image(folder, "inspect DIR/out --platform linux/arm")
        },
    },
    Case {
        variant: "Lock",
        exit: Exit::Input,
        text: "error: cannot read lock `DIR/lock`\n\
               cause: expected value at line 2 column 1\n\
               hint: make it anew: `rm DIR/lock`, then `bazel run @windlass//tools/image -- pull \
               <image> --lock DIR/lock`\n",
        provoke: |folder| {
            folder.file("lock", "{\"version\":\n<<<<<<< ours");
            import_lock(folder)
        },
    },
    Case {
        variant: "Lock",
        exit: Exit::Input,
        text: "error: cannot read lock `DIR/lock`\n\
               cause: image reference: got `base`, want registry/path@sha256:<digest> or \
               registry/path:<tag>, as in `localhost:31000/demo/client:v1` at line 1 column 28\n\
               hint: make it anew: `rm DIR/lock`, then `bazel run @windlass//tools/image -- pull \
               <image> --lock DIR/lock`\n",
        provoke: |folder| {
            folder.file("lock", r#"{"version":1,"image":"base"}"#);
            import_lock(folder)
        },
    },
    Case {
        variant: "Lock",
        exit: Exit::Input,
        text: "error: cannot read lock `DIR/lock`\n\
               cause: version: got 2, want 1\n\
               hint: make it anew: `rm DIR/lock`, then `bazel run @windlass//tools/image -- pull \
               <image> --lock DIR/lock`\n",
        provoke: |folder| {
            folder.file("lock", r#"{"version":2,"more":[]}"#);
            image(folder, "pull --lock DIR/lock")
        },
    },
    Case {
        variant: "Remote",
        exit: Exit::Input,
        text: "error: layer LAYER is not on this machine: it is in `a.example/base`\n\
               hint: make an `image_push` of it and run `bazel run :push`\n",
        provoke: |folder| {
            layer(folder, "--dir /a 0755").expect("makes a layer");
            manifest(folder, "--layer DIR/metadata").expect("makes an image");
            folder.keep();
            let blob = std::fs::read(folder.path("blob")).expect("reads");
            folder.show_as(
                &windlass_oci_reference::Digest::of(&blob).to_string(),
                "LAYER",
            );
            folder.file("source", r#"{"repository":"a.example/base"}"#);
            let files = serde_json::json!({
                "manifest": folder.path("manifest"), "config": folder.path("config"),
                "descriptor": folder.path("descriptor"), "source": folder.path("source"),
            });
            folder.file("files", files.to_string());
            image(folder, "layout --files DIR/files --out DIR/out")
        },
    },
    Case {
        variant: "Certificates",
        exit: Exit::Input,
        text: "error: cannot take certificates from `DIR/key.pem`\n\
               cause: line 2: got `-----BEGIN PRIVATE KEY-----`, want certificates alone, \
               `-----BEGIN CERTIFICATE-----`\n",
        provoke: |folder| {
            folder.file("key.pem", "# mine\n-----BEGIN PRIVATE KEY-----\n");
            image(folder, "certificates DIR/key.pem --out DIR/bundle")
        },
    },
    Case {
        variant: "Certificates",
        exit: Exit::Input,
        text: "error: cannot take certificates from `DIR/empty.pem`\n\
               cause: got no certificate, want one or more as PEM\n",
        provoke: |folder| {
            folder.file("empty.pem", "");
            image(folder, "certificates DIR/empty.pem --out DIR/bundle")
        },
    },
    Case {
        variant: "Unexpected",
        exit: Exit::Failure,
        text: "error: `//a:image` is not as `//a:image_test` expects\n\
               cause: program `/run`: got none, want a file that can be run\n\
               cause: file `/etc/passwd`: got none, want one\n\
               cause: user: got `0:0`, want `<uid>:<gid>` with a uid that is not 0\n",
        provoke: |folder| {
            layout_of(folder, "--entrypoint=/run --user=0:0");
            let request = serde_json::json!({
                "version": 1, "verb": "check", "label": "//a:image_test", "image": "//a:image", "layout": "out",
                "expected": {"files": {"/etc/passwd": ""}, "user_not_root": true},
            });
            folder.file("request.json", request.to_string());
            image(folder, "check DIR/request.json --root DIR")
        },
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot read request `DIR/request.json`\n\
               cause: version: got 2, want 1\n",
        provoke: |folder| {
            folder.file(
                "request.json",
                r#"{"version":2,"verb":"check","label":"","image":"","layout":"","expected":{}}"#,
            );
            image(folder, "check DIR/request.json")
        },
    },
    Case {
        variant: "Image",
        exit: Exit::Input,
        text: "error: cannot read image `DIR/manifest`\n\
               cause: cannot read `DIR/x.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            made(folder);
            let layers = serde_json::json!([
                {"blob": folder.path("x"), "metadata": folder.path("x.json")},
            ]);
            files(folder, &layers);
            image(folder, "layout --files DIR/files --out DIR/out")
        },
    },
    Case {
        variant: "DockerConfig",
        exit: Exit::Preflight,
        text: "error: cannot use `DIR/config.json`\n\
               cause: line 1, column 10: want JSON as `docker login` writes it\n",
        provoke: |folder| {
            made(folder);
            folder.file("config.json", r#"{"auths":1}"#);
            let request = request(folder, "localhost:1");
            let args = folder.args(&format!("image push {request} --root DIR"));
            let docker_config = Some(folder.path("").into());
            let registries = ConfigPlaces {
                docker_config,
                ..ConfigPlaces::default()
            };
            asynchronous(run(
                args,
                Environment {
                    registries,
                    ..Environment::default()
                },
            ))
        },
    },
    Case {
        variant: "Sign",
        exit: Exit::Preflight,
        text: "error: cannot sign the attestation of `REGISTRY/demo/a@DIGEST`\n\
               cause: SSH_AUTH_SOCK: got nothing, want the socket of ssh-agent\n\
               hint: eval $(ssh-agent)\n",
        provoke: |folder| attest(folder, "DIGEST", FINGERPRINT),
    },
    Case {
        variant: "Value",
        exit: Exit::Input,
        text: "error: --key: got `SHA256:j8SIeghRgrMOnCmiyb6NhNbtBTDXsfAOuLy9uNEAPdI`, want the \
               line of its .pub file: a program cannot be asked for it\n",
        provoke: |folder| {
            attest(
                folder,
                "DIGEST",
                &format!("{FINGERPRINT} --sign-with DIR/sign"),
            )
        },
    },
    Case {
        variant: "Value",
        exit: Exit::Input,
        text: "error: image: got `REGISTRY/demo/a:v1`, want one with a digest, as `image push` \
               prints it\n",
        provoke: |folder| attest(folder, "v1", FINGERPRINT),
    },
    Case {
        variant: "NoAttestation",
        exit: Exit::Registry,
        text: "error: registry `REGISTRY` has no attestation of `demo/a@DIGEST` by anybody; nothing \
               was written\n",
        provoke: |folder| {
            asynchronous(async {
                let registry = Registry::start(vec![]).await;
                let digest = registry.add_manifest("demo/a", b"{}");
                folder.show_as(&registry.name(), "REGISTRY");
                folder.show_as(&digest.to_string(), "DIGEST");
                let image = format!("{}/demo/a@{digest}", registry.name());
                tool(
                    folder,
                    &format!("attestation {image} --out-dir DIR/attestations"),
                )
                .await
            })
        },
    },
    Case {
        variant: "Registry",
        exit: Exit::Registry,
        text: "error: cannot push image `//a:image` to `REGISTRY/a`\n\
               cause: HEAD /v2/a/manifests/DIGEST: 403 FORBIDDEN\n",
        provoke: push_refused,
    },
];

#[test]
fn every_error_has_a_case() {
    check(CASES, Error::VARIANTS, |error| error.into());
}

fn image(folder: &Folder, args: &str) -> Result<(), Error> {
    asynchronous(tool(folder, args))
}

async fn tool(folder: &Folder, args: &str) -> Result<(), Error> {
    let args = folder.args(&format!("image {args}"));
    run(args, Environment::default()).await
}

fn asynchronous<T>(task: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(task)
}

fn import_lock(folder: &Folder) -> Result<(), Error> {
    let outputs = "--config-out DIR/c --manifest-out DIR/m --descriptor-out DIR/d";
    let platform = "--os linux --architecture amd64 --source-out DIR/source";
    image(
        folder,
        &format!("import --lock DIR/lock {platform} {outputs}"),
    )
}

fn layer(folder: &Folder, args: &str) -> Result<(), Error> {
    let outputs = "--blob DIR/blob --metadata DIR/metadata";
    image(folder, &format!("layer {outputs} {args}"))
}

fn manifest(folder: &Folder, args: &str) -> Result<(), Error> {
    let outputs =
        "--config-out DIR/config --manifest-out DIR/manifest --descriptor-out DIR/descriptor";
    let platform = "--os linux --architecture amd64";
    image(folder, &format!("manifest {platform} {outputs} {args}"))
}

/// An image without layers.
fn made(folder: &Folder) {
    made_of(folder, "");
}

fn made_of(folder: &Folder, config: &str) {
    manifest(folder, config).expect("makes an image");
    folder.keep();
}

/// The same as a layout.
fn layout(folder: &Folder) {
    layout_of(folder, "");
}

fn layout_of(folder: &Folder, config: &str) {
    made_of(folder, config);
    files(folder, &serde_json::json!([]));
    image(folder, "layout --files DIR/files --out DIR/out").expect("makes a layout");
    folder.keep();
}

/// The file that says where the files of an image are.
fn files(folder: &Folder, layers: &serde_json::Value) {
    let files = serde_json::json!({
        "manifest": folder.path("manifest"), "config": folder.path("config"),
        "descriptor": folder.path("descriptor"), "layers": layers,
    });
    folder.file("files", files.to_string());
}

/// The request to push it; says where that is.
fn request(folder: &Folder, registry: &str) -> String {
    let request = serde_json::json!({
        "version": 1, "label": "//a:image", "repository": format!("{registry}/a"),
        "files": {"manifest": "manifest", "config": "config", "descriptor": "descriptor"},
    });
    folder.file("request.json", request.to_string())
}

/// A key of somebody, by its fingerprint.
const FINGERPRINT: &str = "SHA256:j8SIeghRgrMOnCmiyb6NhNbtBTDXsfAOuLy9uNEAPdI";

/// Attests an image that is in its registry, by its digest or a tag, without an agent.
fn attest(folder: &Folder, name: &str, key: &str) -> Result<(), Error> {
    asynchronous(async {
        let registry = Registry::start(vec![]).await;
        let digest = registry.add_manifest("demo/a", b"{}");
        folder.show_as(&registry.name(), "REGISTRY");
        folder.show_as(&digest.to_string(), "DIGEST");
        let image = match name {
            "DIGEST" => format!("{}/demo/a@{digest}", registry.name()),
            tag => format!("{}/demo/a:{tag}", registry.name()),
        };
        let said = "--source git+https://git.example/shop --toolchain rustc --builder ci";
        let commit = "3f9c21a0".repeat(5);
        let attested = tool(
            folder,
            &format!(
                "attest {image} --out-dir DIR/attestations {said} --revision {commit} --key {key}"
            ),
        )
        .await;
        let requests = registry.requests();
        assert!(
            requests.iter().all(|request| request.starts_with("GET")),
            "{requests:?}"
        );
        attested
    })
}

/// A push to a registry that says no.
fn push_refused(folder: &Folder) -> Result<(), Error> {
    made(folder);
    let manifest = std::fs::read(folder.path("manifest")).expect("reads");
    let digest = windlass_oci_reference::Digest::of(&manifest);
    folder.show_as(&digest.to_string(), "DIGEST");
    asynchronous(async {
        let registry = Registry::start(vec![Fault {
            request: "HEAD",
            times: 1,
            what: What::Status(403, "", ""),
        }])
        .await;
        folder.show_as(&registry.name(), "REGISTRY");
        request(folder, &registry.name());
        let pushed = tool(folder, "push DIR/request.json --root DIR").await;
        // Its one request wrote nothing.
        assert_eq!(
            registry.requests(),
            [format!("HEAD /v2/a/manifests/{digest}")]
        );
        pushed
    })
}
