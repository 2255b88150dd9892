//! Several images in one run: what they share, and what becomes of them when a request fails.

use super::*;
use crate::Place;
use windlass_oci_reference::Repository;

/// Three services on one base, in repositories of their own.
pub(super) struct Stack {
    pub(super) registry: Registry,
    pub(super) pushes: Vec<Push>,
    pub(super) credentials: DockerConfig,
    _folders: Vec<tempfile::TempDir>,
}

/// The tag of all of them.
const TAG: &str = "v1";

impl Stack {
    async fn new() -> Self {
        Self::at(Registry::start(vec![]).await)
    }

    pub(super) fn at(registry: Registry) -> Self {
        install_provider();
        let mut folders = Vec::new();
        let mut pushes = Vec::new();
        for name in ["client", "server", "store"] {
            let folder = tempfile::tempdir().expect("a folder");
            let program = format!("program of {name}");
            let layers: [&[u8]; 2] = [b"base that all have", program.as_bytes()];
            let image = Image::load(&files(folder.path(), &layers)).expect("loads");
            let repository = format!("{}/demo/{name}", registry.name());
            let target = Target {
                repository: repository.parse().expect("a repository"),
                transport: Transport::Safe,
            };
            pushes.push(Push {
                label: format!("//services/{name}:image"),
                target,
                image,
                tags: vec![TAG.parse().expect("a tag")],
            });
            folders.push(folder);
        }
        Self {
            registry,
            pushes,
            credentials: DockerConfig::default(),
            _folders: folders,
        }
    }

    /// Pushes all of them at once, as one run does.
    pub(super) async fn push(&self) -> Vec<Result<Pushed, crate::Error>> {
        let client = Client::new(Settings {
            retry: quick(),
            resumable: 10,
            credentials: self.credentials.clone(),
            ..Settings::default()
        });
        let silent: Arc<dyn Progress> = Arc::new(Silent);
        let pushes = self.pushes.iter().map(|push| client.push(push, &silent));
        futures::future::join_all(pushes).await
    }

    fn path(push: &Push) -> &str {
        let repository: &Repository = &push.target.repository;
        repository.path()
    }

    /// Whether the registry has all images, by their tags too.
    pub(super) fn is_complete(&self) -> bool {
        self.pushes.iter().all(|push| {
            let manifest = self.registry.manifest(Self::path(push), TAG);
            manifest.is_some_and(|bytes| Digest::of(&bytes) == push.image.digest())
        })
    }
}

#[tokio::test]
async fn what_images_share_is_sent_once() {
    let stack = Stack::new().await;
    let pushed = stack
        .push()
        .await
        .into_iter()
        .map(|one| one.expect("pushed"));
    let sent: usize = pushed.map(|one| one.uploaded_blobs).sum();
    // Base and config are the same in all of them.
    assert_eq!(sent, 2 + 3);
    assert!(stack.is_complete());
    let requests = stack.registry.requests();
    let begun = requests.iter().filter(|line| line.starts_with("POST "));
    // Five uploads, and four blobs that are taken over.
    assert_eq!(begun.count(), 5 + 4);
    let again = stack.push().await.into_iter();
    assert!(
        again
            .map(|one| one.expect("pushed"))
            .all(|one| one.is_noop())
    );
    // One for each image: its tag.
    assert_eq!(stack.registry.requests().len(), 3);
}

#[tokio::test]
async fn a_registry_that_takes_nothing_over_is_sent_everything() {
    for status in [202, 400, 401, 403, 404, 405] {
        let stack = Stack::new().await;
        stack.registry.refuse_mounts(status);
        let pushed = stack.push().await.into_iter();
        let sent: usize = pushed.map(|one| one.expect("pushed").uploaded_blobs).sum();
        assert_eq!(sent, 3 * 3, "{status}");
        assert!(stack.is_complete(), "{status}");
        let requests = stack.registry.requests();
        let begun = requests.iter().filter(|line| line.starts_with("POST "));
        // Four blobs are asked to be taken over; 202 has begun an upload of each.
        let asked = if status == 202 { 0 } else { 4 };
        assert_eq!(begun.count(), 3 * 3 + asked, "{status}");
    }
}

#[tokio::test]
async fn what_a_repository_has_is_not_sent_where_nothing_is_taken_over() {
    let stack = Stack::new().await;
    stack.registry.refuse_mounts(202);
    for push in &stack.pushes[1..] {
        for blob in &push.image.blobs()[..1] {
            let Place::File(path) = &blob.place else {
                panic!("it is in a registry");
            };
            let bytes = std::fs::read(path).expect("reads");
            stack.registry.add_blob(Stack::path(push), &bytes);
        }
    }
    let pushed = stack.push().await.into_iter();
    let sent: Vec<_> = pushed
        .map(|one| one.expect("pushed").uploaded_blobs)
        .collect();
    assert_eq!(sent, [3, 2, 2]);
}

