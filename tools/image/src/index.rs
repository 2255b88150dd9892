//! `image index`: images for several platforms under one name (image specification, "Image
//! Index").

use crate::Error;
use crate::output::{read_json, write};
use crate::platform::Platform;
use oci_spec::image::{Descriptor, ImageConfiguration, ImageIndex, MediaType, PlatformBuilder};
use std::path::PathBuf;
use windlass_oci_registry::{descriptor_of, index_of, to_canonical_json};

/// Makes an index of images, one for each platform.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The descriptor of an image, and its config
    #[arg(
        long = "image",
        num_args = 2,
        required = true,
        value_names = ["DESCRIPTOR", "CONFIG"]
    )]
    images: Vec<PathBuf>,

    /// Where the index is written
    #[arg(long, value_name = "FILE")]
    manifest_out: PathBuf,

    /// Where {"mediaType", "digest", "size"} of the index is written
    #[arg(long, value_name = "FILE")]
    descriptor_out: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let mut images: Vec<(Platform, Descriptor)> = Vec::new();
    for files in args.images.chunks_exact(2) {
        let config: ImageConfiguration = read_json(&files[1])?;
        let platform = Platform::of(&config);
        if images.iter().any(|(known, _)| *known == platform) {
            return Err(Error::Value {
                what: "platforms of an index",
                got: format!("{platform} twice"),
                want: "each once",
            });
        }
        images.push((platform, read_json(&files[0])?));
    }
    let index = to_canonical_json(&index(images));
    let descriptor = descriptor_of(MediaType::ImageIndex, &index);
    write(&args.manifest_out, &index)?;
    write(&args.descriptor_out, &to_canonical_json(&descriptor))
}

fn index(images: Vec<(Platform, Descriptor)>) -> ImageIndex {
    let images = images.into_iter().map(|(platform, mut descriptor)| {
        let mut built = PlatformBuilder::default()
            .os(platform.os.as_str())
            .architecture(platform.architecture.as_str());
        if let Some(variant) = platform.variant {
            built = built.variant(variant);
        }
        descriptor.set_platform(Some(built.build().expect("all required fields are set")));
        descriptor
    });
    index_of(images.collect())
}
