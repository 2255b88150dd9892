//! What is measured of Redis.

use crate::store::Error;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// What the server asks Redis for. `MULTI` is a transaction, as one round trip.
const COMMANDS: [&str; 7] = [
    "GEOSEARCH",
    "GET",
    "HGET",
    "HMGET",
    "MULTI",
    "PING",
    "ZRANGE",
];
/// Upper ends of the buckets, in seconds: a round trip in a cluster is below a millisecond.
const BUCKETS: [f64; 11] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
];

/// How a round trip ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Redis has answered.
    Ok,
    /// It has refused, the connection is lost, or the time was up.
    Error,
}

impl Answer {
    const ALL: [Self; 2] = [Self::Ok, Self::Error];

    /// How a try ended that had so much time.
    pub fn of<T, E, Elapsed>(tried: &Result<Result<T, E>, Elapsed>) -> Self {
        match tried {
            Ok(Ok(_)) => Self::Ok,
            _ => Self::Error,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    command: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    command: &'static str,
    result: &'static str,
}

/// The metrics of Redis, as this process sees it.
#[derive(Debug)]
pub struct Measures {
    up: Gauge,
    connections: Gauge,
    commands: Family<Ended, Counter>,
    seconds: Family<Of, Histogram, fn() -> Histogram>,
}

impl Measures {
    /// Registers them. Every series is there from the start, so that the first error is an increase.
    pub fn new(registry: &mut Registry) -> Self {
        let measures = Self {
            up: Gauge::default(),
            connections: Gauge::default(),
            commands: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        };
        let help = "Whether readiness' last round trip to Redis has succeeded";
        registry.register("redis_up", help, measures.up.clone());
        let help = "Connections to the Redis cluster that calls share, one or none";
        registry.register("redis_connections", help, measures.connections.clone());
        let help = "Round trips to Redis, each try counted, by command and result";
        registry.register("redis_commands", help, measures.commands.clone());
        let help = "Time of a round trip to Redis";
        registry.register("redis_command_seconds", help, measures.seconds.clone());
        for command in COMMANDS {
            drop(measures.seconds.get_or_create(&Of { command }));
            for answer in Answer::ALL {
                let result = answer.name();
                drop(measures.commands.get_or_create(&Ended { command, result }));
            }
        }
        measures
    }

    /// What readiness has seen.
    pub fn look(&self, state: &Result<(), Error>) {
        self.up.set(state.is_ok().into());
    }

    /// Whether there is a connection that calls share.
    pub fn connection(&self, count: usize) {
        self.connections
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A round trip has ended.
    pub fn round_trip(&self, command: &'static str, answer: Answer, took: Duration) {
        let result = answer.name();
        self.commands
            .get_or_create(&Ended { command, result })
            .inc();
        self.seconds
            .get_or_create(&Of { command })
            .observe(took.as_secs_f64());
    }
}

/// The name of a command, if it is one that is measured.
pub fn command(name: &[u8]) -> &'static str {
    let mut known = COMMANDS.into_iter();
    known
        .find(|command| command.as_bytes() == name)
        .unwrap_or("other")
}
