//! What there is to see: the own node, and the peers by their stable names.

use crate::cli::{Address, Plan};
use crate::decide::{Seen, View};
use crate::table::Table;
use crate::wire::{Error, Wire};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::lookup_host;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// For a look at a peer, its name's look-up included.
const PATIENCE: Duration = Duration::from_secs(2);

/// The own node: what it knows, and whether it holds the cluster for whole (`cluster_state:ok`).
pub struct Own {
    /// Its table.
    pub seen: Seen,
    /// What it says of the cluster.
    pub is_ok: bool,
    /// Where its replication looks for its master; none for a master.
    pub follows: Option<SocketAddr>,
}

/// Looks at the own node.
///
/// # Errors
/// When it does not answer, or not yet.
pub async fn own(wire: &mut Wire) -> Result<Own, Error> {
    let table = Table::try_new(&wire.ask(&["CLUSTER", "NODES"]).await?)?;
    let is_ok = is_ok(&wire.ask(&["CLUSTER", "INFO"]).await?);
    let follows = follows(&wire.ask(&["INFO", "replication"]).await?);
    // Where others reach it is theirs to see; here it only has to be something.
    let here = SocketAddr::from(([0, 0, 0, 0], 0));
    let seen = seen(table, here).ok_or_else(|| Error::Refused("no line is `myself`".to_owned()))?;
    Ok(Own {
        seen,
        is_ok,
        follows,
    })
}

/// `master_host` and `master_port` of `INFO replication`.
fn follows(info_replication: &str) -> Option<SocketAddr> {
    let value = |name: &str| {
        let mut lines = info_replication.lines();
        lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim_end()))
    };
    let address = value("master_host")?.parse::<std::net::IpAddr>().ok()?;
    Some(SocketAddr::new(
        address,
        value("master_port")?.parse().ok()?,
    ))
}

/// Looks at all peers at once.
pub async fn peers(plan: &Plan, own: Seen) -> View {
    let mut looks = JoinSet::new();
    for (node, address) in plan
        .nodes
        .iter()
        .cloned()
        .enumerate()
        .filter(|(node, _)| *node != plan.me)
    {
        looks.spawn(async move { (node, timeout(PATIENCE, peer(&address)).await.ok().flatten()) });
    }
    let mut peers = looks.join_all().await;
    peers.sort_unstable_by_key(|(node, _)| *node);
    View {
        me: plan.me,
        masters: plan.masters,
        own,
        peers,
    }
}

/// A peer, if who answers is the one that was asked for: a name may still lead to an address that is
/// another pod's by now, even one of another cluster.
async fn peer(address: &Address) -> Option<Seen> {
    let found = lookup_host((address.host.as_str(), address.port))
        .await
        .ok()?
        .next()?;
    let mut wire = Wire::connect(&found.ip().to_string(), found.port())
        .await
        .ok()?;
    let table = Table::try_new(&wire.ask(&["CLUSTER", "NODES"]).await.ok()?).ok()?;
    let is_it = table.myself()?.hostname == address.host;
    is_it.then(|| seen(table, found)).flatten()
}

fn seen(table: Table, address: SocketAddr) -> Option<Seen> {
    Some(Seen {
        id: table.myself()?.id.clone(),
        address,
        table,
    })
}

/// Whether `CLUSTER INFO` says that the cluster serves.
pub fn is_ok(cluster_info: &str) -> bool {
    cluster_info
        .lines()
        .any(|line| line.trim_end() == "cluster_state:ok")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_says_where_it_looks_for_its_master() {
        let replica = "role:slave\r\nmaster_host:10.0.0.7\r\nmaster_port:6379\r\n";
        assert_eq!(follows(replica), "10.0.0.7:6379".parse().ok());
        assert_eq!(follows("role:master\r\n"), None);
    }

    #[test]
    fn ok_is_a_line_of_its_own() {
        assert!(is_ok(
            "cluster_enabled:1\r\ncluster_state:ok\r\ncluster_slots_assigned:16384\r\n"
        ));
        assert!(!is_ok("cluster_state:fail\r\n"));
        assert!(!is_ok("cluster_state:okay\r\n") && !is_ok(""));
    }
}
