//! What an agent lives among: a repository on the disk, a registry and an API server in the process, a
//! publisher and committers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use windlass_api_server_fake::{Fake, Scenario};
use windlass_attestation::Provenance;
use windlass_attestation::envelope::MEDIA_TYPE;
use windlass_deploy::environment::ProcessEnvironment;
use windlass_deploy::lease::Terms;
use windlass_oci_reference::{Digest, ImageReference, Repository};
use windlass_oci_registry::{
    Client, ConfigPlaces, Content, Manifest, Settings, Statement, Subject, Target, Transport,
};
use windlass_oci_registry_fake::{Fault, Registry, What};
use windlass_pins::Commit;
use windlass_repository_fake::Key;

use crate::apply::status::Status;
use crate::apply::{Arguments, Error, run_until};
use crate::cli::{Cli, Role};
use crate::environment::Environment;
use crate::release::REVISION;
use crate::request::AgentRequest;

/// The one target.
pub const TARGET: &str = "//prod:release";

/// Where its releases are.
pub const REPOSITORY: &str = "demo/bundles/prod/release";

/// Where the API server keeps whom it trusts.
pub const ROOTS: &str = "/api/v1/namespaces/windlass-system/configmaps/windlass-trust";

/// The object that a release has, if it is not said otherwise.
pub const MAP: &str = "/api/v1/namespaces/prod/configmaps/web";

/// The publisher's key.
pub const PUBLISHER: Key = Key(1);

/// The key of a committer.
pub const ALICE: Key = Key(2);

/// The key of nobody that is trusted.
pub const MALLORY: Key = Key(3);

/// What an agent lives among.
pub struct Scene {
    folder: tempfile::TempDir,
    pub repository: windlass_repository_fake::Repository,
    pub registry: Registry,
    pub api: Fake,
    /// The constants.
    pub request: Value,
    /// Where the agent looks for the repository, if it is not the one here.
    pub remote: Option<String>,
    /// Where the agent keeps what it keeps.
    pub state: Option<PathBuf>,
    /// Flags besides those that are always given.
    pub flags: Vec<String>,
}

/// What the agent did, and how it stands.
#[derive(Debug)]
pub struct Turned {
    pub result: Result<(), Error>,
    pub status: Status,
}

impl Turned {
    /// The error, as people read it.
    #[track_caller]
    pub fn failure(&self) -> String {
        let error = self.result.as_ref().expect_err("an error");
        windlass_report::render(error)
    }

    /// Fails unless it went well, and it stands so.
    #[track_caller]
    pub fn is(&self, state: &str) -> &Self {
        if let Err(error) = &self.result {
            panic!("{}", windlass_report::render(error));
        }
        assert_eq!(self.status.state.word(), state);
        self
    }

    /// Fails unless it did not go well, and it stands so.
    #[track_caller]
    pub fn is_not(&self, state: &str) -> &Self {
        assert!(self.result.is_err(), "{:?}", self.status);
        assert_eq!(self.status.state.word(), state);
        self
    }
}

impl Scene {
    /// An environment that anybody may commit to.
    pub async fn new() -> Self {
        Self::with(false).await
    }

    /// One that takes signed commits only.
    pub async fn protected() -> Self {
        Self::with(true).await
    }

    async fn with(protected: bool) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let registry = Registry::start(Vec::new()).await;
        let api = Fake::start(Scenario::Usual, &["prod", "windlass-system"]).await;
        let environment = json!({
            "name": "prod", "namespace": "prod", "registry": registry.name(),
            "protected": protected, "proof": "none", "cluster": "windlass", "cluster_id": null,
            "targets": [TARGET],
        });
        let folder = tempfile::tempdir().expect("a folder");
        let scene = Self {
            remote: None,
            state: Some(folder.path().join("state")),
            repository: windlass_repository_fake::Repository::new(
                &folder.path().join("remote.git"),
            ),
            folder,
            request: json!({
                "version": 1, "project": "demo", "insecure": false, "main_branch": "main",
                "pause_file": "prod/paused.json", "environments": [environment],
            }),
            flags: vec!["--once".to_owned()],
            registry,
            api,
        };
        scene.trust(&[PUBLISHER], &[ALICE]);
        scene.reach(&scene.api.address);
        scene
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the agent.
    pub fn state(&self, name: &str) -> PathBuf {
        self.path("state").join(name)
    }

