//! Images of others: layouts, archives, locks of bases, and what is built on them.

use super::bench::Bench;
use oci_spec::image::{ImageConfiguration, ImageIndex, ImageManifest};
use windlass_oci_reference::Digest;
use windlass_oci_registry_fake::Registry;

const AMD64: &str = "--os linux --architecture amd64";
const ARM64: &str = "--os linux --architecture arm64";
const OUT: &str = "--config-out DIR/c --manifest-out DIR/m --descriptor-out DIR/d";

/// An index of two images as a layout, `DIR/both`.
fn both() -> Bench {
    let bench = Bench::new();
    for (name, platform) in [("amd64", AMD64), ("arm64", ARM64)] {
        let layer = format!("layer --file /{name} 0755 DIR/small");
        bench.run(&format!(
            "{layer} --blob DIR/{name}.tar --metadata DIR/{name}.layer"
        ));
        let layers = [(format!("{name}.tar"), format!("{name}.layer"))];
        bench.image(name, &format!("{platform} --user 1:1"), &layers);
    }
    bench.run(
        "index --image DIR/amd64.descriptor DIR/amd64.config \
         --image DIR/arm64.descriptor DIR/arm64.config \
         --manifest-out DIR/both.manifest --descriptor-out DIR/both.descriptor",
    );
    let files = serde_json::json!({
        "manifest": bench.path("both.manifest"), "descriptor": bench.path("both.descriptor"),
        "manifests": [bench.files("amd64"), bench.files("arm64")],
    });
    bench.write("both.files", files.to_string());
    bench.run("layout --files DIR/both.files --out DIR/both");
    bench
}

fn digest(bench: &Bench, name: &str) -> String {
    let descriptor: oci_spec::image::Descriptor = bench.json(name);
    descriptor.digest().to_string()
}

#[test]
fn an_index_names_its_platforms() {
    let bench = both();
    let index: ImageIndex = bench.json("both.manifest");
    let platforms = index.manifests().iter().map(|image| {
        let platform = image.platform().as_ref().expect("has one");
        format!("{}/{}", platform.os(), platform.architecture())
    });
    assert_eq!(
        platforms.collect::<Vec<_>>(),
        ["linux/amd64", "linux/arm64"]
    );
    assert_eq!(
        bench.failed(
            "index --image DIR/amd64.descriptor DIR/amd64.config \
             --image DIR/amd64.descriptor DIR/amd64.config \
             --manifest-out DIR/x --descriptor-out DIR/y"
        ),
        "error: platforms of an index: got `linux/amd64 twice`, want each once\n"
    );
}

#[test]
fn the_image_for_the_platform_is_taken_from_a_layout() {
    let bench = both();
    bench.run(&format!("import --layout DIR/both {ARM64} {OUT}"));
    assert_eq!(bench.read("m"), bench.read("arm64.manifest"));
    assert_eq!(bench.read("c"), bench.read("arm64.config"));
    assert_eq!(digest(&bench, "d"), digest(&bench, "arm64.descriptor"));
    assert_eq!(
        bench.failed(&format!(
            "import --layout DIR/both --os linux --architecture riscv64 {OUT}"
        )),
        "error: `DIR/both` has no image for linux/riscv64: it is for linux/amd64, linux/arm64\n"
    );
    assert_eq!(
        bench.failed("inspect DIR/both"),
        "error: cannot use `DIR/both`: number of images: got `2`, want 1\n"
    );
    bench.run("inspect DIR/both --platform linux/arm64");
}

#[test]
fn what_is_not_what_its_name_says_is_not_taken() {
    let bench = both();
    let manifest: ImageManifest = bench.json("arm64.manifest");
    for blob in [manifest.config(), &manifest.layers()[0]] {
        let name = format!("both/blobs/sha256/{}", blob.digest().digest());
        let good = bench.read(&name);
        bench.write(&name, "garbled");
        let said = bench.failed(&format!("import --layout DIR/both {ARM64} {OUT}"));
        assert_eq!(
            said,
            format!(
                "error: digest of `DIR/{name}`: got {}, want {}\n",
                Digest::of(b"garbled"),
                blob.digest()
            )
        );
        bench.write(&name, good);
    }
    bench.write("both/index.json", r#"{"schemaVersion":2,"manifests":[]}"#);
    assert_eq!(
        bench.failed(&format!("import --layout DIR/both {ARM64} {OUT}")),
        "error: cannot use `DIR/both`: number of images: got `0`, want 1\n"
    );
}

/// A tar archive of files, whatever they are called.
fn archive(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        // The crate itself writes no path with `..`, which others do.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        builder.append(&header, &bytes[..]).expect("writes");
    }
    builder.into_inner().expect("ends")
}

