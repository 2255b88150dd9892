//! Which image of an index is the one for a platform.

use crate::Error;
use crate::output::parse;
use crate::platform::Platform;
use oci_spec::image::{Descriptor, ImageConfiguration, ImageIndex, ImageManifest, MediaType};
use std::path::Path;

/// Where the documents of an image are: an index, and all that it names.
pub(crate) struct Documents<'a> {
    /// The layout or the lock, for messages.
    pub(crate) path: &'a Path,
    /// Reads a document, and refuses one that is not what its digest says.
    pub(crate) read: &'a dyn Fn(&Descriptor) -> Result<Vec<u8>, Error>,
}

/// An image for one platform.
#[derive(Clone, Debug)]
pub(crate) struct Selected {
    pub(crate) descriptor: Descriptor,
    /// Byte for byte.
    pub(crate) manifest: Vec<u8>,
    /// Byte for byte.
    pub(crate) config: Vec<u8>,
    pub(crate) platform: Platform,
}

impl Documents<'_> {
    /// The image for a platform; without one, the only image that there is.
    pub(crate) fn select(
        &self,
        index: &ImageIndex,
        platform: Option<&Platform>,
    ) -> Result<Selected, Error> {
        let images = self.images(index)?;
        let fits = |image: &&Selected| platform.is_none_or(|want| want.takes(&image.platform));
        let fitting: Vec<&Selected> = images.iter().filter(fits).collect();
        match (&fitting[..], platform) {
            ([one], _) => Ok((*one).clone()),
            ([], Some(want)) if !images.is_empty() => Err(self.unknown(&images, want)),
            (found, _) => Err(Error::Layout {
                path: self.path.to_owned(),
                what: "number of images",
                got: found.len().to_string(),
                want: "1",
            }),
        }
    }

    /// All images of an index and of the indexes that it names.
    pub(crate) fn images(&self, index: &ImageIndex) -> Result<Vec<Selected>, Error> {
        let mut images = Vec::new();
        for descriptor in index.manifests() {
            match descriptor.media_type() {
                MediaType::ImageIndex => images.extend(self.nested(descriptor)?),
                other if other.as_ref() == DOCKER_INDEX => images.extend(self.nested(descriptor)?),
                _ if is_of_no_platform(descriptor) => {}
                _ => images.push(self.image(descriptor)?),
            }
        }
        Ok(images)
    }

    fn nested(&self, descriptor: &Descriptor) -> Result<Vec<Selected>, Error> {
        self.images(&parse(self.path, &(self.read)(descriptor)?)?)
    }

    fn image(&self, descriptor: &Descriptor) -> Result<Selected, Error> {
        let media_type = descriptor.media_type();
        if *media_type != MediaType::ImageManifest && media_type.as_ref() != DOCKER_MANIFEST {
            return Err(Error::Layout {
                path: self.path.to_owned(),
                what: "media type of the image",
                got: media_type.to_string(),
                want: "that of an image manifest",
            });
        }
        let manifest = (self.read)(descriptor)?;
        let parsed: ImageManifest = parse(self.path, &manifest)?;
        let config = (self.read)(parsed.config())?;
        let parsed: ImageConfiguration = parse(self.path, &config)?;
        Ok(Selected {
            descriptor: bare(descriptor),
            manifest,
            config,
            platform: Platform::of(&parsed),
        })
    }

    fn unknown(&self, images: &[Selected], want: &Platform) -> Error {
        let platforms = images.iter().map(|image| image.platform.to_string());
        Error::Platform {
            path: self.path.to_owned(),
            got: platforms.collect::<Vec<_>>().join(", "),
            want: want.to_string(),
        }
    }
}

/// Docker's own names of manifest and index.
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(crate) const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// What buildx puts beside images: a statement about one, and no image.
pub(crate) fn is_of_no_platform(descriptor: &Descriptor) -> bool {
    let platform = descriptor.platform().as_ref();
    platform.is_some_and(|platform| platform.os().to_string() == "unknown")
}

/// Media type, digest and size: what names a manifest, without what an index says of it.
fn bare(descriptor: &Descriptor) -> Descriptor {
    Descriptor::new(
        descriptor.media_type().clone(),
        descriptor.size(),
        descriptor.digest().clone(),
    )
}
