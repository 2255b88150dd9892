//! The pipeline against a registry in the process.

mod answers;
mod base;
mod errors;
mod https;
mod index;
mod many;
mod proxies;
mod referrer;

use crate::{
    Client, DockerConfig, Event, Image, ImageFiles, LayerFiles, Progress, Push, Pushed, Retry,
    Settings, Silent, Target, Transport,
};
use oci_spec::image::{DescriptorBuilder, ImageManifestBuilder, MediaType};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use windlass_oci_reference::Digest;
use windlass_oci_registry_fake::{Fault, Registry, Tls, What};
use windlass_report::{Exit, Explain as _};

const NAME: &str = "demo/server";

/// What `windlass_image` writes, for layers of these bytes.
fn files(folder: &Path, layers: &[&[u8]]) -> ImageFiles {
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("writes");
        path
    };
    let descriptor = |media_type: MediaType, bytes: &[u8]| {
        let digest: oci_spec::image::Digest =
            Digest::of(bytes).to_string().parse().expect("a digest");
        let size = bytes.len() as u64;
        let built = DescriptorBuilder::default()
            .media_type(media_type)
            .digest(digest)
            .size(size);
        built.build().expect("a descriptor")
    };
    let mut described = Vec::new();
    let mut paths = Vec::new();
    for (at, bytes) in layers.iter().enumerate() {
        let layer = descriptor(MediaType::ImageLayerGzip, bytes);
        let metadata = serde_json::json!({
            "mediaType": layer.media_type(), "digest": layer.digest(), "size": layer.size(),
            "diffId": Digest::of(b"uncompressed"),
        });
        paths.push(LayerFiles {
            blob: write(&format!("layer{at}"), bytes),
            metadata: write(&format!("layer{at}.json"), metadata.to_string().as_bytes()),
        });
        described.push(layer);
    }
    let config = br#"{"architecture":"amd64","os":"linux"}"#;
    let manifest = ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .config(descriptor(MediaType::ImageConfig, config))
        .layers(described)
        .build()
        .expect("a manifest");
    let manifest = serde_json::to_vec(&manifest).expect("json");
    let own = descriptor(MediaType::ImageManifest, &manifest);
    ImageFiles {
        manifest: write("manifest.json", &manifest),
        config: Some(write("config.json", config)),
        descriptor: write("descriptor.json", &serde_json::to_vec(&own).expect("json")),
        layers: paths,
        ..ImageFiles::default()
    }
}

struct Bench {
    folder: tempfile::TempDir,
    registry: Registry,
    client: Client,
    push: Push,
}

impl Bench {
    async fn new(faults: Vec<Fault>) -> Self {
        Self::with_layers(faults, &[b"first layer", b"second layer"]).await
    }

    async fn with_layers(faults: Vec<Fault>, layers: &[&[u8]]) -> Self {
        Self::at(Registry::start(faults).await, layers)
    }

    fn at(registry: Registry, layers: &[&[u8]]) -> Self {
        install_provider();
        let folder = tempfile::tempdir().expect("a folder");
        let image = Image::load(&files(folder.path(), layers)).expect("loads");
        let repository = format!("{}/{NAME}", registry.name())
            .parse()
            .expect("a repository");
        let push = Push {
            label: "//services/server:image".to_owned(),
            target: Target {
                repository,
                transport: Transport::Safe,
            },
            image,
            tags: Vec::new(),
        };
        let client = Client::new(Settings {
            retry: quick(),
            ..Settings::default()
        });
        Self {
            folder,
            registry,
            client,
            push,
        }
    }

    /// From here on, its client has these credentials: the text of a configuration file, with
    /// `REGISTRY` for the registry.
    fn log_in(&mut self, config: &str) {
        let config = config.replace("REGISTRY", &self.registry.name());
        self.client = Client::new(Settings {
            retry: quick(),
            credentials: DockerConfig::parse(&config).expect("parses"),
            ..Settings::default()
        });
    }

