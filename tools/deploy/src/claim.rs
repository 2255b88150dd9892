//! Whose an object is that is there. Pure.
//!
//! An object is a group's own if it is labelled as a member of the group's set (KEP-3659), or if
//! the group's inventory has its uid: a label can be removed by hand. What another group or another
//! manager has made is not taken over unless somebody asks for it.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::cluster::{Conflicts, FIELD_MANAGER};
use crate::compare::{is_managed_by, managers_of};
use crate::desired::{Desired, DesiredObject, OBJECT_ANNOTATION};
use crate::inventory::{Entry, InventoryId, PART_OF_LABEL, set_of};

/// Whose an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Ours.
    Ours,
    /// Ours, but nobody knows any more which fields are: somebody has emptied `managedFields`. The
    /// API server takes the fields for those of a manager that never was.
    Stripped,
    /// Somebody else's.
    Foreign(Owner),
}

/// Who has made an object that is not ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Another target.
    Target(String),
    /// Other managers of fields; none where the object does not say.
    Managers(Vec<String>),
}

/// ``made by `//services/other:myns-redis` ``, ``managed by `kubectl` ``.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(target) => write!(f, "made by `{target}`"),
            Self::Managers(names) if names.is_empty() => f.write_str("managed by nobody"),
            Self::Managers(names) => write!(f, "managed by `{}`", names.join("`, `")),
        }
    }
}

/// Whether things of others are taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takeover {
    /// They are refused.
    Refuse,
    /// They become ours.
    Adopt,
}

/// The sets of a run, as their members are labelled.
#[derive(Clone, Debug, Default)]
pub struct Sets(BTreeSet<String>);

impl Sets {
    /// Those of the groups of a run that are there as a whole: an object may move between them.
    pub fn of(desired: &Desired) -> Self {
        let inventories = desired
            .groups
            .iter()
            .filter_map(|group| group.inventory.as_ref());
        Self(inventories.map(InventoryId::set_id).collect())
    }
}

/// Whose a live object is, from where `desired` stands. `entry` is what its group's inventory has of
/// it.
pub fn claim(desired: &DesiredObject, live: &Value, entry: Option<&Entry>, sets: &Sets) -> Claim {
    let own = desired.object.label(PART_OF_LABEL);
    let managed = is_managed_by(live, FIELD_MANAGER);
    let is_member = match (set_of(live), own) {
        // One object by itself: the target that describes it says whose it is.
        (Some(_), None) => described(live) == Some(desired.label.as_str()),
        (Some(set), Some(own)) => set == own || sets.0.contains(set),
        (None, _) => {
            let remembered = entry.is_some_and(|entry| entry.is_of(live));
            let free = described(live).is_none_or(|label| label == desired.label);
            remembered || managed && free
        }
    };
    match (is_member, managed) {
        (true, true) => Claim::Ours,
        (true, false) => Claim::Stripped,
        (false, _) => Claim::Foreign(owner_of(live)),
    }
}

/// The target that an object says it is described by.
fn described(live: &Value) -> Option<&str> {
    live["metadata"]["annotations"][OBJECT_ANNOTATION].as_str()
}

/// Who has made an object that is not ours.
fn owner_of(live: &Value) -> Owner {
    match described(live) {
        Some(target) => Owner::Target(target.to_owned()),
        None => Owner::Managers(managers_of(live)),
    }
}

impl Claim {
    /// What a write does with fields of others, where the user has asked for `asked`.
    pub fn conflicts(&self, asked: Conflicts) -> Conflicts {
        match self {
            Self::Ours => asked,
            Self::Stripped | Self::Foreign(_) => Conflicts::Force,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::ManifestDigest;
    use serde_json::json;
    use windlass_k8s_object::Object;

    const OWN: &str = "applyset-own-v1";

    fn desired(set: Option<&str>) -> DesiredObject {
        let mut object = Object::from_document(json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "namespace": "alice"}}))
        .expect("object");
        if let Some(set) = set {
            object.set_label(PART_OF_LABEL, set);
        }
        DesiredObject {
            label: "//a:myns-a".to_owned(),
            group: 0,
            object,
            images: Vec::new(),
            policy: crate::policy::Policy::default(),
        }
    }

    fn live(manager: &str, set: Option<&str>, target: Option<&str>) -> Value {
        let mut live = json!({"metadata": {"uid": "u1",
            "managedFields": [{"manager": manager, "operation": "Apply"}]}});
        if let Some(set) = set {
            live["metadata"]["labels"][PART_OF_LABEL] = json!(set);
        }
        if let Some(target) = target {
            live["metadata"]["annotations"][OBJECT_ANNOTATION] = json!(target);
        }
        live
    }

    fn of_group(live: &Value, entry: Option<&Entry>) -> Claim {
        let sets = Sets(BTreeSet::from([
            OWN.to_owned(),
            "applyset-below-v1".to_owned(),
        ]));
        claim(&desired(Some(OWN)), live, entry, &sets)
    }

    fn foreign(target: &str) -> Claim {
        Claim::Foreign(Owner::Target(target.to_owned()))
    }

    #[test]
    fn members_of_our_sets_are_ours() {
        let moved = Some("//old/place:myns-a");
        for set in [OWN, "applyset-below-v1"] {
            assert_eq!(
                of_group(&live("windlass", Some(set), moved), None),
                Claim::Ours
            );
        }
        let other = live("windlass", Some("applyset-other-v1"), Some("//b:myns-a"));
        assert_eq!(of_group(&other, None), foreign("//b:myns-a"));
    }

    #[test]
    fn what_lost_its_label_is_known_by_its_uid_or_its_target() {
        let entry = Entry::of(
            &ManifestDigest::of(&json!({})),
            &live("windlass", None, None),
        );
        let other = live("windlass", None, Some("//b:myns-a"));
        assert_eq!(of_group(&other, Some(&entry)), Claim::Ours);
        assert_eq!(of_group(&other, None), foreign("//b:myns-a"));
        let own = live("windlass", None, Some("//a:myns-a"));
        assert_eq!(of_group(&own, None), Claim::Ours);
    }

    #[test]
    fn what_lost_its_managers_is_ours_still() {
        let stripped = live("before-first-apply", Some(OWN), Some("//a:myns-a"));
        assert_eq!(of_group(&stripped, None), Claim::Stripped);
        assert_eq!(
            Claim::Stripped.conflicts(Conflicts::Report),
            Conflicts::Force
        );
    }

    #[test]
    fn others_things_are_foreign() {
        let claim = of_group(&live("kubectl", None, None), None);
        assert_eq!(
            claim,
            Claim::Foreign(Owner::Managers(vec!["kubectl".to_owned()]))
        );
        let Claim::Foreign(owner) = claim else {
            unreachable!()
        };
        assert_eq!(owner.to_string(), "managed by `kubectl`");
    }

    #[test]
    fn one_object_by_itself_stays_in_its_set() {
        let alone = |live: &Value| claim(&desired(None), live, None, &Sets::default());
        let own = live("windlass", Some(OWN), Some("//a:myns-a"));
        assert_eq!(alone(&own), Claim::Ours);
        let other = live("windlass", Some(OWN), Some("//b:myns-a"));
        assert_eq!(alone(&other), foreign("//b:myns-a"));
    }
}
