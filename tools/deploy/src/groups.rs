//! Which groups are ready, from the bottom of the graph up. Pure.

use crate::desired::Desired;
use crate::ready::Readiness;
use crate::screen::{GroupLine, GroupState, Waits, kinds};
use crate::wait::Status;

/// A wait shorter than this is not worth a word.
const WORTH_TELLING: f64 = 0.5;

/// Follows the groups of one run.
#[derive(Clone, Debug)]
pub struct Groups {
    /// The objects of each group, as places among the desired ones: looked up once, since each
    /// change on the cluster is a look.
    members: Vec<Vec<usize>>,
    /// The kinds of each group, as a screen shows them.
    kinds: Vec<String>,
    /// When waiting began, in seconds of the run.
    since: f64,
    /// When each group was ready.
    ready_after: Vec<Option<f64>>,
    /// Each group as it was last seen.
    lines: Vec<GroupLine>,
}

/// What is to be shown after a look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// Groups that have become ready.
    pub ready: Vec<GroupLine>,
    /// Groups that have not.
    pub open: Vec<GroupLine>,
}

impl Groups {
    /// Nothing is ready yet, `since` seconds into the run.
    pub fn new(desired: &Desired, since: f64) -> Self {
        let mut members = vec![Vec::new(); desired.groups.len()];
        for (at, object) in desired.objects.iter().enumerate() {
            members[object.group].push(at);
        }
        let kinds_of = |members: &Vec<usize>| kinds(members.iter().map(|at| &desired.objects[*at]));
        Self {
            kinds: members.iter().map(kinds_of).collect(),
            members,
            since,
            ready_after: vec![None; desired.groups.len()],
            lines: Vec::new(),
        }
    }

    /// All groups in their order, as they were last seen; empty before the first look.
    pub fn lines(&self) -> &[GroupLine] {
        &self.lines
    }

    /// When each group was ready, in seconds of the run.
    pub fn ready_after(&self) -> &[Option<f64>] {
        &self.ready_after
    }

    /// Takes in how ready the objects are, `now` seconds into the run. A group is ready when its
    /// objects are and the groups that it depends on are.
    pub fn look(&mut self, desired: &Desired, statuses: &[Status], now: f64) -> Look {
        let mut look = Look::default();
        for (at, group) in desired.groups.iter().enumerate() {
            if self.ready_after[at].is_some() {
                continue;
            }
            let members = || self.members[at].iter().map(|object| &statuses[*object]);
            let (ready, of) = count(members());
            let mut line = GroupLine {
                name: group.name.clone(),
                kinds: self.kinds[at].clone(),
                state: GroupState::Ready,
                ready,
                of,
                after: now,
                waits: None,
            };
            let open: Vec<usize> = group
                .deps
                .iter()
                .copied()
                .filter(|dep| self.ready_after[*dep].is_none())
                .collect();
            if open.is_empty() && members().all(Status::is_current) {
                self.ready_after[at] = Some(now);
                line.waits = self.waited(desired, at);
                self.keep(at, &line);
                look.ready.push(line);
                continue;
            }
            line.state = state(members(), &open);
            line.waits = if open.is_empty() {
                let missing = members().find_map(missing);
                // The count says that already.
                missing
                    .filter(|missing| !missing.ends_with(" pods ready"))
                    .map(Waits::Own)
            } else {
                Some(Waits::Groups(
                    open.iter()
                        .map(|dep| desired.groups[*dep].name.clone())
                        .collect(),
                ))
            };
            self.keep(at, &line);
            look.open.push(line);
        }
        look
    }

    fn keep(&mut self, at: usize, line: &GroupLine) {
        match self.lines.get_mut(at) {
            Some(kept) => kept.clone_from(line),
            None => self.lines.push(line.clone()),
        }
    }

    /// The group that was waited for longest.
    fn waited(&self, desired: &Desired, at: usize) -> Option<Waits> {
        let after = |dep: &usize| self.ready_after[*dep].map(|after| (*dep, after - self.since));
        let waits = desired.groups[at].deps.iter().filter_map(after);
        let (dep, seconds) = waits.max_by(|a, b| a.1.total_cmp(&b.1))?;
        let group = desired.groups[dep].name.clone();
        (seconds >= WORTH_TELLING).then_some(Waits::Waited { seconds, group })
    }
}

