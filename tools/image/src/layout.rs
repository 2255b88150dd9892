//! `image layout`: an image as a directory that other tools read (OCI image specification, "Image
//! Layout").

use crate::Error;
use crate::oci_layout::{make_blobs, write_index};
use crate::output::{read_json, write};
use std::path::{Path, PathBuf};
use windlass_oci_reference::Digest;
use windlass_oci_registry::{Image, ImageFiles, Place};

/// Makes an OCI layout directory of an image.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the files of the image are, as JSON
    #[arg(long, value_name = "FILE")]
    files: PathBuf,

    /// The directory to fill
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let files: ImageFiles = read_json(&args.files)?;
    let image = Image::load(&files).map_err(|source| Error::Image {
        label: files.manifest.display().to_string(),
        source,
    })?;
    let mut here = Vec::new();
    for blob in image.all_blobs() {
        match &blob.place {
            Place::File(path) => here.push((path, &blob.digest)),
            Place::Registry(target) => {
                return Err(Error::Remote {
                    digest: blob.digest,
                    repository: target.repository.clone(),
                });
            }
        }
    }
    let blobs = make_blobs(&args.out)?;
    for (path, digest) in here {
        copy(path, &blobs, digest)?;
    }
    for image in image.manifests().iter().chain([&image]) {
        write(&blobs.join(image.digest().hex()), image.manifest())?;
    }
    write_index(&args.out, read_json(&files.descriptor)?)
}

fn copy(from: &Path, blobs: &Path, digest: &Digest) -> Result<(), Error> {
    let to = blobs.join(digest.hex());
    // Two steps, so that the copy does not inherit a read-only mode.
    let mut source = std::fs::File::open(from).map_err(|source| Error::Read {
        path: from.to_owned(),
        source,
    })?;
    let unwritable = |source| Error::Write {
        path: to.clone(),
        source,
    };
    let mut target = std::fs::File::create(&to).map_err(unwritable)?;
    std::io::copy(&mut source, &mut target).map_err(unwritable)?;
    Ok(())
}
