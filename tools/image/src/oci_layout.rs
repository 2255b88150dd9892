//! OCI layout directories (image specification, "Image Layout"): reading and writing them.

use crate::Error;
use crate::contents::{blob, check};
use crate::digesting::Digesting;
use crate::output::{parse, read_json, write};
use crate::platform::Platform;
use crate::select::{Documents, Selected};
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest, OciLayoutBuilder};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use windlass_oci_reference::Digest;
use windlass_oci_registry::{index_of, to_canonical_json};

/// A layout directory.
#[derive(Debug)]
pub(crate) struct OciLayout {
    path: PathBuf,
    index: ImageIndex,
}

impl OciLayout {
    /// Reads its index.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            path: path.to_owned(),
            index: read_json(&path.join("index.json"))?,
        })
    }

    /// The image for a platform; without one, the only image that there is.
    pub(crate) fn select(&self, platform: Option<&Platform>) -> Result<Selected, Error> {
        let documents = Documents {
            path: &self.path,
            read: &|descriptor| self.document(descriptor),
        };
        documents.select(&self.index, platform)
    }

    /// A blob as a whole, which must be what its name says.
    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        let (path, want) = blob(&self.path, descriptor)?;
        let bytes = std::fs::read(&path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        check(&path, Digest::of(&bytes), want)?;
        Ok(bytes)
    }

    /// Refuses an image one of whose layers is missing or not what its name says.
    pub(crate) fn check_layers(&self, image: &Selected) -> Result<(), Error> {
        let manifest: ImageManifest = parse(&self.path, &image.manifest)?;
        for layer in manifest.layers() {
            let (path, want) = blob(&self.path, layer)?;
            let unreadable = |source| Error::Read {
                path: path.clone(),
                source,
            };
            let mut content = Digesting::new(File::open(&path).map_err(unreadable)?);
            io::copy(&mut content, &mut io::sink()).map_err(unreadable)?;
            check(&path, content.digest(), want)?;
        }
        Ok(())
    }
}

/// The folder of a layout's blobs; made if it is not there.
pub(crate) fn make_blobs(layout: &Path) -> Result<PathBuf, Error> {
    let blobs = layout.join("blobs").join("sha256");
    std::fs::create_dir_all(&blobs).map_err(|source| Error::Write {
        path: blobs.clone(),
        source,
    })?;
    Ok(blobs)
}

/// Writes what makes a folder of blobs a layout of one image.
pub(crate) fn write_index(layout: &Path, image: Descriptor) -> Result<(), Error> {
    let index = index_of(vec![image]);
    write(&layout.join("index.json"), &to_canonical_json(&index))?;
    let version = OciLayoutBuilder::default().image_layout_version("1.0.0".to_owned());
    let version = version.build().expect("all required fields are set");
    write(&layout.join("oci-layout"), &to_canonical_json(&version))
}