    async fn push(&self) -> Result<Pushed, crate::Error> {
        let silent: Arc<dyn Progress> = Arc::new(Silent);
        self.client.push(&self.push, &silent).await
    }

    async fn failed(&self) -> String {
        let error = self.push().await.expect_err("a failure");
        assert_eq!(error.exit(), Exit::Registry);
        windlass_report::render(&error).replace(&self.registry.name(), "REGISTRY")
    }
}

/// Another test of this process may have been first.
fn install_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// What proxies and certificate authorities there are, a process learns from its environment: runs
/// the ignored tests whose names begin so in one of its own, with these variables.
fn in_a_process(tests: &str, variables: &[(&str, &str)]) {
    let program = std::env::current_exe().expect("this test");
    let mut command = std::process::Command::new(program);
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        command.env_remove(name);
    }
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    let ran = command
        .args(["--ignored", "--nocapture", &format!("tests::{tests}")])
        .envs(variables.iter().copied())
        .output()
        .expect("starts");
    let said = String::from_utf8_lossy(&ran.stdout);
    let passed = ran.status.success() && !said.contains(" 0 passed");
    assert!(passed, "{said}{}", String::from_utf8_lossy(&ran.stderr));
}

/// The certificate of this process, put where it looks for authorities.
fn trusted() -> &'static Tls {
    static MADE: OnceLock<Tls> = OnceLock::new();
    MADE.get_or_init(|| {
        install_provider();
        let made = Tls::new();
        let authorities = std::env::var_os("SSL_CERT_FILE").expect("in_a_process sets it");
        std::fs::write(authorities, &made.pem).expect("writes");
        made
    })
}

/// The real number of repeats, without the waiting.
fn quick() -> Retry {
    let longest = Duration::from_millis(5);
    Retry {
        first: Duration::from_millis(1),
        longest,
        ..Retry::default()
    }
}

fn fault(request: &'static str, times: usize, what: What) -> Vec<Fault> {
    vec![Fault {
        request,
        times,
        what,
    }]
}

#[derive(Default)]
struct Recorder(Mutex<Vec<Event>>);

impl Progress for Recorder {
    fn event(&self, event: Event) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(event);
    }
}

#[tokio::test]
async fn the_first_push_sends_all_and_the_second_asks_once() {
    let bench = Bench::new(vec![]).await;
    let digest = bench.push.image.digest();
    let first = bench.push().await.expect("pushes");
    assert_eq!(
        (first.uploaded_blobs, first.existing_blobs, first.manifests),
        (3, 0, 1)
    );
    assert_eq!(first.uploaded_bytes, 11 + 12 + 37);
    assert_eq!(first.skipped_bytes, 0);
    let requests = bench.registry.requests();
    assert_eq!(requests.len(), 1 + 3 * 3 + 1, "{requests:?}");
    assert_eq!(requests[0], format!("HEAD /v2/{NAME}/manifests/{digest}"));
    assert_eq!(requests[10], format!("PUT /v2/{NAME}/manifests/{digest}"));
    let stored = bench
        .registry
        .manifest(NAME, &digest.to_string())
        .expect("is there");
    assert_eq!(Digest::of(&stored), digest);

    let second = bench.push().await.expect("pushes");
    assert!(second.is_noop());
    assert_eq!((second.existing_blobs, second.uploaded_bytes), (3, 0));
    assert_eq!(second.skipped_bytes, 11 + 12 + 37);
    assert_eq!(
        bench.registry.requests(),
        [format!("HEAD /v2/{NAME}/manifests/{digest}")]
    );
}

#[tokio::test]
async fn blobs_that_are_there_are_not_sent() {
    let bench = Bench::new(vec![]).await;
    bench.registry.add_blob(NAME, b"first layer");
    let pushed = bench.push().await.expect("pushes");
    assert_eq!((pushed.uploaded_blobs, pushed.existing_blobs), (2, 1));
    assert_eq!((pushed.uploaded_bytes, pushed.skipped_bytes), (12 + 37, 11));
    assert_eq!(bench.registry.requests().len(), 1 + 1 + 2 * 3 + 1);
}

