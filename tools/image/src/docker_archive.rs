//! Images in tar archives: what `docker save` writes, and layouts that were packed.
//!
//! Docker 25 and later, podman and skopeo write a layout. Before, it was a `manifest.json` that
//! names a config and plain layers; of these a layout is made, its layers compressed as ours are.

use crate::Error;
use crate::compress::{Blocks, Compression};
use crate::digesting::Digesting;
use crate::oci_layout::{make_blobs, write_index};
use crate::output::{copy, create, parse, write};
use oci_spec::image::{Descriptor, ImageConfiguration, ImageManifestBuilder, MediaType};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Component, Path, PathBuf};
use tar::EntryType;
use windlass_oci_reference::Digest;
use windlass_oci_registry::{descriptor, descriptor_of, to_canonical_json};

/// Makes a layout directory of what is in an archive.
pub(crate) fn unpack(archive: &Path, out: &Path) -> Result<(), Error> {
    let archive = Archive::open(archive)?;
    if archive.has("oci-layout") && archive.has("index.json") {
        return archive.unpack_layout(out);
    }
    if archive.has("manifest.json") {
        return archive.unpack_docker(out);
    }
    Err(archive.wrong("files", "no manifest.json", "one, or a layout"))
}

/// An entry that can be read.
#[derive(Clone, Debug)]
enum Entry {
    /// Where its bytes are.
    File { offset: u64, size: u64 },
    /// Another name of what is at this path.
    Link(String),
}

struct Archive {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
}

/// An image in `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    layers: Vec<String>,
}

impl Archive {
    /// Reads where everything is.
    fn open(path: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let mut archive = tar::Archive::new(File::open(path).map_err(unreadable)?);
        let mut entries = BTreeMap::new();
        for entry in archive.entries_with_seek().map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = normal(&entry.path().map_err(unreadable)?);
            let target = entry.link_name().map_err(unreadable)?;
            let found = match (entry.header().entry_type(), target) {
                (EntryType::Regular, _) => Entry::File {
                    offset: entry.raw_file_position(),
                    size: entry.size(),
                },
                (EntryType::Symlink, Some(to)) => {
                    let folder = Path::new(&name).parent().unwrap_or(Path::new(""));
                    Entry::Link(normal(&folder.join(to)))
                }
                (EntryType::Link, Some(to)) => Entry::Link(normal(&to)),
                _ => continue,
            };
            entries.insert(name, found);
        }
        Ok(Self {
            path: path.to_owned(),
            entries,
        })
    }

    fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    fn wrong(&self, what: &'static str, got: &str, want: &'static str) -> Error {
        Error::Layout {
            path: self.path.clone(),
            what,
            got: got.to_owned(),
            want,
        }
    }

    fn unreadable(&self, source: io::Error) -> Error {
        Error::Read {
            path: self.path.clone(),
            source,
        }
    }

    /// The bytes of an entry.
    fn read(&self, name: &str) -> Result<io::Take<File>, Error> {
        let mut entry = self.entries.get(name);
        // A layer that two images share is a link to the other's.
        if let Some(Entry::Link(to)) = entry {
            entry = self.entries.get(to);
        }
        let Some(Entry::File { offset, size }) = entry else {
            return Err(self.wrong("files", &format!("no `{name}`"), "all that it names"));
        };
        let mut file = File::open(&self.path).map_err(|source| self.unreadable(source))?;
        file.seek(SeekFrom::Start(*offset))
            .map_err(|source| self.unreadable(source))?;
        Ok(file.take(*size))
    }

    fn document(&self, name: &str) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let read = self.read(name)?.read_to_end(&mut bytes);
        read.map_err(|source| self.unreadable(source))?;
        Ok(bytes)
    }

    /// Copies the blobs and what names them.
    fn unpack_layout(&self, out: &Path) -> Result<(), Error> {
        let blobs = make_blobs(out)?;
        for name in self.entries.keys() {
            let hex = name.strip_prefix("blobs/sha256/");
            let to = match hex {
                Some(hex) if format!("sha256:{hex}").parse::<Digest>().is_ok() => blobs.join(hex),
                None if matches!(name.as_str(), "index.json" | "oci-layout") => out.join(name),
                _ => continue,
            };
            copy(&mut self.read(name)?, &to)?;
        }
        Ok(())
    }

    /// Makes a layout of a config and plain layers.
    fn unpack_docker(&self, out: &Path) -> Result<(), Error> {
        let images: Vec<DockerImage> = parse(&self.path, &self.document("manifest.json")?)?;
        let [image] = &images[..] else {
            return Err(self.wrong("number of images", &images.len().to_string(), "1"));
        };
        let config_bytes = self.document(&image.config)?;
        let config: ImageConfiguration = parse(&self.path, &config_bytes)?;
        let diff_ids = config.rootfs().diff_ids();
        if diff_ids.len() != image.layers.len() {
            let got = image.layers.len().to_string();
            return Err(self.wrong("number of layers", &got, "as many as its config says"));
        }
        let blobs = make_blobs(out)?;
        let mut layers = Vec::new();
        for (name, diff_id) in image.layers.iter().zip(diff_ids) {
            layers.push(self.layer(name, diff_id, &blobs)?);
        }
        let config = descriptor_of(MediaType::ImageConfig, &config_bytes);
        let manifest = ImageManifestBuilder::default()
            .schema_version(2_u32)
            .media_type(MediaType::ImageManifest)
            .config(config)
            .layers(layers)
            .build()
            .expect("all required fields are set");
        let manifest = to_canonical_json(&manifest);
        for bytes in [&config_bytes, &manifest] {
            write(&blobs.join(Digest::of(bytes).hex()), bytes)?;
        }
        write_index(out, descriptor_of(MediaType::ImageManifest, &manifest))
    }

    /// Compresses a layer, whose content must be what the config says.
    fn layer(&self, name: &str, diff_id: &str, blobs: &Path) -> Result<Descriptor, Error> {
        let mut plain = self.read(name)?;
        let unnamed = blobs.join("unnamed");
        let unwritable = |source| Error::Write {
            path: unnamed.clone(),
            source,
        };
        let (content, blob, size) = create(&unnamed, |file| {
            let compressor = Blocks::new(Compression::Gzip, Digesting::new(file));
            let mut content = Digesting::new(compressor);
            io::copy(&mut plain, &mut content).map_err(unwritable)?;
            let digest = content.digest();
            let mut blob = content.inner.finish().map_err(unwritable)?;
            blob.inner.flush().map_err(unwritable)?;
            Ok((digest, blob.digest(), blob.bytes))
        })?;
        if content.to_string() != diff_id {
            return Err(Error::Digest {
                path: self.path.join(name),
                got: content.to_string(),
                want: diff_id.to_owned(),
            });
        }
        std::fs::rename(&unnamed, blobs.join(blob.hex())).map_err(unwritable)?;
        Ok(descriptor(MediaType::ImageLayerGzip, blob, size))
    }
}

/// A path as it is looked up: `./a/b/../c` is `a/c`.
fn normal(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            Component::ParentDir => drop(parts.pop()),
            _ => {}
        }
    }
    parts.join("/")
}
