//! Which image of an index is the one for a platform.

use crate::Error;
use crate::output::parse;
use crate::platform::Platform;
use oci_spec::image::{Descriptor, ImageConfiguration, ImageIndex, ImageManifest, MediaType};
use std::collections::BTreeSet;
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
}

/// An image that an index names. Nothing of it needs to be there.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) descriptor: Descriptor,
    pub(crate) platform: Platform,
}

impl Candidate {
    /// The image that a descriptor is of, if it says what that is for.
    pub(crate) fn of(descriptor: &Descriptor) -> Option<Self> {
        Self::new(descriptor, descriptor.platform().as_ref()?.into())
    }

    /// Nothing if it is of what stands beside images: signatures and other artifacts, and what
    /// buildx states, which is for a platform that nobody knows.
    fn new(descriptor: &Descriptor, platform: Platform) -> Option<Self> {
        (is_image(descriptor) && platform.is_known()).then(|| Self {
            descriptor: descriptor.clone(),
            platform,
        })
    }
}

impl Documents<'_> {
    /// The image for a platform; without one, the only image that there is. Of others, nothing is
    /// read but what says which they are: they may be elsewhere.
    pub(crate) fn select(
        &self,
        index: &ImageIndex,
        platform: Option<&Platform>,
    ) -> Result<Selected, Error> {
        let candidates = self.candidates(index)?;
        let found = match platform {
            Some(want) => best(self.path, &candidates, want)?,
            None => only(self.path, &each_once(&candidates))?,
        };
        let Some(found) = found else {
            return Err(self.missing(&candidates, platform));
        };
        let Some((selected, own)) = self.image(&found.descriptor)? else {
            return Err(self.no_image(&found.descriptor));
        };
        match platform {
            // What the index says of it does not make it one.
            Some(want) if !want.takes(&own) => Err(Error::Platform {
                path: self.path.to_owned(),
                got: own.to_string(),
                want: want.to_string(),
            }),
            _ => Ok(selected),
        }
    }

    /// All images of an index and of the indexes that it names.
    fn candidates(&self, index: &ImageIndex) -> Result<Vec<Candidate>, Error> {
        let mut candidates = Vec::new();
        for descriptor in index.manifests() {
            if is_index(descriptor.media_type()) {
                let nested = parse(self.path, &(self.read)(descriptor)?)?;
                candidates.extend(self.candidates(&nested)?);
            } else if descriptor.platform().is_some() {
                candidates.extend(Candidate::of(descriptor));
            } else if is_image(descriptor) {
                let image = self.image(descriptor)?;
                let candidate = image.and_then(|(_, own)| Candidate::new(descriptor, own));
                candidates.extend(candidate);
            }
        }
        Ok(candidates)
    }

    /// An image, and what its config says that it is for; nothing if the manifest is of something
    /// else.
    fn image(&self, descriptor: &Descriptor) -> Result<Option<(Selected, Platform)>, Error> {
        let manifest = (self.read)(descriptor)?;
        let parsed: ImageManifest = parse(self.path, &manifest)?;
        if !is_config(parsed.config().media_type()) {
            return Ok(None);
        }
        let config = (self.read)(parsed.config())?;
        let parsed: ImageConfiguration = parse(self.path, &config)?;
        let selected = Selected {
            descriptor: bare(descriptor),
            manifest,
            config,
        };
        Ok(Some((selected, Platform::of(&parsed))))
    }

    fn missing(&self, candidates: &[Candidate], want: Option<&Platform>) -> Error {
        match want {
            Some(want) if !candidates.is_empty() => Error::Platform {
                path: self.path.to_owned(),
                got: platforms(candidates).join(", "),
                want: want.to_string(),
            },
            _ => number(self.path, candidates.len()),
        }
    }

    fn no_image(&self, descriptor: &Descriptor) -> Error {
        Error::Layout {
            path: self.path.to_owned(),
            what: "manifest",
            got: descriptor.digest().to_string(),
            want: "one whose config is that of an image",
        }
    }
}

/// The image of these that suits a platform best: the variant that is asked for, else none, else
/// the only one.
pub(crate) fn best<'a>(
    path: &Path,
    candidates: &'a [Candidate],
    want: &Platform,
) -> Result<Option<&'a Candidate>, Error> {
    let fits = |image: &&Candidate| want.takes(&image.platform);
    let fitting: Vec<&Candidate> = candidates.iter().filter(fits).collect();
    for variant in [&want.variant, &None] {
        let same = |image: &&&Candidate| image.platform.variant == *variant;
        let found = each_once(fitting.iter().filter(same).copied());
        if !found.is_empty() {
            return only(path, &found);
        }
    }
    let found = each_once(fitting);
    let platforms = platforms(found.iter().copied());
    if platforms.len() > 1 {
        return Err(Error::Variants {
            path: path.to_owned(),
            got: platforms.join(", "),
            want: want.to_string(),
        });
    }
    only(path, &found)
}

/// What these are for, in their order.
pub(crate) fn platforms<'a>(candidates: impl IntoIterator<Item = &'a Candidate>) -> Vec<String> {
    let mut platforms = Vec::new();
    for candidate in candidates {
        let platform = candidate.platform.to_string();
        if !platforms.contains(&platform) {
            platforms.push(platform);
        }
    }
    platforms
}

/// One image may have several names.
fn each_once<'a>(candidates: impl IntoIterator<Item = &'a Candidate>) -> Vec<&'a Candidate> {
    let mut known = BTreeSet::new();
    let new = |candidate: &&Candidate| known.insert(candidate.descriptor.digest().to_string());
    candidates.into_iter().filter(new).collect()
}

fn only<'a>(path: &Path, found: &[&'a Candidate]) -> Result<Option<&'a Candidate>, Error> {
    match found {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => Err(number(path, several.len())),
    }
}

fn number(path: &Path, got: usize) -> Error {
    Error::Layout {
        path: path.to_owned(),
        what: "number of images",
        got: got.to_string(),
        want: "1",
    }
}

/// Docker's own names of manifest, index and config.
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";

pub(crate) fn is_index(media_type: &MediaType) -> bool {
    *media_type == MediaType::ImageIndex || media_type.as_ref() == DOCKER_INDEX
}

pub(crate) fn is_manifest(media_type: &MediaType) -> bool {
    *media_type == MediaType::ImageManifest || media_type.as_ref() == DOCKER_MANIFEST
}

pub(crate) fn is_config(media_type: &MediaType) -> bool {
    *media_type == MediaType::ImageConfig || media_type.as_ref() == DOCKER_CONFIG
}

/// Whether a descriptor may be of an image. An image has its config's media type for an artifact
/// type, if any (image specification, "Guidelines for Artifact Usage").
fn is_image(descriptor: &Descriptor) -> bool {
    let artifact = descriptor.artifact_type().as_ref();
    is_manifest(descriptor.media_type()) && artifact.is_none_or(is_config)
}

/// Media type, digest and size: what names a manifest, without what an index says of it.
fn bare(descriptor: &Descriptor) -> Descriptor {
    Descriptor::new(
        descriptor.media_type().clone(),
        descriptor.size(),
        descriptor.digest().clone(),
    )
}
