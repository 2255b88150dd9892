//! One image as the build made it: a few small JSON files and the layers' blobs.

use crate::ImageError;
use oci_spec::image::{Descriptor, ImageManifest};
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use windlass_oci_reference::Digest;

/// Where the files of one image are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageFiles {
    /// The manifest, byte for byte as it is pushed.
    pub manifest: PathBuf,
    /// The config, byte for byte.
    pub config: PathBuf,
    /// `{"mediaType", "digest", "size"}` of the manifest.
    pub descriptor: PathBuf,
    /// The layers, bottom first.
    pub layers: Vec<LayerFiles>,
}

/// Where the files of one layer are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerFiles {
    /// The compressed archive; read only when it has to be uploaded.
    pub blob: PathBuf,
    /// Its [`LayerMetadata`].
    pub metadata: PathBuf,
}

/// What the build knows of a layer: all that a manifest and a push need but the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LayerMetadata {
    /// The blob's media type.
    pub media_type: String,
    /// The blob's digest.
    pub digest: Digest,
    /// The blob's size in bytes.
    pub size: u64,
    /// The digest of the uncompressed archive.
    pub diff_id: Digest,
}

/// A file that a registry keeps by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Where it is on this machine.
    pub path: PathBuf,
}

/// One image, its parts checked against one another. The blobs' bytes were not looked at.
#[derive(Clone, Debug)]
pub struct Image {
    digest: Digest,
    media_type: String,
    manifest: Vec<u8>,
    blobs: Vec<Blob>,
}

impl Image {
    /// Reads manifest, descriptor and the layers' metadata, and refuses an image whose parts do
    /// not belong together.
    pub fn load(files: &ImageFiles) -> Result<Self, ImageError> {
        let descriptor: Descriptor = parse(&files.descriptor, &read(&files.descriptor)?)?;
        let bytes = read(&files.manifest)?;
        let digest = Digest::of(&bytes);
        agree(
            "manifest digest",
            &files.descriptor,
            descriptor.digest(),
            &digest,
        )?;
        let manifest: ImageManifest = parse(&files.manifest, &bytes)?;
        agree(
            "number of layers",
            &files.manifest,
            &manifest.layers().len(),
            &files.layers.len(),
        )?;

        let mut blobs = Vec::new();
        for (layer, named) in files.layers.iter().zip(manifest.layers()) {
            let metadata: LayerMetadata = parse(&layer.metadata, &read(&layer.metadata)?)?;
            agree(
                "layer digest",
                &files.manifest,
                named.digest(),
                &metadata.digest,
            )?;
            agree("layer size", &files.manifest, &named.size(), &metadata.size)?;
            let LayerMetadata { digest, size, .. } = metadata;
            add(
                &mut blobs,
                Blob {
                    digest,
                    size,
                    path: layer.blob.clone(),
                },
            );
        }
        let config = read(&files.config)?;
        let config_digest = Digest::of(&config);
        let named = manifest.config();
        agree(
            "config digest",
            &files.manifest,
            named.digest(),
            &config_digest,
        )?;
        let size = config.len() as u64;
        add(
            &mut blobs,
            Blob {
                digest: config_digest,
                size,
                path: files.config.clone(),
            },
        );

        Ok(Self {
            digest,
            media_type: descriptor.media_type().to_string(),
            manifest: bytes,
            blobs,
        })
    }

    /// The manifest's digest: the name of the image.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The layers and the config, each once however often the manifest names it.
    pub fn blobs(&self) -> &[Blob] {
        &self.blobs
    }

    /// The manifest, byte for byte.
    pub fn manifest(&self) -> &[u8] {
        &self.manifest
    }

    /// The manifest's media type.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }
}

fn add(blobs: &mut Vec<Blob>, blob: Blob) {
    if blobs.iter().all(|known| known.digest != blob.digest) {
        blobs.push(blob);
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ImageError> {
    std::fs::read(path).map_err(|source| ImageError::Read {
        path: path.to_owned(),
        source,
    })
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path, bytes: &[u8]) -> Result<T, ImageError> {
    serde_json::from_slice(bytes).map_err(|source| ImageError::Parse {
        path: path.to_owned(),
        source,
    })
}

/// What a file says of another must be what that other is.
fn agree(
    what: &'static str,
    path: &Path,
    said: &dyn Display,
    found: &dyn Display,
) -> Result<(), ImageError> {
    let (said, found) = (said.to_string(), found.to_string());
    if said == found {
        return Ok(());
    }
    Err(ImageError::Differs {
        what,
        path: path.to_owned(),
        said,
        found,
    })
}
