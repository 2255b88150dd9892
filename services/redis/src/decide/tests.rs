//! Stories: each builds what the nodes know, and follows what one of them decides.

use super::*;
use crate::table::Table;
use std::collections::BTreeMap;

const SIZE: usize = 6;

/// What is on one node's disk, and where it is now.
#[derive(Clone)]
struct Disk {
    id: String,
    address: SocketAddr,
    up: bool,
    /// Node id -> (address, flags besides the role, master or empty, slots, connected).
    table: BTreeMap<String, Entry>,
}

#[derive(Clone)]
struct Entry {
    address: SocketAddr,
    flags: &'static str,
    master: String,
    slots: String,
    connected: bool,
}

/// Six nodes.
#[derive(Clone)]
struct World(Vec<Disk>);

fn id(node: usize) -> String {
    format!("id{node}")
}

fn address(host: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, u8::try_from(host).expect("small")], 6379))
}

fn entry(node: usize) -> Entry {
    let (master, slots) = (String::new(), String::new());
    Entry {
        address: address(node),
        flags: "",
        master,
        slots,
        connected: true,
    }
}

impl World {
    /// Six nodes that have just started for the first time.
    fn new() -> Self {
        let disk = |node| Disk {
            id: id(node),
            address: address(node),
            up: true,
            table: BTreeMap::from([(id(node), entry(node))]),
        };
        Self((0..SIZE).map(disk).collect())
    }

    /// Six nodes that know each other.
    fn acquainted() -> Self {
        let mut world = Self::new();
        world
            .0
            .iter_mut()
            .for_each(|disk| disk.table = (0..SIZE).map(|n| (id(n), entry(n))).collect());
        world
    }

    /// A whole cluster, as it is after forming.
    fn formed() -> Self {
        let mut world = Self::acquainted();
        (0..3).for_each(|node| {
            world.tell(&id(node), |e| e.slots = Range::share(node, 3).to_string());
        });
        (3..SIZE).for_each(|node| world.tell(&id(node), |e| e.master = id(node - 3)));
        world
    }

    /// Changes what everybody who knows a node knows of it.
    fn tell(&mut self, id: &str, change: impl Fn(&mut Entry)) {
        self.0
            .iter_mut()
            .filter_map(|disk| disk.table.get_mut(id))
            .for_each(change);
    }

    /// The node does not answer, and the others have noticed.
    fn down(&mut self, node: usize) {
        self.0[node].up = false;
        let id = self.0[node].id.clone();
        self.tell(&id, |e| (e.flags, e.connected) = (",fail", false));
    }

    /// The node comes back with an empty disk.
    fn replaced(&mut self, node: usize) {
        self.down(node);
        let table = BTreeMap::from([("new".to_owned(), entry(node))]);
        self.0[node] = Disk {
            id: "new".to_owned(),
            address: address(node),
            up: true,
            table,
        };
    }

    /// All nodes restart elsewhere: on their disks are the old addresses.
    fn moved(&mut self) {
        for (node, disk) in self.0.iter_mut().enumerate() {
            disk.address = address(node + 100);
            disk.table.values_mut().for_each(|e| e.connected = false);
        }
    }

    fn seen(&self, node: usize) -> Seen {
        let disk = &self.0[node];
        let lines = disk.table.iter().map(|(id, e)| {
            let myself = if *id == disk.id { "myself," } else { "" };
            let (role, master) = match e.master.as_str() {
                "" => ("master", "-"),
                master => ("slave", master),
            };
            let link = if e.connected {
                "connected"
            } else {
                "disconnected"
            };
            let (address, flags, slots) = (e.address, e.flags, &e.slots);
            format!("{id} {address}@16379 {myself}{role}{flags} {master} 0 0 0 {link} {slots}\n")
        });
        let table = Table::try_new(&lines.collect::<String>()).expect("parses");
        Seen {
            id: disk.id.clone(),
            address: disk.address,
            table,
        }
    }

    fn view(&self, me: usize) -> View {
        let peer = |node: usize| (node, self.0[node].up.then(|| self.seen(node)));
        let peers = (0..SIZE).filter(|node| *node != me).map(peer).collect();
        View {
            me,
            masters: 3,
            own: self.seen(me),
            peers,
        }
    }

    fn decide(&self, me: usize) -> Step {
        decide(&self.view(me))
    }

    fn is_settled(&self, me: usize) -> bool {
        is_settled(&self.seen(me).table, SIZE)
    }
}

fn meet(nodes: impl IntoIterator<Item = usize>, at: usize) -> Vec<Action> {
    let meet = |node| Action::Meet {
        node,
        address: address(node + at),
    };
    nodes.into_iter().map(meet).collect()
}

