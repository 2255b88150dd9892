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
