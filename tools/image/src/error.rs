//! What can go wrong.

use crate::certificates::CertificatesError;
use std::path::PathBuf;
use windlass_oci_reference::{Digest, Repository};
use windlass_report::{Exit, Explain};

/// Why the tool ended without doing what it was asked for.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// An input cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An output cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An input is not the JSON it should be.
    #[error("cannot parse `{}`", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// The request of a run target or a test is none that can be read.
    #[error("cannot read request `{}`", path.display())]
    Request {
        /// The file.
        path: PathBuf,
        /// Why.
        source: windlass_versioned::Error,
    },
    /// A value is none of those that are accepted.
    #[error("{what}: got `{got}`, want {want}")]
    Value {
        /// What the value is for.
        what: &'static str,
        /// The value.
        got: String,
        /// What is accepted.
        want: &'static str,
    },
    /// Two entries of a layer have one path.
    #[error("layer has `{path}` twice: {first} and {second}")]
    Twice {
        /// The path in the image.
        path: String,
        /// The one entry.
        first: String,
        /// The other.
        second: String,
    },
    /// An entry of a layer lies below one that is no folder.
    #[error("layer has `{path}` below {parent}, which is no folder")]
    Below {
        /// The path in the image.
        path: String,
        /// What is above it.
        parent: String,
    },
    /// Something is said of an entry that a layer does not have.
    #[error("{what} of `{path}`: the layer has no such {want}")]
    NoEntry {
        /// What is said of it.
        what: &'static str,
        /// The path in the image.
        path: String,
        /// What there must be.
        want: &'static str,
    },
    /// An input changed while it was read.
    #[error("`{}` changed while it was read: got {got} bytes, want {want}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// How many bytes there were.
        got: u64,
        /// How many there should have been.
        want: u64,
    },
    /// A layout or an archive is none that can be used.
    #[error("cannot use `{}`: {what}: got `{got}`, want {want}", path.display())]
    Layout {
        /// The directory or file.
        path: PathBuf,
        /// What of it.
        what: &'static str,
        /// What it has.
        got: String,
        /// What it must have.
        want: &'static str,
    },
    /// A blob is not what its name says.
    #[error("digest of `{}`: got {got}, want {want}", path.display())]
    Digest {
        /// The file.
        path: PathBuf,
        /// Its digest.
        got: String,
        /// The one that it is named by.
        want: String,
    },
    /// No image is for the platform.
    #[error("`{}` has no image for {want}: it is for {got}", path.display())]
    Platform {
        /// The layout, lock, config or reference.
        path: PathBuf,
        /// What there are images for.
        got: String,
        /// What one is needed for.
        want: String,
    },
    /// Several images are for the platform, and none is the one.
    #[error("`{}` has several images for {want}, and none without a variant: {got}", path.display())]
    Variants {
        /// The layout, lock or reference.
        path: PathBuf,
        /// What they are for.
        got: String,
        /// What one is needed for.
        want: String,
    },
    /// A lock of a base image is none that can be read.
    #[error("cannot read lock `{}`", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: windlass_versioned::Error,
    },
    /// A layer that is needed here is in a registry.
    #[error("layer {digest} is not on this machine: it is in `{repository}`")]
    Remote {
        /// The layer.
        digest: Digest,
        /// Where it is.
        repository: Repository,
    },
    /// A file is none of certificates that are trusted.
    #[error("cannot take certificates from `{}`", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: CertificatesError,
    },
    /// An image is not what a test expects.
    #[error("`{image}` is not as `{label}` expects")]
    Unexpected {
        /// The image.
        image: String,
        /// The test.
        label: String,
        /// Each difference, with got and want.
        complaints: Vec<String>,
    },
    /// The files of an image are not one.
    #[error("cannot read image `{label}`")]
    Image {
        /// The image's label, or the path of its manifest.
        label: String,
        /// Why.
        #[source]
        source: windlass_oci_registry::ImageError,
    },
    /// Nobody signs what is said of an image; nothing was written.
    #[error("cannot sign the attestation of `{image}`")]
    Sign {
        /// The image.
        image: String,
        /// Why.
        #[source]
        source: windlass_attestation::SignError,
    },
    /// Nobody says what an image was built from, or not whom it was asked of.
    #[error("registry `{registry}` has no attestation of `{image}` by {key}; nothing was written")]
    NoAttestation {
        /// The registry.
        registry: String,
        /// The image, without the registry.
        image: String,
        /// The key, quoted, or anybody.
        key: String,
    },
    /// A file with credentials is there and cannot be used.
    #[error(transparent)]
    DockerConfig(#[from] windlass_oci_registry::ConfigError),
    /// A registry refused.
    #[error(transparent)]
    Registry(#[from] windlass_oci_registry::Error),
}

/// How to ask for the first of the platforms that there are images for: a verb, or a build.
fn platform_of(got: &str) -> Option<String> {
    let first = got.split(", ").next().filter(|first| !first.is_empty())?;
    let target = match first {
        "linux/amd64" => "linux_amd64",
        "linux/arm64" => "linux_arm64",
        _ => return Some(format!("add `--platform {first}`")),
    };
    Some(format!(
        "add `--platform {first}`, to a build \
         `--@windlass//rules:node_platform=@windlass//rules/platforms:{target}`"
    ))
}

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        match self {
            Self::Unexpected { complaints, .. } => {
                let cause = |complaint| format!("cause: {complaint}");
                complaints.iter().map(cause).collect()
            }
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.hint(),
            Self::Sign { source, .. } => source.hint(),
            Self::Remote { .. } => {
                Some("make an `image_push` of it and run `bazel run :push`".to_owned())
            }
            Self::Lock { path, .. } => {
                let path = path.display();
                Some(format!(
                    "make it anew: `rm {path}`, then `bazel run @windlass//tools/image -- pull \
                     <image> --lock {path}`"
                ))
            }
            Self::Platform { got, .. } => platform_of(got),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Registry(error) => error.exit(),
            Self::DockerConfig(error) => error.exit(),
            Self::Sign { source, .. } => source.exit(),
            Self::NoAttestation { .. } => Exit::Registry,
            Self::Write { .. } | Self::Unexpected { .. } => Exit::Failure,
            _ => Exit::Input,
        }
    }
}