fn replicate(node: usize) -> Vec<Action> {
    vec![Action::Replicate { node, id: id(node) }]
}

fn take(index: usize) -> Vec<Action> {
    vec![Action::Take(Range::share(index, 3))]
}

#[test]
fn clean_start_node_0_meets_all_and_the_others_wait() {
    let world = World::new();
    let step = Step {
        reason: Reason::Forming,
        actions: meet(1..SIZE, 0),
    };
    assert_eq!(world.decide(0), step);
    for node in 1..SIZE {
        assert_eq!(world.decide(node), wait(Reason::NotFormed), "node {node}");
    }
}

#[test]
fn clean_start_waits_for_the_last_node() {
    let mut world = World::new();
    world.0[4].up = false;
    assert_eq!(world.decide(0), wait(Reason::Absent(vec![4])));
}

#[test]
fn clean_start_waits_for_a_slow_node_0() {
    let mut world = World::acquainted();
    world.0[0].up = false;
    for node in 1..SIZE {
        assert_eq!(world.decide(node), wait(Reason::NotFormed), "node {node}");
    }
}

#[test]
fn node_0_takes_its_slots_first_when_everybody_knows_everybody() {
    let mut world = World::acquainted();
    world.0[3].table.remove(&id(5));
    assert_eq!(world.decide(0), wait(Reason::Introducing));
    let mut world = World::acquainted();
    world.tell(&id(5), |e| e.connected = false);
    assert_eq!(world.decide(0).actions, []);
    let world = World::acquainted();
    assert_eq!(
        world.decide(0),
        Step {
            reason: Reason::Forming,
            actions: take(0)
        }
    );
    assert_eq!(world.decide(1), wait(Reason::NotFormed));
}

#[test]
fn then_the_masters_take_theirs_and_the_replicas_wait_for_all() {
    let mut world = World::acquainted();
    world.tell(&id(0), |e| e.slots = Range::share(0, 3).to_string());
    assert_eq!(world.decide(0), wait(Reason::Healing));
    assert_eq!(
        world.decide(1),
        Step {
            reason: Reason::Joining,
            actions: take(1)
        }
    );
    assert_eq!(
        world.decide(2),
        Step {
            reason: Reason::Joining,
            actions: take(2)
        }
    );
    assert_eq!(world.decide(3), wait(Reason::Healing));
}

#[test]
fn then_each_replica_follows_the_master_whose_turn_it_is() {
    let mut world = World::formed();
    (3..SIZE).for_each(|node| world.tell(&id(node), |e| e.master.clear()));
    for node in 3..SIZE {
        let step = Step {
            reason: Reason::Joining,
            actions: replicate(node - 3),
        };
        assert_eq!(world.decide(node), step, "node {node}");
        assert!(!world.is_settled(node));
    }
}

#[test]
fn a_formed_cluster_is_left_alone() {
    let world = World::formed();
    for node in 0..SIZE {
        assert!(world.is_settled(node), "node {node}");
        assert_eq!(world.decide(node), wait(Reason::Healing), "node {node}");
    }
}

#[test]
fn forming_goes_on_after_an_outage_in_its_middle() {
    let mut world = World::acquainted();
    world.moved();
    assert_eq!(
        world.decide(0),
        Step {
            reason: Reason::Forming,
            actions: meet(1..SIZE, 100)
        }
    );
    assert_eq!(world.decide(2), wait(Reason::NotFormed));

    let mut world = World::acquainted();
    world.tell(&id(0), |e| e.slots = Range::share(0, 3).to_string());
    world.down(0);
    assert_eq!(world.decide(1), wait(Reason::Absent(vec![0])));
}

#[test]
fn one_node_restarts_at_its_old_address() {
    let mut world = World::formed();
    world.down(1);
    assert!(!world.is_settled(0));
    assert_eq!(world.decide(0), wait(Reason::Healing));
    world.0[1].up = true;
    assert_eq!(world.decide(0), wait(Reason::Healing));
    assert_eq!(world.decide(1).actions, []);
}

#[test]
fn one_node_restarts_elsewhere_and_is_met() {
    let mut world = World::formed();
    world.down(4);
    world.0[4].up = true;
    world.0[4].address = address(104);
    assert_eq!(
        world.decide(0),
        Step {
            reason: Reason::Moved,
            actions: meet([4], 100)
        }
    );
    // It finds the others where they were.
    assert_eq!(world.decide(4).actions, []);
}

#[test]
fn all_nodes_restart_elsewhere_and_meet_again() {
    let mut world = World::formed();
    world.moved();
    for me in 0..SIZE {
        let others = (0..SIZE).filter(|node| *node != me);
        let step = Step {
            reason: Reason::Moved,
            actions: meet(others, 100),
        };
        assert_eq!(world.decide(me), step, "node {me}");
        assert!(!world.is_settled(me));
    }
}

