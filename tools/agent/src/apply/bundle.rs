//! What is in a release: the last layer of a bundle's image, which holds the request and its manifests.
//! The tool that is in the other layers is not looked at, and nothing of it is run.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use tar::{Archive, Entry, EntryType};
use windlass_deploy::request::{self, DeployRequest, RequestError, Verb};
use windlass_oci_reference::Digest;

use super::task::Task;
use crate::request::Proof;

/// The request, in an unpacked bundle.
const REQUEST: &str = "windlass.json";

/// The files that the request names, in an unpacked bundle.
pub const RUNFILES: &str = "windlass.runfiles";

/// The most bytes that are unpacked: of a thousand services it is a few millions.
const MOST_BYTES: u64 = 64 << 20;

/// The most files that are unpacked.
const MOST_FILES: usize = 100_000;

/// Why a bundle is not applied.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum BundleError {
    /// Not an image's manifest: an index, say.
    #[error("its manifest is not that of an image")]
    Manifest(#[source] serde_json::Error),
    /// A layer that is packed in another way, or none.
    #[error("its last layer: got `{got}`, want a tar, by gzip or not")]
    Layer {
        /// The media type; empty if there is no layer.
        got: String,
    },
    /// A layer that breaks off, say.
    #[error("its last layer cannot be unpacked")]
    Archive(#[source] io::Error),
    /// Something that no bundle has.
    #[error("its last layer has `{path}`, {what}; want files in `{RUNFILES}`, and `{REQUEST}`")]
    Entry {
        /// Where.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// More than any bundle has.
    #[error("its last layer has more than {most}")]
    TooLarge {
        /// How much may be there.
        most: String,
    },
    /// The disk is full, say.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The request in it is of another version, say.
    #[error("its request cannot be used")]
    Request(#[source] RequestError),
    /// It is for something else.
    #[error("{what}: got `{got}`, want `{want}`")]
    Other {
        /// What of it.
        what: &'static str,
        /// What it says.
        got: String,
        /// What the agent is for.
        want: String,
    },
    /// Images that no publisher has pushed.
    #[error(
        "images to push: got {count}, want none: those of pinned environments are in their registry"
    )]
    Images {
        /// How many.
        count: usize,
    },
}

/// The layer of an image that is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Layer {
    /// How it is packed.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
}

/// The last layer of an image.
///
/// # Errors
/// It has none, or is no image.
pub fn last_layer(manifest: &[u8]) -> Result<Layer, BundleError> {
    #[derive(Deserialize)]
    struct Manifest {
        layers: Vec<Layer>,
    }
    let manifest: Manifest = serde_json::from_slice(manifest).map_err(BundleError::Manifest)?;
    let mut layers = manifest.layers;
    layers
        .pop()
        .ok_or_else(|| BundleError::Layer { got: String::new() })
}

/// Unpacks a layer into an empty folder. Files only, and only where bundles have them: no link that
/// leads elsewhere, nothing twice.
///
/// # Errors
/// Anything else.
pub fn unpack(layer: &Layer, bytes: &[u8], folder: &Path) -> Result<(), BundleError> {
    let packed: Box<dyn Read> = match layer.media_type.rsplit('.').next() {
        Some("tar+gzip" | "gzip") => Box::new(MultiGzDecoder::new(bytes)),
        Some("tar") => Box::new(bytes),
        _ => {
            let got = layer.media_type.escape_debug().to_string();
            return Err(BundleError::Layer { got });
        }
    };
    // Around each file there are a header and what fills up blocks.
    let around = 3 * 512 * u64::try_from(MOST_FILES).unwrap_or(u64::MAX);
    let mut archive = Archive::new(packed.take(MOST_BYTES + around));
    let (mut files, mut size) = (0, 0_u64);
    for entry in archive.entries().map_err(BundleError::Archive)? {
        let mut entry = entry.map_err(BundleError::Archive)?;
        files += 1;
        size = size.saturating_add(entry.size());
        if files > MOST_FILES || size > MOST_BYTES {
            return Err(BundleError::TooLarge {
                most: format!("{MOST_FILES} files, or {} MB", MOST_BYTES >> 20),
            });
        }
        if let Some(path) = place(&entry)? {
            write(&mut entry, &folder.join(path))?;
        }
    }
    Ok(())
}

/// Where an entry goes, below the folder; `None` for folders, which come with their files.
fn place(entry: &Entry<'_, impl Read>) -> Result<Option<PathBuf>, BundleError> {
    let path = entry.path().map_err(BundleError::Archive)?;
    let refused = |what| BundleError::Entry {
        path: path.display().to_string().escape_debug().to_string(),
        what,
    };
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => clean.push(part),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(refused("which leads out of it"));
            }
        }
    }
    match entry.header().entry_type() {
        EntryType::Directory => return Ok(None),
        EntryType::Regular => {}
        _ => return Err(refused("which is no file")),
    }
    if clean == Path::new(REQUEST) || clean.starts_with(RUNFILES) {
        Ok(Some(clean))
    } else {
        Err(refused("which no bundle has"))
    }
}

fn write(entry: &mut Entry<'_, impl Read>, path: &Path) -> Result<(), BundleError> {
    let failed = |source| BundleError::Write {
        path: path.to_owned(),
        source,
    };
    let mut content = Vec::new();
    let read = entry.read_to_end(&mut content);
    let read = read.and_then(|read| {
        let is_whole = u64::try_from(read) == Ok(entry.size());
        is_whole
            .then_some(())
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    });
    read.map_err(BundleError::Archive)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    // Of two files of one name, nobody knows which is meant.
    let mut file = File::create_new(path).map_err(failed)?;
    io::Write::write_all(&mut file, &content).map_err(failed)
}

/// The request in an unpacked bundle, if it is what the agent is for: what it may do does not come from
/// the repository that it follows.
///
/// # Errors
/// It is for something else, or cannot be read.
pub fn read(folder: &Path, task: &Task, target: &str) -> Result<DeployRequest, BundleError> {
    let request = DeployRequest::read(&folder.join(REQUEST)).map_err(BundleError::Request)?;
    let own = &task.environment;
    let (environment, cluster) = (&request.environment, &request.cluster);
    let required = |required| if required { "required" } else { "none" };
    let declared = |id: Option<&String>| id.map_or("nothing", String::as_str).to_owned();
    for (what, got, want) in [
        ("target", request.target.as_str(), target),
        ("project", &request.project, &task.project),
        ("environment", &environment.name, &own.name),
        ("namespace", &environment.namespace, &own.namespace),
        ("cluster", &cluster.context, &own.cluster),
        (
            "cluster_id",
            &declared(cluster.id.as_ref()),
            &declared(own.cluster_id.as_ref()),
        ),
        (
            "proof",
            required(environment.proof == request::Proof::Required),
            required(own.proof == Proof::Required),
        ),
        ("verb", request.verb.as_str(), Verb::Apply.as_str()),
    ] {
        if got != want {
            return Err(BundleError::Other {
                what,
                got: got.to_owned(),
                want: want.to_owned(),
            });
        }
    }
    match request.images.len() {
        0 => Ok(request),
        count => Err(BundleError::Images { count }),
    }
}
