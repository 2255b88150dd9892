//! What to do about what is seen. Pure: a [`View`] goes in, a [`Step`] comes out, and doing a step twice
//! does no harm.
//!
//! A cluster is formed once, by all nodes together: node 0 meets the others when every node has
//! answered and none of them, by what is on its disk, knows of a slot. It takes its share of the
//! slots; then the other first nodes take theirs, and the rest become replicas. From then on roles
//! follow what Redis decides. After that, this code only makes nodes meet: those that are new, and
//! those whose address has changed.

use crate::slots::Range;
use crate::table::{Node, Role, Table};
use std::fmt;
use std::net::SocketAddr;

/// A node that has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its id.
    pub id: String,
    /// Where it was asked.
    pub address: SocketAddr,
    /// What it knows.
    pub table: Table,
}

/// All that can be seen from one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Index of the own node.
    pub me: usize,
    /// How many of the first nodes become masters.
    pub masters: usize,
    /// The own node.
    pub own: Seen,
    /// The other nodes with their index; none for one that does not answer, or that answers but is not
    /// the one that was asked for.
    pub peers: Vec<(usize, Option<Seen>)>,
}

/// What to do, and why. Without actions: what is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Why.
    pub reason: Reason,
    /// To be done in this order, to the own node.
    pub actions: Vec<Action>,
}

/// One thing to do to the own node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Get acquainted, or learn the new address of an acquaintance.
    Meet {
        /// Index of the other node.
        node: usize,
        /// Where it is now.
        address: SocketAddr,
    },
    /// Own these slots, which nobody has.
    Take(Range),
    /// Become a replica.
    Replicate {
        /// Index of the master.
        node: usize,
        /// Its id.
        id: String,
    },
    /// Follow the own master to where it is now.
    Follow {
        /// Its id.
        id: String,
    },
    /// Become master in place of the own master, without asking it.
    Succeed,
    /// Strike a node off the table that no longer exists and owns nothing.
    Forget {
        /// Its id.
        id: String,
    },
}

/// Why something is done, or not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Node 0: all are there and empty.
    Forming,
    /// Node 0: a cluster is formed when all have answered.
    Absent(Vec<usize>),
    /// The other nodes of a cluster that is not formed.
    NotFormed,
    /// This node is new, and the others have a cluster.
    Outside,
    /// Those who meet do not all know each other yet.
    Introducing,
    /// Nodes are new, or where they have not been before.
    Moved,
    /// This node has no part in the cluster yet.
    Joining,
    /// Nodes exist no more.
    Gone,
    /// The own master exists no more, and this node has a copy of its data.
    Orphaned,
    /// This node's cluster and this peer's have slots, and no node in common.
    Stranger(usize),
    /// Slots belong to a node that no pod has any more. Only a human can tell whether its data is lost.
    Lost(String),
    /// Nothing is left to do but for Redis itself.
    Healing,
}

/// Whether the own node sees nothing amiss, so that the peers need not be asked.
pub fn is_settled(table: &Table, size: usize) -> bool {
    let has_part = table
        .myself()
        .is_some_and(|own| own.role != Role::Master || !own.slots.is_empty());
    has_part
        && table.is_covered()
        && table.members().count() == size
        && table.members().all(|node| node.connected && !node.failed)
}

/// What a replica does that looks for its master where it was. Redis takes a node's new address from
/// the gossip of others, and tells its replication only when it hears of it from the node itself:
/// the replica then goes on to ask an address that nobody has any more.
///
/// `follows` is the address that the own replication connects to.
pub fn astray(table: &Table, follows: Option<SocketAddr>) -> Option<Action> {
    let Role::Replica(master) = &table.myself()?.role else {
        return None;
    };
    let master = table.member(master)?;
    let is_there = master.connected && !master.failed && master.address.is_some();
    (is_there && follows.is_some() && follows != master.address).then(|| Action::Follow {
        id: master.id.clone(),
    })
}

/// The next step.
pub fn decide(view: &View) -> Step {
    let (strangers, meetings) = meetings(view);
    if !meetings.is_empty() {
        let reason = if view.own.table.has_slots() {
            Reason::Moved
        } else {
            Reason::Forming
        };
        return Step {
            reason,
            actions: meetings,
        };
    }
    if let Some(stranger) = strangers.first() {
        return wait(Reason::Stranger(*stranger));
    }
    if !view.own.table.has_slots() {
        return form(view);
    }
    match view.own.table.myself() {
        Some(own) if own.role == Role::Master && own.slots.is_empty() => join(view),
        _ => keep(view),
    }
}

