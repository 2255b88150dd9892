//! What errors are made of.

use super::{Error, text};
#[cfg(test)]
use crate::api_error::ApiError;
#[cfg(test)]
use windlass_report::Exit;
use windlass_report::Explain;

/// A cause that is known as text only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Reason(pub String);

impl Reason {
    /// ``want one of `redis`, `server` ``.
    pub fn want_one_of(names: &[String]) -> Self {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        Self(match names.as_slice() {
            [] => "there is none at all".to_owned(),
            [one] => format!("want {one}"),
            many => format!("want one of {}", many.join(", ")),
        })
    }
}

/// Two targets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{first}` and `{second}`")]
pub struct Targets {
    /// The first.
    pub first: String,
    /// The second.
    pub second: String,
}

/// What stands behind an error, on one line.
fn cause_of(error: &dyn Explain) -> Reason {
    Reason(error.source().map(text::one_line).unwrap_or_default())
}

impl Error {
    /// No kubeconfig has the context; `found` are the contexts that there are.
    pub fn no_context(context: &str, found: &[String]) -> Self {
        let names = found
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ");
        let got = if names.is_empty() {
            "no contexts at all".into()
        } else {
            format!("contexts {names}")
        };
        Self::Context {
            context: context.to_owned(),
            source: Reason(format!("got {got}")),
        }
    }

    /// What a registry's error says before a push.
    pub fn registry(error: &windlass_oci_registry::Error, command: &str) -> Self {
        let hint = match error {
            windlass_oci_registry::Error::Reach { .. } => Some(command.to_owned()),
            _ => error.hint(),
        };
        Self::unasked(error, hint)
    }

    /// The same of the containerd of the local cluster's node.
    pub fn containerd(error: &windlass_containerd::Error) -> Self {
        let is_refused = cause_of(error).0.contains("Permission denied");
        let hint = match error {
            windlass_containerd::Error::Reach { .. } if !is_refused => {
                Some("bazel run //cluster:up".to_owned())
            }
            _ => error.hint(),
        };
        Self::unasked(error, hint)
    }

    fn unasked(error: &dyn Explain, hint: Option<String>) -> Self {
        Self::Registry {
            source_text: error.to_string(),
            source: cause_of(error),
            hint,
            exit: error.exit(),
        }
    }

    /// An image that did not arrive.
    pub fn push(error: &dyn Explain) -> Self {
        Self::Push {
            source_text: error.to_string(),
            source: cause_of(error),
            hint: error.hint(),
            exit: error.exit(),
            also: Vec::new(),
        }
    }

    /// The first of several errors that came together, with the others as its evidence: a push
    /// that failed says why the writes that need it did not happen. `None` without errors.
    pub fn first_of(errors: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut errors = errors.into_iter();
        let mut first = errors.next()?;
        if let Self::Push { also, .. } | Self::Delete { also, .. } = &mut first {
            also.extend(errors.map(|error| text::one_line(&error)));
        }
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_come_with_a_failed_push_are_told_in_their_order() {
        let push = |image: &str| Error::Push {
            source_text: format!("cannot push image `{image}`"),
            source: Reason("connection reset".to_owned()),
            hint: None,
            exit: Exit::Registry,
            also: Vec::new(),
        };
        let object = serde_json::json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "redis", "namespace": "alice"}});
        let object = windlass_k8s_object::Object::from_document(object).expect("object");
        let write = Error::Write {
            object: object.key().clone(),
            source: Box::new(ApiError::Other {
                reason: "spec.ports: Required value".to_owned(),
            }),
        };
        let first = Error::first_of([push("//b"), push("//a"), write]).expect("an error");
        assert_eq!(
            windlass_report::render(&first),
            "error: cannot push image `//b`\n\
             cause: connection reset\n\
             also: cannot push image `//a`: connection reset\n\
             also: cannot write Service `alice/redis`: spec.ports: Required value\n"
        );
        assert!(Error::first_of([]).is_none());
    }
}
