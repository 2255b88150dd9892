//! Images in tar archives: what `docker save` writes, and layouts that were packed.
//!
//! Docker 25 and later, podman and skopeo write a layout. Before, it was a `manifest.json` that
//! names a config and layers, as crane and kaniko still write it; of these a layout is made. Layers
//! that are compressed stay as they are, plain ones are compressed as ours are.

use crate::Error;
use crate::compress::{Blocks, Compression};
use crate::digesting::Digesting;
use crate::oci_layout::{make_blobs, write_index};
use crate::output::{copy, create, parse, write};
use flate2::read::MultiGzDecoder;
use oci_spec::image::{Descriptor, ImageConfiguration, ImageManifestBuilder, MediaType};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Component, Path, PathBuf};
use tar::EntryType;
use windlass_oci_reference::Digest;
use windlass_oci_registry::{descriptor, descriptor_of, to_canonical_json};

/// How many links one name may lead over, as on Linux (`path_resolution(7)`).
const LINKS: usize = 40;

/// What files begin with that gzip (RFC 1952, section 2.3.1) and zstd (RFC 8878, section 3.1.1)
/// have made. An archive begins with the name of a file, which these begin none of.
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

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
    /// A link to what is not in the archive.
    Outside(String),
}

struct Archive {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
}

/// An image in `manifest.json`. It is there once for each of its tags.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
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
            let path = entry.path().map_err(unreadable)?;
            let Some(name) = within(Path::new(""), &path) else {
                continue;
            };
            let target = entry.link_name().map_err(unreadable)?;
            let found = match (entry.header().entry_type(), target) {
                (EntryType::Regular, _) => Entry::File {
                    offset: entry.raw_file_position(),
                    size: entry.size(),
                },
                (EntryType::Symlink, Some(to)) => {
                    let folder = Path::new(&name).parent().unwrap_or(Path::new(""));
                    let inside = within(folder, &to).filter(|_| to.is_relative());
                    inside.map_or_else(|| Entry::Outside(to.display().to_string()), Entry::Link)
                }
                (EntryType::Link, Some(to)) => within(Path::new(""), &to)
                    .map_or_else(|| Entry::Outside(to.display().to_string()), Entry::Link),
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

    /// The bytes of an entry. A layer that images share may be a link to the other's.
    fn read(&self, name: &str) -> Result<io::Take<File>, Error> {
        let mut at = name;
        for _ in 0..=LINKS {
            match self.entries.get(at) {
                Some(Entry::Link(to)) => at = to,
                Some(Entry::File { offset, size }) => return self.part(*offset, *size),
                Some(Entry::Outside(to)) => {
                    let want = "one to a file of the archive";
                    return Err(self.wrong("link", &format!("{at} -> {to}"), want));
                }
                None => {
                    return Err(self.wrong("files", &format!("no `{at}`"), "all that it names"));
                }
            }
        }
        Err(self.wrong(
            "links",
            &format!("more than {LINKS} from {name} on"),
            "a file at their end",
        ))
    }

    fn part(&self, offset: u64, size: u64) -> Result<io::Take<File>, Error> {
        let mut file = File::open(&self.path).map_err(|source| self.unreadable(source))?;
        file.seek(SeekFrom::Start(offset))
            .map_err(|source| self.unreadable(source))?;
        Ok(file.take(size))
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

    /// Makes a layout of a config and layers.
    fn unpack_docker(&self, out: &Path) -> Result<(), Error> {
        let images: BTreeSet<DockerImage> = parse(&self.path, &self.document("manifest.json")?)?;
        let (Some(image), 1) = (images.first(), images.len()) else {
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

    /// Adds a layer, whose content must be what the config says.
    fn layer(&self, name: &str, diff_id: &str, blobs: &Path) -> Result<Descriptor, Error> {
        let unnamed = blobs.join("unnamed");
        let mut start = Vec::new();
        let read = self.read(name)?.take(4).read_to_end(&mut start);
        read.map_err(|source| self.unreadable(source))?;
        let (content, layer) = if start.starts_with(GZIP) {
            let plain = MultiGzDecoder::new(self.read(name)?);
            self.keep(name, plain, MediaType::ImageLayerGzip, &unnamed)?
        } else if start.starts_with(ZSTD) {
            let plain = zstd::stream::read::Decoder::new(self.read(name)?);
            let plain = plain.map_err(|source| self.unreadable(source))?;
            self.keep(name, plain, MediaType::ImageLayerZstd, &unnamed)?
        } else {
            self.compress(name, &unnamed)?
        };
        if content.to_string() != diff_id {
            return Err(Error::Digest {
                path: self.path.join(name),
                got: content.to_string(),
                want: diff_id.to_owned(),
            });
        }
        let named = blobs.join(layer.digest().digest());
        std::fs::rename(&unnamed, &named).map_err(|source| Error::Write {
            path: named,
            source,
        })?;
        Ok(layer)
    }

    /// Writes a layer that is compressed as it is. Gives the digest of its content, too.
    fn keep(
        &self,
        name: &str,
        plain: impl Read,
        media_type: MediaType,
        to: &Path,
    ) -> Result<(Digest, Descriptor), Error> {
        let mut blob = Digesting::new(self.read(name)?);
        copy(&mut blob, to)?;
        let mut content = Digesting::new(plain);
        io::copy(&mut content, &mut io::sink()).map_err(|source| Error::Read {
            path: self.path.join(name),
            source,
        })?;
        let layer = descriptor(media_type, blob.digest(), blob.bytes);
        Ok((content.digest(), layer))
    }

    /// Compresses a plain layer. Gives the digest of its content, too.
    fn compress(&self, name: &str, to: &Path) -> Result<(Digest, Descriptor), Error> {
        let mut plain = self.read(name)?;
        let unwritable = |source| Error::Write {
            path: to.to_owned(),
            source,
        };
        create(to, |file| {
            let compressor = Blocks::new(Compression::Gzip, Digesting::new(file));
            let mut content = Digesting::new(compressor);
            io::copy(&mut plain, &mut content).map_err(unwritable)?;
            let digest = content.digest();
            let mut blob = content.inner.finish().map_err(unwritable)?;
            blob.inner.flush().map_err(unwritable)?;
            let layer = descriptor(MediaType::ImageLayerGzip, blob.digest(), blob.bytes);
            Ok((digest, layer))
        })
    }
}

/// A path in a folder of the archive as it is looked up: `./a/b/../c` is `a/c`. Nothing if it leads
/// out of the archive. One that begins with a slash begins at its root.
fn within(folder: &Path, path: &Path) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in folder.join(path).components() {
        match part {
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            Component::ParentDir => drop(parts.pop()?),
            _ => {}
        }
    }
    Some(parts.join("/"))
}
