//! In what order the kinds of one plan are written, taken from the kinds themselves: nobody
//! writes weights.

use windlass_k8s_object::{Key, Object};

/// The type of a Secret with the token of a service account.
const ACCOUNT_TOKEN: &str = "kubernetes.io/service-account-token";

/// A stage of a plan. All of a stage is written before the next one begins; deletes go the other
/// way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// What gives other objects a place and a schema: namespaces, definitions of kinds.
    Foundation,
    /// What pods refer to when they start: accounts, rights, configuration, claims, services.
    Prerequisite,
    /// What makes pods, and all custom kinds.
    Workload,
    /// What sits in the way of other writes, or needs endpoints: webhooks, aggregated APIs.
    Last,
}

impl Stage {
    /// All stages, first to last.
    pub const ALL: [Self; 4] = [
        Self::Foundation,
        Self::Prerequisite,
        Self::Workload,
        Self::Last,
    ];

    /// The stage of an object.
    pub fn of(object: &Object) -> Self {
        // A controller deletes the token of an account that is not there yet.
        if object.document()["type"] == ACCOUNT_TOKEN && object.kind().as_str() == "Secret" {
            return Self::Workload;
        }
        Self::of_key(object.key())
    }

    /// The stage of an object of which nothing but its name is known.
    pub fn of_key(key: &Key) -> Self {
        match (key.group.as_str(), key.kind.as_str()) {
            ("", "Namespace")
            | ("apiextensions.k8s.io", "CustomResourceDefinition")
            | ("scheduling.k8s.io", "PriorityClass")
            | ("node.k8s.io", "RuntimeClass")
            | ("storage.k8s.io", "StorageClass") => Self::Foundation,
            (
                "",
                "ServiceAccount"
                | "ConfigMap"
                | "Secret"
                | "PersistentVolume"
                | "PersistentVolumeClaim"
                | "Service"
                | "LimitRange"
                | "ResourceQuota",
            )
            | ("rbac.authorization.k8s.io" | "networking.k8s.io" | "policy", _) => {
                Self::Prerequisite
            }
            ("admissionregistration.k8s.io" | "apiregistration.k8s.io", _) => Self::Last,
            _ => Self::Workload,
        }
    }
}

/// Whether `delete` leaves an object of this kind alone, because others' things or data go with
/// it.
pub fn is_kept(key: &Key) -> bool {
    matches!(
        (key.group.as_str(), key.kind.as_str()),
        (
            "",
            "Namespace" | "PersistentVolume" | "PersistentVolumeClaim"
        ) | ("apiextensions.k8s.io", "CustomResourceDefinition")
    )
}

/// Whether an object of this kind is left alone when nobody describes it any more: besides what
/// `delete` leaves alone, what may take data with it.
pub fn is_never_pruned(key: &Key) -> bool {
    is_kept(key) || (key.group.as_str(), key.kind.as_str()) == ("apps", "StatefulSet")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(api_version: &str, kind: &str) -> Object {
        let document = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
        Object::from_document(document).expect("object")
    }

    #[test]
    fn stages_follow_from_kinds() {
        let cases = [
            ("v1", "Namespace", Stage::Foundation),
            (
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                Stage::Foundation,
            ),
            ("v1", "Secret", Stage::Prerequisite),
            ("v1", "Service", Stage::Prerequisite),
            (
                "rbac.authorization.k8s.io/v1",
                "RoleBinding",
                Stage::Prerequisite,
            ),
            ("apps/v1", "StatefulSet", Stage::Workload),
            ("stable.example.com/v1", "CronTab", Stage::Workload),
            (
                "admissionregistration.k8s.io/v1",
                "ValidatingWebhookConfiguration",
                Stage::Last,
            ),
        ];
        for (api_version, kind, stage) in cases {
            assert_eq!(Stage::of(&object(api_version, kind)), stage, "{kind}");
        }
        assert!(Stage::Foundation < Stage::Last);
    }

    #[test]
    fn the_token_of_an_account_follows_it() {
        let document = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"},
            "type": "kubernetes.io/service-account-token"});
        let token = Object::from_document(document).expect("object");
        assert!(Stage::of(&token) > Stage::of(&object("v1", "ServiceAccount")));
    }

    #[test]
    fn data_and_other_peoples_things_are_kept() {
        assert!(is_kept(object("v1", "Namespace").key()));
        assert!(is_kept(object("v1", "PersistentVolumeClaim").key()));
        let set = object("apps/v1", "StatefulSet");
        assert!(!is_kept(set.key()) && is_never_pruned(set.key()));
        assert!(!is_never_pruned(object("apps/v1", "Deployment").key()));
    }
}
