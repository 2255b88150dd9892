//! Pushes to a containerd in the process.

mod errors;
mod fake;

use self::fake::{Fake, Fault, What};
use crate::wire::WRITE;
use crate::{Client, Error, Settings};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use windlass_oci_reference::Digest;
use windlass_oci_registry::{
    Client as Registry, Image, ImageFiles, LayerFiles, Progress, Push, Pushed, Retry, Silent,
    Target, Transport,
};

const NAME: &str = "localhost:31000/demo/server";

fn descriptor(kind: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": format!("application/vnd.oci.image.{kind}"),
        "digest": Digest::of(bytes), "size": bytes.len()})
}

/// What `windlass_image` writes, for layers of these bytes.
fn files(folder: &Path, layers: &[&[u8]]) -> ImageFiles {
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("writes");
        path
    };
    let mut described = Vec::new();
    let mut paths = Vec::new();
    for (at, bytes) in layers.iter().enumerate() {
        let layer = descriptor("layer.v1.tar+gzip", bytes);
        let mut metadata = layer.clone();
        metadata["diffId"] = json!(Digest::of(b"uncompressed"));
        paths.push(LayerFiles {
            blob: write(&format!("layer{at}"), bytes),
            metadata: write(&format!("layer{at}.json"), metadata.to_string().as_bytes()),
        });
        described.push(layer);
    }
    let config = br#"{"architecture":"amd64","os":"linux"}"#;
    let manifest = json!({"schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("config.v1+json", config), "layers": described});
    let manifest = manifest.to_string();
    let own = descriptor("manifest.v1+json", manifest.as_bytes());
    ImageFiles {
        manifest: write("manifest.json", manifest.as_bytes()),
        config: Some(write("config.json", config)),
        descriptor: write("descriptor.json", own.to_string().as_bytes()),
        layers: paths,
        ..ImageFiles::default()
    }
}

fn push_of(files: &ImageFiles, repository: &str) -> Push {
    Push {
        label: "//services/server:image".to_owned(),
        target: Target {
            repository: repository.parse().expect("a repository"),
            transport: Transport::Safe,
        },
        image: Image::load(files).expect("loads"),
        tags: Vec::new(),
    }
}

fn registry() -> Registry {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Registry::new(windlass_oci_registry::Settings::default())
}

fn client(socket: &Path) -> Client {
    let settings = Settings {
        busy_within: Duration::from_secs(20),
        retry: Retry {
            first: Duration::from_millis(1),
            longest: Duration::from_millis(5),
            ..Retry::default()
        },
        taken_within: Duration::from_millis(50),
        answer_within: Duration::from_secs(1),
    };
    Client::new(socket, registry(), settings)
}

struct Bench {
    folder: tempfile::TempDir,
    fake: Fake,
    client: Client,
    push: Push,
}

impl Bench {
    fn new(faults: Vec<Fault>, layers: &[&[u8]]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let fake = Fake::start(folder.path(), faults);
        Self {
            client: client(&fake.socket),
            push: push_of(&files(folder.path(), layers), NAME),
            fake,
            folder,
        }
    }

    async fn push(&self) -> Result<Pushed, Error> {
        self.client.push(&self.push).await
    }

    async fn has(&self) -> bool {
        let image = &self.push.image;
        let name = self.push.target.repository.at(image.digest());
        self.client.has(&name, image).await.expect("looks")
    }
}

fn fault(call: &'static str, times: usize, what: What) -> Vec<Fault> {
    vec![Fault { call, times, what }]
}

#[tokio::test]
async fn an_image_comes_whole_and_once() {
    let bench = Bench::new(Vec::new(), &[b"first", b"second"]);
    assert!(!bench.has().await);
    let pushed = bench.push().await.expect("pushes");
    assert_eq!(
        (
            pushed.uploaded_blobs,
            pushed.existing_blobs,
            pushed.manifests
        ),
        (3, 0, 1)
    );
    assert_eq!(pushed.uploaded_bytes, 48);
    assert!(bench.has().await);
    {
        let store = bench.fake.store();
        let digest = bench.push.image.digest().to_string();
        let image = &store.images[&format!("{NAME}@{digest}")];
        let target = image.target.as_ref().expect("a target");
        assert_eq!(target.digest, digest);
        assert_eq!(
            target.media_type,
            "application/vnd.oci.image.manifest.v1+json"
        );
        // The manifest keeps all else, and nothing else does any more.
        let mut kept: Vec<&String> = store.labels[&digest].values().collect();
        let mut blobs: Vec<&String> = store.blobs.keys().filter(|key| **key != digest).collect();
        kept.sort();
        blobs.sort();
        assert_eq!(kept, blobs);
        let keys = store.labels[&digest].keys();
        assert!({ keys }.all(|key| key.starts_with("containerd.io/gc.ref.content.")));
        assert_eq!(store.leases, [""; 0]);
        assert_eq!(store.ingests.len(), 0);
    }
    let received = bench.fake.store().received;
    let pushed = bench.push().await.expect("pushes");
    assert!(pushed.is_noop(), "{pushed:?}");
    assert_eq!(bench.fake.store().received, received);
}

#[tokio::test]
async fn what_is_gone_is_brought_again() {
    let bench = Bench::new(Vec::new(), &[b"first", b"second"]);
    bench.push().await.expect("pushes");
    let gone = Digest::of(b"first").to_string();
    bench.fake.store().blobs.remove(&gone);
    assert!(!bench.has().await);
    let pushed = bench.push().await.expect("pushes");
    assert_eq!((pushed.uploaded_blobs, pushed.uploaded_bytes), (1, 5));
    assert!(bench.has().await);
}

#[tokio::test]
async fn a_write_that_breaks_off_goes_on_where_it_was() {
    let layer = vec![7; 3 << 20];
    let faults = fault(WRITE, 2, What::Cut(1 << 20));
    let bench = Bench::new(faults, &[&layer]);
    let small = bench.push.image.manifest().len() + 37;
    bench.push().await.expect("pushes");
    assert!(bench.has().await);
    assert_eq!(bench.fake.store().received, layer.len() + small);
}

#[tokio::test]
async fn other_bytes_of_somebody_else_are_thrown_away() {
    let bench = Bench::new(Vec::new(), &[b"first"]);
    let reference = format!("windlass-{}", Digest::of(b"first"));
    bench
        .fake
        .store()
        .ingests
        .insert(reference, b"fi_".to_vec());
    bench.push().await.expect("pushes");
    assert!(bench.has().await);
}

#[tokio::test]
async fn who_writes_the_same_is_waited_for() {
    let busy = What::Status(tonic::Code::Unavailable, "ref locked");
    let bench = Bench::new(fault(WRITE, 9, busy), &[b"first"]);
    bench.push().await.expect("pushes");
    assert!(bench.has().await);
}

#[tokio::test]
async fn a_layer_of_two_images_is_sent_once() {
    let layer = vec![1; 300_000];
    let bench = Bench::new(Vec::new(), &[&layer]);
    let other = tempfile::tempdir().expect("a folder");
    let other = push_of(&files(other.path(), &[&layer, b"more"]), NAME);
    let both = [&bench.push, &other].map(|push| bench.client.push(push));
    let pushed = futures::future::try_join_all(both).await.expect("pushes");
    let sent: u64 = pushed.iter().map(|pushed| pushed.uploaded_bytes).sum();
    assert_eq!(sent, 300_000 + 37 + 4);
}

#[tokio::test]
async fn a_layer_of_a_base_comes_from_where_it_is() {
    let far = windlass_oci_registry_fake::Registry::start(Vec::new()).await;
    let mut bench = Bench::new(Vec::new(), &[b"first"]);
    let repository = format!("{}/demo/base", far.name());
    let mut parts = files(bench.folder.path(), &[b"first"]);
    let silent: Arc<dyn Progress> = Arc::new(Silent);
    let base = push_of(&parts, &repository);
    registry().push(&base, &silent).await.expect("pushes");
    let source = bench.folder.path().join("source.json");
    let text = json!({"repository": repository}).to_string();
    std::fs::write(&source, text).expect("writes");
    parts.layers.clear();
    parts.source = Some(source);
    bench.push = push_of(&parts, NAME);
    bench.push().await.expect("pushes");
    assert!(bench.has().await);
    let first = Digest::of(b"first").to_string();
    assert_eq!(bench.fake.store().blobs[&first], b"first");
}

#[tokio::test]
async fn a_socket_may_be_deep_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = folder.path().join("a".repeat(100)).join("b".repeat(100));
    std::fs::create_dir_all(&deep).expect("folders");
    let fake = Fake::start(&deep, Vec::new());
    let push = push_of(&files(folder.path(), &[b"first"]), NAME);
    client(&fake.socket).push(&push).await.expect("pushes");
    assert_eq!(fake.store().images.len(), 1);
}
