//! Indexes: one name for images of several platforms.

use super::*;
use oci_spec::image::ImageIndexBuilder;

/// Two images that share a layer, as one index.
fn index(folder: &Path) -> ImageFiles {
    let mut images = Vec::new();
    let mut described = Vec::new();
    for platform in ["amd64", "arm64"] {
        let folder = folder.join(platform);
        std::fs::create_dir(&folder).expect("a folder");
        let image = files(&folder, &[b"for all platforms", platform.as_bytes()]);
        let descriptor = std::fs::read(&image.descriptor).expect("reads");
        let descriptor: oci_spec::image::Descriptor =
            serde_json::from_slice(&descriptor).expect("a descriptor");
        described.push(descriptor);
        images.push(image);
    }
    let index = ImageIndexBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageIndex)
        .manifests(described)
        .build()
        .expect("an index");
    let index = serde_json::to_vec(&index).expect("json");
    let own = serde_json::json!({
        "mediaType": MediaType::ImageIndex, "digest": Digest::of(&index), "size": index.len(),
    });
    let manifest = folder.join("index.json");
    std::fs::write(&manifest, index).expect("writes");
    let descriptor = folder.join("index.descriptor.json");
    std::fs::write(&descriptor, own.to_string()).expect("writes");
    ImageFiles {
        manifest,
        descriptor,
        manifests: images,
        ..ImageFiles::default()
    }
}

async fn bench() -> Bench {
    let mut bench = Bench::new(vec![]).await;
    bench.push.image = Image::load(&index(bench.folder.path())).expect("loads");
    bench.push.tags = vec!["v1".parse().expect("a tag")];
    bench
}

#[tokio::test]
async fn what_an_index_names_is_there_before_it() {
    let bench = bench().await;
    let pushed = bench.push().await.expect("pushes");
    // The shared layer, two of their own, and one config, which is the same here.
    assert_eq!((pushed.uploaded_blobs, pushed.existing_blobs), (4, 2));
    assert_eq!(pushed.manifests, 3);
    assert!(bench.registry.broken_tags().is_empty());
    let requests = bench.registry.requests();
    let puts = requests
        .iter()
        .filter(|line| line.starts_with("PUT") && line.contains("/manifests/"));
    let puts: Vec<_> = puts.collect();
    // Two images, and then the index, by its tag.
    assert_eq!(puts.len(), 3);
    assert_eq!(puts[2], "PUT /v2/demo/server/manifests/v1");

    assert!(bench.push().await.expect("pushes").is_noop());
    assert_eq!(
        bench.registry.requests(),
        ["HEAD /v2/demo/server/manifests/v1"]
    );
}

#[tokio::test]
async fn an_image_of_an_index_that_is_there_is_not_sent() {
    let bench = bench().await;
    let files = files(bench.folder.path(), &[b"for all platforms", b"amd64"]);
    let amd64 = Push {
        image: Image::load(&files).expect("loads"),
        tags: Vec::new(),
        ..bench.push.clone()
    };
    let silent: Arc<dyn Progress> = Arc::new(Silent);
    bench.client.push(&amd64, &silent).await.expect("pushes");
    let pushed = bench.push().await.expect("pushes");
    assert_eq!((pushed.uploaded_blobs, pushed.existing_blobs), (1, 5));
    assert_eq!(pushed.manifests, 2);
}

#[test]
fn an_index_and_its_images_belong_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = index(folder.path());
    let refused = |files: &ImageFiles| {
        let error = Image::load(files).expect_err("refused");
        error
            .to_string()
            .replace(&folder.path().display().to_string(), "DIR")
    };
    let mut one = good.clone();
    one.manifests.pop();
    assert_eq!(
        refused(&one),
        "number of images: `DIR/index.json` says 2, got 1"
    );
    let mut turned = good.clone();
    turned.manifests.reverse();
    assert!(refused(&turned).starts_with("image digest: `DIR/index.json` says sha256:"));
    assert_eq!(Image::load(&good).expect("loads").all_blobs().count(), 6);
}
