//! Images of others: layouts, archives, and what is built on them.

use super::bench::Bench;
use flate2::read::{GzEncoder, MultiGzDecoder};
use oci_spec::image::{ImageConfiguration, ImageIndex, ImageManifest};
use serde_json::{Value, json};
use std::io::Read as _;
use tar::EntryType;
use windlass_oci_reference::Digest;

pub(super) const AMD64: &str = "--os linux --architecture amd64";
pub(super) const ARM64: &str = "--os linux --architecture arm64";
pub(super) const OUT: &str = "--config-out DIR/c --manifest-out DIR/m --descriptor-out DIR/d";

/// An index of two images as a layout, `DIR/both`.
pub(super) fn both() -> Bench {
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

/// What an index says of an image.
pub(super) fn named(bench: &Bench, name: &str, platform: &str) -> Value {
    let mut descriptor: Value = bench.json(&format!("{name}.descriptor"));
    let parts: Vec<&str> = platform.split('/').collect();
    descriptor["platform"] = json!({"os": parts[0], "architecture": parts[1]});
    if let Some(variant) = parts.get(2) {
        descriptor["platform"]["variant"] = json!(variant);
    }
    descriptor
}

/// The layout `DIR/both`, and what its `index.json` names.
fn reindex(bench: &Bench, manifests: &[Value]) {
    let index = json!({"schemaVersion": 2, "manifests": manifests});
    bench.write("both/index.json", index.to_string());
}

/// Puts a blob into the layout `DIR/both`, and describes it.
fn blob(bench: &Bench, media_type: &str, bytes: &Value) -> Value {
    let bytes = bytes.to_string();
    let digest = Digest::of(bytes.as_bytes());
    bench.write(&format!("both/blobs/sha256/{}", digest.hex()), &bytes);
    json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
}

pub(super) fn digest(bench: &Bench, name: &str) -> String {
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
        "error: `DIR/both` has no image for linux/riscv64: it is for linux/amd64, linux/arm64\n\
         hint: add `--platform linux/amd64`, to a build \
         `--@windlass//rules:node_platform=@windlass//rules/platforms:linux_amd64`\n"
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

#[test]
fn of_images_for_other_platforms_nothing_needs_to_be_there() {
    let bench = both();
    let manifest: ImageManifest = bench.json("arm64.manifest");
    let gone = [manifest.config(), &manifest.layers()[0]].map(|blob| blob.digest().clone());
    let manifest = digest(&bench, "arm64.descriptor");
    for digest in gone.iter().map(ToString::to_string).chain([manifest]) {
        let hex = digest.strip_prefix("sha256:").expect("a digest");
        let blob = bench.path(&format!("both/blobs/sha256/{hex}"));
        std::fs::remove_file(blob).expect("was there");
    }
    bench.run(&format!("import --layout DIR/both {AMD64} {OUT}"));
    assert_eq!(bench.read("m"), bench.read("amd64.manifest"));
    bench.run("inspect DIR/both --platform linux/amd64");
    let hex = digest(&bench, "arm64.descriptor").replace("sha256:", "");
    assert_eq!(
        bench.failed(&format!("import --layout DIR/both {ARM64} {OUT}")),
        format!(
            "error: cannot read `DIR/both/blobs/sha256/{hex}`\n\
             cause: No such file or directory (os error 2)\n"
        )
    );
}

#[test]
fn what_stands_beside_an_image_is_none() {
    let bench = both();
    let manifest_type = "application/vnd.oci.image.manifest.v1+json";
    let config_type = "application/vnd.oci.image.config.v1+json";
    let of_config = |config: Value| {
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": []});
        blob(&bench, manifest_type, &manifest)
    };
    let empty = blob(&bench, "application/vnd.oci.empty.v1+json", &json!({}));
    // As cosign has it.
    let nowhere = json!({
        "os": "", "architecture": "", "config": {}, "rootfs": {"type": "layers", "diff_ids": []},
    });
    let nowhere = blob(&bench, config_type, &nowhere);
    let elsewhere = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let elsewhere = json!({"mediaType": manifest_type, "digest": elsewhere, "size": 3});
    let with = |field: &str, value: Value| {
        let mut descriptor = elsewhere.clone();
        descriptor[field] = value;
        descriptor
    };
    let mut image = named(&bench, "amd64", "linux/amd64");
    image["artifactType"] = json!(config_type);
    reindex(
        &bench,
        &[
            of_config(empty),
            of_config(nowhere),
            with(
                "platform",
                json!({"os": "unknown", "architecture": "unknown"}),
            ),
            with("artifactType", json!("application/spdx+json")),
            with("mediaType", json!("application/vnd.oci.image.layer.v1.tar")),
            image,
        ],
    );
    bench.run("inspect DIR/both");
    bench.run(&format!("import --layout DIR/both {AMD64} {OUT}"));
    assert_eq!(bench.read("m"), bench.read("amd64.manifest"));

    // An index may say of anything that it is for a platform.
    let empty = blob(&bench, "application/vnd.oci.empty.v1+json", &json!({}));
    let mut artifact = of_config(empty);
    artifact["platform"] = json!({"os": "linux", "architecture": "amd64"});
    reindex(&bench, std::slice::from_ref(&artifact));
    assert_eq!(
        bench.failed(&format!("import --layout DIR/both {AMD64} {OUT}")),
        format!(
            "error: cannot use `DIR/both`: manifest: got `{}`, want one whose config is that of \
             an image\n",
            artifact["digest"].as_str().expect("a digest")
        )
    );
    reindex(&bench, &[named(&bench, "arm64", "linux/amd64")]);
    assert_eq!(
        bench.failed(&format!("import --layout DIR/both {AMD64} {OUT}")),
        "error: `DIR/both` has no image for linux/amd64: it is for linux/arm64\n\
 hint: add `--platform linux/arm64`, to a build \
 `--@windlass//rules:node_platform=@windlass//rules/platforms:linux_arm64`\n"
    );
}

#[test]
fn of_variants_the_one_that_is_asked_for_is_taken() {
    let bench = both();
    for (name, user) in [("v6", "6:6"), ("v7", "7:7"), ("none", "9:9")] {
        let arm = "--os linux --architecture arm";
        bench.image(name, &format!("{arm} --user {user}"), &[]);
        for part in ["config", "manifest"] {
            let bytes = bench.read(&format!("{name}.{part}"));
            let hex = Digest::of(&bytes).hex();
            bench.write(&format!("both/blobs/sha256/{hex}"), bytes);
        }
    }
    let image = |variant: &str| match variant {
        "none" => named(&bench, "none", "linux/arm"),
        variant => named(&bench, variant, &format!("linux/arm/{variant}")),
    };
    let inspect = |platform: &str| format!("inspect DIR/both --platform {platform}");
    let import = format!("import --layout DIR/both --os linux --architecture arm {OUT}");
    let taken = |want: &str| {
        bench.run(&import);
        assert_eq!(bench.read("m"), bench.read(&format!("{want}.manifest")));
    };

    reindex(&bench, &["v7", "none", "v6"].map(image));
    taken("none");
    for platform in ["linux/arm", "linux/arm/v6", "linux/arm/v7", "linux/arm/v8"] {
        bench.run(&inspect(platform));
    }
    reindex(&bench, &["v7"].map(image));
    taken("v7");
    reindex(&bench, &["v6", "v7"].map(image));
    let both = "error: `DIR/both` has several images for linux/arm, and none without a variant: \
                linux/arm/v6, linux/arm/v7\n";
    assert_eq!(bench.failed(&import), both);
    bench.run(&inspect("linux/arm/v7"));
    assert_eq!(
        bench.failed(&inspect("linux/arm/v8")),
        "error: `DIR/both` has no image for linux/arm/v8: it is for linux/arm/v6, linux/arm/v7\n\
 hint: add `--platform linux/arm/v6`\n"
    );
}

#[test]
fn an_image_with_two_names_is_one() {
    let bench = both();
    let tagged = |name: &str, tag: &str| {
        let mut descriptor: Value = bench.json(&format!("{name}.descriptor"));
        descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        descriptor
    };
    reindex(&bench, &[tagged("amd64", "v1"), tagged("amd64", "latest")]);
    bench.run("inspect DIR/both");
    bench.run(&format!("import --layout DIR/both {AMD64} {OUT}"));
    reindex(&bench, &[tagged("both", "v1"), tagged("both", "latest")]);
    bench.run(&format!("import --layout DIR/both {ARM64} {OUT}"));
    assert_eq!(bench.read("m"), bench.read("arm64.manifest"));

    bench.image("other", &format!("{AMD64} --user 2:2"), &[]);
    let blobs = ["config", "manifest"].map(|part| bench.read(&format!("other.{part}")));
    for bytes in blobs {
        let hex = Digest::of(&bytes).hex();
        bench.write(&format!("both/blobs/sha256/{hex}"), bytes);
    }
    reindex(&bench, &[tagged("amd64", "v1"), tagged("other", "v2")]);
    assert_eq!(
        bench.failed(&format!("import --layout DIR/both {AMD64} {OUT}")),
        "error: cannot use `DIR/both`: number of images: got `2`, want 1\n"
    );
}

/// A tar archive of files, whatever they are called.
fn archive(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    linked(files, &[])
}

/// The same, with links before the files.
fn linked(files: &[(&str, Vec<u8>)], links: &[(EntryType, &str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (kind, path, to) in links {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(0);
        let written = builder.append_link(&mut header, path, to);
        written.expect("writes");
    }
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
    std::io::copy(&mut MultiGzDecoder::new(&blob[..]), &mut plain).expect("unpacks");
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

/// What `docker save` wrote before version 25, with layers, entries of `manifest.json` and links.
fn saved(
    bench: &Bench,
    plain: &[u8],
    layer: &[u8],
    images: usize,
    links: &[(EntryType, &str, &str)],
) {
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/tool"]},
        "rootfs": {"type": "layers", "diff_ids": [Digest::of(plain)]},
    });
    let image = |tag: usize| {
        let tags = [format!("a:{tag}"), format!("b:{tag}")];
        json!({"Config": "c.json", "RepoTags": tags, "Layers": ["l/layer.tar"]})
    };
    let images: Vec<Value> = (0..images).map(image).collect();
    let layer_name = if links.is_empty() {
        "l/layer.tar"
    } else {
        "0/layer.tar"
    };
    let files = [
        ("c.json", config.to_string().into_bytes()),
        (layer_name, layer.to_vec()),
        ("manifest.json", json!(images).to_string().into_bytes()),
    ];
    bench.write("saved.tar", linked(&files, links));
}

const SAVED: &str = "import --archive DIR/saved.tar --layout-out DIR/layout";

#[test]
fn layers_that_are_compressed_stay_as_they_are() {
    let bench = Bench::new();
    let plain = archive(&[("tool", b"hi".to_vec())]);
    let mut gzip = Vec::new();
    let mut encoder = GzEncoder::new(&plain[..], flate2::Compression::best());
    encoder.read_to_end(&mut gzip).expect("packs");
    let zstd = zstd::encode_all(&plain[..], 19).expect("packs");
    for (layer, kind) in [(&gzip, "gzip"), (&zstd, "zstd")] {
        saved(&bench, &plain, layer, 1, &[]);
        bench.run(&format!("{SAVED} {AMD64} {OUT}"));
        let manifest: ImageManifest = bench.json("m");
        let [got] = &manifest.layers()[..] else {
            panic!("{manifest:?}");
        };
        let media_type = format!("application/vnd.oci.image.layer.v1.tar+{kind}");
        assert_eq!(got.media_type().to_string(), media_type);
        assert_eq!(got.digest().to_string(), Digest::of(layer).to_string());
        assert_eq!(got.size(), layer.len() as u64);
        bench.run("inspect DIR/layout");

        let other = archive(&[("tool", b"ho".to_vec())]);
        saved(&bench, &other, layer, 1, &[]);
        assert_eq!(
            bench.failed(&format!("{SAVED} {AMD64} {OUT}")),
            format!(
                "error: digest of `DIR/saved.tar/l/layer.tar`: got {}, want {}\n",
                Digest::of(&plain),
                Digest::of(&other)
            )
        );
    }
    saved(&bench, &plain, &gzip[..5], 1, &[]);
    assert_eq!(
        bench.failed(&format!("{SAVED} {AMD64} {OUT}")),
        "error: cannot read `DIR/saved.tar/l/layer.tar`\ncause: unexpected end of file\n"
    );
}

#[test]
fn an_archive_may_name_an_image_twice() {
    let bench = Bench::new();
    let layer = archive(&[("tool", b"hi".to_vec())]);
    saved(&bench, &layer, &layer, 2, &[]);
    bench.run(&format!("{SAVED} {AMD64} {OUT}"));
    saved(&bench, &layer, &layer, 0, &[]);
    assert_eq!(
        bench.failed(&format!("{SAVED} {AMD64} {OUT}")),
        "error: cannot use `DIR/saved.tar`: number of images: got `0`, want 1\n"
    );
    let images = json!([
        {"Config": "c.json", "Layers": []}, {"Config": "d.json", "Layers": []},
    ]);
    let files = [("manifest.json", images.to_string().into_bytes())];
    bench.write("saved.tar", archive(&files));
    assert_eq!(
        bench.failed(&format!("{SAVED} {AMD64} {OUT}")),
        "error: cannot use `DIR/saved.tar`: number of images: got `2`, want 1\n"
    );
}

#[test]
fn links_are_followed_inside_the_archive() {
    let bench = Bench::new();
    let layer = archive(&[("tool", b"hi".to_vec())]);
    let links = |links: &[(EntryType, &str, &str)]| saved(&bench, &layer, &layer, 1, links);
    let import = format!("{SAVED} {AMD64} {OUT}");
    links(&[
        (EntryType::Symlink, "l/layer.tar", "../a/./layer.tar"),
        (EntryType::Link, "a/layer.tar", "b/layer.tar"),
        (EntryType::Symlink, "b/layer.tar", "../0/layer.tar"),
    ]);
    bench.run(&import);

    for (to, kind) in [
        ("../../0/layer.tar", EntryType::Symlink),
        ("/0/layer.tar", EntryType::Symlink),
        ("l/../../0/layer.tar", EntryType::Link),
    ] {
        links(&[(kind, "l/layer.tar", to)]);
        assert_eq!(
            bench.failed(&import),
            format!(
                "error: cannot use `DIR/saved.tar`: link: got `l/layer.tar -> {to}`, want one to \
                 a file of the archive\n"
            )
        );
    }
    links(&[(EntryType::Symlink, "l/layer.tar", "other.tar")]);
    assert_eq!(
        bench.failed(&import),
        "error: cannot use `DIR/saved.tar`: files: got `no `l/other.tar``, want all that it \
         names\n"
    );
    links(&[
        (EntryType::Symlink, "l/layer.tar", "../a/layer.tar"),
        (EntryType::Symlink, "a/layer.tar", "../l/layer.tar"),
    ]);
    assert_eq!(
        bench.failed(&import),
        "error: cannot use `DIR/saved.tar`: links: got `more than 40 from l/layer.tar on`, want a \
         file at their end\n"
    );
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
        "error: `DIR/base.config` has no image for linux/arm64: it is for linux/amd64\n\
         hint: add `--platform linux/amd64`, to a build \
         `--@windlass//rules:node_platform=@windlass//rules/platforms:linux_amd64`\n"
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
