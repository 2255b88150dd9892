//! `image layout`: an image as a directory that other tools read (OCI image specification, "Image
//! Layout").

use crate::Error;
use crate::oci_layout::{make_blobs, write_index};
use crate::output::{copy, read_json, write};
use std::fs::File;
use std::path::PathBuf;
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
    let elsewhere = image.all_blobs().find_map(|blob| match &blob.place {
        Place::Registry(target) => Some((blob.digest, &target.repository)),
        Place::File(_) | Place::Memory(_) => None,
    });
    if let Some((digest, repository)) = elsewhere {
        let repository = repository.clone();
        return Err(Error::Remote { digest, repository });
    }
    let blobs = make_blobs(&args.out)?;
    for blob in image.all_blobs() {
        if let Place::File(path) = &blob.place {
            let mut file = File::open(path).map_err(|source| Error::Read {
                path: path.clone(),
                source,
            })?;
            copy(&mut file, &blobs.join(blob.digest.hex()))?;
        }
    }
    for image in image.manifests().iter().chain([&image]) {
        write(&blobs.join(image.digest().hex()), image.manifest())?;
    }
    write_index(&args.out, read_json(&files.descriptor)?)
}
