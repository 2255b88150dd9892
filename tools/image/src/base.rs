//! The image that another one is built on.

use crate::Error;
use crate::output::read_json;
use crate::platform::Platform;
use oci_spec::image::{Config, Descriptor, ImageConfiguration, ImageManifest, MediaType};
use std::path::Path;

/// A base, or nothing at all: an image without layers.
#[derive(Debug, Default)]
pub(crate) struct Base {
    pub(crate) layers: Vec<Descriptor>,
    pub(crate) config: Option<ImageConfiguration>,
}

impl Base {
    /// Reads a manifest and its config. It must be for the platform.
    pub(crate) fn read(
        manifest_path: &Path,
        config_path: &Path,
        platform: &Platform,
    ) -> Result<Self, Error> {
        let manifest: ImageManifest = read_json(manifest_path)?;
        let config: ImageConfiguration = read_json(config_path)?;
        let own = Platform::of(&config);
        if !platform.takes(&own) {
            return Err(Error::Platform {
                path: config_path.to_owned(),
                got: own.to_string(),
                want: platform.to_string(),
            });
        }
        let layers = manifest.layers().len();
        let diff_ids = config.rootfs().diff_ids().len();
        if layers != diff_ids {
            return Err(wrong(
                config_path,
                "number of diff ids",
                &diff_ids,
                "one for each layer",
            ));
        }
        let layers = manifest.layers().iter();
        Ok(Self {
            layers: layers
                .map(|layer| described(manifest_path, layer))
                .collect::<Result<_, _>>()?,
            config: Some(config),
        })
    }

    /// How the base starts.
    pub(crate) fn process(&self) -> Config {
        let config = self
            .config
            .as_ref()
            .and_then(|config| config.config().clone());
        config.unwrap_or_default()
    }

    /// The digests of its layers, uncompressed.
    pub(crate) fn diff_ids(&self) -> Vec<String> {
        let config = self.config.as_ref();
        config.map_or_else(Vec::new, |config| config.rootfs().diff_ids().clone())
    }
}

/// How OCI calls a layer's media type; `None` for one that may not be handed on. The bytes are the
/// same, Docker's names are others.
pub(crate) fn in_oci_terms(media_type: &MediaType) -> Option<MediaType> {
    match media_type.as_ref() {
        "application/vnd.docker.image.rootfs.diff.tar" => Some(MediaType::ImageLayer),
        "application/vnd.docker.image.rootfs.diff.tar.gzip" => Some(MediaType::ImageLayerGzip),
        "application/vnd.docker.image.rootfs.diff.tar.zstd" => Some(MediaType::ImageLayerZstd),
        _ => match media_type {
            MediaType::ImageLayer | MediaType::ImageLayerGzip | MediaType::ImageLayerZstd => {
                Some(media_type.clone())
            }
            _ => None,
        },
    }
}

/// A layer as an OCI manifest names it.
fn described(path: &Path, layer: &Descriptor) -> Result<Descriptor, Error> {
    let media_type = in_oci_terms(layer.media_type()).ok_or_else(|| {
        let want = "a layer of tar, tar+gzip or tar+zstd that registries may hand on";
        wrong(path, "media type of a layer", layer.media_type(), want)
    })?;
    let (size, digest) = (layer.size(), layer.digest().clone());
    Ok(Descriptor::new(media_type, size, digest))
}

fn wrong(path: &Path, what: &'static str, got: &impl ToString, want: &'static str) -> Error {
    Error::Layout {
        path: path.to_owned(),
        what,
        got: got.to_string(),
        want,
    }
}
