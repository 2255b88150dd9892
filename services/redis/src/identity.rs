//! A replica follows its master by address, and addresses pass from pod to pod: after an outage the
//! master's may be that of another master, of another cluster, or of a node with an empty disk. From
//! each of these a replica would take its data, and drop its own.
//!
//! So here a replica follows by id. Each node has a user named after its own id, and a replica
//! logs in to its master as the user of the master's id; who is not that master does not know the
//! user, and gives no data. Nothing of this is on a disk: a Redis that has just started follows
//! nobody until it has been told whom (`masteruser unknown` in its configuration).

use crate::decide::Seen;
use crate::table::Role;
use crate::wire::{Error, Wire};

/// The user that the replicas of a node log in as.
pub fn user(id: &str) -> String {
    format!("replica-of-{id}")
}

/// The command that lets a replica log in to the master with this id, and to no other.
pub fn follow(id: &str) -> Vec<String> {
    ["CONFIG", "SET", "masteruser"]
        .map(str::to_owned)
        .into_iter()
        .chain([user(id)])
        .collect()
}

/// Makes sure that the own node is known by its id, and knows its master by its id.
///
/// # Errors
/// What the node says.
pub async fn assert(wire: &mut Wire, own: &Seen) -> Result<(), Error> {
    let user = user(&own.id);
    match wire.ask(&["ACL", "DRYRUN", &user, "PING"]).await {
        Ok(_) => {}
        Err(Error::Refused(_)) => {
            let may = ["on", "nopass", "+ping", "+psync", "+replconf"];
            wire.ask(&[&["ACL", "SETUSER", user.as_str()], &may[..]].concat())
                .await?;
        }
        Err(error) => return Err(error),
    }
    if let Some(Role::Replica(master)) = own.table.myself().map(|own| &own.role) {
        wire.send(&follow(master)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_logs_in_as_the_user_of_its_master() {
        assert_eq!(
            follow("ab").join(" "),
            "CONFIG SET masteruser replica-of-ab"
        );
    }
}