/// The requests that an upload of many bytes is made of.
const PATCH: &str = "PATCH /v2/demo/server/blobs/";

/// An image with a layer that is sent so that its upload goes on after a cut.
async fn large() -> Bench {
    let layer = vec![7; 100_000];
    let mut bench = Bench::with_layers(vec![], &[&layer]).await;
    bench.client = Client::new(Settings {
        retry: quick(),
        resumable: 1_000,
        ..Settings::default()
    });
    bench
}

#[tokio::test]
async fn an_upload_that_is_gone_is_begun_anew() {
    for status in [404, 416] {
        let bench = large().await;
        bench
            .registry
            .add_faults(fault(PATCH, 1, What::Cut(30_000)));
        let gone = What::Status(status, "", r#"{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}"#);
        bench.registry.add_faults(fault(PATCH, 1, gone));
        let pushed = bench.push().await.expect("pushed");
        assert_eq!(pushed.uploaded_blobs, 2, "{status}");
    }
}

/// Every request of a push of three images, times every way in which it can fail.
#[tokio::test]
async fn after_any_fault_no_tag_is_broken_and_a_rerun_completes() {
    let busy = "Retry-After: 0\r\n";
    let full = r#"{"errors":[{"code":"UNKNOWN","message":"no space left on device"}]}"#;
    let faults = [
        (What::Hangup, true),
        (What::LostAnswer, true),
        (What::Cut(7), true),
        (What::Status(429, busy, ""), true),
        (What::Status(503, "", "<html>"), true),
        (What::Status(500, "", full), true),
        (What::Status(507, "", full), true),
        (
            What::Status(403, "", r#"{"errors":[{"code":"DENIED"}]}"#),
            false,
        ),
        (
            What::Status(400, "", r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#),
            false,
        ),
        (
            What::Status(416, "", r#"{"errors":[{"code":"BLOB_UPLOAD_INVALID"}]}"#),
            false,
        ),
    ];
    for (what, passes) in faults {
        let mut well = 0;
        loop {
            let stack = Stack::new().await;
            stack.registry.fail_after(well, what.clone());
            let pushed = stack.push().await;
            if !stack.registry.has_failed() {
                break;
            }
            let case = format!("{what:?} after {well}");
            assert_eq!(stack.registry.broken_tags(), [""; 0], "{case}");
            let failed: Vec<_> = pushed.iter().filter_map(|one| one.as_ref().err()).collect();
            if passes {
                assert!(failed.is_empty(), "{case}: {failed:?}");
                assert!(stack.is_complete(), "{case}");
            }
            for error in failed {
                let text = windlass_report::render(error);
                assert_eq!(error.exit(), Exit::Registry, "{case}");
                assert!(text.contains("//services/"), "{case}: {text}");
            }
            let again = stack.push().await;
            assert!(again.iter().all(Result::is_ok), "{case}: {again:?}");
            assert!(stack.is_complete(), "{case}");
            well += 1;
        }
        assert!(well > 20, "{what:?} met {well} requests");
    }
}

#[tokio::test]
async fn a_large_blob_goes_on_where_it_was_cut() {
    let bench = large().await;
    bench
        .registry
        .add_faults(fault(PATCH, 2, What::Cut(30_000)));
    let recorder = Arc::new(Recorder::default());
    let progress: Arc<dyn Progress> = recorder.clone();
    let pushed = bench.client.push(&bench.push, &progress).await;
    assert_eq!(pushed.expect("pushed").uploaded_blobs, 2);
    let events = recorder.0.lock().expect("no panic");
    let from = events.iter().filter_map(|event| match event {
        Event::BlobStarted {
            size: 100_000,
            from,
            ..
        } => Some(*from),
        _ => None,
    });
    assert_eq!(from.collect::<Vec<_>>(), [0, 30_000, 60_000]);
}

#[tokio::test]
async fn several_tags_move_at_once() {
    let mut bench = Bench::new(vec![]).await;
    let tags = |names: &[&str]| {
        names
            .iter()
            .map(|name| name.parse().expect("a tag"))
            .collect()
    };
    bench.push.tags = tags(&["v1"]);
    assert_eq!(bench.push().await.expect("pushes").manifests, 1);
    let is_pushed = async |push: &Push| bench.client.is_pushed(push).await.expect("answers");
    assert!(is_pushed(&bench.push).await);
    bench.push.tags = tags(&["v1", "v1.2", "latest"]);
    assert!(!is_pushed(&bench.push).await, "two are to be put on it");
    bench.registry.requests();
    assert_eq!(bench.push().await.expect("pushes").manifests, 2);
    let mut requests = bench.registry.requests();
    requests.sort();
    let all = [
        "HEAD /v2/demo/server/manifests/latest",
        "HEAD /v2/demo/server/manifests/v1",
        "HEAD /v2/demo/server/manifests/v1.2",
        "PUT /v2/demo/server/manifests/latest",
        "PUT /v2/demo/server/manifests/v1.2",
    ];
    assert_eq!(requests, all);
}