#[test]
fn an_archive_of_a_layout_is_one() {
    let bench = both();
    let mut files = vec![
        ("oci-layout".to_owned(), bench.read("both/oci-layout")),
        ("./index.json".to_owned(), bench.read("both/index.json")),
        ("../escaped".to_owned(), b"x".to_vec()),
        ("blobs/sha256/../../escaped".to_owned(), b"x".to_vec()),
    ];
    for entry in std::fs::read_dir(bench.path("both/blobs/sha256")).expect("reads") {
        let name = entry.expect("reads").file_name();
        let name = format!("blobs/sha256/{}", name.to_string_lossy());
        files.push((name.clone(), bench.read(&format!("both/{name}"))));
    }
    let files: Vec<_> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.clone()))
        .collect();
    bench.write("both.tar", archive(&files));
    bench.run(&format!(
        "import --archive DIR/both.tar --layout-out DIR/unpacked {AMD64} {OUT}"
    ));
    assert_eq!(bench.read("m"), bench.read("amd64.manifest"));
    bench.run("inspect DIR/unpacked --platform linux/amd64");
    assert!(!bench.has("escaped") && !bench.has("unpacked/escaped"));
}

#[test]
fn what_docker_saved_before_version_25_becomes_a_layout() {
    let bench = Bench::new();
    let layer = archive(&[("tool", b"hi".to_vec())]);
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/tool"]},
        "rootfs": {"type": "layers", "diff_ids": [Digest::of(&layer)]},
    });
    let config = config.to_string().into_bytes();
    let manifest = r#"[{"Config":"c.json","RepoTags":["a:b"],"Layers":["l/layer.tar"]}]"#;
    let saved = |layer: &[u8]| {
        let files = [
            ("c.json", config.clone()),
            ("l/layer.tar", layer.to_vec()),
            ("manifest.json", manifest.into()),
        ];
        bench.write("saved.tar", archive(&files));
    };
    saved(&layer);
    let import = format!("import --archive DIR/saved.tar --layout-out DIR/layout {AMD64} {OUT}");
    bench.run(&import);
    // What Docker calls the image is the digest of its config.
    assert_eq!(bench.read("c"), config);
    let manifest: ImageManifest = bench.json("m");
    let name = manifest.layers()[0].digest().digest().to_owned();
    let blob = bench.read(&format!("layout/blobs/sha256/{name}"));
    let mut plain = Vec::new();
    std::io::copy(
        &mut flate2::read::MultiGzDecoder::new(&blob[..]),
        &mut plain,
    )
    .expect("unpacks");
    assert_eq!(plain, layer);
    bench.run("inspect DIR/layout");

    let mut other = layer.clone();
    other[512] = b'X';
    saved(&other);
    assert_eq!(
        bench.failed(&import),
        format!(
            "error: digest of `DIR/saved.tar/l/layer.tar`: got {}, want {}\n",
            Digest::of(&other),
            Digest::of(&layer)
        )
    );
    bench.write("saved.tar", archive(&[("readme", Vec::new())]));
    assert_eq!(
        bench.failed(&import),
        "error: cannot use `DIR/saved.tar`: files: got `no manifest.json`, want one, or \
         a layout\n"
    );
}

