//! Every error of the tool: how it comes about, and what is said.

use super::{DIGEST, deployment, myns, run};
use crate::{Cause, Error};
use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, complete, hold};
use windlass_report::Exit;

#[test]
fn files_that_are_not_there() {
    holds(FILES);
}

#[test]
fn several_documents_another_kind_another_form() {
    holds(OBJECTS);
}

#[test]
fn namespaces_of_others() {
    holds(NAMESPACES);
}

#[test]
fn users_that_can_name_no_namespace() {
    holds(USERS);
}

#[test]
fn keys_that_match_nothing_and_names_that_are_left() {
    holds(IMAGES);
}

#[test]
fn pins_that_do_not_hold() {
    holds(PINS);
}

#[test]
fn objects_that_kubernetes_does_not_take() {
    holds(SCHEMAS);
}

#[test]
fn references_that_lead_to_nothing() {
    holds(CLOSURE);
}

#[test]
fn every_error_has_a_case() {
    let all = [
        FILES, OBJECTS, NAMESPACES, USERS, IMAGES, PINS, SCHEMAS, CLOSURE,
    ];
    let variants = all.into_iter().flatten().map(|case| case.variant);
    complete(variants, Cause::VARIANTS);
}

/// Each case is as it says, and wrote nothing.
fn holds(cases: &[Case<Error>]) {
    hold(cases, |error| (&*error.cause).into());
}

/// Resolves into a file that must not come to be.
fn resolve(folder: &Folder, src: &str, more: &[&str]) -> Result<(), Error> {
    super::resolve(src, &folder.path("out.json"), more)
}

/// Resolves a document in the environment of `alice`.
fn mine(folder: &Folder, document: &str, more: &[&str]) -> Result<(), Error> {
    let src = folder.file("src.json", document);
    resolve(folder, &src, &myns(more))
}

/// Resolves a Deployment whose image is `client`, with these images built.
fn with_built(folder: &Folder, keys: &[&str]) -> Result<(), Error> {
    let descriptor = folder.file("d.json", format!(r#"{{"digest":"{DIGEST}","size":2}}"#));
    let images: Vec<_> = keys
        .iter()
        .map(|key| format!("--image={key}=localhost:31000/demo/{key}={descriptor}"))
        .collect();
    let images: Vec<_> = images.iter().map(String::as_str).collect();
    mine(folder, &deployment("client"), &images)
}

const FILES: &[Case<Error>] = &[
    Case {
        variant: "Read",
        exit: Exit::Failure,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: cannot read `DIR/src.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| resolve(folder, &folder.path("src.json"), &myns(&[])),
    },
    Case {
        variant: "Read",
        exit: Exit::Failure,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: cannot read `DIR/other.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            let sibling = format!("--sibling={}", folder.path("other.json"));
            mine(folder, &deployment("r.io/a:v1"), &[&sibling])
        },
    },
    Case {
        variant: "Write",
        exit: Exit::Failure,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: cannot write `DIR/out.json`\n\
               cause: Is a directory (os error 21)\n",
        provoke: |folder| {
            folder.folder("out.json");
            mine(folder, &deployment("r.io/a:v1"), &[])
        },
    },
];

const OBJECTS: &[Case<Error>] = &[
    Case {
        variant: "Object",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: `DIR/src.json` is not one Kubernetes object\n\
               cause: got 2 documents, want exactly one object\n",
        provoke: |folder| mine(folder, "{}{}", &[]),
    },
    Case {
        variant: "Object",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: `DIR/src.json` is not one Kubernetes object\n\
               cause: got an array of 2, want exactly one object\n",
        provoke: |folder| mine(folder, "[{}, {}]", &[]),
    },
    Case {
        variant: "Object",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: `DIR/src.json` is not one Kubernetes object\n\
               cause: it is not JSON\n\
               cause: expected value at line 1 column 1\n",
        provoke: |folder| mine(folder, "kind: Deployment\n", &[]),
    },
    Case {
        variant: "Object",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: `DIR/src.json` is not one Kubernetes object\n\
               cause: metadata.name is missing\n",
        provoke: |folder| {
            let text = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}"#;
            mine(folder, text, &[])
        },
    },
    Case {
        variant: "Kind",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: kind: got `StatefulSet` in the file, want `Deployment` as declared\n",
        provoke: |folder| {
            let text = deployment("r.io/a:v1").replace("Deployment", "StatefulSet");
            mine(folder, &text, &[])
        },
    },
    Case {
        variant: "Quantity",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: spec.template.spec.containers[0].resources.limits.memory: got `1024Mi`, \
               want the canonical form `1Gi`\n",
        provoke: |folder| {
            let mut document: serde_json::Value =
                serde_json::from_str(&deployment("r.io/a:v1")).expect("JSON");
            document["spec"]["template"]["spec"]["containers"][0]["resources"] =
                serde_json::json!({"limits": {"memory": "1024Mi"}});
            mine(folder, &document.to_string(), &[])
        },
    },
];

