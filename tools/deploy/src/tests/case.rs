//! One run against the fake: a folder with a kubeconfig and the files of a request, and what came
//! of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser as _;
use serde_json::{Value, json};
use windlass_oci_reference::Digest;
use windlass_oci_registry::ConfigPlaces;
use windlass_report::{Exit, Explain as _, render};

use super::fake::Fake;
use super::results::check;
use crate::ask;
use crate::cli::Options;
use crate::environment::{Output, ProcessEnvironment};
use crate::inventory::InventoryId;
use crate::lease::Terms;
use crate::progress::Progress;
use crate::request::DeployRequest;
use crate::{Failure, run_request};

/// What takes the place of stdout.
#[derive(Clone, Default)]
pub struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    /// What was written.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// The same, byte by byte.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("lock").clone()
    }

    /// Waits until `text` was written.
    pub async fn until(&self, text: &str) {
        until(text, || self.text()).await;
    }
}

/// Waits until what is said holds `text`; gives up after a minute.
pub async fn until(text: &str, said: impl Fn() -> String) {
    for _ in 0..6000 {
        if said().contains(text) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("want `{text}` in:\n{}", said());
}

impl std::io::Write for Buffer {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("lock").extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A folder with a kubeconfig and the files of a request.
pub struct Case {
    /// The folder.
    pub folder: PathBuf,
    /// The request.
    pub request: Value,
    /// The environment of the process.
    pub environment: ProcessEnvironment,
    own: Option<tempfile::TempDir>,
}

/// What a run said, and how it ended.
pub struct Ran {
    pub screen: String,
    /// What was on stdout.
    pub data: String,
    pub result: Result<(), Failure>,
}

impl Ran {
    pub fn failure(&self) -> (String, Exit) {
        let failure = self.result.as_ref().expect_err("a failure");
        (render(failure), failure.exit())
    }
}

/// A request for a `ConfigMap` and a `Service` of one group in namespace `alice`.
pub fn case(server: &str, verb: &str) -> Case {
    let folder = tempfile::tempdir().expect("folder");
    let mut case = case_in(folder.path(), server, verb);
    case.own = Some(folder);
    case
}

/// The same, in a folder that is there.
pub fn case_in(folder: &Path, server: &str, verb: &str) -> Case {
    let mut request = crate::request::tests::empty(verb);
    request["groups"] = json!([{"id": "demo/redis/myns", "label": "//services/redis:myns-shallow",
                                "objects": []}]);
    let mut case = Case {
        folder: folder.to_owned(),
        request,
        environment: ProcessEnvironment {
            kubeconfig: Some(folder.join("kubeconfig").into()),
            registries: ConfigPlaces {
                docker_config: Some(folder.into()),
                ..ConfigPlaces::default()
            },
            holder: "alice@laptop, process 1".to_owned(),
            lease: Terms {
                duration: Duration::from_secs(1),
                renewal: Duration::from_millis(20),
            },
            worker: ask::Terms {
                look: Duration::from_millis(1),
                unheard: Duration::from_millis(100),
                slack: Duration::from_mins(1),
            },
            ..ProcessEnvironment::default()
        },
        own: None,
    };
    case.write_kubeconfig(&json!({"server": format!("http://{server}")}), &json!({}));
    for (kind, rest) in [
        ("ConfigMap", json!({"data": {"k": "v"}})),
        ("Service", json!({"spec": {}})),
    ] {
        let mut object = json!({"apiVersion": "v1", "kind": kind,
            "metadata": {"name": "redis", "namespace": "alice"}});
        for (key, value) in rest.as_object().expect("object") {
            object[key] = value.clone();
        }
        let label = format!("//services/redis:myns-{}", kind.to_lowercase());
        case.add(&label, kind, &object);
    }
    case
}

impl Case {
    /// Adds an object to the group; its manifest is the file `name`.
    pub fn add_as(&mut self, label: &str, name: &str, object: &Value) {
        self.write(name, object);
        let member = json!({"label": label, "kind": object["kind"], "manifest": name});
        let objects = &mut self.request["groups"][0]["objects"];
        objects.as_array_mut().expect("objects").push(member);
    }

    /// The same; the file is named for the kind.
    pub fn add(&mut self, label: &str, kind: &str, object: &Value) {
        self.add_as(label, kind, object);
    }

    /// Writes a file as JSON.
    pub fn write(&self, name: &str, object: &Value) {
        std::fs::write(self.folder.join(name), object.to_string()).expect("write");
    }

    /// Writes a kubeconfig whose `current-context` is another one.
    pub fn write_kubeconfig(&self, cluster: &Value, user: &Value) {
        let kubeconfig = json!({"apiVersion": "v1", "kind": "Config", "current-context": "other",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "windlass", "context": {"cluster": "c", "user": "u"}}]});
        self.write("kubeconfig", &kubeconfig);
    }
}

/// Runs a case until it ends.
pub async fn run(case: &Case, flags: &[&str]) -> Ran {
    let data = Buffer::default();
    let progress = Progress::new(Output::Memory, Box::new(data.clone()));
    let result = run_with(case, flags, &progress, std::future::pending()).await;
    check(options(flags).output(), &data.text());
    Ran {
        screen: progress.kept().join("\n"),
        data: data.text(),
        result,
    }
}

/// The same, with a screen of one's own, until it ends or is interrupted.
pub async fn run_with(
    case: &Case,
    flags: &[&str],
    progress: &Progress,
    interrupted: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let request = DeployRequest::parse(&case.request.to_string(), Path::new("x.json"));
    let request = request.expect("request");
    let options = options(flags);
    let (folder, environment) = (&case.folder, &case.environment);
    run_request(
        &request,
        folder,
        &options,
        environment,
        progress,
        interrupted,
    )
    .await
}

