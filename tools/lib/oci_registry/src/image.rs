//! One image as the build made it: a few small JSON files and the layers' blobs.

use crate::{ImageError, Target, Transport};
use bytes::Bytes;
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest, MediaType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use windlass_oci_reference::{Digest, Repository};

/// Where the files of one image are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageFiles {
    /// The manifest or the index, byte for byte as it is pushed.
    pub manifest: PathBuf,
    /// `{"mediaType", "digest", "size"}` of the manifest.
    pub descriptor: PathBuf,
    /// The config, byte for byte; an index has none.
    #[serde(default)]
    pub config: Option<PathBuf>,
    /// The layers that were made here, in any order.
    #[serde(default)]
    pub layers: Vec<LayerFiles>,
    /// An OCI layout directory that has further layers.
    #[serde(default)]
    pub layout: Option<PathBuf>,
    /// A [`Source`] that has all other layers.
    #[serde(default)]
    pub source: Option<PathBuf>,
    /// The images that an index names.
    #[serde(default)]
    pub manifests: Vec<Self>,
}

impl ImageFiles {
    /// The same files, their paths taken from below a folder.
    #[must_use]
    pub fn below(&self, root: &Path) -> Self {
        let layer = |layer: &LayerFiles| LayerFiles {
            blob: root.join(&layer.blob),
            metadata: root.join(&layer.metadata),
        };
        let optional = |path: &Option<PathBuf>| path.as_ref().map(|path| root.join(path));
        Self {
            manifest: root.join(&self.manifest),
            descriptor: root.join(&self.descriptor),
            config: optional(&self.config),
            layers: self.layers.iter().map(layer).collect(),
            layout: optional(&self.layout),
            source: optional(&self.source),
            manifests: self
                .manifests
                .iter()
                .map(|image| image.below(root))
                .collect(),
        }
    }
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

/// A repository that has layers of an image that are not on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The repository.
    pub repository: Repository,
    /// Plain http although the registry is not this machine.
    #[serde(default)]
    pub insecure: bool,
}

/// A file that a registry keeps by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Where it is.
    pub place: Place,
}

/// Where a blob is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On this machine.
    File(PathBuf),
    /// Nowhere but here.
    Memory(Bytes),
    /// In a repository.
    Registry(Target),
}

/// One image, its parts checked against one another. The blobs' bytes were not looked at.
#[derive(Clone, Debug)]
pub struct Image {
    digest: Digest,
    media_type: MediaType,
    manifest: Vec<u8>,
    blobs: Vec<Blob>,
    manifests: Vec<Self>,
}