const NAMESPACES: &[Case<Error>] = &[
    Case {
        variant: "Namespace",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: Deployment `bob/client`: metadata.namespace: got `bob`, want `alice`, that \
               of environment `myns`\n",
        provoke: |folder| {
            let text = deployment("r.io/a:v1").replace("alice", "bob");
            mine(folder, &text, &[])
        },
    },
    Case {
        variant: "Namespace",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: Deployment `client`: metadata.namespace: got nothing, want `alice`, that of \
               environment `myns`\n",
        provoke: |folder| {
            let text = deployment("r.io/a:v1").replace(r#","namespace":"alice""#, "");
            mine(folder, &text, &[])
        },
    },
    Case {
        variant: "ClusterScoped",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: Namespace `alice` is in no namespace: only setup may have it, not \
               environment `myns`\n",
        provoke: |folder| {
            let src = folder.file("src.json", NAMESPACE.replace("NAME", "alice"));
            let more = [
                "--kind=Namespace",
                "--environment-name=myns",
                "--namespace=alice",
            ];
            resolve(folder, &src, &more)
        },
    },
    Case {
        variant: "Environment",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: environment `prod` has no namespace\n\
               cause: namespace of environment `prod`: got `Prod`, want a DNS label: at most 63 \
               of a-z, 0-9 and `-`, with no `-` at either end\n",
        provoke: |folder| {
            let src = folder.file("src.json", deployment("r.io/a:v1"));
            let more = [
                "--kind=Deployment",
                "--environment-name=prod",
                "--namespace=Prod",
            ];
            resolve(folder, &src, &more)
        },
    },
];

const NAMESPACE: &str = r#"{"apiVersion": "v1", "kind": "Namespace", "metadata":
    {"name": "NAME", "annotations": {"windlass.dev/personal": "true"}}}"#;

/// Resolves a Deployment for a user.
fn of_user(folder: &Folder, user: &str) -> Result<(), Error> {
    let src = folder.file("src.json", deployment("r.io/a:v1"));
    let more = [
        "--kind=Deployment",
        "--environment-name=myns",
        &format!("--namespace={user}"),
        "--personal",
        "--forbidden-namespace=prod",
        "--forbidden-namespace=windlass-system",
    ];
    resolve(folder, &src, &more)
}

/// Resolves the namespace that setup makes for a user.
fn namespace_of_user(folder: &Folder, user: &str, more: &[&str]) -> Result<(), Error> {
    let src = folder.file("src.json", NAMESPACE.replace("NAME", user));
    let own = [
        "--kind=Namespace",
        "--environment-name=setup",
        "--namespace=",
        "--forbidden-namespace=prod",
    ];
    let all: Vec<_> = own.iter().chain(more).copied().collect();
    resolve(folder, &src, &all)
}

