//! What happens to objects that are to go: those of `delete`, and those that nobody describes any
//! more.

use serde_json::Value;
use windlass_k8s_object::Key;

use super::{Action, Goal, Kept, Leftover, Seen, deletes_claims, uid_of};
use crate::claim::{Claim, Owner};
use crate::cluster::FIELD_MANAGER;
use crate::compare::is_managed_by;
use crate::desired::{Desired, DesiredObject};
use crate::inventory::{Entry, InventoryId, set_of};
use crate::order::{is_kept, is_never_pruned};

/// What happens to an object that nobody describes any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prune {
    /// Its group, as a place among the desired ones.
    pub group: usize,
    /// Its name.
    pub key: Key,
    /// [`Action::Delete`], [`Action::Keep`], or [`Action::Gone`]: it is forgotten.
    pub action: Action,
}

/// What `delete` does with an object, which may be there.
pub(super) fn removal(desired: &DesiredObject, live: Option<(&Value, &Claim)>) -> Action {
    match live {
        None => Action::Gone,
        Some(_) if is_kept(desired.object.key()) => Action::Keep { why: Kept::Kind },
        Some((_, Claim::Foreign(_))) => Action::Keep { why: Kept::Foreign },
        Some((live, Claim::Ours | Claim::Stripped)) => Action::Delete { uid: uid_of(live) },
    }
}

/// What happens to what is left over. Nothing does in a group that describes no object: an empty
/// rendering is a mistake, not a wish. `create` changes nothing that is there.
pub(super) fn prunes(goal: Goal, desired: &Desired, seen: &Seen) -> Vec<Prune> {
    if goal == Goal::Create {
        return Vec::new();
    }
    let mut describes = vec![false; desired.groups.len()];
    for object in &desired.objects {
        describes[object.group] = true;
    }
    let mut prunes = Vec::new();
    for (group, remembered) in seen.groups.iter().enumerate() {
        let Some(inventory) = &desired.groups[group].inventory else {
            continue;
        };
        if !describes[group] && goal != Goal::Delete {
            continue;
        }
        for left in &remembered.leftovers {
            let entry = remembered.inventory.0.get(&left.key);
            prunes.push(Prune {
                group,
                key: left.key.clone(),
                action: prune(goal, left, entry, inventory),
            });
        }
    }
    prunes
}

/// What would be pruned though a target of another package made it: two services of one name would
/// take each other's objects away. A package that has moved and dropped objects at once looks the
/// same, and needs a word.
pub(super) fn others(desired: &Desired, seen: &Seen, prunes: &[Prune]) -> Vec<(Key, Owner)> {
    let other = |prune: &&Prune| {
        let target = seen.groups[prune.group].target.as_ref();
        let own = package_of(&desired.groups[prune.group].label);
        let owner = target.filter(|target| package_of(target) != own);
        let owner = owner.map(|target| Owner::Target(target.clone()));
        owner.filter(|_| prune.action.is_write())
    };
    let strange = prunes
        .iter()
        .filter_map(|prune| Some((prune.key.clone(), other(&prune)?)));
    strange.collect()
}

/// `//services/redis`, of `//services/redis:myns-shallow` and of `//services/redis`.
fn package_of(label: &str) -> &str {
    label.split(':').next().unwrap_or(label)
}

fn prune(goal: Goal, left: &Leftover, entry: Option<&Entry>, inventory: &InventoryId) -> Action {
    let Some(live) = left
        .live
        .as_ref()
        .filter(|live| is_own(live, entry, inventory))
    else {
        return Action::Gone;
    };
    let stays = match goal {
        // The claims that a set takes with it are nowhere in this plan.
        Goal::Delete => is_kept(&left.key) || deletes_claims(live),
        Goal::Apply | Goal::Create | Goal::Replace => is_never_pruned(&left.key),
    };
    if stays {
        Action::Keep { why: Kept::Kind }
    } else {
        Action::Delete { uid: uid_of(live) }
    }
}

/// Whether an object is the one that the inventory means, and not in another set by now.
fn is_own(live: &Value, entry: Option<&Entry>, inventory: &InventoryId) -> bool {
    let set = inventory.set_id();
    let labelled = set_of(live);
    match entry.and_then(|entry| entry.uid.as_ref()) {
        Some(uid) => live["metadata"]["uid"] == **uid && labelled.is_none_or(|own| own == set),
        // The run that was to make it did not end: what it has made, it has labelled.
        None => labelled == Some(set.as_str()) && is_managed_by(live, FIELD_MANAGER),
    }
}

/// The groups whose inventory has to be written: something is done to an object of theirs, or an
/// object is not in it, or is there no more.
pub(super) fn records(
    desired: &Desired,
    seen: &Seen,
    actions: &[Action],
    prunes: &[Prune],
) -> Vec<usize> {
    let mut stale = vec![false; desired.groups.len()];
    for (object, action) in desired.objects.iter().zip(actions) {
        let entry = seen.entry(object.group, object.object.key());
        stale[object.group] |= match action {
            Action::Gone => entry.is_some(),
            Action::Keep { .. } => false,
            action => action.is_write() || entry.is_none_or(|entry| entry.uid.is_none()),
        };
    }
    for prune in prunes {
        stale[prune.group] |= !matches!(prune.action, Action::Keep { .. });
    }
    let is_stale = |group: &usize| stale[*group] && desired.groups[*group].inventory.is_some();
    (0..seen.groups.len()).filter(is_stale).collect()
}