/// How a group stands that is not ready, with the groups below it that are not.
fn state<'a>(mut members: impl Iterator<Item = &'a Status>, open: &[usize]) -> GroupState {
    if members.any(|status| matches!(status.readiness, Readiness::Failed(_))) {
        return GroupState::Failed;
    }
    if open.is_empty() {
        GroupState::Underway
    } else {
        GroupState::Waits
    }
}

/// Ready and wanted pods; objects, where there are no pods.
fn count<'a>(statuses: impl Iterator<Item = &'a Status> + Clone) -> (u64, u64) {
    let pods = statuses.clone().filter_map(|status| status.replicas);
    let (ready, of) = pods.fold((0, 0), |(ready, of), (r, o)| (ready + r.min(o), of + o));
    if of > 0 {
        return (ready, of);
    }
    let current = statuses
        .clone()
        .filter(|status| status.is_current())
        .count();
    (current as u64, statuses.count() as u64)
}

/// What an object lacks to be ready; `None` if it is.
pub fn missing(status: &Status) -> Option<String> {
    match &status.readiness {
        Readiness::Current => None,
        Readiness::InProgress(text) | Readiness::Failed(text) => Some(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::{DesiredObject, Group};
    use serde_json::json;
    use windlass_k8s_object::{Environment, Object, Ownership};

    fn stack() -> Desired {
        let group = |name: &str, deps: &[usize]| Group {
            id: format!("demo/{name}/myns"),
            label: format!("//services/{name}:myns-shallow"),
            name: name.to_owned(),
            deps: deps.to_vec(),
            inventory: None,
        };
        let object = |group: usize, kind: &str, name: &str| {
            let document =
                json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}});
            let object = Object::from_document(document).expect("object");
            DesiredObject {
                label: String::new(),
                group,
                object,
                images: Vec::new(),
                policy: crate::policy::Policy::default(),
            }
        };
        let environment = Environment::try_new("myns", "alice", Ownership::Personal, &[]);
        Desired {
            environment: environment.expect("environment"),
            groups: vec![group("redis", &[]), group("server", &[0])],
            objects: vec![
                object(0, "StatefulSet", "redis"),
                object(1, "Deployment", "server"),
            ],
            images: Vec::new(),
        }
    }

    fn pods(ready: u64, of: u64) -> Status {
        let readiness = if ready == of {
            Readiness::Current
        } else {
            Readiness::InProgress(format!("{ready} of {of} pods ready"))
        };
        Status {
            readiness,
            replicas: Some((ready, of)),
        }
    }

    #[test]
    fn a_group_is_ready_after_those_below_it() {
        let desired = stack();
        let mut groups = Groups::new(&desired, 0.2);
        let look = groups.look(&desired, &[pods(2, 6), pods(1, 1)], 3.0);
        assert_eq!(look.ready, []);
        assert_eq!(
            (look.open[0].ready, look.open[0].of, &look.open[0].waits),
            (2, 6, &None)
        );
        assert_eq!(
            look.open[1].waits,
            Some(Waits::Groups(vec!["redis".to_owned()]))
        );
        let look = groups.look(&desired, &[pods(6, 6), pods(0, 1)], 9.8);
        assert_eq!(look.ready[0].name, "redis");
        let look = groups.look(&desired, &[pods(6, 6), pods(1, 1)], 11.2);
        let Some(Waits::Waited { seconds, group }) = &look.ready[0].waits else {
            panic!("got {look:?}")
        };
        assert_eq!(
            (group.as_str(), format!("{seconds:.1}").as_str()),
            ("redis", "9.6")
        );
        assert_eq!(look.open, []);
    }

    #[test]
    fn all_ready_at_once_waits_for_nobody() {
        let desired = stack();
        let look = Groups::new(&desired, 0.2).look(&desired, &[pods(6, 6), pods(1, 1)], 0.3);
        assert_eq!(look.ready.len(), 2);
        assert_eq!(look.ready[1].waits, None);
    }
}
