//! What an API server answered, or why it did not: the border to kube's errors.
//!
//! `kube::Error` prints its source and has it as source too, and names the layers of its http
//! client. Here each cause is one short text.

use std::error::Error as StdError;
use std::time::Duration;

use crate::credentials::moment;

/// Why a request to the API server gave no object.
#[derive(Clone, Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum ApiError {
    /// The server refused.
    #[error("{message}")]
    Status {
        /// The HTTP status.
        code: u16,
        /// The server's word for it: `Conflict`, `Forbidden`, ...
        reason: String,
        /// The server's sentence.
        message: String,
        /// Fields that it names.
        fields: Vec<FieldProblem>,
        /// How long the server asks to wait, in seconds; 0 if it does not.
        retry_after: u32,
    },
    /// No answer.
    #[error("{reason}")]
    Connection {
        /// The innermost reason, as `Connection refused (os error 111)`.
        reason: String,
    },
    /// The server's certificate is not valid any more.
    #[error("the server's certificate expired at {at}")]
    Expired {
        /// The last moment at which it was valid.
        at: String,
    },
    /// An answer that cannot be read, or a request that cannot be made.
    #[error("{reason}")]
    Other {
        /// Why.
        reason: String,
    },
}

/// A field that the API server names in a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The kind of problem: `FieldManagerConflict`, `FieldValueInvalid`, ...
    pub reason: String,
    /// The field: `.spec.replicas`.
    pub field: String,
    /// The server's sentence.
    pub message: String,
}

/// A field that somebody else owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The field: `spec.replicas`.
    pub field: String,
    /// The other manager.
    pub manager: String,
}

/// How the server says that a field cannot be changed. It has no word of its own for that, so these
/// are the sentences of `k8s.io/kubernetes/pkg/apis/*/validation` and of CRDs.
const IMMUTABLE: [&str; 7] = [
    "immutable",
    "Forbidden: updates to",
    "updates may not change fields",
    "may not change once set",
    "may not be changed in an update",
    "updates to parameters are forbidden",
    "cannot change roleRef",
];

impl ApiError {
    /// Whether the object or its kind is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { code: 404, .. })
    }

    /// Of a deletion that names a uid: whether that object is not there any more. Another one may
    /// have taken its name.
    pub fn is_gone(&self) -> bool {
        let is_another = matches!(self, Self::Status { code: 409, message, .. }
            if message.contains("UID"));
        is_another || self.is_not_found()
    }

    /// Whether the server refuses a port or an address because somebody has it.
    pub fn is_allocated(&self) -> bool {
        matches!(self, Self::Status { message, .. } if message.contains("already allocated"))
    }

    /// Whether the server refuses to change a field that an object is made with.
    pub fn is_immutable(&self) -> bool {
        let Self::Status {
            code: 422, message, ..
        } = self
        else {
            return false;
        };
        IMMUTABLE.iter().any(|sentence| message.contains(sentence))
    }

    /// Whether the server does not allow it to us.
    pub fn is_forbidden(&self) -> bool {
        matches!(
            self,
            Self::Status {
                code: 401 | 403,
                ..
            }
        )
    }

    /// Whether the same request may succeed a little later: too many requests, a server or a
    /// webhook that is not ready, a lost connection, a pod whose service account is being made.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Status {
                code: 429 | 500..=599,
                ..
            }
            | Self::Connection { .. } => true,
            Self::Status {
                code: 403, message, ..
            } => message.contains("error looking up service account"),
            Self::Status { .. } | Self::Expired { .. } | Self::Other { .. } => false,
        }
    }

    /// How long the server asks to wait, in seconds.
    pub fn retry_after(&self) -> u32 {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => 0,
        }
    }

    /// Whether the server does not know us: it says so, or ends the connection over what we show
    /// (RFC 8446, alerts).
    pub fn is_unauthorized(&self) -> bool {
        match self {
            Self::Status { code, .. } => *code == 401,
            Self::Connection { reason } => reason.contains("received fatal alert: Certificate"),
            Self::Expired { .. } | Self::Other { .. } => false,
        }
    }

    /// The fields that other managers own, where that is why the server refused.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let Self::Status {
            code: 409, fields, ..
        } = self
        else {
            return Vec::new();
        };
        let owned = fields
            .iter()
            .filter(|problem| problem.reason == "FieldManagerConflict");
        owned
            .map(|problem| Conflict {
                field: problem.field.trim_start_matches('.').to_owned(),
                // `conflict with "kubectl" using apps/v1`
                manager: problem.message.split('"').nth(1).unwrap_or("?").to_owned(),
            })
            .collect()
    }
}

impl From<kube::Error> for ApiError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => {
                let (causes, retry_after) = status
                    .details
                    .map(|details| (details.causes, details.retry_after_seconds))
                    .unwrap_or_default();
                let fields = causes.into_iter().map(|cause| FieldProblem {
                    reason: cause.reason,
                    field: cause.field,
                    message: cause.message,
                });
                Self::Status {
                    code: status.code,
                    reason: status.reason,
                    message: status.message,
                    fields: fields.collect(),
                    retry_after,
                }
            }
            kube::Error::HyperError(_) | kube::Error::Service(_) | kube::Error::ReadEvents(_) => {
                match expiry(&error) {
                    Some(at) => Self::Expired { at },
                    None => Self::Connection {
                        reason: innermost(&error),
                    },
                }
            }
            other => Self::Other {
                reason: innermost(&other),
            },
        }
    }
}

/// The text of the last error of a chain; the operating system's in its own words.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    chain(error)
        .last()
        .map_or_else(String::new, ToString::to_string)
}

/// When the server's certificate expired, if that is why there is no connection.
fn expiry(error: &(dyn StdError + 'static)) -> Option<String> {
    use rustls::{CertificateError, Error};
    chain(error).find_map(|error| match error.downcast_ref()? {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            Some(moment(Duration::from_secs(not_after.as_secs())))
        }
        _ => None,
    })
}

/// An error and its causes.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&last| {
        match last.downcast_ref::<std::io::Error>() {
            // An io::Error that wraps another one shows that one's source, not itself.
            Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
            None => last.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_name_field_and_manager() {
        let error = ApiError::Status {
            code: 409,
            reason: "Conflict".to_owned(),
            message: "Apply failed with 1 conflict".to_owned(),
            fields: vec![FieldProblem {
                reason: "FieldManagerConflict".to_owned(),
                field: ".spec.replicas".to_owned(),
                message: "conflict with \"kubectl\" using apps/v1".to_owned(),
            }],
            retry_after: 0,
        };
        let conflict = Conflict {
            field: "spec.replicas".to_owned(),
            manager: "kubectl".to_owned(),
        };
        assert_eq!(error.conflicts(), [conflict]);
        assert!(!error.is_transient());
    }

    #[test]
    fn the_innermost_cause_is_the_operating_systems() {
        let io = std::io::Error::from_raw_os_error(111);
        let wrapped = std::io::Error::other(io);
        let error = kube::Error::Service(Box::new(wrapped));
        let error = ApiError::from(error);
        assert_eq!(error.to_string(), "Connection refused (os error 111)");
        assert!(error.is_transient());
    }
}