    /// Makes the kubeconfig lead to a server.
    pub fn reach(&self, address: &str) {
        let kubeconfig = json!({"apiVersion": "v1", "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "windlass", "context": {"cluster": "c", "user": "u"}}]});
        std::fs::write(self.path("kubeconfig"), kubeconfig.to_string()).expect("writes");
    }

    /// Makes the cluster trust these keys.
    pub fn trust(&self, publishers: &[Key], committers: &[Key]) {
        let keys = publishers.iter().map(|key| key.public().to_string());
        let line = |key: &Key| format!("committer-{} {}", key.0, key.public());
        let committers = committers.iter().map(line);
        let text = json!({"keys": keys.collect::<Vec<_>>(),
            "committers": committers.collect::<Vec<_>>()});
        self.api.put(
            ROOTS,
            json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"keys.json": text.to_string()},
                "metadata": {"name": "windlass-trust", "namespace": "windlass-system", "uid": "t"}}),
        );
    }

    /// A commit with its release, of one `ConfigMap` that holds `value`.
    pub async fn release(&self, value: &str) -> Commit {
        let commit = self.repository.commit("web.txt", value, ALICE);
        self.publish(&commit, &map(value)).await;
        commit
    }

    /// What a publisher does: the bundle, the attestation, the tag.
    pub async fn publish(&self, commit: &Commit, object: &Value) -> Digest {
        let manifest = self.bundle(&request(), object);
        self.attest(commit, &manifest, PUBLISHER, |_| {}).await;
        self.registry
            .add_tag(REPOSITORY, commit.as_str(), &manifest);
        Digest::of(&manifest)
    }

    /// The image of a bundle, in the registry; gives its manifest.
    pub fn bundle(&self, request: &Value, object: &Value) -> Vec<u8> {
        let files = [
            ("windlass.json", request.to_string()),
            ("windlass.runfiles/_main/web.json", object.to_string()),
        ];
        self.image(&archive(&files))
    }

    /// An image whose last layer this is.
    pub fn image(&self, layer: &[u8]) -> Vec<u8> {
        let config = self.registry.add_blob(REPOSITORY, b"{}");
        let tool = self.registry.add_blob(REPOSITORY, b"the tool");
        let own = self.registry.add_blob(REPOSITORY, layer);
        let gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": config.to_string(), "size": 2},
            "layers": [
                {"mediaType": gzip, "digest": tool.to_string(), "size": 8},
                {"mediaType": gzip, "digest": own.to_string(), "size": layer.len()},
            ],
        });
        let manifest = manifest.to_string().into_bytes();
        self.registry.add_manifest(REPOSITORY, &manifest);
        manifest
    }

    /// Says of an image that it is the release of a commit, but for an edit.
    pub async fn attest(
        &self,
        commit: &Commit,
        manifest: &[u8],
        signer: Key,
        edit: impl FnOnce(&mut Provenance),
    ) {
        self.attest_in(REPOSITORY, commit, manifest, signer, edit)
            .await;
    }

    /// The same, in another repository.
    pub async fn attest_in(
        &self,
        repository: &str,
        commit: &Commit,
        manifest: &[u8],
        signer: Key,
        edit: impl FnOnce(&mut Provenance),
    ) {
        let mut said = Provenance {
            name: REPOSITORY.to_owned(),
            digest: Digest::of(manifest),
            source: "git+https://git.example/shop".to_owned(),
            commit: commit.clone(),
            toolchain: "rustc 1.94.0, --config=release".parse().expect("one"),
            builder: "https://ci.example/publisher".to_owned(),
        };
        edit(&mut said);
        let envelope = signer.attest(&said);
        self.say(
            repository,
            commit,
            manifest,
            envelope.to_string().into_bytes(),
        )
        .await;
    }

    /// Puts something beside an image, for a commit.
    pub async fn say(&self, repository: &str, commit: &Commit, manifest: &[u8], bytes: Vec<u8>) {
        let registry = self.registry.name().parse().expect("a registry");
        let repository = Repository::new(registry, repository).expect("a repository");
        let target = Target {
            repository,
            transport: Transport::Safe,
        };
        let manifest = Manifest {
            media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
            digest: Digest::of(manifest),
            bytes: manifest.to_vec(),
        };
        let statement = Statement {
            artifact_type: MEDIA_TYPE.to_owned(),
            annotations: BTreeMap::from([(REVISION.to_owned(), commit.to_string())]),
            content: Some(Content {
                media_type: MEDIA_TYPE.to_owned(),
                bytes,
            }),
        };
        let subject = Subject::of("bundle".to_owned(), target, &manifest);
        let client = Client::new(Settings::default());
        client.attach(subject, &statement).await.expect("attaches");
    }

    /// What was said last of an image is listed first.
    pub fn list_backwards(&self, manifest: &[u8]) {
        let tag = format!("sha256-{}", Digest::of(manifest).hex());
        let list = self.registry.manifest(REPOSITORY, &tag).expect("a list");
        let mut list: Value = serde_json::from_slice(&list).expect("JSON");
        let words = list["manifests"].as_array_mut().expect("words");
        words.reverse();
        let list = list.to_string();
        self.registry.add_tag(REPOSITORY, &tag, list.as_bytes());
    }

    /// The registry does not answer any more.
    pub fn lose_registry(&self) {
        self.registry.add_faults(vec![Fault {
            request: "",
            times: usize::MAX,
            what: What::Status(418, "", ""),
        }]);
    }

    /// The value of the object in the cluster.
    pub fn value(&self) -> Option<String> {
        let object = self.api.object(MAP)?;
        object["data"]["value"].as_str().map(str::to_owned)
    }

    /// The arguments of the agent.
    pub fn arguments(&self) -> Arguments {
        let own = self.path("remote.git").display().to_string();
        let remote = self.remote.as_ref().unwrap_or(&own);
        let state = self
            .state
            .iter()
            .map(|state| format!("--state={}", state.display()));
        let mut words = vec!["agent", "--apply", "--env=prod", "--remote", remote];
        let flags: Vec<_> = self.flags.iter().cloned().chain(state).collect();
        words.extend(flags.iter().map(String::as_str));
        match Cli::try_parse_from(words).expect("parses").role {
            Role::Apply(arguments) => arguments,
            Role::Publish(_) => unreachable!("it is told to apply"),
        }
    }

    /// The constants of the agent.
    pub fn constants(&self) -> AgentRequest {
        serde_json::from_value(self.request.clone()).expect("a request")
    }

    /// The environment of the agent.
    pub fn environment(&self) -> Environment {
        Environment {
            path: std::env::var_os("PATH"),
            registries: ConfigPlaces {
                docker_config: Some(self.folder.path().to_owned()),
                ..ConfigPlaces::default()
            },
            deploy: ProcessEnvironment {
                kubeconfig: Some(self.path("kubeconfig").into()),
                holder: "agent, process 1".to_owned(),
                lease: Terms {
                    duration: Duration::from_secs(1),
                    renewal: Duration::from_millis(20),
                },
                ..ProcessEnvironment::default()
            },
            ..Environment::default()
        }
    }

    /// An agent that is started anew and not asked to end.
    pub async fn run(&self) -> Result<(), Error> {
        let (arguments, constants) = (self.arguments(), self.constants());
        let environment = self.environment();
        run_until(&arguments, &constants, &environment, std::future::pending()).await
    }

    /// One turn of an agent that was started anew.
    pub async fn turn(&self) -> Turned {
        Turned {
            result: self.run().await,
            status: self.status().expect("it is told"),
        }
    }

    /// The status file.
    pub fn status(&self) -> Option<Status> {
        let text = std::fs::read(self.state("status.json")).ok()?;
        Some(serde_json::from_slice(&text).expect("a status"))
    }
}

