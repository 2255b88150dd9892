//! The commands and their arguments.

use crate::error::Error;
use std::path::PathBuf;
use std::time::Duration;

/// Forms a Redis cluster and keeps its nodes acquainted; probes and the handover of a node.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "redis-bootstrap", version)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Stay beside a Redis node: form the cluster, join it, reacquaint it with its peers.
    Run(Run),
    /// Readiness: the cluster is whole, and this node has its part in it.
    Ready(Own),
    /// Liveness: Redis answers, be it that it is still loading.
    Alive(Own),
    /// Before a stop: a master hands its slots to its replica.
    Handover(Handover),
    /// Copy this program into a folder, for containers that have no programs of ours.
    Install {
        /// The folder, which exists.
        directory: PathBuf,
    },
}

/// The node that this program stands beside.
#[derive(Clone, Debug, clap::Args)]
pub struct Own {
    /// Address of the own Redis.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:6379")]
    pub redis: String,
}

/// Arguments of `run`.
#[derive(Clone, Debug, clap::Args)]
pub struct Run {
    /// The own node.
    #[command(flatten)]
    pub own: Own,
    /// Name of the own node: the first part of one of the hosts in --nodes.
    #[arg(long)]
    pub name: String,
    /// All nodes in order, this one too. Each announces its host as cluster-announce-hostname; that
    /// is how it is known again.
    #[arg(long, value_name = "HOST:PORT", num_args = 1.., value_delimiter = ',', required = true)]
    pub nodes: Vec<String>,
    /// How many of the nodes become masters when the cluster is formed: the first ones.
    #[arg(long, default_value_t = 3)]
    pub masters: usize,
}

/// Arguments of `handover`.
#[derive(Clone, Debug, clap::Args)]
pub struct Handover {
    /// The own node.
    #[command(flatten)]
    pub own: Own,
    /// Seconds to try for; the stop goes on after that.
    #[arg(long, default_value_t = 12, value_name = "SECONDS")]
    pub patience: u64,
}

impl Handover {
    /// How long to try.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.patience)
    }
}

/// A host and a port, not resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A name or an IP address.
    pub host: String,
    /// A TCP port, not 0.
    pub port: u16,
}

impl Address {
    /// Parses `host:port` of an option.
    ///
    /// # Errors
    /// [`Error::Address`] when it is something else.
    pub fn try_new(option: &'static str, text: &str) -> Result<Self, Error> {
        text.rsplit_once(':')
            .filter(|(host, _)| !host.is_empty())
            .and_then(|(host, port)| Some((host, port.parse().ok().filter(|port| *port > 0)?)))
            .map(|(host, port)| Self {
                host: host.to_owned(),
                port,
            })
            .ok_or_else(|| Error::Address {
                option,
                got: text.to_owned(),
            })
    }

    /// The first part of the host: `redis-0` of `redis-0.redis-nodes.alice.svc`.
    pub fn name(&self) -> &str {
        self.host.split('.').next().unwrap_or_default()
    }
}

/// `run`'s arguments, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where the own Redis is.
    pub own: Address,
    /// All nodes in order.
    pub nodes: Vec<Address>,
    /// Index of the own node.
    pub me: usize,
    /// The first nodes, which become masters.
    pub masters: usize,
}

impl TryFrom<&Run> for Plan {
    type Error = Error;

    fn try_from(run: &Run) -> Result<Self, Error> {
        let nodes = run
            .nodes
            .iter()
            .map(|node| Address::try_new("--nodes", node));
        let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
        let me = nodes
            .iter()
            .position(|node| node.name() == run.name)
            .ok_or_else(|| {
                let names: Vec<_> = nodes.iter().map(Address::name).collect();
                Error::Name {
                    got: run.name.clone(),
                    want: names.join(", "),
                }
            })?;
        if !(1..=nodes.len()).contains(&run.masters) {
            return Err(Error::Masters {
                got: run.masters,
                nodes: nodes.len(),
            });
        }
        let own = Address::try_new("--redis", &run.own.redis)?;
        Ok(Self {
            own,
            nodes,
            me,
            masters: run.masters,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn plan(name: &str, masters: &str) -> Result<Plan, Error> {
        let args = [
            "x",
            "run",
            "--name",
            name,
            "--masters",
            masters,
            "--nodes",
            "a-0.s:1,a-1.s:2",
        ];
        match Args::try_parse_from(args).expect("parses").command {
            Command::Run(run) => Plan::try_from(&run),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_node_knows_itself_by_name() {
        let plan = plan("a-1", "2").expect("holds");
        assert_eq!((plan.me, plan.nodes.len(), plan.nodes[1].port), (1, 2, 2));
        assert_eq!(
            plan.own,
            Address {
                host: "127.0.0.1".to_owned(),
                port: 6379
            }
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_do() {
        let text = |plan: Result<Plan, Error>| plan.expect_err("is wrong").to_string();
        assert_eq!(
            text(plan("a-2", "1")),
            "--name: got \"a-2\", want one of a-0, a-1"
        );
        assert_eq!(text(plan("a-0", "3")), "--masters: got 3, want 1 to 2");
        assert_eq!(text(plan("a-0", "0")), "--masters: got 0, want 1 to 2");
        let address = Address::try_new("--redis", "redis").expect_err("is wrong");
        assert_eq!(
            address.to_string(),
            "--redis: got \"redis\", want host:port"
        );
    }
}
