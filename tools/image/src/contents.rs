//! What is in an image: an OCI layout directory, read as a container would see it.
//!
//! Layers are laid one over another as the image specification says ("Layer Filesystem Changeset"):
//! a later entry replaces an earlier one of its path, a whiteout removes it, and an opaque whiteout
//! removes all that is in its folder from below. Paths are taken as by what unpacks images: through
//! links that are there by then, and a folder that is missing is made.

use crate::Error;
use crate::base::in_oci_terms;
use crate::digesting::Digesting;
use crate::oci_layout::OciLayout;
use crate::output::parse;
use crate::platform::Platform;
use flate2::read::MultiGzDecoder;
use oci_spec::image::{Descriptor, ImageConfiguration, ImageManifest, MediaType};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use tar::EntryType;
use windlass_oci_reference::Digest;

/// The beginning of the name of a whiteout, and the name of an opaque one.
const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// The mode of folders that no layer has an entry of.
const FOLDER_MODE: u32 = 0o755;

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file, and the digest of its content.
    File(Digest),
    Folder,
    /// A symbolic link, and what it points to.
    Symlink(String),
    /// A hard link, and the path that it is another name of.
    Link(String),
    /// A device or a pipe.
    Special,
}

/// One entry, as it is in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    pub(crate) owner: (u64, u64),
    /// Seconds since 1970.
    pub(crate) modified: u64,
    /// What PAX records say of it beside path and owner: extended attributes, and finer times.
    pub(crate) records: BTreeMap<String, Vec<u8>>,
    /// In bytes; 0 for what is no file.
    pub(crate) size: u64,
    /// The layer that it is of, from 0.
    pub(crate) layer: usize,
}

/// One layer.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) digest: Digest,
    /// Bytes as it is sent, and as it is unpacked.
    pub(crate) size: u64,
    pub(crate) unpacked: u64,
    /// How many entries it has; whiteouts count.
    pub(crate) entries: usize,
}

/// One image.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(crate) digest: Digest,
    pub(crate) config: ImageConfiguration,
    /// Manifest and config as they are written: others' fields are in them too.
    pub(crate) documents: [Value; 2],
    pub(crate) layers: Vec<Layer>,
    /// By path in the image.
    pub(crate) entries: BTreeMap<String, Entry>,
    /// Links that a layer above puts something through: containerd makes a folder of such a link,
    /// others follow it.
    pub(crate) passed: BTreeMap<String, Passed>,
}

/// What is put through a link of a layer below, the first of it.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    /// Its path in the archive, and where that leads to.
    pub(crate) path: String,
    pub(crate) real: String,
}

impl Contents {
    /// Reads an image of a layout directory, the only one or that for a platform. Each blob must be
    /// what its name says.
    pub(crate) fn read(layout: &Path, platform: Option<&Platform>) -> Result<Self, Error> {
        let image = OciLayout::open(layout)?.select(platform)?;
        let manifest: ImageManifest = parse(layout, &image.manifest)?;
        let mut contents = Self {
            digest: digest_of(&image.descriptor)?,
            config: parse(layout, &image.config)?,
            documents: [
                parse(layout, &image.manifest)?,
                parse(layout, &image.config)?,
            ],
            layers: Vec::new(),
            entries: BTreeMap::new(),
            passed: BTreeMap::new(),
        };
        for layer in manifest.layers() {
            contents.add(layout, layer)?;
        }
        Ok(contents)
    }