const USERS: &[Case<Error>] = &[
    Case {
        variant: "Environment",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: environment `myns` has no namespace\n\
               cause: $USER: got nothing, want a DNS label: at most 63 of a-z, 0-9 and `-`, with \
               no `-` at either end\n\
               hint: bazel build //services/client:myns-deployment --repo_env=USER=alice\n",
        provoke: |folder| of_user(folder, ""),
    },
    Case {
        variant: "Environment",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: environment `myns` has no namespace\n\
               cause: $USER: got `Al.ice`, want a DNS label: at most 63 of a-z, 0-9 and `-`, with \
               no `-` at either end\n\
               hint: bazel build //services/client:myns-deployment --repo_env=USER=alice\n",
        provoke: |folder| of_user(folder, "Al.ice"),
    },
    Case {
        variant: "Environment",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: environment `myns` has no namespace\n\
               cause: $USER: got `prod`, which is a namespace of setup or of another environment; \
               want a name of your own\n\
               hint: bazel build //services/client:myns-deployment --repo_env=USER=alice\n",
        provoke: |folder| of_user(folder, "prod"),
    },
    Case {
        variant: "Environment",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: environment `myns` has no namespace\n\
               cause: $USER: got `kube-system`, which is a namespace of Kubernetes; want a name of \
               your own\n\
               hint: bazel build //services/client:myns-deployment --repo_env=USER=alice\n",
        provoke: |folder| of_user(folder, "kube-system"),
    },
    Case {
        variant: "Environment",
        exit: Exit::Input,
        text: "error: cannot check `//services/client:myns-deployment`\n\
               cause: environment `myns` has no namespace\n\
               cause: $USER: got nothing, want a DNS label: at most 63 of a-z, 0-9 and `-`, with \
               no `-` at either end\n\
               hint: bazel build //services/client:myns-deployment --repo_env=USER=alice\n",
        provoke: |folder| {
            let document = r#"{"apiVersion": "v1", "kind": "A", "metadata": {"namespace": ""}}"#;
            check(folder, SCHEMA, document, &["--user="])
        },
    },
    Case {
        variant: "Environment",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: environment `setup` has no namespace\n\
               cause: $USER: got nothing, want a DNS label: at most 63 of a-z, 0-9 and `-`, with \
               no `-` at either end\n\
               hint: bazel build //services/client:myns-deployment --repo_env=USER=alice\n",
        provoke: |folder| namespace_of_user(folder, "", &[]),
    },
    Case {
        variant: "Environment",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: environment `setup` has no namespace\n\
               cause: $USER: got `default`, which is a namespace of Kubernetes; want a name of \
               your own\n\
               hint: bazel build //services/client:myns-deployment --repo_env=USER=alice\n",
        provoke: |folder| namespace_of_user(folder, "default", &["--personal-name"]),
    },
];

const IMAGES: &[Case<Error>] = &[
    Case {
        variant: "UnusedImage",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: image key `clinet` is used by no image field of this environment; there are \
               `client`\n",
        provoke: |folder| with_built(folder, &["client", "clinet"]),
    },
    Case {
        variant: "UnusedImage",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: image key `client` is used by no image field of this environment; there is \
               none\n",
        provoke: |folder| {
            // A name that only looks like an image.
            let document = r#"{"apiVersion": "v1", "kind": "Service",
                "metadata": {"name": "client", "namespace": "prod"}}"#;
            let src = folder.file("src.json", document);
            let pins = format!("--pins={}", folder.file("pins.json", "{}"));
            let more = [
                "--kind=Service",
                "--environment-name=prod",
                "--namespace=prod",
                &pins,
                "--pinned=client=localhost:31000/demo/client",
            ];
            resolve(folder, &src, &more)
        },
    },
    Case {
        variant: "DuplicateImage",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: image key `client` is given twice\n",
        provoke: |folder| with_built(folder, &["client", "client"]),
    },
    Case {
        variant: "LogicalImage",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: spec.template.spec.containers[0].image: got image `client`, want a reference \
               with tag or digest\n",
        provoke: |folder| with_built(folder, &[]),
    },
    Case {
        variant: "LogicalImage",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: spec.template.spec.containers[0].image: got image `server`, want one of \
               `client` or a reference with tag or digest\n",
        provoke: |folder| {
            let src = folder.file("src.json", deployment("server").replace("alice", "prod"));
            let sibling = folder.file("other.json", deployment("client"));
            let pins = format!("--pins={}", folder.file("pins.json", "{}"));
            let more = [
                "--kind=Deployment",
                "--environment-name=prod",
                "--namespace=prod",
                &format!("--sibling={sibling}"),
                &pins,
                "--pinned=client=localhost:31000/demo/client",
            ];
            resolve(folder, &src, &more)
        },
    },
    Case {
        variant: "Descriptor",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: descriptor `DIR/d.json` of image `client` holds no digest\n\
               cause: missing field `digest` at line 1 column 2\n",
        provoke: |folder| {
            let descriptor = folder.file("d.json", "{}");
            let image = format!("--image=client=localhost:31000/demo/client={descriptor}");
            mine(folder, &deployment("client"), &[&image])
        },
    },
];