#[tokio::test]
async fn a_layer_that_is_there_twice_is_sent_once() {
    let bench = Bench::with_layers(vec![], &[b"same", b"same"]).await;
    let pushed = bench.push().await.expect("pushes");
    assert_eq!((pushed.uploaded_blobs, pushed.uploaded_bytes), (2, 4 + 37));
}

#[tokio::test]
async fn a_tag_moves_once() {
    let mut bench = Bench::new(vec![]).await;
    bench.push().await.expect("pushes");
    bench.registry.requests();
    bench.push.tags = vec!["v1".parse().expect("a tag")];
    let pushed = bench.push().await.expect("pushes");
    assert_eq!((pushed.uploaded_blobs, pushed.manifests), (0, 1));
    let digest = bench.push.image.digest();
    let manifests = format!("/v2/{NAME}/manifests");
    let (head, put) = (
        format!("HEAD {manifests}/v1"),
        format!("PUT {manifests}/v1"),
    );
    let by_digest = format!("HEAD {manifests}/{digest}");
    assert_eq!(bench.registry.requests(), [head.clone(), by_digest, put]);
    assert!(bench.push().await.expect("pushes").is_noop());
    assert_eq!(bench.registry.requests(), [head]);
}

#[tokio::test]
async fn head_tells_and_writes_nothing() {
    let bench = Bench::new(vec![]).await;
    let digest = bench.push.image.digest();
    let head = async || {
        bench
            .client
            .head(&bench.push.target, &digest)
            .await
            .expect("answers")
    };
    assert!(!head().await);
    bench.push().await.expect("pushes");
    bench.registry.requests();
    assert!(head().await);
    bench
        .client
        .ping(&bench.push.target)
        .await
        .expect("is there");
    assert_eq!(
        bench.registry.requests(),
        [
            format!("HEAD /v2/{NAME}/manifests/{digest}"),
            "GET /v2/".to_owned()
        ]
    );
}

#[tokio::test]
async fn what_passes_is_repeated() {
    let body = r#"{"errors":[{"code":"UNAVAILABLE","message":"later"}]}"#;
    for (request, what) in [
        ("HEAD /v2/demo/server/manifests/", What::Status(500, "", "")),
        (
            "HEAD /v2/demo/server/manifests/",
            What::Status(429, "Retry-After: 0\r\n", ""),
        ),
        ("HEAD /v2/demo/server/manifests/", What::Hangup),
        ("HEAD /v2/demo/server/blobs/", What::Status(502, "", "")),
        ("POST /v2/demo/server/blobs/", What::Status(503, "", body)),
        ("PUT /v2/demo/server/blobs/", What::Status(500, "", body)),
        ("PUT /v2/demo/server/blobs/", What::Hangup),
        ("PUT /v2/demo/server/manifests/", What::LostAnswer),
    ] {
        let bench = Bench::new(fault(request, 2, what.clone())).await;
        let pushed = bench
            .push()
            .await
            .unwrap_or_else(|e| panic!("{request} {what:?}: {e:?}"));
        assert_eq!(
            (pushed.uploaded_blobs, pushed.manifests),
            (3, 1),
            "{request} {what:?}"
        );
    }
}

#[tokio::test]
async fn a_blob_whose_answer_was_lost_is_not_sent_again() {
    let bench = Bench::new(fault("PUT /v2/demo/server/blobs/", 1, What::LostAnswer)).await;
    bench.push().await.expect("pushes");
    let requests = bench.registry.requests();
    let puts = requests
        .iter()
        .filter(|line| line.starts_with("PUT /v2/demo/server/blobs/"));
    assert_eq!(puts.count(), 3, "{requests:?}");
}