    /// Lays a layer over those that are there. The blob is read once: whether it is what its name
    /// says is known at its end, and comes before what else is wrong with it.
    fn add(&mut self, layout: &Path, descriptor: &Descriptor) -> Result<(), Error> {
        let (path, want) = blob(layout, descriptor)?;
        let unreadable = |source| Error::Read {
            path: path.clone(),
            source,
        };
        let mut file = Digesting::new(File::open(&path).map_err(unreadable)?);
        let packed = BufReader::new(&mut file);
        let plain: Box<dyn Read + '_> = match in_oci_terms(descriptor.media_type()) {
            Some(MediaType::ImageLayerGzip) => Box::new(MultiGzDecoder::new(packed)),
            Some(MediaType::ImageLayerZstd) => {
                Box::new(zstd::stream::read::Decoder::with_buffer(packed).map_err(unreadable)?)
            }
            Some(_) => Box::new(packed),
            None => {
                return Err(Error::Layout {
                    path: layout.to_owned(),
                    what: "media type of a layer",
                    got: descriptor.media_type().to_string(),
                    want: "that of a layer of tar, tar+gzip or tar+zstd",
                });
            }
        };
        let layer = Layer {
            digest: want,
            size: descriptor.size(),
            unpacked: 0,
            entries: 0,
        };
        let laid = self.lay_all(plain, layer);
        io::copy(&mut file, &mut io::sink()).map_err(unreadable)?;
        check(&path, file.digest(), want)?;
        self.layers.push(laid.map_err(unreadable)?);
        Ok(())
    }

    fn lay_all(&mut self, plain: impl Read, mut layer: Layer) -> io::Result<Layer> {
        let at = self.layers.len();
        for entry in tar::Archive::new(plain).entries()? {
            let entry = entry?;
            layer.unpacked += entry.size();
            layer.entries += 1;
            self.lay(entry, at)?;
        }
        Ok(layer)
    }

    fn lay<R: Read>(&mut self, mut entry: tar::Entry<'_, R>, layer: usize) -> io::Result<()> {
        if entry.header().entry_type() == EntryType::XGlobalHeader {
            return Ok(());
        }
        let named = placed(&entry.path()?.to_string_lossy());
        let (folder, last) = named.rsplit_once('/').unwrap_or(("", &named));
        let folder = self.follow(folder, last, layer);
        if last == OPAQUE {
            self.remove_below(&format!("{folder}/"), layer);
            return Ok(());
        }
        if let Some(hidden) = last.strip_prefix(WHITEOUT) {
            let hidden = format!("{folder}/{hidden}");
            self.remove_below(&format!("{hidden}/"), layer);
            if self
                .entries
                .get(&hidden)
                .is_some_and(|below| below.layer < layer)
            {
                self.entries.remove(&hidden);
            }
            return Ok(());
        }
        let path = format!("{folder}/{last}");
        let header = entry.header().clone();
        let records = records(&mut entry)?;
        let link = entry.link_name()?.map(|link| link.display().to_string());
        let kind = match header.entry_type() {
            EntryType::Directory => Kind::Folder,
            EntryType::Symlink => Kind::Symlink(link.unwrap_or_default()),
            EntryType::Link => Kind::Link(placed(&link.unwrap_or_default())),
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let mut content = Digesting::new(io::sink());
                io::copy(&mut entry, &mut content)?;
                Kind::File(content.digest())
            }
            _ => Kind::Special,
        };
        let size = match kind {
            Kind::File(_) => entry.size(),
            _ => 0,
        };
        let entry = Entry {
            kind,
            mode: header.mode()?,
            owner: (header.uid()?, header.gid()?),
            modified: header.mtime()?,
            records,
            size,
            layer,
        };
        if entry.kind != Kind::Folder {
            // What was a folder below is none any more.
            self.remove_below(&format!("{path}/"), layer);
        }
        self.add_folders(&folder, layer);
        self.entries.insert(path, entry);
        Ok(())
    }

    /// The folder that something goes into, through links.
    fn follow(&mut self, folder: &str, last: &str, layer: usize) -> String {
        let (real, links) = self.real_folder(folder);
        for link in links {
            if self.entries[&link].layer < layer {
                self.passed.entry(link).or_insert_with(|| Passed {
                    path: format!("{folder}/{last}"),
                    real: format!("{real}/{last}"),
                });
            }
        }
        real
    }

    /// Adds folders that something is in, where nothing is.
    fn add_folders(&mut self, folder: &str, layer: usize) {
        let mut folder = folder;
        while !folder.is_empty() && !self.entries.contains_key(folder) {
            let entry = Entry {
                kind: Kind::Folder,
                mode: FOLDER_MODE,
                owner: (0, 0),
                modified: 0,
                records: BTreeMap::new(),
                size: 0,
                layer,
            };
            self.entries.insert(folder.to_owned(), entry);
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }

    /// Removes what layers below have put under a path; what this layer has stays.
    fn remove_below(&mut self, prefix: &str, layer: usize) {
        let below = self.entries.range(prefix.to_owned()..);
        let below = below.take_while(|(path, _)| path.starts_with(prefix));
        let hidden = below.filter(|(_, entry)| entry.layer != layer);
        let hidden: Vec<String> = hidden.map(|(path, _)| path.clone()).collect();
        for path in hidden {
            self.entries.remove(&path);
        }
    }
}

/// A path as archives have it, `./a/b/` or `a/b`, as one in the image: `/a/b`.
fn placed(path: &str) -> String {
    format!("/{}", path.trim_start_matches("./").trim_matches('/'))
}

/// Records that the header has no field for.
fn records<R: Read>(entry: &mut tar::Entry<'_, R>) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut records = BTreeMap::new();
    for record in entry.pax_extensions()?.into_iter().flatten() {
        let record = record?;
        let name = String::from_utf8_lossy(record.key_bytes()).into_owned();
        if !matches!(&*name, "path" | "linkpath" | "size" | "uid" | "gid") {
            records.insert(name, record.value_bytes().to_vec());
        }
    }
    Ok(records)
}

/// Where a blob is, and its digest.
pub(crate) fn blob(layout: &Path, descriptor: &Descriptor) -> Result<(PathBuf, Digest), Error> {
    let digest = digest_of(descriptor)?;
    let path = layout.join("blobs").join("sha256").join(digest.hex());
    Ok((path, digest))
}

pub(crate) fn digest_of(descriptor: &Descriptor) -> Result<Digest, Error> {
    let text = descriptor.digest().to_string();
    text.parse().map_err(|_| Error::Value {
        what: "digest",
        got: text,
        want: "sha256: and 64 hexadecimal digits",
    })
}

/// Refuses a blob that is not what its name says.
pub(crate) fn check(path: &Path, got: Digest, want: Digest) -> Result<(), Error> {
    if got == want {
        return Ok(());
    }
    Err(Error::Digest {
        path: path.to_owned(),
        got: got.to_string(),
        want: want.to_string(),
    })
}