/// The request of a release.
pub fn request() -> Value {
    json!({
        "version": 1, "verb": "apply", "started": "bundle", "target": TARGET,
        "environment": {"name": "prod", "namespace": "prod", "personal": false,
            "rollout": "parallel", "protected": false},
        "forbidden_namespaces": [], "cluster": {"context": "windlass", "id": null},
        "project": "demo", "setup": "//prod:setup.apply", "edges": [], "images": [],
        "groups": [{"id": "demo/web/prod", "label": "//services/web:prod-shallow", "objects": [
            {"label": "//services/web:prod-map", "kind": "ConfigMap", "manifest": "_main/web.json"},
        ]}],
    })
}

/// The object of a release.
pub fn map(value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "web", "namespace": "prod"}, "data": {"value": value}})
}

/// A layer of files.
pub fn archive(files: &[(&str, String)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len().try_into().expect("small"));
        header.set_mode(0o644);
        archive
            .append_data(&mut header, Path::new(path), text.as_bytes())
            .expect("fits");
    }
    let packed = archive.into_inner().expect("is whole");
    packed.finish().expect("is whole")
}

/// What names an image.
pub fn reference(scene: &Scene, digest: Digest) -> ImageReference {
    let text = format!("{}/{REPOSITORY}@{digest}", scene.registry.name());
    text.parse().expect("a reference")
}
