//! What the kubelet asks: whether the node lives, and whether it has its part in a whole cluster.

use crate::cli::{Address, Own};
use crate::error::Error;
use crate::observe::is_ok;
use crate::table::{Node, Role, Table};
use crate::wire::{self, Wire};

/// Why a node is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// `cluster_state` is not `ok`.
    #[error("got no cluster_state:ok, want it")]
    State,
    /// The own table is of before a restart: `cluster_state` stays `ok` until the first time-out.
    #[error("got an owner of slots without a link to it, want a link to each")]
    Owner,
    /// A master without slots: it has not become a replica yet.
    #[error("got a node without slots and master, want either")]
    NoPart,
    /// A replica that is not in step with its master.
    #[error("got a replica without link to its master, want master_link_status:up")]
    Link,
}

/// Readiness.
///
/// # Errors
/// [`Error::NotReady`], or that Redis does not answer.
pub async fn ready(own: &Own) -> Result<(), Error> {
    let address = Address::try_new("--redis", &own.redis)?;
    let answers = async {
        let mut wire = Wire::connect(&address.host, address.port).await?;
        let info = wire.ask(&["CLUSTER", "INFO"]).await?;
        let table = Table::try_new(&wire.ask(&["CLUSTER", "NODES"]).await?)?;
        Ok((info, table, wire.ask(&["INFO", "replication"]).await?))
    };
    let (info, table, replication) = answers.await.map_err(|source| silent(own, source))?;
    verdict(&info, &table, &replication).map_err(Error::NotReady)
}

/// Liveness: any answer is a sign of life, `LOADING` too.
///
/// # Errors
/// That Redis does not answer.
pub async fn alive(own: &Own) -> Result<(), Error> {
    let address = Address::try_new("--redis", &own.redis)?;
    let answer = async {
        Wire::connect(&address.host, address.port)
            .await?
            .ask(&["PING"])
            .await
    };
    match answer.await {
        Ok(_) | Err(wire::Error::Refused(_)) => Ok(()),
        Err(source) => Err(silent(own, source)),
    }
}

fn silent(own: &Own, source: wire::Error) -> Error {
    Error::Redis {
        address: own.redis.clone(),
        source,
    }
}

fn verdict(info: &str, table: &Table, replication: &str) -> Result<(), NotReady> {
    if !is_ok(info) {
        return Err(NotReady::State);
    }
    let away = |node: &Node| !node.slots.is_empty() && (node.failed || !node.connected);
    if table.members().any(away) {
        return Err(NotReady::Owner);
    }
    match table.myself() {
        Some(own) if own.role != Role::Master => {
            let up = replication
                .lines()
                .any(|line| line.trim_end() == "master_link_status:up");
            if up { Ok(()) } else { Err(NotReady::Link) }
        }
        Some(own) if !own.slots.is_empty() => Ok(()),
        _ => Err(NotReady::NoPart),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str = "cluster_state:ok\r\n";

    fn table(role: &str, slots: &str) -> Table {
        let text = format!("aa 10.0.0.1:6379@16379 myself,{role} 0 0 1 connected {slots}");
        Table::try_new(&text).expect("parses")
    }

    #[test]
    fn a_master_with_slots_in_a_whole_cluster_is_ready() {
        assert_eq!(
            verdict(OK, &table("master -", "0-5460"), "role:master\r\n"),
            Ok(())
        );
        let fail = verdict("cluster_state:fail\r\n", &table("master -", "0-5460"), "");
        assert_eq!(fail, Err(NotReady::State));
        assert_eq!(
            verdict(OK, &table("master -", ""), ""),
            Err(NotReady::NoPart)
        );
    }

    #[test]
    fn a_table_of_before_a_restart_is_not_believed() {
        let line =
            |id: &str, link: &str| format!("{id} 10.0.0.2:6379@16379 master - 0 0 1 {link} 5461");
        let own = "aa 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-5460";
        let table =
            |link: &str| Table::try_new(&format!("{own}\n{}", line("bb", link))).expect("parses");
        assert_eq!(verdict(OK, &table("connected"), "role:master\r\n"), Ok(()));
        let stale = verdict(OK, &table("disconnected"), "role:master\r\n");
        assert_eq!(stale, Err(NotReady::Owner));
    }

    #[test]
    fn a_replica_is_ready_when_it_is_in_step() {
        let replica = table("slave bb", "");
        let up = "role:slave\r\nmaster_link_status:up\r\n";
        assert_eq!(verdict(OK, &replica, up), Ok(()));
        let down = "role:slave\r\nmaster_link_status:down\r\n";
        assert_eq!(verdict(OK, &replica, down), Err(NotReady::Link));
    }
}
