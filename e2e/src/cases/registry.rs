//! The image tool and a real registry, which says what it was asked and keeps what it got.

use crate::images::{Image, Images, Layer};
use crate::registry::{Asked, Registry, get, put_index};
use crate::wire::{Break, Wire};
use crate::{Harness, Outcome};
use serde_json::json;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

const MB: usize = 1_000_000;
/// What requests, their headers and small blobs may add to the bytes of a layer on the wire.
const BESIDE: u64 = 64 * 1024;
/// `Exit::Registry` in docs/cli.
const REGISTRY_REFUSED: i32 = 7;

pub(super) fn run(h: &Harness) {
    let at = |name: &str| h.state.join("images").join(name);
    let images = Images::new(h, &at("made"));
    shared_layers(h, &images, &at("shared"));
    one_changed_file(h, &images, &at("changed"));
    tags(h, &images, &at("tags"));
    stated(h, &images, &at("stated"));
    on_base(h, &images, &at("base"));
    let big = images.image("big", &[&images.layer(32, 32 * MB)]);
    killed(h, &images, &big, &at("killed"));
    cut(h, &images, &big, &at("cut"));
    no_space(h, &images, &at("full"));
    collected(h, &images, &at("collected"));
}

fn program(h: &Harness) -> PathBuf {
    let programs = h.kubectl.parent().expect("the cluster's programs");
    programs.join("registry")
}

fn registry(h: &Harness, folder: &Path) -> Registry {
    Registry::start(&program(h), folder)
}

fn collecting(h: &Harness, folder: &Path) -> Registry {
    Registry::start_with(&program(h), folder, &[("WINDLASS_COLLECT", "true")])
}

/// Three images of three repositories: a blob that they share comes once, and again nothing comes.
fn shared_layers(h: &Harness, images: &Images, folder: &Path) {
    let mut registry = registry(h, folder);
    let [small, large] = [images.layer(1, MB), images.layer(2, 9 * MB)];
    let own = [3, 4, 5].map(|seed| images.layer(seed, MB));
    let made = [
        images.image("shared-a", &[&small, &large, &own[0]]),
        images.image("shared-b", &[&small, &large, &own[1]]),
        images.image("shared-c", &[&small, &own[2]]),
    ];
    let names = ["a", "b", "c"].map(|name| format!("{}/demo/{name}", registry.address));
    let requests: Vec<PathBuf> = made
        .iter()
        .zip(&names)
        .map(|(image, name)| images.request(image, name, &[]))
        .collect();
    images.push(&requests).succeeded();
    let asked = registry.asked();
    let once = |layer: &Layer, repositories: usize| {
        let stored = asked.iter().filter(|one| one.stores(&layer.digest));
        let mounted = asked.iter().filter(|one| one.mounts(&layer.digest));
        assert_eq!(
            (stored.count(), mounted.count()),
            (1, repositories - 1),
            "sent once, taken over elsewhere: {} in {asked:?}",
            layer.digest
        );
    };
    once(&small, 3);
    once(&large, 2);
    for layer in &own {
        once(layer, 1);
    }

    let again = images.push(&requests);
    again.succeeded();
    let asked = registry.asked();
    let heads = asked.iter().filter(|one| one.method == "HEAD");
    assert_eq!((heads.count(), asked.len()), (3, 3), "{asked:?}");
    let mut said: Vec<&str> = again.stdout.lines().collect();
    said.sort_unstable();
    let pairs = names.iter().zip(&made);
    let want: Vec<String> = pairs
        .map(|(name, image)| format!("{name}@{}", image.digest))
        .collect();
    assert_eq!(said, want, "their references are printed");
}

/// After an edit, what comes is one layer, one config and one manifest, to the byte.
fn one_changed_file(h: &Harness, images: &Images, folder: &Path) {
    let mut registry = registry(h, folder);
    let name = format!("{}/demo/app", registry.address);
    let base = images.layer(6, 4 * MB);
    let image = |seed: u64| images.image(&format!("app-{seed}"), &[&base, &images.layer(seed, MB)]);
    let (before, after) = (image(7), image(8));
    images
        .push(&[images.request(&before, &name, &[])])
        .succeeded();
    assert_eq!(registry.blobs(), before.sizes);
    registry.asked();
    images
        .push(&[images.request(&after, &name, &[])])
        .succeeded();
    let mut new = registry.blobs();
    new.retain(|digest, _| !before.sizes.contains_key(digest));
    let mut want = after.sizes.clone();
    want.remove(&base.digest);
    assert_eq!(want.len(), 3, "layer, config and manifest");
    assert_eq!(new, want, "and nothing else is in the store");
    let asked = registry.asked();
    let puts: Vec<&Asked> = asked.iter().filter(|one| one.puts()).collect();
    assert_eq!(puts.len(), 3, "each of them in one request: {puts:?}");
}