#[test]
fn some_nodes_restart_elsewhere_and_meet_who_is_there() {
    let mut world = World::formed();
    world.moved();
    world.0[0].up = false;
    world.0[3].up = false;
    assert_eq!(
        world.decide(1),
        Step {
            reason: Reason::Moved,
            actions: meet([2, 4, 5], 100)
        }
    );
}

#[test]
fn an_address_that_works_is_left_alone() {
    let mut world = World::formed();
    world.tell(&id(2), |e| e.address = address(202));
    assert_eq!(world.decide(0).actions, []);
    // Until it does not.
    world.tell(&id(2), |e| e.connected = false);
    assert_eq!(world.decide(0).actions, meet([2], 0));
}

#[test]
fn a_node_lost_from_sight_is_met() {
    let mut world = World::formed();
    world.tell(&id(2), |e| (e.flags, e.connected) = (",noaddr", false));
    assert_eq!(world.decide(0).actions, meet([2], 0));
}

#[test]
fn a_new_disk_waits_until_it_is_met_and_takes_no_slots() {
    for node in 0..SIZE {
        let mut world = World::formed();
        world.replaced(node);
        assert_eq!(world.decide(node), wait(Reason::Outside), "node {node}");
        let other = (node + 1) % SIZE;
        assert_eq!(world.decide(other).actions, meet([node], 0), "node {node}");
    }
}

/// Node 1 has a new disk, and all nodes know it under its new id.
fn node_1_is_new() -> World {
    let mut world = World::formed();
    world.replaced(1);
    let mut table = world.0[0].table.clone();
    table.insert("new".to_owned(), entry(1));
    world
        .0
        .iter_mut()
        .for_each(|disk| disk.table = table.clone());
    world
}

#[test]
fn a_new_disk_takes_no_slots_that_a_failed_node_owns() {
    let mut world = node_1_is_new();
    assert_eq!(world.decide(1), wait(Reason::Healing));
    // Even when it has not heard of the owner itself: the others have.
    world.0[1].table.remove(&id(1));
    assert_eq!(world.decide(1), wait(Reason::Healing));
    // Nor when only a node that does not answer can have heard of it.
    world
        .0
        .iter_mut()
        .for_each(|disk| drop(disk.table.remove(&id(1))));
    world.0[4].up = false;
    assert_eq!(world.decide(1), wait(Reason::Absent(vec![4])));
}

#[test]
fn a_replica_succeeds_a_master_whose_disk_is_gone() {
    let mut world = node_1_is_new();
    let succeed = Step {
        reason: Reason::Orphaned,
        actions: vec![Action::Succeed],
    };
    assert_eq!(world.decide(4), succeed);
    // It may be without a mark of failure: lost from sight, since another node is at its address.
    world.tell(&id(1), |e| e.flags = ",noaddr");
    assert_eq!(world.decide(4), succeed);
    for other in [0, 2, 3, 5] {
        assert_eq!(world.decide(other), wait(Reason::Healing), "node {other}");
    }
    // While a node is absent, it may be the master.
    world.0[2].up = false;
    assert_eq!(world.decide(4), wait(Reason::Healing));
}

#[test]
fn slots_that_nobody_has_a_copy_of_are_left_to_a_human() {
    let mut world = node_1_is_new();
    world.tell(&id(4), |e| e.master = id(0));
    for node in 0..SIZE {
        assert_eq!(world.decide(node), wait(Reason::Lost(id(1))), "node {node}");
    }
}

#[test]
fn a_new_disk_follows_the_master_that_has_no_replica() {
    let mut world = node_1_is_new();
    world.tell(&id(1), |e| e.slots.clear());
    world.tell(&id(4), |e| {
        (e.master, e.slots) = (String::new(), Range::share(1, 3).to_string());
    });
    assert_eq!(
        world.decide(1),
        Step {
            reason: Reason::Joining,
            actions: replicate(4)
        }
    );
}

#[test]
fn a_node_that_is_gone_is_forgotten_when_it_owns_nothing_and_all_have_answered() {
    let mut world = node_1_is_new();
    world.tell(&id(1), |e| e.slots.clear());
    let forget = Step {
        reason: Reason::Gone,
        actions: vec![Action::Forget { id: id(1) }],
    };
    assert_eq!(world.decide(0), forget);
    // Its replica does not know yet that it has another master.
    assert_eq!(world.decide(4).actions, []);
    world.0[5].up = false;
    assert_eq!(world.decide(0), wait(Reason::Healing));
}

