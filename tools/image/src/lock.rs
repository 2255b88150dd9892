//! The lock of a base image: what its registry says of it, committed beside the BUILD file that
//! uses it. With it, a build talks to no registry, and a review sees what changes.

use crate::Error;
use crate::contents::{check, digest_of};
use crate::output::{parse, replace};
use crate::platform::Platform;
use crate::select::{Documents, Selected};
use oci_spec::image::{Descriptor, ImageIndex};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use windlass_oci_reference::{Digest, ImageReference};
use windlass_oci_registry::{Source, to_canonical_json};

/// The only version of a lock.
pub(crate) const VERSION: u32 = 1;

/// A lock, as its file has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    pub(crate) version: u32,
    /// The image, by its digest; with the tag that it was found by, if there was one.
    pub(crate) image: ImageReference,
    /// Plain http although the registry is not this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) insecure: bool,
    /// The platforms that it was asked for; those of [`Platform::of_nodes`] if none is written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) platforms: Vec<Platform>,
    /// An index of the images that are locked.
    pub(crate) index: ImageIndex,
    /// Manifests and configs, byte for byte, by their digests.
    pub(crate) documents: BTreeMap<Digest, String>,
}

impl Lock {
    /// Reads a lock.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        windlass_versioned::parse(&bytes, VERSION).map_err(|source| Error::Lock {
            path: path.to_owned(),
            source,
        })
    }

    /// Writes it with a line for each document.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Error> {
        let compact = to_canonical_json(self);
        let value: serde_json::Value = parse(path, &compact)?;
        let mut pretty = serde_json::to_vec_pretty(&value).expect("it was JSON before");
        pretty.push(b'\n');
        replace(path, &pretty)
    }

    /// Where the layers are.
    pub(crate) fn source(&self) -> Source {
        Source {
            repository: self.image.repository().clone(),
            insecure: self.insecure,
        }
    }

    /// The image for a platform.
    pub(crate) fn select(&self, path: &Path, platform: &Platform) -> Result<Selected, Error> {
        let read = |descriptor: &Descriptor| self.document(path, descriptor);
        let documents = Documents { path, read: &read };
        documents.select(&self.index, Some(platform))
    }

    fn document(&self, path: &Path, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        let want = digest_of(descriptor)?;
        let Some(text) = self.documents.get(&want) else {
            return Err(Error::Layout {
                path: path.to_owned(),
                what: "documents",
                got: "none of this digest".to_owned(),
                want: "those of all images that the index names",
            });
        };
        check(path, Digest::of(text.as_bytes()), want)?;
        Ok(text.clone().into_bytes())
    }
}