/// Several tags name the image; one that moves is one manifest, and no blob.
fn tags(h: &Harness, images: &Images, folder: &Path) {
    let mut registry = registry(h, folder);
    let name = format!("{}/demo/tagged", registry.address);
    let [one, two] =
        [9, 10].map(|seed| images.image(&format!("tag-{seed}"), &[&images.layer(seed, MB)]));
    let push = |image: &Image, tags: &[&str]| {
        images
            .push(&[images.request(image, &name, tags)])
            .succeeded();
    };
    push(&one, &["alice", "v1"]);
    for tag in ["alice", "v1"] {
        assert_eq!(by_skopeo(&format!("{name}:{tag}")), one.manifest());
    }
    registry.asked();
    push(&one, &["alice", "v1"]);
    let asked = registry.asked();
    assert!(asked.len() <= 2, "a look for each tag: {asked:?}");
    assert!(asked.iter().all(|one| one.method == "HEAD"), "{asked:?}");

    push(&two, &["alice"]);
    assert_eq!(by_skopeo(&format!("{name}:alice")), two.manifest());
    registry.asked();
    push(&one, &["alice"]);
    let asked = registry.asked();
    let puts: Vec<&Asked> = asked.iter().filter(|one| one.method != "HEAD").collect();
    assert_eq!(puts.len(), 1, "the tag goes back: {asked:?}");
    assert_eq!(by_skopeo(&format!("{name}:alice")), one.manifest());
    let (_, list) = get(registry.address, "/v2/demo/tagged/tags/list");
    assert_eq!(list["tags"], json!(["alice", "v1"]));
}

/// A layer of a base is taken over within a registry, and copied from one to another. Where an image
/// comes from stands beside it.
fn on_base(h: &Harness, images: &Images, folder: &Path) {
    let mut first = registry(h, &folder.join("first"));
    let second = registry(h, &folder.join("second"));
    let below = images.layer(20, 12 * MB);
    let base = format!("{}/library/base", first.address);
    let request = images.request(&images.image("base", &[&below]), &base, &["v1"]);
    images.push(&[request]).succeeded();
    let app = images.on_base("on-base", &format!("{base}:v1"), &images.layer(21, MB));
    first.asked();
    let origin = ["--revision", "1f0c", "--source", "https://git.example/app"];
    for (place, registry) in [("mounted", &first), ("copied", &second)] {
        let name = format!("{}/demo/app", registry.address);
        let request = images.request(&app, &name, &["v1"]);
        images.push_with(&origin, &[request]).succeeded();
        pulled(&format!("{name}:v1"), &app, &folder.join(place));
        let list = format!("/v2/demo/app/manifests/{}", app.digest.replace(':', "-"));
        let (status, list) = get(registry.address, &list);
        assert_eq!(
            status, 200,
            "a registry that lists no referrers has a tag for them"
        );
        let said = &list["manifests"][0]["annotations"];
        assert_eq!(said["org.opencontainers.image.revision"], "1f0c");
    }
    let asked = first.asked();
    let stored = asked.iter().filter(|one| one.stores(&below.digest));
    let mounted = asked.iter().filter(|one| one.mounts(&below.digest));
    assert_eq!((stored.count(), mounted.count()), (0, 1), "{asked:?}");
    assert_eq!(second.blobs().get(&below.digest), Some(&below.size));
}

/// A push that is killed half way leaves no image; another one ends what it began.
fn killed(h: &Harness, images: &Images, big: &Image, folder: &Path) {
    let registry = registry(h, folder);
    let wire = Wire::start(registry.address, 16 * MB as u64, Break::Silence);
    let by_wire = format!("{}/demo/killed", wire.address);
    let mut push = images.begin_push(&images.request(big, &by_wire, &["v1"]));
    wire.until_broken();
    push.kill().expect("it runs");
    push.wait().expect("it ends");
    let (status, _) = get(registry.address, "/v2/demo/killed/manifests/v1");
    assert_eq!(status, 404, "no tag names half an image");

    let name = format!("{}/demo/killed", registry.address);
    images
        .push(&[images.request(big, &name, &["v1"])])
        .succeeded();
    let (_, catalog) = get(registry.address, "/v2/_catalog");
    assert_eq!(catalog, json!({"repositories": ["demo/killed"]}));
    pulled(&format!("{name}:v1"), big, folder);
}

