//! `image layout`: one image as a directory that other tools read (OCI image specification,
//! "Image Layout").

use crate::Error;
use crate::output::{read_json, to_canonical_json, write};
use oci_spec::image::{Descriptor, ImageIndexBuilder, MediaType, OciLayoutBuilder};
use std::path::{Path, PathBuf};
use windlass_oci_reference::Digest;
use windlass_oci_registry::{Image, ImageFiles, LayerFiles};

/// Makes an OCI layout directory of an image.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The manifest
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,

    /// The config
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// The manifest's descriptor
    #[arg(long, value_name = "FILE")]
    descriptor: PathBuf,

    /// A layer's blob and its metadata; bottom first
    #[arg(long = "layer", num_args = 2, value_names = ["BLOB", "METADATA"])]
    layers: Vec<PathBuf>,

    /// The directory to fill
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let files = ImageFiles {
        manifest: args.manifest.clone(),
        config: args.config.clone(),
        descriptor: args.descriptor.clone(),
        layers: args
            .layers
            .chunks_exact(2)
            .map(|layer| LayerFiles {
                blob: layer[0].clone(),
                metadata: layer[1].clone(),
            })
            .collect(),
    };
    let image = Image::load(&files).map_err(|source| Error::Image {
        label: args.manifest.display().to_string(),
        source,
    })?;
    let blobs = args.out.join("blobs").join("sha256");
    std::fs::create_dir_all(&blobs).map_err(|source| Error::Write {
        path: blobs.clone(),
        source,
    })?;
    for blob in image.blobs() {
        copy(&blob.path, &blobs, &blob.digest)?;
    }
    copy(&args.manifest, &blobs, &image.digest())?;

    let descriptor: Descriptor = read_json(&args.descriptor)?;
    let index = ImageIndexBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageIndex)
        .manifests([descriptor])
        .build()
        .expect("all required fields are set");
    write(&args.out.join("index.json"), &to_canonical_json(&index))?;
    let version = OciLayoutBuilder::default().image_layout_version("1.0.0".to_owned());
    let version = version.build().expect("all required fields are set");
    write(&args.out.join("oci-layout"), &to_canonical_json(&version))
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
