//! Images to look at.

use super::bench::Bench;
use crate::contents::Contents;
use std::path::{Path, PathBuf};
use windlass_oci_reference::Digest;

/// Makes images as layouts, in a folder of its own.
pub(super) struct Maker {
    bench: Bench,
}

impl Maker {
    pub(super) fn new() -> Self {
        Self {
            bench: Bench::new(),
        }
    }

    /// Each layer by the arguments that make it; in all arguments `DIR` is the folder.
    pub(super) fn image(&self, name: &str, layers: &[&str], config: &str) -> PathBuf {
        for (at, layer) in layers.iter().enumerate() {
            let files = format!("--blob DIR/{name}.{at}.tar --metadata DIR/{name}.{at}.json");
            self.bench.run(&format!("layer {layer} {files}"));
        }
        self.assemble(name, layers.len(), config)
    }

    /// One layer, of an archive as other tools may make it.
    pub(super) fn foreign(&self, name: &str, archive: &[u8], config: &str) -> PathBuf {
        let digest = Digest::of(archive);
        let metadata = serde_json::json!({
            "mediaType": "application/vnd.oci.image.layer.v1.tar",
            "digest": digest, "size": archive.len(), "diffId": digest,
        });
        self.bench.write(&format!("{name}.0.tar"), archive);
        self.bench
            .write(&format!("{name}.0.json"), metadata.to_string());
        self.assemble(name, 1, config)
    }

    /// Replaces a text in the manifest of an image.
    pub(super) fn rename(&self, image: &str, from: &str, to: &str) {
        let layout = self.bench.path(image);
        let read = |path: PathBuf| std::fs::read_to_string(path).expect("reads");
        let mut index: serde_json::Value =
            serde_json::from_str(&read(layout.join("index.json"))).expect("parses");
        let blobs = layout.join("blobs/sha256");
        let descriptor = &mut index["manifests"][0];
        let digest: Digest = serde_json::from_value(descriptor["digest"].take()).expect("one");
        let manifest = read(blobs.join(digest.hex()));
        assert!(manifest.contains(from), "{manifest}");
        let manifest = manifest.replace(from, to);
        let digest = Digest::of(manifest.as_bytes());
        descriptor["digest"] = digest.to_string().into();
        descriptor["size"] = manifest.len().into();
        std::fs::write(blobs.join(digest.hex()), manifest).expect("writes");
        std::fs::write(layout.join("index.json"), index.to_string()).expect("writes");
    }

    /// The image of the layers that are there.
    fn assemble(&self, name: &str, layers: usize, config: &str) -> PathBuf {
        let layers =
            (0..layers).map(|at| (format!("{name}.{at}.tar"), format!("{name}.{at}.json")));
        let layers: Vec<_> = layers.collect();
        let arguments = format!("--os linux --architecture amd64 {config}");
        self.bench.image(name, &arguments, &layers);
        self.bench
            .run(&format!("layout --files DIR/{name}.files --out DIR/{name}"));
        self.bench.path(name)
    }
}

pub(super) fn read(layout: &Path) -> Contents {
    Contents::read(layout, None).expect("an image")
}