/// After a cut, what has arrived is not sent again.
fn cut(h: &Harness, images: &Images, big: &Image, folder: &Path) {
    let mut registry = registry(h, folder);
    let wire = Wire::start(registry.address, 20 * MB as u64, Break::Cut);
    let name = format!("{}/demo/cut", wire.address);
    images.push(&[images.request(big, &name, &[])]).succeeded();
    wire.until_broken();
    let (sent, size) = (wire.sent(), big.bytes());
    assert!(
        (size..size + BESIDE).contains(&sent),
        "want each byte of {size} once, got {sent}"
    );
    let asked = registry.asked();
    let patches = asked.iter().filter(|one| one.method == "PATCH");
    assert_eq!(patches.count(), 2, "{asked:?}");
    assert_eq!(registry.blobs(), big.sizes);
}

/// A registry whose disk is full: an error that says so, no tag, and a rerun when there is room.
fn no_space(h: &Harness, images: &Images, folder: &Path) {
    let storage = folder.join("storage");
    std::fs::create_dir_all(&storage).expect("a folder");
    run_program(
        "mount",
        &["-t", "tmpfs", "-o", "size=40m", "full", path(&storage)],
    );
    let ballast = storage.join("ballast");
    std::fs::write(&ballast, vec![0; 32 << 20]).expect("32 of 40 MiB");
    let registry = registry(h, folder);
    let name = format!("{}/demo/full", registry.address);
    let image = images.image("full", &[&images.layer(11, 12 * MB)]);
    let request = images.request(&image, &name, &["v1"]);
    let refused = images.push(std::slice::from_ref(&request));
    assert_eq!(refused.code, REGISTRY_REFUSED, "{}", refused.stderr);
    refused.says(&format!(
        "error: cannot push image `//e2e:full` to `{name}`\n"
    ));
    let mut lines = refused.stderr.lines();
    let cause = lines.find(|line| line.starts_with("cause: "));
    let cause = cause.unwrap_or_default();
    assert!(
        cause.starts_with("cause: P") && cause.contains("500 UNKNOWN: unknown error: "),
        "{cause}"
    );
    assert!(cause.ends_with("no space left on device"), "{cause}");
    let (status, _) = get(registry.address, "/v2/demo/full/manifests/v1");
    assert_eq!(status, 404, "no tag");

    std::fs::remove_file(&ballast).expect("it is there");
    images.push(&[request]).succeeded();
    pulled(&format!("{name}:v1"), &image, folder);
    drop(registry);
    run_program("umount", &[path(&storage)]);
}

/// What a tag has moved off goes when the registry starts, with the blobs that only it needed. What
/// another tag is on stays, and what never had one.
fn collected(h: &Harness, images: &Images, folder: &Path) {
    let base = images.layer(12, MB);
    let image = |name: &str, seed: u64| images.image(name, &[&base, &images.layer(seed, MB)]);
    let [oldest, old, kept, new] = [("oldest", 13), ("old", 14), ("kept", 15), ("new", 16)]
        .map(|(name, seed)| image(name, seed));
    let (untagged, part, shared) = (
        image("untagged", 17),
        image("part", 18),
        image("shared", 19),
    );
    let first = registry(h, folder);
    let push = |image: &Image, repository: &str, tags: &[&str]| {
        let name = format!("{}/{repository}", first.address);
        images
            .push(&[images.request(image, &name, tags)])
            .succeeded();
    };
    push(&untagged, "demo/a", &[]);
    push(&oldest, "demo/a", &["alice"]);
    push(&old, "demo/a", &["alice"]);
    push(&old, "demo/b", &["bob"]);
    push(&kept, "demo/a", &["alice", "kept_1"]);
    push(&new, "demo/a", &["alice"]);
    for image in [&part, &shared, &new] {
        push(image, "demo/index", &[]);
    }
    let [size, _] = [[&part, &shared], [&shared, &new]].map(|parts| index_of(&first, parts));
    let before = first.blobs();
    drop(first);
    let plain = registry(h, folder);
    assert_eq!(
        plain.blobs(),
        before,
        "without being told, it keeps everything"
    );
    drop(plain);

    let registry = collecting(h, folder);
    let status = |repository: &str, image: &Image| {
        let path = format!("/v2/{repository}/manifests/{}", image.digest);
        get(registry.address, &path).0
    };
    let there = [&untagged, &oldest, &old, &kept, &new].map(|image| status("demo/a", image));
    assert_eq!(there, [200, 404, 404, 200, 200]);
    let there = [&part, &shared, &new].map(|image| status("demo/index", image));
    assert_eq!(there, [404, 200, 200]);
    let after = registry.blobs();
    let mut gone = before;
    gone.retain(|digest, _| !after.contains_key(digest));
    // What was theirs alone, and the index that named `part`.
    for (digest, size) in oldest.sizes.iter().chain(&part.sizes) {
        assert_eq!(
            gone.remove(digest),
            (*digest != base.digest).then_some(*size)
        );
    }
    assert_eq!(gone.into_values().collect::<Vec<_>>(), [size]);
    for (reference, image) in [
        ("demo/a:alice", &new),
        ("demo/a:kept_1", &kept),
        ("demo/b:bob", &old),
    ] {
        let name = format!("{}/{reference}", registry.address);
        pulled(&name, image, &folder.join(&image.digest[7..]));
    }
    let name = format!("{}/demo/a", registry.address);
    images
        .push(&[images.request(&oldest, &name, &["alice"])])
        .succeeded();
    pulled(&format!("{name}:alice"), &oldest, &folder.join("again"));
    only_one_collects(h, folder, registry, &new);
}