#[tokio::test]
async fn what_does_not_pass_is_given_up() {
    let body = r#"{"errors":[{"code":"UNAVAILABLE","message":"later"}]}"#;
    let unavailable = What::Status(503, "", body);
    let bench = Bench::new(fault("POST /v2/demo/server/blobs/", 1000, unavailable)).await;
    assert_eq!(
        bench.failed().await,
        "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
         cause: POST /v2/demo/server/blobs/uploads/: 503 UNAVAILABLE: later\n\
         hint: run `curl -i http://REGISTRY/v2/`\n"
    );
    let put = |line: &String| line.starts_with("PUT");
    assert!(
        !bench.registry.requests().iter().any(put),
        "no manifest without its blobs"
    );
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    let denied = r#"{"errors":[{"code":"DENIED","message":"not yours"}]}"#;
    let put = "PUT /v2/demo/server/manifests/";
    let bench = Bench::new(fault(put, 1000, What::Status(403, "", denied))).await;
    let digest = bench.push.image.digest();
    let text = bench.failed().await;
    assert_eq!(
        text,
        format!(
            "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
             cause: PUT /v2/demo/server/manifests/{digest}: 403 DENIED: not yours\n"
        )
    );
    let requests = bench.registry.requests();
    assert_eq!(
        requests.iter().filter(|line| line.starts_with(put)).count(),
        1,
        "{requests:?}"
    );
}

#[tokio::test]
async fn credentials_never_go_over_plain_http() {
    let mut bench = Bench::new(vec![Fault {
        request: "HEAD",
        times: 1000,
        what: What::Status(401, "WWW-Authenticate: Basic realm=\"x\"\r\n", ""),
    }])
    .await;
    // A program that was asked would be missed.
    bench.log_in(
        r#"{"auths": {"REGISTRY": {"username": "me", "password": "secret"}},
            "credsStore": "not-there"}"#,
    );
    let digest = bench.push.image.digest();
    assert_eq!(
        bench.failed().await,
        format!(
            "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
             cause: HEAD /v2/demo/server/manifests/{digest}: 401 UNAUTHORIZED, and credentials \
             are never sent over plain http\n\
             hint: run `curl -i http://REGISTRY/v2/`\n"
        )
    );
    assert!(!bench.registry.saw_authorization());
    assert_eq!(bench.registry.requests().len(), 1);
}

#[tokio::test]
async fn nobody_listens() {
    let mut bench = Bench::new(vec![]).await;
    // Bound and not listening for anyone: closed again before the push.
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = closed.local_addr().expect("an address");
    drop(closed);
    bench.push.target.repository = format!("{address}/{NAME}").parse().expect("a repository");
    let text = bench
        .failed()
        .await
        .replace(&address.to_string(), "REGISTRY");
    let digest = bench.push.image.digest();
    assert_eq!(
        text,
        format!(
            "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
             cause: HEAD /v2/demo/server/manifests/{digest}: Connection refused (os error 111)\n\
             hint: run `curl -i http://REGISTRY/v2/`\n"
        )
    );
    let error = bench
        .client
        .ping(&bench.push.target)
        .await
        .expect_err("nobody");
    let text = windlass_report::render(&error).replace(&address.to_string(), "REGISTRY");
    assert_eq!(
        text,
        "error: cannot reach registry `REGISTRY`\n\
         cause: GET /v2/: Connection refused (os error 111)\n\
         hint: run `curl -i http://REGISTRY/v2/`\n"
    );
}

#[tokio::test]
async fn a_blob_that_changed_after_the_build_is_refused() {
    let bench = Bench::new(vec![]).await;
    let layer = bench.folder.path().join("layer0");
    std::fs::write(&layer, "longer than it was").expect("writes");
    let error = bench.push().await.expect_err("differs");
    assert_eq!(error.exit(), Exit::Input);
    let cause = error.cause().to_string();
    assert_eq!(
        cause,
        format!("blob `{}`: got 18 bytes, want 11", layer.display())
    );
    // Same length, other bytes: the registry finds out.
    std::fs::write(&layer, "other layer").expect("writes");
    let error = bench.push().await.expect_err("differs");
    let cause = error.cause().to_string();
    assert_eq!(
        cause,
        "PUT /v2/demo/server/blobs/uploads/some-session: 400 DIGEST_INVALID"
    );
}

