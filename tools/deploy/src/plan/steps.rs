//! What happens to the objects that are desired.

use windlass_k8s_object::{Key, Namespace};

use super::removal::removal;
use super::{Action, Claims, Goal, Live, PlanError, Seen, deletes_claims, is_going, uid_of};
use crate::api_error::ApiError;
use crate::claim::{Claim, Owner, Sets, Takeover, claim};
use crate::compare::changed_fields;
use crate::desired::{Desired, DesiredObject};
use crate::order::is_kept;
use serde_json::Value;

/// All that a plan is made of.
pub(super) struct Run<'a> {
    pub goal: Goal,
    pub takeover: Takeover,
    pub desired: &'a Desired,
    pub seen: &'a Seen,
    pub sets: Sets,
}

/// Why an object is not just written.
enum Obstacle {
    Foreign(Owner),
    Refused(ApiError),
}

impl From<ApiError> for Obstacle {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// Whether the namespace of an object stays.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It does, as far as this plan knows.
    Lasting,
    /// It is being deleted, and all that is in it.
    Going,
}

impl<'a> Run<'a> {
    fn pairs(&self) -> impl Iterator<Item = (&'a DesiredObject, &'a Live)> {
        self.desired.objects.iter().zip(&self.seen.objects)
    }

    /// What happens to each object.
    pub fn actions(&self) -> Result<Vec<Action>, PlanError> {
        match self.goal {
            Goal::Delete => Ok(self.pairs().map(|pair| self.removal(pair)).collect()),
            Goal::Create => {
                self.none_there()?;
                self.steps()
            }
            Goal::Apply | Goal::Replace => self.steps(),
        }
    }

    fn removal(&self, (desired, live): (&DesiredObject, &Live)) -> Action {
        let claimed = live.object().map(|live| (live, self.claim(desired, live)));
        removal(
            desired,
            claimed.as_ref().map(|(live, claim)| (*live, claim)),
        )
    }

    fn claim(&self, desired: &DesiredObject, live: &Value) -> Claim {
        let entry = self.seen.entry(desired.group, desired.object.key());
        claim(desired, live, entry, &self.sets)
    }

    /// For `create`: nothing is there.
    fn none_there(&self) -> Result<(), PlanError> {
        let there = self.pairs().filter(|(_, live)| live.object().is_some());
        let there: Vec<Key> = there
            .map(|(object, _)| object.object.key().clone())
            .collect();
        if there.is_empty() {
            Ok(())
        } else {
            Err(PlanError::Exists(there))
        }
    }

    /// What is to be done so that all are there; all that is somebody else's is told at once, and so
    /// are all conflicts.
    fn steps(&self) -> Result<Vec<Action>, PlanError> {
        let going = self.going_namespaces();
        let mut actions = Vec::new();
        let (mut foreign, mut conflicts, mut refused) = (Vec::new(), Vec::new(), None);
        for (desired, live) in self.pairs() {
            let key = desired.object.key();
            let namespace = key.namespace.as_ref().map(Namespace::as_str);
            let place = if namespace.is_some_and(|namespace| going.contains(&namespace)) {
                Place::Going
            } else {
                Place::Lasting
            };
            match self.step(desired, live, place) {
                Ok(action) => actions.push(action),
                Err(Obstacle::Foreign(owner)) => foreign.push((key.clone(), owner)),
                Err(Obstacle::Refused(error)) if !error.conflicts().is_empty() => {
                    conflicts.push((key.clone(), error.conflicts()));
                }
                Err(Obstacle::Refused(error)) => {
                    refused.get_or_insert_with(|| self.refusal(desired, live, error));
                }
            }
        }
        if !foreign.is_empty() {
            return Err(PlanError::Foreign(foreign));
        }
        if let Some(refused) = refused {
            return Err(refused);
        }
        if !conflicts.is_empty() {
            return Err(PlanError::Conflicts(conflicts));
        }
        Ok(actions)
    }