#[test]
fn a_failed_node_that_still_exists_is_not_forgotten() {
    let mut world = World::formed();
    world.down(5);
    world.0[5].up = true;
    assert_eq!(world.decide(0), wait(Reason::Healing));
}

#[test]
fn roles_follow_the_failovers_of_redis() {
    let mut world = World::formed();
    world.tell(&id(0), |e| (e.master, e.slots) = (id(3), String::new()));
    world.tell(&id(3), |e| {
        (e.master, e.slots) = (String::new(), Range::share(0, 3).to_string());
    });
    for node in 0..SIZE {
        assert!(world.is_settled(node), "node {node}");
        assert_eq!(world.decide(node).actions, [], "node {node}");
    }
}

#[test]
fn two_clusters_with_slots_never_meet() {
    let mut world = World::formed();
    // Node 5 comes with the disk of a cluster that has other nodes.
    let mut own = entry(5);
    own.slots = "0-16383".to_owned();
    world.0[5].id = "other".to_owned();
    world.0[5].table = BTreeMap::from([("other".to_owned(), own)]);
    world.tell(&id(5), |e| (e.flags, e.connected) = (",fail", false));
    assert_eq!(world.decide(0), wait(Reason::Stranger(5)));
    assert_eq!(world.decide(5), wait(Reason::Stranger(0)));
    // The rest of the cluster still meets.
    world.tell(&id(2), |e| e.connected = false);
    world.0[2].address = address(102);
    assert_eq!(world.decide(0).actions, meet([2], 100));
}

#[test]
fn a_stale_disk_of_the_same_cluster_may_meet() {
    let mut world = World::formed();
    // From before node 0 was replaced: it knows four of the nodes, all under old addresses.
    world.0[3].table.retain(|id, _| id != "id0" && id != "id5");
    world.0[3]
        .table
        .values_mut()
        .for_each(|e| e.connected = false);
    world.0[3].address = address(103);
    world.tell(&id(3), |e| e.connected = false);
    assert_eq!(world.decide(1).actions, meet([3], 100));
    assert_eq!(world.decide(3).actions, meet([0, 5], 0));
}

#[test]
fn an_upgrade_restarts_one_node_after_the_other_and_nothing_is_taken() {
    for node in 0..SIZE {
        let mut world = World::formed();
        world.down(node);
        for other in (0..SIZE).filter(|other| *other != node) {
            assert_eq!(
                world.decide(other),
                wait(Reason::Healing),
                "{other} while {node} is away"
            );
        }
        world.0[node].up = true;
        world.0[node].address = address(node + 100);
        world.0[node]
            .table
            .values_mut()
            .for_each(|e| e.connected = true);
        assert_eq!(world.decide(node).actions, [], "{node} after its restart");
        assert_eq!(world.decide((node + 1) % SIZE).actions, meet([node], 100));
    }
}

#[test]
fn a_table_without_all_nodes_is_not_settled() {
    let mut world = World::formed();
    world.0[0].table.remove(&id(5));
    assert!(!world.is_settled(0) && world.is_settled(1));
    assert_eq!(world.decide(0).actions, meet([5], 0));
}

#[test]
fn steps_are_said_in_words() {
    let world = World::new();
    let step = world.decide(0);
    let text = "forming the cluster: all nodes have answered, none has a slot";
    assert_eq!(step.reason.to_string(), text);
    assert_eq!(step.actions[0].to_string(), "meet node 1 at 10.0.0.1:6379");
    assert_eq!(take(0)[0].to_string(), "take slots 0-5460");
    assert_eq!(
        replicate(2)[0].to_string(),
        "become a replica of node 2 (id2)"
    );
    let absent = Reason::Absent(vec![2, 4]).to_string();
    assert_eq!(absent, "waiting for all nodes: no answer from node 2, 4");
}

#[test]
fn a_replica_that_looks_for_its_master_where_it_was_follows_it() {
    let table = |link: &str| {
        let master = format!("aa 10.0.0.8:6379@16379,redis-0.nodes master - 0 0 1 {link} 0-16383");
        let own = "bb 10.0.0.2:6379@16379,redis-3.nodes myself,slave aa 0 0 1 connected";
        Table::try_new(&format!("{master}\n{own}")).expect("parses")
    };
    let id = "aa".to_owned();
    assert_eq!(
        astray(&table("connected"), Some(address(7))),
        Some(Action::Follow { id })
    );
    assert_eq!(astray(&table("connected"), Some(address(8))), None);
    // Where the master is, is not known for sure.
    assert_eq!(astray(&table("disconnected"), Some(address(7))), None);
    assert_eq!(astray(&table("connected"), None), None);
}
