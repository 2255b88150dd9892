//! Before a stop: a master makes its replica the master, so that no write is lost and nobody waits for
//! a failure to be noticed. `CLUSTER FAILOVER` on the replica does it: the master holds its clients
//! until the replica has everything (<https://redis.io/docs/latest/commands/cluster-failover/>).

use crate::cli::{Address, Handover};
use crate::error::Error;
use crate::table::{Node, Role, Table};
use crate::wire::{self, Wire};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::info;

/// Redis gives up a failover after five seconds; then it may be asked again.
const FAILOVER: Duration = Duration::from_secs(5);
const PERIOD: Duration = Duration::from_millis(100);

/// Hands over, if the own node is a master with a replica in step; otherwise there is nothing to do.
///
/// # Errors
/// A malformed address. All else, time included, lets the stop go on.
pub async fn run(args: &Handover) -> Result<(), Error> {
    let own = Address::try_new("--redis", &args.own.redis)?;
    match tokio::time::timeout(args.patience(), hand_over(&own)).await {
        Ok(Ok(done)) => info!("handover: {done}"),
        Ok(Err(error)) => info!("handover: not done: {error}"),
        Err(_) => info!("handover: not done within {} s", args.patience),
    }
    Ok(())
}

async fn hand_over(own: &Address) -> Result<String, wire::Error> {
    let mut wire = Wire::connect(&own.host, own.port).await?;
    loop {
        let table = Table::try_new(&wire.ask(&["CLUSTER", "NODES"]).await?)?;
        let Some(me) = table.myself().filter(|own| !own.slots.is_empty()) else {
            return Ok("this node owns no slots".to_owned());
        };
        let Some((mut replica, name)) = best_replica(&table, &me.id).await else {
            return Ok("this master has no replica in step".to_owned());
        };
        let end = Instant::now() + FAILOVER;
        if replica.ask(&["CLUSTER", "FAILOVER"]).await.is_ok() {
            while Instant::now() < end {
                if is_replica(&wire.ask(&["INFO", "replication"]).await?) {
                    return Ok(format!("{name} is the master now"));
                }
                sleep(PERIOD).await;
            }
        }
        sleep(PERIOD).await;
    }
}

/// Of the replicas that are in step the one that has the most, and its name.
async fn best_replica(table: &Table, master: &str) -> Option<(Wire, String)> {
    let mut best = None;
    for node in replicas(table, master) {
        let Some(address) = node.address else {
            continue;
        };
        let offer = async {
            let mut wire = Wire::connect(&address.ip().to_string(), address.port())
                .await
                .ok()?;
            let offset = offset(&wire.ask(&["INFO", "replication"]).await.ok()?)?;
            Some((offset, wire))
        };
        if let Some((offset, wire)) = offer.await
            && best.as_ref().is_none_or(|(most, _, _)| offset > *most)
        {
            best = Some((offset, wire, node.hostname.clone()));
        }
    }
    best.map(|(_, wire, name)| (wire, name))
}

fn replicas<'a>(table: &'a Table, master: &str) -> impl Iterator<Item = &'a Node> {
    let role = Role::Replica(master.to_owned());
    table
        .members()
        .filter(move |node| node.role == role && node.connected && !node.failed)
}

fn is_replica(info: &str) -> bool {
    info.lines().any(|line| line.trim_end() == "role:slave")
}

/// How far a replica has come; none when it has no link to its master.
fn offset(info: &str) -> Option<u64> {
    let field = |name: &str| {
        info.lines()
            .find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'))
    };
    (field("master_link_status") == Some("up")).then_some(())?;
    field("slave_repl_offset")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_in_step_says_how_far_it_has_come() {
        let info = "role:slave\r\nmaster_link_status:up\r\nslave_repl_offset:1234\r\n";
        assert!(is_replica(info));
        assert_eq!(offset(info), Some(1234));
        assert_eq!(offset(&info.replace(":up", ":down")), None);
        assert_eq!(offset("role:master\r\nmaster_repl_offset:9\r\n"), None);
        assert!(!is_replica(
            "role:master\r\nconnected_slaves:1\r\nslave0:ip=10.0.0.4\r\n"
        ));
    }

    #[test]
    fn only_own_replicas_that_can_be_reached() {
        let text = "aa 10.0.0.1:1@2 myself,master - 0 0 1 connected 0-16383\n\
            bb 10.0.0.2:1@2 slave aa 0 0 1 connected\n\
            cc 10.0.0.3:1@2 slave,fail aa 0 0 1 connected\n\
            dd 10.0.0.4:1@2 slave aa 0 0 1 disconnected\n\
            ee 10.0.0.5:1@2 slave ff 0 0 1 connected\n";
        let table = Table::try_new(text).expect("parses");
        let ids: Vec<_> = replicas(&table, "aa")
            .map(|node| node.id.as_str())
            .collect();
        assert_eq!(ids, ["bb"]);
    }
}