    /// What the server refuses.
    fn refusal(&self, desired: &DesiredObject, live: &Live, error: ApiError) -> PlanError {
        let key = desired.object.key().clone();
        let replaces = self.goal == Goal::Replace && !is_kept(key_of(desired));
        let doing = match live.object() {
            None => "make",
            Some(_) if replaces => "replace",
            Some(_) if error.is_immutable() => return PlanError::Immutable(key, Box::new(error)),
            Some(_) => "change",
        };
        PlanError::Refused(key, doing, Box::new(error))
    }

    /// The namespaces of a plan that are being deleted.
    fn going_namespaces(&self) -> Vec<&'a str> {
        let going = self.pairs().filter_map(|(desired, live)| {
            let key = desired.object.key();
            let is_namespace = key.group.is_empty() && key.kind.as_str() == "Namespace";
            (is_namespace && live.object().is_some_and(is_going)).then_some(key.name.as_str())
        });
        going.collect()
    }

    fn step(&self, desired: &DesiredObject, live: &Live, place: Place) -> Result<Action, Obstacle> {
        let object = match live {
            Live::Missing => return Ok(Action::Create),
            Live::Recorded(object) if !is_going(object) && place == Place::Lasting => {
                return Ok(Action::Same);
            }
            Live::Unmakable(error) => return Err(error.clone().into()),
            live => live.object().unwrap_or(&Value::Null),
        };
        let uid = uid_of(object);
        if is_going(object) || place == Place::Going {
            // Changing it would be lost. An interrupted `replace` is taken up here as well.
            return Ok(Action::CreateAfter { uid });
        }
        let claim = self.claim(desired, object);
        let replaces = self.goal == Goal::Replace && !is_kept(key_of(desired));
        match &claim {
            // What is somebody else's may be taken over, and is never deleted.
            Claim::Foreign(owner)
                if self.takeover == Takeover::Refuse
                    || replaces
                    || matches!(live, Live::Recreatable(_)) =>
            {
                return Err(Obstacle::Foreign(owner.clone()));
            }
            _ => {}
        }
        let result = match live {
            Live::Recreatable(_) => return Ok(Action::Replace { uid }),
            Live::Found {
                dry_run: Some(result),
                ..
            } => Some(result.as_ref().map_err(Clone::clone)?),
            _ => None,
        };
        if replaces {
            return Ok(Action::Replace { uid });
        }
        let fields = result.map(|result| changed_fields(object, result));
        Ok(match (fields, claim) {
            // Of some kinds the server remembers no managers, whatever is written.
            (Some(fields), Claim::Ours | Claim::Stripped) if fields.is_empty() => Action::Same,
            (fields, Claim::Ours) => Action::Change {
                fields: fields.unwrap_or_default(),
            },
            (fields, Claim::Stripped | Claim::Foreign(_)) => Action::Adopt {
                fields: fields.unwrap_or_default(),
            },
        })
    }

    /// The stateful sets that take claims with them when they go; refused where what is desired would
    /// keep these. What the set that is there says is what happens.
    pub fn claims_that_go(&self, actions: &[Action]) -> Result<Vec<Claims>, PlanError> {
        let (mut going, mut lost) = (Vec::new(), Vec::new());
        for (set, ((desired, live), action)) in self.pairs().zip(actions).enumerate() {
            let deletes = live.object().is_some_and(deletes_claims);
            if !is_set(desired) || !deletes || action.removes().is_none() {
                continue;
            }
            let replaces = matches!(action, Action::Replace { .. });
            if replaces && !deletes_claims(desired.object.document()) {
                lost.push(desired.object.key().clone());
            }
            going.push(Claims {
                set,
                names: Vec::new(),
            });
        }
        if lost.is_empty() {
            Ok(going)
        } else {
            Err(PlanError::Claims(lost))
        }
    }
}

fn key_of(desired: &DesiredObject) -> &Key {
    desired.object.key()
}

fn is_set(desired: &DesiredObject) -> bool {
    let key = desired.object.key();
    (key.group.as_str(), key.kind.as_str()) == ("apps", "StatefulSet")
}