fn options(flags: &[&str]) -> Options {
    Options::try_parse_from(["deploy"].iter().chain(flags)).expect("flags")
}

/// The screen with what differs from run to run taken out.
pub fn steady(screen: &str, address: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for line in screen.replace(address, "127.0.0.1:6443").lines() {
        let parts: Vec<&str> = line.split(' ').collect();
        let seconds = |at: usize| parts.get(at + 1).is_some_and(|unit| unit.starts_with('s'));
        let word = |(at, part): (usize, &&str)| {
            if part.parse::<f64>().is_ok() && part.contains('.') && seconds(at) {
                "0.1".to_owned()
            } else {
                (*part).to_owned()
            }
        };
        words.push(
            parts
                .iter()
                .enumerate()
                .map(word)
                .collect::<Vec<_>>()
                .join(" "),
        );
    }
    words.join("\n")
}

pub const HEADER: &str =
    "myns -> namespace alice on windlass (kube-system 3f9c21, 127.0.0.1:6443)\n";

/// Puts another object in the place of the `Service`.
pub fn replace_service(case: &mut Case, object: &Value) {
    case.write("Service", object);
    case.request["groups"][0]["objects"][1]["kind"] = object["kind"].clone();
}

pub fn setup(case: &mut Case) {
    case.request["environment"] = json!({"name": "setup", "namespace": "", "personal": false,
        "rollout": "parallel", "protected": false});
}

/// A case whose second object is a pod, which is not ready until somebody says so.
pub fn case_with_a_pod(server: &str, verb: &str) -> Case {
    let mut case = case(server, verb);
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": {},
        "metadata": {"name": "redis", "namespace": "alice"}});
    replace_service(&mut case, &pod);
    case
}

/// Adds an image of one layer to a case, pushed to `repository`; gives back its reference.
pub fn add_image(case: &mut Case, repository: &str) -> String {
    let key = repository.rsplit('/').next().expect("a key").to_owned();
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(case.folder.join(format!("{key}.{name}")), bytes).expect("write");
        format!("{key}.{name}")
    };
    let layer = format!("the layer of {key}");
    let (layer, config) = (layer.as_bytes(), b"{}".as_slice());
    let blob = |kind: &str, bytes: &[u8]| {
        json!({"mediaType": format!("application/vnd.oci.image.{kind}"),
            "digest": Digest::of(bytes).to_string(), "size": bytes.len()})
    };
    let mut metadata = blob("layer.v1.tar+gzip", layer);
    metadata["diffId"] = metadata["digest"].clone();
    let manifest = json!({"schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob("config.v1+json", config), "layers": [blob("layer.v1.tar+gzip", layer)]});
    let manifest = manifest.to_string();
    let descriptor = blob("manifest.v1+json", manifest.as_bytes());
    let reference = format!("{repository}@{}", Digest::of(manifest.as_bytes()));
    let image = json!({"label": format!("//services/{key}:image"), "key": key,
        "repository": repository, "insecure": false, "files": {
            "manifest": write("manifest", manifest.as_bytes()), "config": write("config", config),
            "descriptor": write("descriptor", descriptor.to_string().as_bytes()),
            "layers": [{"blob": write("blob", layer),
                        "metadata": write("metadata", metadata.to_string().as_bytes())}]}});
    case.request["images"]
        .as_array_mut()
        .expect("images")
        .push(image);
    reference
}

/// Makes a case that of a worker: its bundle goes to `repository`. Gives back the bundle's reference.
pub fn add_bundle(case: &mut Case, repository: &str) -> String {
    let reference = add_image(case, repository);
    let images = case.request["images"].as_array_mut().expect("images");
    let mut bundle = images.pop().expect("an image");
    bundle["label"] = json!("//services/client:myns-deep.bundle");
    case.request["worker"] = json!({"bundle": bundle, "setup": "//prod:runner-setup.apply"});
    reference
}

/// A pod of one container, in namespace `alice`.
pub fn pod(name: &str, image: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "alice"},
        "spec": {"containers": [{"name": name, "image": image}]}})
}

/// A checkout whose Bazel does what `script` says.
pub fn checkout(case: &mut Case, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let bazel = case.folder.join("bazelw");
    std::fs::write(&bazel, format!("#!/bin/sh\n{script}\n")).expect("write");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&bazel, executable).expect("executable");
    case.environment.workspace = Some(case.folder.clone());
    case.request["project"] = json!("demo");
    case.request["target"] = json!("//prod:orphans.myns");
    case.request["groups"] = json!([]);
}

/// The inventory of a group `old` with one `Service`, as a service leaves it that is gone.
pub fn leave_a_group(fake: &Fake) {
    let id = InventoryId::of("demo/old/myns", "alice");
    let labels = json!({"applyset.kubernetes.io/id": id.set_id()});
    let inventory = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": id.name, "namespace": "alice", "uid": "i", "resourceVersion": "1",
            "labels": labels, "annotations": {"windlass.dev/group": "demo/old/myns",
                "windlass.dev/target": "//services/old:myns-shallow"}},
        "data": {"version": "1", "objects": "Service alice/old s -\n"}});
    fake.put(
        &format!("/api/v1/namespaces/alice/configmaps/{}", id.name),
        inventory,
    );
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "old",
        "namespace": "alice", "uid": "s", "resourceVersion": "1",
        "labels": {"applyset.kubernetes.io/part-of": id.set_id()},
        "managedFields": [{"manager": "windlass", "operation": "Apply"}]}});
    fake.put("/api/v1/namespaces/alice/services/old", service);
}
