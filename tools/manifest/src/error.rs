//! Why there is no final manifest.

use std::path::PathBuf;

use windlass_k8s_object::quantity::QuantityError;
use windlass_k8s_object::{NamespaceRefused, ParseError};
use windlass_k8s_schema::{CrdError, Finding, Problem};
use windlass_pins::FileError;
use windlass_report::{Exit, Explain};

use crate::closure::{Dangling, Problem as Dangles};
use crate::policy::Violation;

/// An action of this tool failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {task} `{label}`")]
pub struct Error {
    /// What was to be done with the target, after "cannot".
    pub task: &'static str,
    /// The target.
    pub label: String,
    /// Why.
    #[source]
    pub cause: Box<Cause>,
}

/// Why it failed.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum Cause {
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The result cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A file holds no Kubernetes object, or several.
    #[error("`{}` is not one Kubernetes object", path.display())]
    Object {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ParseError,
    },
    /// The schema of a version of Kubernetes cannot be used.
    #[error("`{}` is no schema of a version of Kubernetes", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A file that should define custom resources does not.
    #[error("`{}` defines no custom resource", path.display())]
    Definition {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: CrdError,
    },
    /// The object is not what Kubernetes takes.
    #[error("Kubernetes {kubernetes} does not take `{}`", path.display())]
    Findings {
        /// The file.
        path: PathBuf,
        /// The minor version.
        kubernetes: String,
        /// All that is wrong with it.
        findings: Vec<Finding>,
    },
    /// The object breaks rules that are not waived.
    #[error("`{}` breaks the policy", path.display())]
    Violations {
        /// The file.
        path: PathBuf,
        /// The fields and the rules.
        violations: Vec<Violation>,
    },
    /// A policy of the repository does not say what is wrong.
    #[error("policy `{policy}` gives no list of texts")]
    Messages {
        /// Its name.
        policy: String,
        /// What it gives instead.
        source: serde_json::Error,
    },
    /// Objects refer to what is not there.
    #[error("its objects refer to what is not there")]
    Dangling {
        /// All such references.
        dangling: Vec<Dangling>,
    },
    /// Images that the environment may not run.
    #[error("images break the policy of the environment")]
    Images {
        /// The fields and the rules.
        violations: Vec<Violation>,
    },
    /// The file's kind is not the declared one.
    #[error("kind: got `{got}` in the file, want `{want}` as declared")]
    Kind {
        /// The kind in the file.
        got: String,
        /// The kind that the target declares.
        want: String,
    },
    /// The environment has no namespace that it may write to.
    #[error("environment `{environment}` has no namespace")]
    Environment {
        /// The environment.
        environment: String,
        /// Why.
        source: NamespaceRefused,
    },
    /// An object outside the namespace of its environment.
    #[error(
        "{object}: metadata.namespace: got {got}, want `{want}`, that of environment `{environment}`"
    )]
    Namespace {
        /// The object.
        object: String,
        /// Its namespace, quoted, or `nothing`.
        got: String,
        /// The namespace of the environment.
        want: String,
        /// The environment.
        environment: String,
    },
    /// An object of the whole cluster in an environment.
    #[error("{object} is in no namespace: only setup may have it, not environment `{environment}`")]
    ClusterScoped {
        /// The object.
        object: String,
        /// The environment.
        environment: String,
    },
    /// An image key that no manifest uses.
    #[error(
        "image key `{key}` is used by no image field of this environment; {}",
        there(images)
    )]
    UnusedImage {
        /// The key.
        key: String,
        /// The images that the manifests name.
        images: Vec<String>,
    },
    /// An image key given twice.
    #[error("image key `{key}` is given twice")]
    DuplicateImage {
        /// The key.
        key: String,
    },
    /// An image that is neither a key nor a full reference.
    #[error(
        "{path}: got image `{got}`, want {}a reference with tag or digest",
        known(keys)
    )]
    LogicalImage {
        /// The field.
        path: String,
        /// The image.
        got: String,
        /// The keys that are known.
        keys: Vec<String>,
    },
    /// The descriptor of an image cannot be used.
    #[error("descriptor `{}` of image `{key}` holds no digest", path.display())]
    Descriptor {
        /// The image's key.
        key: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The lock file of pinned images cannot be used.
    #[error(transparent)]
    Pins(#[from] FileError),
    /// A quantity that the API server would store in another form.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
}

fn there(images: &[String]) -> String {
    if images.is_empty() {
        "there is none".to_owned()
    } else {
        format!("there are {}", quoted(images))
    }
}

fn known(keys: &[String]) -> String {
    if keys.is_empty() {
        String::new()
    } else {
        format!("one of {} or ", quoted(keys))
    }
}

fn quoted(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Whether it is an object of a kind that Kubernetes itself does not have.
fn is_custom(finding: &Finding) -> bool {
    let Problem::UnknownKind { known, .. } = &finding.problem else {
        return false;
    };
    known.is_empty()
}

/// What to say of an object that may be made by others: nothing here has a name like it.
fn made_elsewhere(dangling: &Dangling) -> Option<String> {
    let ((whose, whom), external) = match &dangling.problem {
        Dangles::Object {
            kind,
            name,
            nearest: None,
        } => (("its", "it"), format!("{kind}/{name}")),
        Dangles::Pods {
            nearest: None,
            labels: Some(labels),
            ..
        } => (("their", "them"), format!("Pod/{labels}")),
        _ => return None,
    };
    Some(format!(
        "put {whose} service into `deps`, or say who makes {whom}: externals = {{\"{external}\": \"<who>\"}}"
    ))
}

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        match &*self.cause {
            Cause::Findings { findings, .. } => findings
                .iter()
                .map(|finding| format!("  {finding}"))
                .collect(),
            Cause::Violations { violations, .. } | Cause::Images { violations } => violations
                .iter()
                .map(|violation| format!("  {violation}"))
                .collect(),
            Cause::Dangling { dangling } => dangling
                .iter()
                .map(|dangling| format!("  {dangling}"))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match &*self.cause {
            Cause::Environment { source, .. } => {
                source.hint(&format!("bazel build {}", self.label))
            }
            Cause::Findings { findings, .. } if findings.iter().any(is_custom) => {
                Some("name its CustomResourceDefinition in `crds` of `bind`".to_owned())
            }
            Cause::Violations { violations, .. } | Cause::Images { violations } => {
                let rule = &violations.first()?.rule;
                Some(format!(
                    "mend it, or say why not: waivers = {{\"{rule}\": \"<reason>\"}}"
                ))
            }
            Cause::Dangling { dangling } => dangling.iter().find_map(made_elsewhere),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match &*self.cause {
            Cause::Read { .. } | Cause::Write { .. } | Cause::Pins(FileError::Read { .. }) => {
                Exit::Failure
            }
            _ => Exit::Input,
        }
    }
}
