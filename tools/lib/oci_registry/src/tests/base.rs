//! Images on a base whose layers are in a registry.

use super::*;

/// A layer of some blocks.
fn layer() -> Vec<u8> {
    (0..100_000_u32).flat_map(u32::to_le_bytes).collect()
}

/// An image whose first layer is only in `repository` of `source`.
pub(super) fn on_base(
    folder: &Path,
    layers: &[&[u8]],
    source: &Registry,
    repository: &str,
) -> Image {
    let mut files = files(folder, layers);
    files.layers.remove(0);
    let name = format!("{}/{repository}", source.name());
    let path = folder.join("source.json");
    std::fs::write(&path, serde_json::json!({ "repository": name }).to_string()).expect("writes");
    files.source = Some(path);
    Image::load(&files).expect("loads")
}

/// A bench, and another registry that has the base.
async fn bench() -> (Bench, Registry) {
    let mut bench = Bench::new(vec![]).await;
    let source = Registry::start(vec![]).await;
    source.add_blob("library/base", &layer());
    bench.push.image = on_base(
        bench.folder.path(),
        &[&layer(), b"program"],
        &source,
        "library/base",
    );
    bench.client = Client::new(Settings {
        retry: quick(),
        resumable: 1_000,
        ..Settings::default()
    });
    (bench, source)
}

/// How often the base was asked for.
fn reads(source: &Registry) -> usize {
    source.requests().len()
}

#[tokio::test]
async fn a_layer_of_the_base_goes_from_registry_to_registry() {
    let (bench, source) = bench().await;
    let pushed = bench.push().await.expect("pushes");
    assert_eq!(pushed.uploaded_blobs, 3);
    let digest = Digest::of(&layer());
    assert_eq!(
        source.requests(),
        [format!("GET /v2/library/base/blobs/{digest}")]
    );
    // The fake takes no blob of another digest.
    assert_eq!(bench.registry.blob(NAME, &digest), Some(layer()));

    bench.registry.requests();
    assert!(bench.push().await.expect("pushes").is_noop());
    assert_eq!(bench.registry.requests().len(), 1);
    assert_eq!(reads(&source), 0);
}

#[tokio::test]
async fn a_base_in_the_same_registry_is_mounted() {
    let mut bench = Bench::new(vec![]).await;
    bench.registry.add_blob("library/base", &layer());
    bench.push.image = on_base(
        bench.folder.path(),
        &[&layer(), b"program"],
        &bench.registry,
        "library/base",
    );
    let pushed = bench.push().await.expect("pushes");
    assert_eq!((pushed.uploaded_blobs, pushed.existing_blobs), (2, 1));
    let requests = bench.registry.requests();
    assert!(requests.iter().all(|line| !line.starts_with("GET")));
    assert_eq!(
        bench.registry.blob(NAME, &Digest::of(&layer())),
        Some(layer())
    );
}

#[tokio::test]
async fn a_base_that_may_not_be_mounted_is_copied() {
    let mut bench = Bench::new(vec![]).await;
    bench.registry.refuse_mounts(403);
    bench.registry.add_blob("library/base", &layer());
    bench.push.image = on_base(
        bench.folder.path(),
        &[&layer(), b"program"],
        &bench.registry,
        "library/base",
    );
    assert_eq!(bench.push().await.expect("pushes").uploaded_blobs, 3);
}

#[tokio::test]
async fn an_image_in_the_repository_of_its_base_is_asked_for_by_head() {
    let mut bench = Bench::new(vec![]).await;
    bench.registry.add_blob(NAME, &layer());
    bench.push.image = on_base(
        bench.folder.path(),
        &[&layer(), b"program"],
        &bench.registry,
        NAME,
    );
    assert_eq!(bench.push().await.expect("pushes").uploaded_blobs, 2);
}

#[tokio::test]
async fn a_copy_goes_on_where_it_was_cut() {
    for ignores in [false, true] {
        let (bench, source) = bench().await;
        if ignores {
            source.ignore_ranges();
        }
        let cut = What::Cut(300_000);
        bench.registry.add_faults(fault("PATCH", 1, cut));
        bench.push().await.expect("pushes");
        assert_eq!(reads(&source), 2);
        let digest = Digest::of(&layer());
        assert_eq!(bench.registry.blob(NAME, &digest), Some(layer()));
    }
}

#[tokio::test]
async fn a_base_that_passes_away_for_a_while_is_asked_again() {
    let (bench, source) = bench().await;
    source.add_faults(fault("GET", 2, What::Status(503, "", "")));
    bench.push().await.expect("pushes");
    assert_eq!(reads(&source), 3);
}

/// One permit is enough: who waits for the source holds it already.
#[tokio::test]
async fn one_connection_is_enough() {
    let (mut bench, _source) = bench().await;
    bench.client = Client::new(Settings {
        connections: 1,
        ..Settings::default()
    });
    bench.push().await.expect("pushes");
}

#[tokio::test]
async fn documents_are_what_their_digests_say() {
    let bench = Bench::new(vec![]).await;
    bench.push().await.expect("pushes");
    let digest = bench.push.image.digest();
    let target = &bench.push.target;
    let reference = target.repository.at(digest);
    let manifest = bench.client.manifest(target, &reference).await;
    let manifest = manifest.expect("pulls");
    assert_eq!(manifest.bytes, bench.push.image.manifest());
    assert_eq!(manifest.digest, digest);
    assert_eq!(manifest.media_type, MediaType::ImageManifest.to_string());

    let config = bench.push.image.blobs().last().expect("has one").digest;
    let read = bench.client.config(target, &config).await.expect("pulls");
    assert_eq!(Digest::of(&read), config);

    let lie = fault("GET", 1, What::Status(200, "", "{}"));
    bench.registry.add_faults(lie);
    let error = bench.client.manifest(target, &reference).await;
    let error = windlass_report::render(&error.expect_err("refused"));
    assert_eq!(
        error.replace(&bench.registry.name(), "REGISTRY"),
        format!(
            "error: cannot look up `REGISTRY/demo/server@{digest}`\n\
             cause: GET /v2/demo/server/manifests/{digest}: got content of digest {}, want that of \
             the digest that was asked for\n\
             hint: run `curl -i http://REGISTRY/v2/`\n",
            Digest::of(b"{}")
        )
    );
}
