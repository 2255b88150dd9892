//! What a publisher leaves for agents, made by hand: releases of commits, pushed, attested and tagged.

use crate::Harness;
use crate::images::{Image, Images};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use windlass_attestation::Provenance;
use windlass_attestation::envelope::MEDIA_TYPE;
use windlass_oci_reference::ImageReference;
use windlass_oci_registry::{Client, Content, Settings, Statement, Subject, Target, Transport};
use windlass_pins::Commit;
use windlass_repository_fake::Key;

/// The local registry, by the name that constants have.
const REGISTRY: &str = "localhost:31000";

/// Who publishes.
pub const PUBLISHER: Key = Key(1);

/// Publishes releases.
#[derive(Debug)]
pub struct Publisher<'a> {
    images: Images<'a>,
}

/// One service of a release: its name, the names of those that it needs, and its image.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// What must be ready before it.
    pub needs: Vec<String>,
    /// Its image, by digest.
    pub image: String,
}

impl Service {
    /// One that needs no other.
    pub fn new(name: &str, image: &str) -> Self {
        Self {
            name: name.to_owned(),
            needs: Vec::new(),
            image: image.to_owned(),
        }
    }
}

impl<'a> Publisher<'a> {
    /// One that works in a folder of its own.
    pub fn new(harness: &'a Harness) -> Self {
        Self {
            images: Images::new(harness, &harness.state.join("published")),
        }
    }

    /// Its images.
    pub fn images(&self) -> &Images<'a> {
        &self.images
    }

    /// Pushes an image by digest; gives its reference.
    #[track_caller]
    pub fn push(&self, image: &Image, key: &str) -> String {
        let repository = format!("{REGISTRY}/demo/{key}");
        let request = self.images.request(image, &repository, &[]);
        self.images.push(&[request]).succeeded();
        format!("{repository}@{}", image.digest)
    }

    /// Makes the release of an environment at a commit.
    #[track_caller]
    pub fn release(&self, commit: &Commit, env: &str, services: &[Service]) {
        let folder = self.images.folder();
        let write = |name: &str, value: &Value| {
            let path = folder.join(format!("{commit}-{env}-{name}"));
            std::fs::write(&path, value.to_string()).expect("writes");
            path
        };
        let mut files = vec![(
            "/windlass.json".to_owned(),
            write("request", &request(env, services)),
        )];
        for service in services {
            let path = format!("/windlass.runfiles/_main/{}.json", service.name);
            files.push((path, write(&service.name, &deployment(env, service))));
        }
        let files: Vec<_> = files
            .iter()
            .map(|(path, file)| (path.clone(), "0644", file.as_path()))
            .collect();
        let name = format!("{commit}-{env}");
        let layer = self.images.layer_of(&name, &files);
        let image = self.images.image(&name, &[&layer]);
        let path = format!("demo/bundles/services/client/{env}-deep");
        let repository = format!("{REGISTRY}/{path}");
        let push = |tags: &[&str]| {
            let request = self.images.request(&image, &repository, tags);
            self.images.push(&[request]).succeeded();
        };
        push(&[]);
        attest(commit, &path, &format!("{repository}@{}", image.digest));
        // Last, so that what is found is proven.
        push(&[commit.as_str()]);
    }
}

/// Says of an image that it is the release of a commit.
#[track_caller]
fn attest(commit: &Commit, name: &str, image: &str) {
    let image: ImageReference = image.parse().expect("a reference");
    let said = Provenance {
        name: name.to_owned(),
        digest: *image.digest().expect("a digest"),
        source: "git+https://git.example/shop".to_owned(),
        commit: commit.clone(),
        toolchain: "rustc, by a test".parse().expect("a toolchain"),
        builder: "https://ci.example/publisher".to_owned(),
    };
    let revision = "org.opencontainers.image.revision".to_owned();
    let statement = Statement {
        artifact_type: MEDIA_TYPE.to_owned(),
        annotations: BTreeMap::from([(revision, commit.to_string())]),
        content: Some(Content {
            media_type: MEDIA_TYPE.to_owned(),
            bytes: PUBLISHER.attest(&said).to_string().into_bytes(),
        }),
    };
    // Fails only if one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let target = Target {
        repository: image.repository().clone(),
        transport: Transport::Safe,
    };
    let attach = async {
        let client = Client::new(Settings::default());
        let manifest = client.manifest(&target, &image).await.expect("it is there");
        let subject = Subject::of(image.to_string(), target.clone(), &manifest);
        client.attach(subject, &statement).await.expect("attaches");
    };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build();
    runtime.expect("a runtime").block_on(attach);
}

/// The request of a release, as the build writes it; a service goes after those that it needs.
fn request(env: &str, services: &[Service]) -> Value {
    let id = |name: &str| format!("demo/{name}/{env}");
    let group = |service: &Service| {
        let name = &service.name;
        json!({"id": id(name), "label": format!("//services/{name}:{env}-shallow"), "objects": [{
            "label": format!("//services/{name}:{env}-deployment"), "kind": "Deployment",
            "manifest": format!("_main/{name}.json"),
        }]})
    };
    let edges = services.iter().flat_map(|service| {
        let needs = service.needs.iter();
        needs.map(|need| json!({"group": id(&service.name), "needs": id(need)}))
    });
    json!({
        "version": 1, "verb": "apply", "started": "bundle",
        "target": format!("//services/client:{env}-deep"),
        "environment": {"name": env, "namespace": env, "personal": false, "rollout": "gated",
            "protected": env == "prod"},
        "forbidden_namespaces": [], "cluster": {"context": "windlass", "id": null},
        "project": "demo", "setup": "//prod:setup.apply", "images": [],
        "groups": services.iter().map(group).collect::<Vec<_>>(),
        "edges": edges.collect::<Vec<_>>(),
    })
}

/// The one object of a service.
fn deployment(env: &str, service: &Service) -> Value {
    let (name, labels) = (
        &service.name,
        json!({"app.kubernetes.io/name": service.name}),
    );
    let container = json!({
        "name": "main", "image": service.image, "command": ["/bin/sleep", "100000"],
        "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}},
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
    });
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": env, "labels": labels},
        "spec": {
            // A program that ends at once seems to run until the kubelet looks again.
            "replicas": 1, "minReadySeconds": 4, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {
                "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 0,
                "securityContext": {"runAsNonRoot": true, "runAsUser": 65532,
                    "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [container],
            }},
        },
    })
}