fn wait(reason: Reason) -> Step {
    Step {
        reason,
        actions: Vec::new(),
    }
}

fn act(reason: Reason, action: Action) -> Step {
    Step {
        reason,
        actions: vec![action],
    }
}

/// Peers of another cluster, and those to meet. Who has a cluster meets everybody; among nodes
/// without one only node 0 does, and only when all of them are there.
fn meetings(view: &View) -> (Vec<usize>, Vec<Action>) {
    let own = &view.own;
    let forms = view.me == 0 && view.is_complete() && !view.knows_slots();
    let (mut strangers, mut meetings) = (Vec::new(), Vec::new());
    if !own.table.has_slots() && !forms {
        return (strangers, meetings);
    }
    for (node, peer) in view.seen_peers() {
        let needed = match own.table.member(&peer.id) {
            Some(known) => !known.connected && known.address != Some(peer.address),
            None => true,
        };
        if needed && !may_meet(&own.table, &peer.table) {
            strangers.push(node);
        } else if needed {
            meetings.push(Action::Meet {
                node,
                address: peer.address,
            });
        }
    }
    (strangers, meetings)
}

/// Two clusters that both have slots must never meet: one would take the other's slots, and its
/// data with them. They are one cluster if they have a node in common.
fn may_meet(own: &Table, peer: &Table) -> bool {
    !own.has_slots()
        || !peer.has_slots()
        || own.members().any(|node| peer.member(&node.id).is_some())
}

/// No slots are known here.
fn form(view: &View) -> Step {
    if view.knows_slots() {
        return wait(Reason::Outside);
    }
    if view.me != 0 {
        return wait(Reason::NotFormed);
    }
    if !view.is_complete() {
        return wait(Reason::Absent(view.absent()));
    }
    if !view.is_acquainted() {
        return wait(Reason::Introducing);
    }
    act(Reason::Forming, Action::Take(Range::share(0, view.masters)))
}

/// The own node is a master without slots in a cluster that has some.
fn join(view: &View) -> Step {
    let share = Range::share(view.me, view.masters);
    if view.me < view.masters && !view.knows_owner(share) {
        // An absent node's disk may know an owner.
        if !view.is_complete() {
            return wait(Reason::Absent(view.absent()));
        }
        return act(Reason::Joining, Action::Take(share));
    }
    if let Some(lost) = view.lost() {
        return wait(Reason::Lost(lost));
    }
    match view.master_to_follow() {
        Some((node, id)) => act(
            Reason::Joining,
            Action::Replicate {
                node,
                id: id.to_owned(),
            },
        ),
        None => wait(Reason::Healing),
    }
}

/// The own node has its part.
fn keep(view: &View) -> Step {
    let is_my_master = |node: &Node| match view.own.table.myself().map(|own| &own.role) {
        Some(Role::Replica(master)) => *master == node.id,
        _ => false,
    };
    // Redis fails over by itself when a master does not answer. It does not when something else
    // answers at the master's address: then it only loses the master from sight.
    if view.lost_owners().any(is_my_master) {
        return act(Reason::Orphaned, Action::Succeed);
    }
    let gone = view
        .gone()
        .filter(|node| node.slots.is_empty() && !is_my_master(node));
    let actions: Vec<_> = gone
        .map(|node| Action::Forget {
            id: node.id.clone(),
        })
        .collect();
    if !actions.is_empty() {
        return Step {
            reason: Reason::Gone,
            actions,
        };
    }
    wait(view.lost().map_or(Reason::Healing, Reason::Lost))
}

impl View {
    fn seen_peers(&self) -> impl Iterator<Item = (usize, &Seen)> {
        self.peers
            .iter()
            .filter_map(|(node, seen)| Some((*node, seen.as_ref()?)))
    }

    fn seen(&self) -> impl Iterator<Item = (usize, &Seen)> {
        std::iter::once((self.me, &self.own)).chain(self.seen_peers())
    }

    fn absent(&self) -> Vec<usize> {
        self.peers
            .iter()
            .filter(|(_, seen)| seen.is_none())
            .map(|(node, _)| *node)
            .collect()
    }

    /// Every node has answered.
    fn is_complete(&self) -> bool {
        self.peers.iter().all(|(_, seen)| seen.is_some())
    }

