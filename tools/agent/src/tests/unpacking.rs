//! Bundles that are not unpacked.

use std::path::Path;

use strum::VariantNames as _;
use windlass_error_cases::{Folder, complete};
use windlass_oci_reference::Digest;

use super::scene::archive;
use crate::apply::bundle::{BundleError, Layer, last_layer, unpack};

fn layer(media_type: &str) -> Layer {
    Layer {
        media_type: media_type.to_owned(),
        digest: Digest::of(b""),
    }
}

const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// An archive of one entry, by hand: the library would not make it.
fn entry(path: &str, kind: tar::EntryType, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_link_name("/etc/passwd").expect("fits");
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(&[0; 1024]);
    bytes
}

fn refused(media_type: &str, bytes: &[u8]) -> BundleError {
    let folder = Folder::new();
    let error = unpack(&layer(media_type), bytes, Path::new(&folder.path("")));
    let error = error.expect_err("it is refused");
    let there: Vec<_> = std::fs::read_dir(folder.path("")).expect("lists").collect();
    assert!(there.is_empty(), "{there:?}");
    error
}

#[test]
fn what_is_in_a_bundle() {
    let folder = Folder::new();
    let files = [
        ("windlass.json", "{}".to_owned()),
        ("windlass.runfiles/_main/a/b.json", "b".to_owned()),
    ];
    let path = folder.path("");
    unpack(&layer(GZIP), &archive(&files), Path::new(&path)).expect("unpacks");
    let read = |name: &str| std::fs::read_to_string(folder.path(name)).expect("is there");
    assert_eq!(read("windlass.json"), "{}");
    assert_eq!(read("windlass.runfiles/_main/a/b.json"), "b");
}

#[test]
fn all_members_of_a_file_of_gzip_are_read() {
    // Layers are compressed block by block.
    let folder = Folder::new();
    let mut plain = Vec::new();
    let packed = archive(&[("windlass.json", "{}".repeat(5000))]);
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*packed), &mut plain)
        .expect("reads");
    let (one, two) = plain.split_at(3000);
    let member = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, bytes).expect("writes");
        packed.finish().expect("is whole")
    };
    let members = [member(one), member(two)].concat();
    unpack(&layer(GZIP), &members, Path::new(&folder.path(""))).expect("unpacks");
    let read = std::fs::read(folder.path("windlass.json")).expect("is there");
    assert_eq!(read.len(), 10_000);
}

/// Layers that are refused: the error, the media type, the bytes, and what is said.
fn layers() -> [(&'static str, &'static str, Vec<u8>, &'static str); 9] {
    use tar::EntryType;
    let plain = "application/vnd.oci.image.layer.v1.tar";
    [
        (
            "Layer",
            "application/vnd.oci.image.layer.v1.tar+zstd",
            Vec::new(),
            "its last layer: got `application/vnd.oci.image.layer.v1.tar+zstd`, want a tar, by gzip or not",
        ),
        (
            "Archive",
            GZIP,
            b"text".to_vec(),
            "its last layer cannot be unpacked",
        ),
        (
            "Archive",
            plain,
            entry("windlass.json", EntryType::Regular, 4096),
            "its last layer cannot be unpacked",
        ),
        (
            "Entry",
            plain,
            entry("windlass.runfiles/../../x", EntryType::Regular, 0),
            "its last layer has `windlass.runfiles/../../x`, which leads out of it; want files in \
             `windlass.runfiles`, and `windlass.json`",
        ),
        (
            "Entry",
            plain,
            entry("windlass.json", EntryType::Symlink, 0),
            "its last layer has `windlass.json`, which is no file; want files in \
             `windlass.runfiles`, and `windlass.json`",
        ),
        (
            "Entry",
            plain,
            entry("windlass.json", EntryType::Link, 0),
            "its last layer has `windlass.json`, which is no file; want files in \
             `windlass.runfiles`, and `windlass.json`",
        ),
        (
            "Entry",
            plain,
            entry("windlass", EntryType::Regular, 0),
            "its last layer has `windlass`, which no bundle has; want files in \
             `windlass.runfiles`, and `windlass.json`",
        ),
        (
            "Entry",
            plain,
            entry("/etc/cron.d/x", EntryType::Regular, 0),
            "its last layer has `/etc/cron.d/x`, which no bundle has; want files in \
             `windlass.runfiles`, and `windlass.json`",
        ),
        (
            "TooLarge",
            plain,
            entry("windlass.json", EntryType::Regular, 1 << 32),
            "its last layer has more than 100000 files, or 64 MB",
        ),
    ]
}

#[test]
fn what_is_refused() {
    let mut seen = Vec::new();
    for (variant, media_type, bytes, want) in layers() {
        let error = refused(media_type, &bytes);
        assert_eq!((<&str>::from(&error), &*error.to_string()), (variant, want));
        seen.push(variant);
    }
    let none = last_layer(b"{\"layers\": []}").expect_err("none");
    assert_eq!(
        none.to_string(),
        "its last layer: got ``, want a tar, by gzip or not"
    );
    let index = last_layer(b"{\"manifests\": []}").expect_err("an index");
    assert_eq!(index.to_string(), "its manifest is not that of an image");
    let folder = Folder::new();
    let twice = [
        ("windlass.json", "1".to_owned()),
        ("windlass.json", "2".to_owned()),
    ];
    let twice = unpack(&layer(GZIP), &archive(&twice), Path::new(&folder.path("")));
    let twice = twice.expect_err("nobody knows which is meant");
    assert_eq!(<&str>::from(&twice), "Write");
    seen.extend(["Manifest", "Write"]);
    // Those of requests have their cases where releases are refused.
    seen.extend(["Request", "Other", "Images"]);
    complete(seen, BundleError::VARIANTS);
}