#[tokio::test]
async fn as_many_connections_as_settings_say_and_no_more() {
    let layers: Vec<Vec<u8>> = (0..20_u8).map(|n| vec![n; 1000]).collect();
    let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
    let mut bench = Bench::with_layers(vec![], &layers).await;
    bench.client = Client::new(Settings {
        connections: 3,
        ..Settings::default()
    });
    // 20 layers and the config, by threes. With less than three at a time none is answered.
    bench.registry.hold(3);
    let pushed = tokio::time::timeout(Duration::from_mins(1), bench.push()).await;
    pushed.expect("three at a time").expect("pushes");
    assert_eq!(bench.registry.most_at_once(), 3);
}

/// Also that a push can be spawned: its future is `Send`.
#[tokio::test]
async fn progress_tells_every_byte() {
    let big = vec![7_u8; 600_000];
    let bench = Bench::with_layers(vec![], &[&big]).await;
    let recorder = Arc::new(Recorder::default());
    let progress: Arc<dyn Progress> = Arc::<Recorder>::clone(&recorder);
    let (client, push) = (bench.client.clone(), bench.push.clone());
    let task = tokio::spawn(async move { client.push(&push, &progress).await });
    task.await.expect("joins").expect("pushes");
    let events = recorder.0.lock().expect("no panic").clone();
    let layer = Digest::of(&big);
    let of_layer: Vec<_> = events
        .iter()
        .filter(|event| match event {
            Event::BlobStarted { digest, .. }
            | Event::BlobSent { digest, .. }
            | Event::BlobDone { digest, .. } => *digest == layer,
            _ => false,
        })
        .collect();
    let sent = |bytes| Event::BlobSent {
        digest: layer,
        bytes,
    };
    assert_eq!(
        of_layer,
        [
            &Event::BlobStarted {
                from: 0,
                digest: layer,
                size: 600_000
            },
            &sent(262_144),
            &sent(262_144),
            &sent(75_712),
            &Event::BlobDone {
                digest: layer,
                size: 600_000
            },
        ]
    );
    assert_eq!(
        events.last(),
        Some(&Event::ManifestDone {
            digest: bench.push.image.digest()
        })
    );
}

#[test]
fn an_image_whose_parts_do_not_belong_together_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = files(folder.path(), &[b"layer"]);
    let refused = |files: &ImageFiles| {
        let error = Image::load(files).expect_err("refused");
        error
            .to_string()
            .replace(&folder.path().display().to_string(), "DIR")
    };
    let other = Digest::of(b"other");

    let mut none = good.clone();
    none.layers.clear();
    assert_eq!(
        refused(&none),
        format!(
            "blob {} of `DIR/manifest.json` is nowhere: neither made here, nor in a layout, nor in \
             a repository",
            Digest::of(b"layer")
        )
    );

    let metadata = std::fs::read_to_string(&good.layers[0].metadata).expect("reads");
    let digest = Digest::of(b"layer");
    let changed = metadata.replace(&digest.to_string(), &other.to_string());
    std::fs::write(&good.layers[0].metadata, changed).expect("writes");
    assert_eq!(
        refused(&good),
        format!(
            "blob {digest} of `DIR/manifest.json` is nowhere: neither made here, nor in a layout, \
             nor in a repository"
        )
    );

    std::fs::write(&good.layers[0].metadata, "{}").expect("writes");
    assert_eq!(refused(&good), "cannot parse `DIR/layer0.json`");

    std::fs::write(&good.layers[0].metadata, metadata).expect("writes");
    let config = good.config.as_ref().expect("has one");
    std::fs::write(config, "other").expect("writes");
    assert!(refused(&good).starts_with("config digest: `DIR/manifest.json` says sha256:"));

    std::fs::write(&good.manifest, "other").expect("writes");
    assert!(refused(&good).ends_with(&format!("got {other}")));

    std::fs::remove_file(&good.manifest).expect("removes");
    assert_eq!(refused(&good), "cannot read `DIR/manifest.json`");
}
