//! Two users on one cluster: each runs setup, twice, and neither takes anything of the other's.

use crate::Harness;

pub(super) fn run(h: &Harness) {
    for user in ["alice", "bob"] {
        h.run(&format!("//e2e/{user}:setup.apply"), &[]).succeeded();
        h.run(&format!("//e2e/{user}:myns-deep.apply"), &[])
            .succeeded();
    }
    let pods = |h: &Harness| {
        let uid = |user: &str| {
            let pods = h.list(&["pods", "-n", user]);
            assert_eq!(pods.len(), 1, "{user} has one pod");
            pods[0]["metadata"]["uid"].clone()
        };
        [uid("alice"), uid("bob")]
    };
    let before = pods(h);
    for user in ["bob", "alice", "bob", "alice"] {
        h.run(&format!("//e2e/{user}:setup.apply"), &[])
            .succeeded()
            .says("nothing changed");
    }
    assert_eq!(pods(h), before, "the same pods live");
    for user in ["alice", "bob"] {
        assert_eq!(h.not_ready(user, 1), None);
    }
    // Alice's stack goes, bob's stays.
    h.run("//e2e/alice:myns-deep.delete", &[]).succeeded();
    h.until("alice's pod is gone", 60, || h.not_ready("alice", 0));
    assert_eq!(h.not_ready("bob", 1), None);
}
