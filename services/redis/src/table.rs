//! `CLUSTER NODES`: what one node knows of all (<https://redis.io/docs/latest/commands/cluster-nodes/>).

use crate::slots::{self, Range};
use std::net::{IpAddr, SocketAddr};

/// A line of the table.
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags of Redis, each by itself"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// 40 hexadecimal digits that a node keeps for ever.
    pub id: String,
    /// Where it was last; none when the cluster has lost it from sight.
    pub address: Option<SocketAddr>,
    /// The name it announces; empty when it is not known yet.
    pub hostname: String,
    /// The node whose table this is.
    pub myself: bool,
    /// Master or replica, and of whom.
    pub role: Role,
    /// Held for dead, by this node or by all.
    pub failed: bool,
    /// Not met yet: the id is not its own.
    pub handshake: bool,
    /// This node has a connection to it.
    pub connected: bool,
    /// The slots it owns.
    pub slots: Vec<Range>,
}

/// A node's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Owns slots, or could.
    Master,
    /// Follows the master with this id.
    Replica(String),
}

/// A line that is none of the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "CLUSTER NODES: got {0:?}, want id, address, flags, master, ping, pong, epoch, link, slots"
)]
pub struct NotALine(String);

/// All that one node knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    nodes: Vec<Node>,
}

impl Table {
    /// Parses the answer to `CLUSTER NODES`.
    ///
    /// # Errors
    /// The first line that does not parse.
    pub fn try_new(text: &str) -> Result<Self, NotALine> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let nodes = lines.map(|line| parse(line).ok_or_else(|| NotALine(line.to_owned())));
        Ok(Self {
            nodes: nodes.collect::<Result<_, _>>()?,
        })
    }

    /// The nodes that have been met, the own one among them.
    pub fn members(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| !node.handshake)
    }

    /// A member by its id.
    pub fn member(&self, id: &str) -> Option<&Node> {
        self.members().find(|node| node.id == id)
    }

    /// The node whose table this is.
    pub fn myself(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| node.myself)
    }

    /// Whether anybody owns a slot, as far as this node knows.
    pub fn has_slots(&self) -> bool {
        self.members().any(|node| !node.slots.is_empty())
    }

    /// Whether all slots have an owner.
    pub fn is_covered(&self) -> bool {
        let owned = self
            .members()
            .flat_map(|node| &node.slots)
            .map(|range| range.count());
        owned.sum::<u32>() == slots::COUNT
    }

    /// Somebody who owns a slot of the range.
    pub fn owner(&self, range: Range) -> Option<&Node> {
        self.members()
            .find(|node| node.slots.iter().any(|owned| owned.meets(range)))
    }
}

fn parse(line: &str) -> Option<Node> {
    let mut words = line.split_whitespace();
    let id = words.next()?.to_owned();
    let place = words.next()?;
    let flags: Vec<&str> = words.next()?.split(',').collect();
    let master = words.next()?;
    let connection = words.nth(3)?;
    let has = |flag: &str| flags.contains(&flag);
    let role = match master {
        "-" => Role::Master,
        id => Role::Replica(id.to_owned()),
    };
    Some(Node {
        id,
        address: address(place).filter(|_| !has("noaddr")),
        hostname: place.split(',').nth(1).unwrap_or_default().to_owned(),
        myself: has("myself"),
        role,
        failed: has("fail") || has("fail?"),
        handshake: has("handshake"),
        connected: has("myself") || connection == "connected",
        // In brackets: slots on their way from or to another node; they count where they are.
        slots: words
            .filter(|word| !word.starts_with('['))
            .map(range)
            .collect::<Option<_>>()?,
    })
}

/// `IP:PORT@BUS[,HOSTNAME]`; IPv6 without brackets.
fn address(place: &str) -> Option<SocketAddr> {
    let (ip, port) = place.split('@').next()?.rsplit_once(':')?;
    Some(SocketAddr::new(
        ip.parse::<IpAddr>().ok()?,
        port.parse().ok()?,
    ))
}

fn range(word: &str) -> Option<Range> {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let range = Range {
        first: first.parse().ok()?,
        last: last.parse().ok()?,
    };
    (range.first <= range.last).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
aa 127.0.0.11:6379@16379,redis-0.nodes.alice.svc myself,master - 0 0 1 connected 0-5460 5462 [93-<-bb]
bb 127.0.0.12:6379@16379,redis-1.nodes.alice.svc slave,fail? aa 1 2 1 disconnected
cc :0@0 master,noaddr,fail - 1 2 3 disconnected 5461
dd 127.0.0.14:6379@16379 handshake - 0 0 0 disconnected
ee fd00::5:6379@16379,redis-4 master - 0 0 0 connected
";

    #[test]
    fn all_that_a_line_says() {
        let table = Table::try_new(TEXT).expect("parses");
        let own = table.myself().expect("is there");
        assert_eq!((own.id.as_str(), own.connected), ("aa", true));
        assert_eq!(own.address, "127.0.0.11:6379".parse().ok());
        assert_eq!(own.hostname, "redis-0.nodes.alice.svc");
        assert_eq!(
            own.slots,
            [
                Range {
                    first: 0,
                    last: 5460
                },
                Range {
                    first: 5462,
                    last: 5462
                }
            ]
        );
        let replica = table.member("bb").expect("is there");
        assert_eq!(replica.role, Role::Replica("aa".to_owned()));
        assert!(replica.failed && !replica.connected);
        let lost = table.member("cc").expect("is there");
        assert!(lost.failed && lost.address.is_none());
        assert_eq!(
            table.member("ee").expect("is there").address,
            "[fd00::5]:6379".parse().ok()
        );
    }

    #[test]
    fn who_is_in_handshake_is_no_member() {
        let table = Table::try_new(TEXT).expect("parses");
        assert_eq!(table.members().count(), 4);
        assert_eq!(table.member("dd"), None);
    }

    #[test]
    fn owners_and_coverage() {
        let table = Table::try_new(TEXT).expect("parses");
        let owner = |first, last| {
            table
                .owner(Range { first, last })
                .map(|node| node.id.as_str())
        };
        assert_eq!(owner(5461, 5461), Some("cc"));
        assert_eq!(owner(5463, 16383), None);
        assert!(table.has_slots() && !table.is_covered());
        let all =
            Table::try_new("aa :1@2 myself,master - 0 0 1 connected 0-16383").expect("parses");
        assert!(all.is_covered());
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "aa",
            "aa x master - 0 0 1",
            "aa x master - 0 0 1 connected 9-1",
            "LOADING",
        ] {
            assert_eq!(
                Table::try_new(text),
                Err(NotALine(text.to_owned())),
                "{text}"
            );
        }
    }
}