#[tokio::test]
async fn a_base_is_locked_and_built_on() {
    let bench = tokio::task::spawn_blocking(both).await.expect("makes");
    let registry = Registry::start(vec![]).await;
    for name in ["amd64", "arm64"] {
        registry.add_blob("library/base", &bench.read(&format!("{name}.config")));
        registry.add_manifest("library/base", &bench.read(&format!("{name}.manifest")));
    }
    let index = registry.add_manifest("library/base", &bench.read("both.manifest"));
    let image = format!("{}/library/base@{index}", registry.name());
    bench
        .ran(&format!("pull {image} --lock DIR/base.lock"))
        .await
        .expect("locks");
    let lock: serde_json::Value = bench.json("base.lock");
    assert_eq!(lock["image"], image);
    assert_eq!(lock["documents"].as_object().expect("an object").len(), 4);
    // Layers stay where they are.
    let asked = registry.requests();
    assert_eq!(asked.len(), 5, "{asked:?}");

    bench
        .ran(&format!(
            "import --lock DIR/base.lock --source-out DIR/source {ARM64} {OUT}"
        ))
        .await
        .expect("imports");
    assert_eq!(bench.read("m"), bench.read("arm64.manifest"));
    assert_eq!(
        String::from_utf8(bench.read("source")).expect("utf-8"),
        format!(
            r#"{{"insecure":false,"repository":"{}/library/base"}}"#,
            registry.name()
        )
    );
    assert!(registry.requests().is_empty());

    // Looked up again, it is the same.
    let before = bench.read("base.lock");
    bench.ran("pull --lock DIR/base.lock").await.expect("locks");
    assert_eq!(bench.read("base.lock"), before);

    let nothing = bench
        .ran(&format!(
            "pull {image} --lock DIR/other.lock --platform linux/s390x"
        ))
        .await
        .expect_err("refused");
    assert_eq!(
        windlass_report::render(&nothing),
        format!(
            "error: `{image}` has no image for linux/s390x: it is for linux/amd64, linux/arm64\n"
        )
    );
    assert!(!bench.has("other.lock"));
}

#[test]
fn an_image_starts_as_its_base_does_but_for_what_is_said_of_it() {
    let bench = Bench::new();
    bench.run("layer --dir /below 0755 --blob DIR/below.tar --metadata DIR/below.layer");
    bench.run("layer --dir /above 0755 --blob DIR/above.tar --metadata DIR/above.layer");
    bench.image(
        "base",
        &format!(
            "{AMD64} --user 7:7 --entrypoint=/below --cmd=x --env=A=1 --env=B=1 --label=a=1 \
             --port=80 --workdir /below"
        ),
        &[("below.tar".to_owned(), "below.layer".to_owned())],
    );
    let base = "--base DIR/base.manifest DIR/base.config --layer DIR/above.layer";
    bench.run(&format!("manifest {AMD64} {base} {OUT}"));
    let config: ImageConfiguration = bench.json("c");
    let below: ImageConfiguration = bench.json("base.config");
    assert_eq!(config.config(), below.config());
    assert_eq!(config.rootfs().diff_ids().len(), 2);
    let manifest: ImageManifest = bench.json("m");
    let own: ImageManifest = bench.json("base.manifest");
    assert_eq!(manifest.layers()[0], own.layers()[0]);
    assert_eq!(manifest.layers().len(), 2);

    bench.run(&format!(
        "manifest {AMD64} {base} {OUT} --entrypoint=/above --env=B=2 --env=C=3 --label=b=2 \
         --port=53/udp --user 0:0"
    ));
    let config: serde_json::Value = bench.json("c");
    assert_eq!(
        config["config"],
        serde_json::json!({
            "User": "0:0", "Entrypoint": ["/above"], "Env": ["A=1", "B=2", "C=3"],
            "Labels": {"a": "1", "b": "2"}, "ExposedPorts": {"53/udp": {}, "80/tcp": {}},
            "WorkingDir": "/below",
        })
    );
    assert_eq!(
        bench.failed(&format!("manifest {ARM64} {base} {OUT}")),
        "error: `DIR/base.config` has no image for linux/arm64: it is for linux/amd64\n"
    );
}

#[test]
fn layers_that_may_not_be_handed_on_are_no_base() {
    let bench = both();
    let foreign = String::from_utf8(bench.read("amd64.manifest")).expect("utf-8");
    let docker = foreign.replace(
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
    );
    let foreign = foreign.replace(
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    );
    bench.write("foreign", foreign);
    bench.write("docker", docker);
    let on = |base: &str| format!("manifest {AMD64} --base DIR/{base} DIR/amd64.config {OUT}");
    assert_eq!(
        bench.failed(&on("foreign")),
        "error: cannot use `DIR/foreign`: media type of a layer: got \
         `application/vnd.docker.image.rootfs.foreign.diff.tar.gzip`, want a layer of tar, \
         tar+gzip or tar+zstd that registries may hand on\n"
    );
    bench.run(&on("docker"));
    let manifest: ImageManifest = bench.json("m");
    let own: ImageManifest = bench.json("amd64.manifest");
    assert_eq!(manifest.layers(), own.layers());
}