/// A pod that ends and the next one may both be there: the next one waits, and then collects.
fn only_one_collects(h: &Harness, folder: &Path, first: Registry, old: &Image) {
    let path = format!("/v2/demo/a/manifests/{}", old.digest);
    let status = |registry: &Registry| get(registry.address, &path).0;
    let variables = [("WINDLASS_COLLECT", "true")];
    let mut second = Registry::begin(&program(h), folder, &variables);
    second.says("another registry serves");
    assert!(TcpStream::connect(second.address).is_err(), "it waits");
    assert_eq!(status(&first), 200, "while the first one serves");
    drop(first);
    second.answers();
    assert_eq!(status(&second), 404);
}

/// Puts the tag of `demo/index` on an index of two images; gives its size.
fn index_of(registry: &Registry, parts: [&Image; 2]) -> u64 {
    let manifests = parts.map(Image::descriptor);
    let index = json!({"schemaVersion": 2, "manifests": manifests,
        "mediaType": "application/vnd.oci.image.index.v1+json"});
    put_index(registry.address, "/v2/demo/index/manifests/alice", &index);
    index.to_string().len() as u64
}

/// What is said of an image is listed under a tag, once, whatever an earlier run has left.
fn stated(h: &Harness, images: &Images, folder: &Path) {
    let mut registry = registry(h, folder);
    let image = images.image("stated", &[&images.layer(20, MB)]);
    let name = format!("{}/demo/stated", registry.address);
    let request = [images.request(&image, &name, &[])];
    let push = || {
        images
            .push_with(&["--revision", "1f0c"], &request)
            .succeeded();
    };
    let tag = image.digest.replace(':', "-");
    let path = format!("/v2/demo/stated/manifests/{tag}");
    push();
    let (_, list) = get(registry.address, &path);
    let said = &list["manifests"][0]["annotations"]["org.opencontainers.image.revision"];
    assert_eq!(said, "1f0c", "{list}");

    registry.asked();
    push();
    let asked = registry.asked();
    let methods: Vec<&str> = asked.iter().map(|one| one.method.as_str()).collect();
    assert_eq!(methods, ["HEAD", "GET", "GET"], "{asked:?}");

    // As if that run had ended after the manifest and before the list.
    let none = json!({"schemaVersion": 2, "manifests": [],
        "mediaType": "application/vnd.oci.image.index.v1+json"});
    put_index(registry.address, &path, &none);
    push();
    let (_, again) = get(registry.address, &path);
    assert_eq!(again["manifests"], list["manifests"]);
}

/// The manifest as skopeo gets it.
#[track_caller]
fn by_skopeo(reference: &str) -> Vec<u8> {
    let docker = format!("docker://{reference}");
    let words = ["inspect", "--raw", "--tls-verify=false", &docker];
    run_program("skopeo", &words).into_bytes()
}

/// The whole image is there, as it was made.
#[track_caller]
fn pulled(reference: &str, image: &Image, folder: &Path) {
    assert_eq!(by_skopeo(reference), image.manifest());
    let to = folder.join("pulled");
    pull(reference, &to);

    for (digest, size) in &image.sizes {
        let blob = to.join("blobs").join(digest.replace(':', "/"));
        assert_eq!(blob.metadata().expect("a blob").len(), *size, "{digest}");
    }
}

/// skopeo copies an image into a layout, and checks each blob.
#[track_caller]
pub(super) fn pull(reference: &str, layout: &Path) {
    std::fs::create_dir_all(layout).expect("a folder");
    let from = format!("docker://{reference}");
    let layout = format!("oci:{}", layout.display());
    let words = [
        "copy",
        "--insecure-policy",
        "--src-tls-verify=false",
        &from,
        &layout,
    ];
    run_program("skopeo", &words);
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// What a program prints; fails unless it ends well.
#[track_caller]
fn run_program(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("cannot run `{program}`: {error}"));
    let outcome = Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    outcome.succeeded();
    outcome.stdout
}
