//! What an object is called: the parts of its identity, each checked when it is made.

use std::fmt;

/// A field that does not hold what it must.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: got `{got}`, want {want}")]
pub struct FieldError {
    /// The field, as a path: `metadata.name`.
    pub field: &'static str,
    /// What stands there.
    pub got: String,
    /// What may stand there.
    pub want: &'static str,
}

/// `apiVersion`: group and version; the group of `v1` is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    text: String,
    slash: Option<usize>,
}

impl ApiVersion {
    /// Parses `v1` or `apps/v1`.
    pub fn try_new(text: &str) -> Result<Self, FieldError> {
        let mut parts = text.split('/');
        let held = match (parts.next(), parts.next(), parts.next()) {
            (Some(version), None, _) => !version.is_empty(),
            (Some(group), Some(version), None) => !group.is_empty() && !version.is_empty(),
            _ => false,
        };
        if !held {
            let want = "`version` or `group/version`, as in `v1` or `apps/v1`";
            return Err(FieldError {
                field: "apiVersion",
                got: text.to_owned(),
                want,
            });
        }
        Ok(Self {
            text: text.to_owned(),
            slash: text.find('/'),
        })
    }

    /// The group; empty for the core group.
    pub fn group(&self) -> &str {
        self.slash.map_or("", |slash| &self.text[..slash])
    }

    /// The version: `v1`.
    pub fn version(&self) -> &str {
        self.slash
            .map_or(&self.text, |slash| &self.text[slash + 1..])
    }

    /// As it stands in a manifest.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// `kind`: `Deployment`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(String);

impl Kind {
    /// A word of ASCII letters and digits that starts with an upper-case letter.
    pub fn try_new(text: &str) -> Result<Self, FieldError> {
        let held = text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.chars().all(|c| c.is_ascii_alphanumeric());
        if held {
            return Ok(Self(text.to_owned()));
        }
        Err(FieldError {
            field: "kind",
            got: text.to_owned(),
            want: "a kind as in `Deployment`",
        })
    }

    /// The kind as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a namespace: a DNS label (RFC 1123).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(String);

impl Namespace {
    /// What a namespace may be, for messages.
    pub const WANT: &str = "a DNS label: at most 63 of a-z, 0-9 and `-`, with no `-` at either end";

    /// Parses a namespace.
    pub fn try_new(text: &str) -> Result<Self, FieldError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let held = !text.is_empty()
            && text.len() <= 63
            && text.chars().all(|c| plain(c) || c == '-')
            && text.starts_with(plain)
            && text.ends_with(plain);
        if held {
            return Ok(Self(text.to_owned()));
        }
        Err(FieldError {
            field: "metadata.namespace",
            got: text.to_owned(),
            want: Self::WANT,
        })
    }

    /// The namespace as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `metadata.name`: anything that can stand as one segment of a URL path, which is what the API
/// server asks of every kind. What a kind asks beyond that, the API server says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Parses a name.
    pub fn try_new(text: &str) -> Result<Self, FieldError> {
        let held = !text.is_empty()
            && text.len() <= 253
            && text != "."
            && text != ".."
            && !text.contains(['/', '%'])
            && !text.contains(char::is_whitespace);
        if held {
            return Ok(Self(text.to_owned()));
        }
        let want = "a name of 1 to 253 characters without `/`, `%` or spaces";
        Err(FieldError {
            field: "metadata.name",
            got: text.to_owned(),
            want,
        })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The identity of an object on a cluster. Versions of one group show the same object, so the
/// version is no part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: Kind,
    /// The namespace; `None` where the manifest names none.
    pub namespace: Option<Namespace>,
    /// The name.
    pub name: Name,
}

impl Key {
    /// Kind and group: `Deployment.apps`, `Service`.
    pub fn kind_and_group(&self) -> String {
        let kind = self.kind.as_str();
        if self.group.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind}.{}", self.group)
        }
    }

    /// The whole identity as one text without quotes: `Deployment.apps alice/server`, and
    /// `Namespace -/alice` for what is in no namespace.
    pub fn plain(&self) -> String {
        let namespace = self.namespace.as_ref().map_or("-", Namespace::as_str);
        let name = self.name.as_str();
        format!("{} {namespace}/{name}", self.kind_and_group())
    }
}

/// As messages say it: ``Deployment `alice/server` ``.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `", self.kind.as_str())?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{}/", namespace.as_str())?;
        }
        write!(f, "{}`", self.name.as_str())
    }
}

/// Kinds of Kubernetes itself that live in no namespace, by group and kind.
/// Source: `kubectl api-resources --namespaced=false`. Custom kinds are not in it: whether they
/// are namespaced, only a cluster knows.
const CLUSTER_SCOPED: &[(&str, &str)] = &[
    ("", "Namespace"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    (
        "admissionregistration.k8s.io",
        "MutatingAdmissionPolicyBinding",
    ),
    (
        "admissionregistration.k8s.io",
        "MutatingWebhookConfiguration",
    ),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    (
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicyBinding",
    ),
    (
        "admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration",
    ),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("certificates.k8s.io", "CertificateSigningRequest"),
    ("certificates.k8s.io", "ClusterTrustBundle"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("networking.k8s.io", "IPAddress"),
    ("networking.k8s.io", "IngressClass"),
    ("networking.k8s.io", "ServiceCIDR"),
    ("node.k8s.io", "RuntimeClass"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("resource.k8s.io", "DeviceClass"),
    ("resource.k8s.io", "ResourceSlice"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "CSIDriver"),
    ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "StorageClass"),
    ("storage.k8s.io", "VolumeAttachment"),
    ("storage.k8s.io", "VolumeAttributesClass"),
];

/// Whether a kind of Kubernetes itself lives in no namespace. `false` for custom kinds.
pub fn is_cluster_scoped(group: &str, kind: &Kind) -> bool {
    CLUSTER_SCOPED.contains(&(group, kind.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_as_plain_text_has_its_group_and_its_place() {
        let mut key = Key {
            group: "apps".to_owned(),
            kind: Kind::try_new("Deployment").expect("kind"),
            namespace: Some(Namespace::try_new("alice").expect("namespace")),
            name: Name::try_new("server").expect("name"),
        };
        assert_eq!(key.plain(), "Deployment.apps alice/server");
        (key.group, key.namespace) = (String::new(), None);
        assert_eq!(key.plain(), "Deployment -/server");
    }

    #[test]
    fn api_version_parts() {
        let core = ApiVersion::try_new("v1").expect("core");
        assert_eq!((core.group(), core.version()), ("", "v1"));
        let apps = ApiVersion::try_new("apps/v1").expect("apps");
        assert_eq!((apps.group(), apps.version()), ("apps", "v1"));
        for refused in ["", "/v1", "apps/", "a/b/c"] {
            assert!(ApiVersion::try_new(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn names_and_namespaces() {
        for refused in ["", "Al.ice", "-a", "a-", "a.b", "A", &"a".repeat(64)] {
            assert!(Namespace::try_new(refused).is_err(), "{refused}");
        }
        assert!(Namespace::try_new("a-1").is_ok());
        for refused in ["", "a/b", "a%b", "..", "a b"] {
            assert!(Name::try_new(refused).is_err(), "{refused}");
        }
        assert!(Name::try_new("system:auth.x").is_ok());
        for refused in ["", "deployment", "De-p"] {
            assert!(Kind::try_new(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn error_says_got_and_want() {
        let error = Namespace::try_new("Al.ice").expect_err("refused");
        let text = error.to_string();
        assert!(
            text.starts_with("metadata.namespace: got `Al.ice`, want a DNS label"),
            "{text}"
        );
    }
}