    /// Any node that answered knows an owner of any slot.
    fn knows_slots(&self) -> bool {
        self.seen().any(|(_, seen)| seen.table.has_slots())
    }

    /// Any node that answered knows an owner of a slot of the range.
    fn knows_owner(&self, range: Range) -> bool {
        self.seen()
            .any(|(_, seen)| seen.table.owner(range).is_some())
    }

    /// Each node that answered is connected to each other.
    fn is_acquainted(&self) -> bool {
        let knows = |table: &Table, id: &str| table.member(id).is_some_and(|node| node.connected);
        self.seen()
            .all(|(_, one)| self.seen().all(|(_, other)| knows(&one.table, &other.id)))
    }

    /// Failed members that no node is, by what all nodes say of themselves. None while one is absent.
    fn gone(&self) -> impl Iterator<Item = &Node> {
        let all = self.is_complete();
        self.own.table.members().filter(move |node| {
            all && (node.failed || node.address.is_none())
                && !self.seen().any(|(_, seen)| seen.id == node.id)
        })
    }

    /// Those of them who own slots.
    fn lost_owners(&self) -> impl Iterator<Item = &Node> {
        self.gone().filter(|node| !node.slots.is_empty())
    }

    /// The id of an owner of slots that no node is, nor can succeed.
    fn lost(&self) -> Option<String> {
        let members = || self.own.table.members();
        let replicas = |id: &str| {
            let role = Role::Replica(id.to_owned());
            members()
                .filter(|node| node.role == role && !node.failed)
                .count()
        };
        let lost = self.lost_owners().find(|node| replicas(&node.id) == 0);
        lost.map(|node| node.id.clone())
    }

    /// The master with the fewest replicas; among equals, the one whose turn it is. None until all slots
    /// have owners that answer.
    fn master_to_follow(&self) -> Option<(usize, &str)> {
        let table = &self.own.table;
        let owners = || table.members().filter(|node| !node.slots.is_empty());
        let index = |id: &str| {
            self.seen()
                .find(|(_, seen)| seen.id == id)
                .map(|(node, _)| node)
        };
        let whole = owners().all(|node| !node.failed && index(&node.id).is_some());
        if !table.is_covered() || !whole {
            return None;
        }
        let replicas = |id: &str| {
            let follows = |node: &&Node| node.role == Role::Replica(id.to_owned()) && !node.failed;
            table.members().filter(follows).count()
        };
        owners()
            .filter_map(|node| Some((index(&node.id)?, node.id.as_str())))
            .min_by_key(|(node, id)| (replicas(id), *node != self.me % self.masters, *node))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meet { node, address } => write!(f, "meet node {node} at {address}"),
            Self::Take(range) => write!(f, "take slots {range}"),
            Self::Replicate { node, id } => write!(f, "become a replica of node {node} ({id})"),
            Self::Follow { id } => write!(f, "follow the master ({id}) to its new address"),
            Self::Succeed => write!(f, "succeed the master"),
            Self::Forget { id } => write!(f, "forget {id}"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forming => write!(
                f,
                "forming the cluster: all nodes have answered, none has a slot"
            ),
            Self::Absent(nodes) => {
                let nodes: Vec<_> = nodes.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "waiting for all nodes: no answer from node {}",
                    nodes.join(", ")
                )
            }
            Self::NotFormed => write!(f, "waiting for node 0 to form the cluster"),
            Self::Outside => write!(f, "waiting to be met: the other nodes have a cluster"),
            Self::Introducing => write!(f, "waiting until all nodes know each other"),
            Self::Moved => write!(f, "nodes are new or have new addresses"),
            Self::Joining => write!(f, "joining the cluster"),
            Self::Orphaned => write!(f, "the master of this replica exists no more"),
            Self::Gone => write!(f, "nodes without slots exist no more"),
            Self::Stranger(node) => {
                write!(
                    f,
                    "node {node} belongs to another cluster with slots of its own: not met, "
                )?;
                write!(
                    f,
                    "nothing is wiped; remove the volume of the one that is wrong"
                )
            }
            Self::Lost(id) => {
                write!(
                    f,
                    "slots belong to {id}, which no node is any more: nothing is wiped; "
                )?;
                write!(f, "bring its volume back, or give its slots away by hand")
            }
            Self::Healing => write!(f, "waiting for redis to mend the cluster"),
        }
    }
}

#[cfg(test)]
mod tests;
