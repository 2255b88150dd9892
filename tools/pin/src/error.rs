//! Why a pin is not written, or pins are not shown.

use std::path::PathBuf;

use windlass_oci_reference::ParseError;
use windlass_pins::LockError;
use windlass_report::{Exit, Explain};

use crate::checkout::Package;
use crate::cli::COMMAND;

/// Why a run ended. Paths of lock files are from the checkout's root.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum Error {
    /// The launcher or its runfiles are not where they should be.
    #[error("cannot find the files of this program")]
    Launcher(#[source] windlass_runfiles::Error),
    /// The constants cannot be read.
    #[error("cannot use request `{}`", path.display())]
    Request {
        /// The request.
        path: PathBuf,
        /// Why.
        source: RequestError,
    },
    /// Not started by `bazel run`.
    #[error(
        "BUILD_WORKSPACE_DIRECTORY: got nothing, want the checkout; `bazel run` in a workspace \
         sets it"
    )]
    NoWorkspace,
    /// An argument names no image or no repository.
    #[error("argument {flag} does not parse")]
    Reference {
        /// The argument.
        flag: &'static str,
        /// Why.
        source: ParseError,
    },
    /// A reference that can be moved.
    #[error("--image: got `{got}`, want one with a digest: `{got}@sha256:...`")]
    NoDigest {
        /// The reference.
        got: String,
    },
    /// No environment of this name.
    #[error("got environment `{got}`, want {want}")]
    UnknownEnvironment {
        /// The name.
        got: String,
        /// Those that have pins.
        want: String,
    },
    /// An environment without pins.
    #[error("environment `{got}` runs what is built from head, and has no pins; want {want}")]
    BuiltEnvironment {
        /// The name.
        got: String,
        /// Those that have pins.
        want: String,
    },
    /// No package of this name.
    #[error("no package `{package}`: there is no BUILD file in `{}`", folder.display())]
    NoPackage {
        /// The package.
        package: Package,
        /// Where it would be.
        folder: PathBuf,
    },
    /// A package without pins.
    #[error("package `{package}` has no `{}`", path.display())]
    NoPins {
        /// The package.
        package: Package,
        /// Where they would be.
        path: PathBuf,
    },
    /// An image key that no image can have.
    #[error("image key `{key}` names no repository")]
    Key {
        /// The key.
        key: String,
        /// Why.
        source: ParseError,
    },
    /// An image of which it is not clear what it is to the service.
    #[error("--image: `{got}` could be each of {}; name one", quoted(keys))]
    WhichImage {
        /// The repository.
        got: String,
        /// The image keys of the service.
        keys: Vec<String>,
        /// What to type for the first of them.
        command: String,
    },
    /// An image that is not where the constants say.
    #[error("image `{key}`: got repository `{got}`, want `{want}`")]
    OtherRepository {
        /// The image's key.
        key: String,
        /// Its repository.
        got: String,
        /// The one of the constants.
        want: String,
        /// What to type if it is meant.
        command: String,
    },
    /// An image that nobody has pushed.
    #[error("registry `{registry}` has no image `{image}`; nothing was written")]
    NotPushed {
        /// The registry.
        registry: String,
        /// The image, without the registry.
        image: String,
        /// What to type to push what is at head.
        command: Option<String>,
    },
    /// An image that its registry may remove.
    #[error(
        "registry `{registry}` does not keep image `{image}` for good: tag `{tag}` is not on it; \
         nothing was written"
    )]
    NotKept {
        /// The registry.
        registry: String,
        /// The image, without the registry.
        image: String,
        /// The tag that keeps it.
        tag: String,
        /// What to type to push what is at head for good.
        command: Option<String>,
    },
    /// The registry does not say whether it has the image.
    #[error(transparent)]
    Registry(Box<windlass_oci_registry::Error>),
    /// A file with credentials is there and cannot be used.
    #[error(transparent)]
    DockerConfig(#[from] windlass_oci_registry::ConfigError),
    /// A lock file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A lock file does not hold pins.
    #[error("pins `{}` do not hold", path.display())]
    Pins {
        /// The file.
        path: PathBuf,
        /// Why.
        source: LockError,
    },
    /// A lock file cannot be written; it is as it was.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// git does not list the checkout's files.
    #[error("cannot list the files of `{}`", root.display())]
    Git {
        /// The checkout.
        root: PathBuf,
        /// git's own words.
        source: Reason,
    },
    /// Nobody reads what is printed.
    #[error("cannot print")]
    Output(#[source] std::io::Error),
}

/// Why a request cannot be used.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum RequestError {
    /// The file is not there.
    #[error("cannot read it")]
    Unreadable(#[source] std::io::Error),
    /// It is no request.
    #[error("it is not a request")]
    OtherForm(#[source] serde_json::Error),
    /// It is of another version.
    #[error("version: got {got}, want {}", crate::request::VERSION)]
    OtherVersion {
        /// Its version.
        got: u32,
    },
}

/// A cause that is a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Reason(pub String);

fn quoted(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

impl Explain for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Request { .. } | Self::NoWorkspace | Self::NoPackage { .. } => {
                Some(format!("{COMMAND} list"))
            }
            Self::NoPins { path, .. } => Some(format!("echo '{{}}' > {}", path.display())),
            Self::WhichImage { command, .. } | Self::OtherRepository { command, .. } => {
                Some(command.clone())
            }
            Self::NotPushed { command, .. } | Self::NotKept { command, .. } => command.clone(),
            Self::Registry(error) => error.hint(),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Reference { .. } | Self::NoDigest { .. } | Self::WhichImage { .. } => Exit::Usage,
            Self::Request { .. }
            | Self::UnknownEnvironment { .. }
            | Self::BuiltEnvironment { .. }
            | Self::NoPackage { .. }
            | Self::NoPins { .. }
            | Self::Key { .. }
            | Self::OtherRepository { .. }
            | Self::Pins { .. } => Exit::Input,
            Self::NoWorkspace => Exit::Preflight,
            Self::DockerConfig(error) => error.exit(),
            Self::NotPushed { .. } | Self::NotKept { .. } => Exit::Registry,
            Self::Registry(error) => error.exit(),
            Self::Launcher(_)
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Git { .. }
            | Self::Output(_) => Exit::Failure,
        }
    }
}
