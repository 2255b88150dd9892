//! Why a pin is not written, or pins are not shown.

use std::path::PathBuf;

use windlass_oci_reference::ParseError;
use windlass_pins::FileError;
use windlass_report::{Exit, Explain};

use crate::checkout::Package;
use crate::checks::{Entry, Finding};
use crate::cli::COMMAND;
use crate::typed::word;

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
        source: windlass_versioned::Error,
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
        /// What to type if it is meant, where that may be.
        command: Option<String>,
    },
    /// An image that an environment is not to run.
    #[error("cannot pin `{entry}`; nothing was written")]
    Unfit {
        /// Which image of what.
        entry: Entry,
        /// What does not hold of it.
        source: Box<Finding>,
    },
    /// The registry does not say whether it has the image.
    #[error(transparent)]
    Registry(Box<windlass_oci_registry::Error>),
    /// A file with credentials is there and cannot be used.
    #[error(transparent)]
    DockerConfig(#[from] windlass_oci_registry::ConfigError),
    /// A file of the checkout that is no lock file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A lock file cannot be used.
    #[error(transparent)]
    Pins(#[from] FileError),
    /// A lock file cannot be written; it is as it was.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A pin is not what it was when it was decided what it is to be.
    #[error("pin `{entry}` has been changed meanwhile; nothing was written")]
    Changed {
        /// Which pin.
        entry: Entry,
    },
    /// A lock file has changes of somebody else's, which a commit would take along.
    #[error("`{}` has changes that are not committed; nothing was written", path.display())]
    Dirty {
        /// The file.
        path: PathBuf,
    },
    /// A lock file that no commit has.
    #[error("`{}` is not committed; nothing was written", path.display())]
    Untracked {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else has committed.
    #[error("HEAD was commit `{from}` and is `{to}`; nothing was written")]
    HeadMoved {
        /// What it was when the pins were read.
        from: String,
        /// What it is.
        to: String,
    },
    /// A branch that would be another one.
    #[error("branch `{name}` is there; nothing was written")]
    BranchExists {
        /// Its name.
        name: String,
    },
    /// Nothing that commits could be on.
    #[error(
        "commits of pins are looked for on the main branch: got neither `origin/{name}` nor `{name}`"
    )]
    NoMainBranch {
        /// Its name, by the constants.
        name: String,
    },
    /// The clone has not all commits.
    #[error("this is a shallow clone, which does not say {what}")]
    Shallow {
        /// What it does not say.
        what: String,
    },
    /// An environment that is promoted to itself.
    #[error("--to: got `{env}`, want another environment than that of --from")]
    SameEnvironment {
        /// Its name.
        env: String,
    },
    /// A target that reaches no service.
    #[error("target `{target}` reaches no package with a `pins.json`")]
    NoServices {
        /// The target.
        target: String,
    },
    /// There is no Bazel to ask.
    #[error(
        "cannot start Bazel: got no `bazelw` in the checkout, and no `bazelisk` or `bazel` in PATH"
    )]
    NoBazel,
    /// Bazel, which has said why on stderr.
    #[error("cannot find what target `{target}` reaches")]
    Query {
        /// The target.
        target: String,
        /// How it ended.
        source: Reason,
    },
    /// Pins of which something does not hold. Which, stands on stdout.
    #[error("{count} of {of} pins do not hold")]
    Unverified {
        /// How many.
        count: usize,
        /// Of how many.
        of: usize,
    },
    /// Pins of which nothing is known, since another compiler would build them.
    #[error("{count} of {of} pins were built with another toolchain than there is here")]
    OtherToolchain {
        /// How many.
        count: usize,
        /// Of how many.
        of: usize,
    },
    /// A commit does not build. Why, Bazel has said on stderr.
    #[error("cannot rebuild image `{}` of `{}` at commit `{commit}`", entry.key, entry.service)]
    Rebuild {
        /// The image.
        entry: Entry,
        /// The commit.
        commit: String,
        /// How it ended.
        source: Reason,
    },
    /// Ctrl-C, SIGTERM or SIGHUP, while images were built anew.
    #[error("interrupted; what was checked out and built anew is removed")]
    Interrupted,
    /// Nobody says what compiles.
    #[error("cannot ask which compiler there is")]
    Toolchain {
        /// How it ended.
        source: Reason,
    },
    /// Nobody says what changes in manifests.
    #[error("the pins are changed, and what that does to manifests cannot be told")]
    Difference {
        /// How it ended.
        source: Reason,
    },
    /// The checkout has no history.
    #[error("cannot {what}: the checkout is in no git repository")]
    NoRepository {
        /// What was asked, after "cannot".
        what: String,
    },
    /// git does not do what it is asked for.
    #[error("cannot {what}")]
    Git {
        /// What was asked, after "cannot".
        what: String,
        /// git's own words.
        source: Reason,
    },
    /// Nobody reads what is printed.
    #[error("cannot print")]
    Output(#[source] std::io::Error),
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
            Self::Request { .. }
            | Self::NoWorkspace
            | Self::NoPackage { .. }
            | Self::Changed { .. } => Some(format!("{COMMAND} list")),
            Self::NoPins { path, .. } => {
                // git commits what it has been told of.
                let path = word(&path.display().to_string());
                Some(format!("echo '{{}}' > {path} && git add {path}"))
            }
            Self::WhichImage { command, .. } => Some(command.clone()),
            Self::OtherRepository { command, .. } => command.clone(),
            Self::Unfit { source, .. } => source.hint(),
            Self::NoRepository { .. } => Some("git init".to_owned()),
            Self::Dirty { path } => {
                let path = word(&path.display().to_string());
                Some(format!("git diff HEAD -- {path}"))
            }
            Self::Untracked { path } => {
                let path = word(&path.display().to_string());
                Some(format!("git add {path} && git commit {path}"))
            }
            Self::Difference { .. } => Some(
                "have `rendered_diff(name = \"rendered\")` of @windlass//rules:rendered.bzl in the root, and build it"
                    .to_owned(),
            ),
            Self::HeadMoved { .. } => Some("git log -1".to_owned()),
            Self::BranchExists { name } => Some(format!("git log -1 {}", word(name))),
            Self::NoMainBranch { name } => {
                // A clone of one branch would not keep it.
                let spec = format!("{name}:refs/remotes/origin/{name}");
                Some(format!("git fetch origin {}", word(&spec)))
            }
            Self::Shallow { .. } => Some("git fetch --unshallow".to_owned()),
            Self::NoServices { target } => {
                Some(format!("bazel query {}", word(&format!("deps({target})"))))
            }
            Self::Registry(error) => error.hint(),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Reference { .. }
            | Self::NoDigest { .. }
            | Self::WhichImage { .. }
            | Self::SameEnvironment { .. } => Exit::Usage,
            Self::Request { .. }
            | Self::UnknownEnvironment { .. }
            | Self::BuiltEnvironment { .. }
            | Self::NoPackage { .. }
            | Self::NoPins { .. }
            | Self::Key { .. }
            | Self::OtherRepository { .. }
            | Self::Pins(FileError::Pins { .. })
            | Self::BranchExists { .. }
            | Self::NoServices { .. }
            | Self::Query { .. }
            | Self::Unverified { .. } => Exit::Input,
            Self::NoWorkspace
            | Self::Changed { .. }
            | Self::Dirty { .. }
            | Self::Untracked { .. }
            | Self::HeadMoved { .. }
            | Self::NoMainBranch { .. }
            | Self::NoRepository { .. }
            | Self::OtherToolchain { .. }
            | Self::Shallow { .. } => Exit::Preflight,
            Self::DockerConfig(error) => error.exit(),
            Self::Unfit { source, .. } => source.exit(),
            Self::Registry(error) => error.exit(),
            Self::Launcher(_)
            | Self::Read { .. }
            | Self::Pins(FileError::Read { .. })
            | Self::Write { .. }
            | Self::Git { .. }
            | Self::NoBazel
            | Self::Rebuild { .. }
            | Self::Toolchain { .. }
            | Self::Difference { .. }
            | Self::Output(_) => Exit::Failure,
            Self::Interrupted => Exit::Interrupted,
        }
    }
}