impl Image {
    /// Reads manifest, descriptor and the layers' metadata, and refuses an image whose parts do
    /// not belong together.
    pub fn load(files: &ImageFiles) -> Result<Self, ImageError> {
        let descriptor: Descriptor = parse(&files.descriptor, &read(&files.descriptor)?)?;
        let bytes = read(&files.manifest)?;
        let digest = Digest::of(&bytes);
        let named = descriptor.digest();
        agree("manifest digest", &files.descriptor, named, &digest)?;
        let (blobs, manifests) = match descriptor.media_type() {
            MediaType::ImageIndex => (Vec::new(), manifests(files, &bytes)?),
            _ => (blobs(files, &bytes)?, Vec::new()),
        };
        Ok(Self {
            digest,
            media_type: descriptor.media_type().clone(),
            manifest: bytes,
            blobs,
            manifests,
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

    /// The images that an index names; none of an image for one platform.
    pub fn manifests(&self) -> &[Self] {
        &self.manifests
    }

    /// All blobs of an image, those of the images of an index among them.
    pub fn all_blobs(&self) -> impl Iterator<Item = &Blob> {
        let own = self.blobs.iter();
        own.chain(self.manifests.iter().flat_map(|image| &image.blobs))
    }

    /// The manifest, byte for byte.
    pub fn manifest(&self) -> &[u8] {
        &self.manifest
    }

    /// The manifest's media type.
    pub fn media_type(&self) -> &MediaType {
        &self.media_type
    }
}

/// The images of an index, in its order.
fn manifests(files: &ImageFiles, index: &[u8]) -> Result<Vec<Image>, ImageError> {
    let path = &files.manifest;
    let index: ImageIndex = parse(path, index)?;
    let named = index.manifests();
    let count = files.manifests.len();
    agree("number of images", path, &named.len(), &count)?;
    let mut images = Vec::new();
    for (image, named) in files.manifests.iter().zip(named) {
        let image = Image::load(image)?;
        agree("image digest", path, named.digest(), &image.digest)?;
        images.push(image);
    }
    Ok(images)
}

/// The layers and the config of an image for one platform, and where they are.
fn blobs(files: &ImageFiles, manifest: &[u8]) -> Result<Vec<Blob>, ImageError> {
    let path = &files.manifest;
    let manifest: ImageManifest = parse(path, manifest)?;
    let places = Places::of(files)?;
    let mut blobs = Vec::new();
    for named in manifest.layers() {
        add(&mut blobs, places.blob(path, named)?);
    }
    let is_named = |digest: &Digest| blobs.iter().any(|blob| blob.digest == *digest);
    if let Some(digest) = places.made.keys().find(|digest| !is_named(digest)) {
        return Err(ImageError::Unnamed {
            path: path.clone(),
            digest: *digest,
        });
    }
    add(&mut blobs, config(files, &manifest)?);
    Ok(blobs)
}

/// Where layers are.
struct Places<'a> {
    made: BTreeMap<Digest, (u64, &'a Path)>,
    layout: Option<&'a Path>,
    source: Option<Target>,
}

impl<'a> Places<'a> {
    fn of(files: &'a ImageFiles) -> Result<Self, ImageError> {
        let mut made = BTreeMap::new();
        for layer in &files.layers {
            let metadata: LayerMetadata = parse(&layer.metadata, &read(&layer.metadata)?)?;
            made.insert(metadata.digest, (metadata.size, layer.blob.as_path()));
        }
        let source = files.source.as_deref().map(|path| {
            let source: Source = parse(path, &read(path)?)?;
            Ok(Target {
                repository: source.repository,
                transport: Transport::from_insecure(source.insecure),
            })
        });
        Ok(Self {
            made,
            layout: files.layout.as_deref(),
            source: source.transpose()?,
        })
    }

    /// The blob that the manifest at `path` names, from the nearest place that has it.
    fn blob(&self, path: &Path, named: &Descriptor) -> Result<Blob, ImageError> {
        let digest = digest_of(path, named)?;
        let size = named.size();
        let in_layout = || {
            let blob = self.layout?.join("blobs/sha256").join(digest.hex());
            blob.exists().then_some(blob)
        };
        let place = if let Some((made, blob)) = self.made.get(&digest) {
            agree("layer size", path, &size, made)?;
            Place::File((*blob).to_owned())
        } else if let Some(blob) = in_layout() {
            Place::File(blob)
        } else if let Some(source) = &self.source {
            Place::Registry(source.clone())
        } else {
            return Err(ImageError::Nowhere {
                path: path.to_owned(),
                digest,
            });
        };
        Ok(Blob {
            digest,
            size,
            place,
        })
    }
}

/// The config, which must be the one that the manifest names.
fn config(files: &ImageFiles, manifest: &ImageManifest) -> Result<Blob, ImageError> {
    let named = manifest.config();
    let digest = digest_of(&files.manifest, named)?;
    let Some(path) = &files.config else {
        return Err(ImageError::Nowhere {
            path: files.manifest.clone(),
            digest,
        });
    };
    let bytes = read(path)?;
    let found = Digest::of(&bytes);
    agree("config digest", &files.manifest, &digest, &found)?;
    Ok(Blob {
        digest,
        size: bytes.len() as u64,
        place: Place::File(path.clone()),
    })
}

fn digest_of(path: &Path, named: &Descriptor) -> Result<Digest, ImageError> {
    let text = named.digest().to_string();
    text.parse().map_err(|source| ImageError::Digest {
        path: path.to_owned(),
        source,
    })
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