/// Takes the pins of `prod` out of a lock file.
fn pins(folder: &Folder, lock: &str) -> Result<(), Error> {
    let lock = folder.file("pins.json", lock.replace("@D", &format!("@{DIGEST}")));
    let arguments = [
        "pins",
        "--label=//services/client:prod-pins",
        &format!("--lock={lock}"),
        "--environment-name=prod",
        "--known-environment=prod",
        "--known-environment=dev",
        "--known-image=client",
        "--repository=client=ghcr.io/a",
        &format!("--out={}", folder.path("out.json")),
    ];
    run(&arguments.map(str::to_owned))
}

const PINS: &[Case<Error>] = &[
    Case {
        variant: "Pins",
        exit: Exit::Input,
        text: "error: cannot check pins `//services/client:prod-pins`\n\
               cause: pins `DIR/pins.json` do not hold\n\
               cause: prod.client.image: got repository `ghcr.io/b`, want `ghcr.io/a`\n",
        provoke: |folder| {
            let pin = |image| format!(r#"{{"client": {{"image": "ghcr.io/{image}@D"}}}}"#);
            // That of another environment is for its own target to say.
            let lock = format!(r#"{{"dev": {}, "prod": {}}}"#, pin("c"), pin("b"));
            pins(folder, &lock)
        },
    },
    Case {
        variant: "Pins",
        exit: Exit::Input,
        text: "error: cannot check pins `//services/client:prod-pins`\n\
               cause: pins `DIR/pins.json` do not hold\n\
               cause: it is not JSON\n\
               cause: trailing comma at line 1 column 13\n",
        provoke: |folder| pins(folder, r#"{"prod": {},}"#),
    },
    Case {
        variant: "Pins",
        exit: Exit::Input,
        text: "error: cannot check pins `//services/client:prod-pins`\n\
               cause: pins `DIR/pins.json` do not hold\n\
               cause: `prod.client` stands there twice; remove one\n",
        provoke: |folder| {
            let pin = r#""client": {"image": "ghcr.io/a@D"}"#;
            pins(folder, &format!(r#"{{"prod": {{{pin}, {pin}}}}}"#))
        },
    },
    Case {
        variant: "Pins",
        exit: Exit::Input,
        text: "error: cannot check pins `//services/client:prod-pins`\n\
               cause: pins `DIR/pins.json` do not hold\n\
               cause: prod.client.image: got `ghcr.io/a:v1`, want one with a digest: \
               `ghcr.io/a:v1@sha256:...`\n",
        provoke: |folder| pins(folder, r#"{"prod": {"client": {"image": "ghcr.io/a:v1"}}}"#),
    },
    Case {
        variant: "Pins",
        exit: Exit::Input,
        text: "error: cannot check pins `//services/client:prod-pins`\n\
               cause: pins `DIR/pins.json` do not hold\n\
               cause: got environment `prd`, want one of `prod`, `dev`; the nearest is `prod`\n",
        provoke: |folder| pins(folder, r#"{"prd": {"client": {"image": "ghcr.io/a@D"}}}"#),
    },
    Case {
        variant: "Pins",
        exit: Exit::Input,
        text: "error: cannot check pins `//services/client:prod-pins`\n\
               cause: pins `DIR/pins.json` do not hold\n\
               cause: dev: got image key `clinet`, want `client`\n",
        provoke: |folder| pins(folder, r#"{"dev": {"clinet": {"image": "ghcr.io/a@D"}}}"#),
    },
    Case {
        variant: "Pins",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: pins `DIR/pins.json` do not hold\n\
               cause: prod.client: key `image` is missing\n",
        provoke: |folder| {
            let lock = folder.file("pins.json", r#"{"prod": {"client": {}}}"#);
            let more = [&*format!("--pins={lock}"), "--pinned=client=r.io/a"];
            mine(folder, &deployment("client"), &more)
        },
    },
    Case {
        variant: "Write",
        exit: Exit::Failure,
        text: "error: cannot check pins `//services/client:prod-pins`\n\
               cause: cannot write `DIR/out.json`\n\
               cause: Is a directory (os error 21)\n",
        provoke: |folder| {
            folder.folder("out.json");
            pins(folder, "{}")
        },
    },
];

/// A schema with one kind, whose `spec` has a number of `replicas`.
const SCHEMA: &str = r##"{
    "kubernetes": "1.36",
    "kinds": {"apps/v1 Deployment": {"$ref": "#/definitions/Deployment"}},
    "definitions": {"Deployment": {"type": "object", "required": ["spec"], "properties": {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {},
        "spec": {"type": "object", "properties": {"replicas": {"type": "integer"}, "template": {}}}
    }}}
}"##;

/// A Deployment whose pods are in their node's network, and may do anything there.
fn privileged() -> String {
    serde_json::json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"},
        "spec": {"template": {"spec": {
            "hostNetwork": true,
            "containers": [{
                "name": "a",
                "resources": {"requests": {"cpu": "1"}},
                "securityContext": {"privileged": true},
            }],
        }}},
    })
    .to_string()
}

/// Checks a document by a schema.
fn check(folder: &Folder, schema: &str, document: &str, more: &[&str]) -> Result<(), Error> {
    let src = folder.file("src.json", document);
    let schema = folder.file("1.36.json", schema);
    let mut arguments = vec![
        "check".to_owned(),
        "--label=//services/client:myns-deployment".to_owned(),
        format!("--src={src}"),
        "--environment-name=myns".to_owned(),
        format!("--schema={schema}"),
        format!("--out={}", folder.path("out")),
    ];
    arguments.extend(more.iter().map(|more| (*more).to_owned()));
    run(&arguments)
}

/// Checks an object of which a policy of the repository has said something.
fn asked(folder: &Folder, said: &str) -> Result<(), Error> {
    let said = folder.file("owner.json", said);
    let messages = format!("--messages=owner={said}");
    let waived = ["--waive=requests", "--waive=privileged", &messages];
    check(folder, SCHEMA, &privileged(), &waived)
}

const SCHEMAS: &[Case<Error>] = &[
    Case {
        variant: "Findings",
        exit: Exit::Input,
        text: "error: cannot check `//services/client:myns-deployment`\n\
               cause: Kubernetes 1.36 does not take `DIR/src.json`\n  \
                 spec.replica: there is no such field; the nearest is `replicas`\n  \
                 spec.replicas: got `\"2\"`, want an integer\n",
        provoke: |folder| {
            let spec = r#"{"replica": 1, "replicas": "2"}"#;
            let name =
                r#""apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}"#;
            check(
                folder,
                SCHEMA,
                &format!(r#"{{{name}, "spec": {spec}}}"#),
                &[],
            )
        },
    },
    Case {
        variant: "Findings",
        exit: Exit::Input,
        text: "error: cannot check `//services/client:myns-deployment`\n\
               cause: Kubernetes 1.36 does not take `DIR/src.json`\n  \
                 Kubernetes 1.36 has no `example.com/v1 Widget`\n\
               hint: name its CustomResourceDefinition in `crds` of `bind`\n",
        provoke: |folder| {
            let widget =
                r#"{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}}"#;
            check(folder, SCHEMA, widget, &[])
        },
    },
    Case {
        variant: "Violations",
        exit: Exit::Input,
        text: "error: cannot check `//services/client:myns-deployment`\n\
               cause: `DIR/src.json` breaks the policy\n  \
                 spec.template.spec.hostNetwork: the pod is in a namespace of its node (privileged)\n  \
                 spec.template.spec.containers[0].securityContext.privileged: the container may do \
                 anything (privileged)\n  \
                 spec.template.spec.containers[0].resources.requests.memory: is missing (requests)\n\
               hint: mend it, or say why not: waivers = {\"privileged\": \"<reason>\"}\n",
        provoke: |folder| check(folder, SCHEMA, &privileged(), &[]),
    },
    Case {
        variant: "Images",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: images break the policy of the environment\n  \
                 spec.template.spec.containers[0].image: got `r.io/a:latest`, which is another \
                 image each day (latest)\n\
               hint: mend it, or say why not: waivers = {\"latest\": \"<reason>\"}\n",
        provoke: |folder| mine(folder, &deployment("r.io/a:latest"), &["--waive=digests"]),
    },
    Case {
        variant: "Images",
        exit: Exit::Input,
        text: "error: cannot resolve `//services/client:myns-deployment`\n\
               cause: images break the policy of the environment\n  \
                 spec.template.spec.containers[0].image: got `r.io/a:v1`, want one with a digest \
                 (digests)\n\
               hint: mend it, or say why not: waivers = {\"digests\": \"<reason>\"}\n",
        provoke: |folder| mine(folder, &deployment("r.io/a:v1"), &["--digests"]),
    },
    Case {
        variant: "Violations",
        exit: Exit::Input,
        text: "error: cannot check `//services/client:myns-deployment`\n\
               cause: `DIR/src.json` breaks the policy\n  \
                 metadata.annotations.team: say which team owns it (owner)\n\
               hint: mend it, or say why not: waivers = {\"owner\": \"<reason>\"}\n",
        provoke: |folder| {
            let said = r#"["metadata.annotations.team: say which team owns it"]"#;
            asked(folder, said)
        },
    },
    Case {
        variant: "Messages",
        exit: Exit::Input,
        text: "error: cannot check `//services/client:myns-deployment`\n\
               cause: policy `owner` gives no list of texts\n\
               cause: invalid type: boolean `true`, expected a sequence at line 1 column 4\n",
        provoke: |folder| asked(folder, "true"),
    },
    Case {
        variant: "Schema",
        exit: Exit::Input,
        text: "error: cannot check `//services/client:myns-deployment`\n\
               cause: `DIR/1.36.json` is no schema of a version of Kubernetes\n\
               cause: missing field `kubernetes` at line 1 column 2\n",
        provoke: |folder| check(folder, "{}", &deployment("client"), &[]),
    },
    Case {
        variant: "Definition",
        exit: Exit::Input,
        text: "error: cannot check `//services/client:myns-deployment`\n\
               cause: `DIR/crd.json` defines no custom resource\n\
               cause: got `apps/v1 Deployment`, want a CustomResourceDefinition of \
               apiextensions.k8s.io/v1\n",
        provoke: |folder| {
            let crd = folder.file("crd.json", deployment("client"));
            check(
                folder,
                SCHEMA,
                &deployment("client"),
                &[&format!("--crd={crd}")],
            )
        },
    },
];

/// Checks a Deployment that has an account and a service.
fn closure(folder: &Folder, account: &str, selected: &str) -> Result<(), Error> {
    let deployment = serde_json::json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "client", "namespace": "alice"},
        "spec": {"template": {
            "metadata": {"labels": {"app": "client"}},
            "spec": {"containers": [{"name": "client"}], "serviceAccountName": account},
        }},
    });
    let service = serde_json::json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "client", "namespace": "alice"},
        "spec": {"ports": [{"port": 80}], "selector": {"app": selected}},
    });
    run(&[
        "closure".to_owned(),
        "--label=//services/client:myns-deep".to_owned(),
        format!(
            "--object={}",
            folder.file("deployment.json", deployment.to_string())
        ),
        format!(
            "--object={}",
            folder.file("service.json", service.to_string())
        ),
        format!("--out={}", folder.path("closed")),
    ])
}

const CLOSURE: &[Case<Error>] = &[
    Case {
        variant: "Dangling",
        exit: Exit::Input,
        text: "error: cannot check `//services/client:myns-deep`\n\
               cause: its objects refer to what is not there\n  \
                 Service `alice/client`: spec.selector: selects no pod: none has `app: clinet`; the \
                 nearest is `client`\n",
        provoke: |folder| closure(folder, "default", "clinet"),
    },
    Case {
        variant: "Dangling",
        exit: Exit::Input,
        text: "error: cannot check `//services/client:myns-deep`\n\
               cause: its objects refer to what is not there\n  \
                 Deployment `alice/client`: spec.template.spec.serviceAccountName: there is no \
                 ServiceAccount `robot`\n\
               hint: put its service into `deps`, or say who makes it: \
               externals = {\"ServiceAccount/robot\": \"<who>\"}\n",
        provoke: |folder| closure(folder, "robot", "client"),
    },
    Case {
        variant: "Dangling",
        exit: Exit::Input,
        text: "error: cannot check `//services/client:myns-deep`\n\
               cause: its objects refer to what is not there\n  \
                 Service `alice/client`: spec.selector: selects no pod: none has `app: kafka`\n\
               hint: put their service into `deps`, or say who makes them: \
               externals = {\"Pod/app=kafka\": \"<who>\"}\n",
        provoke: |folder| closure(folder, "default", "kafka"),
    },
];
