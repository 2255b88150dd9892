//! All that is said to Redis.
//!
//! Keys (all readable with `redis-cli -c`):
//! - `{routeguide:features}:places`: geo set of the features' places, members as [`Place::key`];
//! - `{routeguide:features}:names`: hash of place -> name;
//! - `{routeguide:features}:fixture`: fingerprint of the fixture that the two were made from. The
//!   three share a hash tag, hence a shard, so that they change in one transaction;
//! - `routeguide:notes:LATITUDE,LONGITUDE`: list of the notes at a place, oldest first, spread over
//!   the shards by place.
//!
//! The cluster client follows MOVED and ASK by itself, but it waits for a node that does not answer
//! instead of asking the others who took its slots. So a call that fails for such a reason makes a
//! new client from the seed and tries again, until its time is up. A write may then have been done
//! by the first try already: notes are kept at least once.

use crate::cli::Seed;
use crate::fixture::Fixture;
use crate::geometry::{Bounds, Place};
use crate::measures::{self, Answer, Measures};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, FromRedisValue, RedisError, RedisResult, ServerErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use telemetry::spans;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument as _;

const PLACES: &str = "{routeguide:features}:places";
const NAMES: &str = "{routeguide:features}:names";
const FIXTURE: &str = "{routeguide:features}:fixture";
/// Notes kept at one place.
const NOTES: isize = 100;

/// One node's answer, or one connection.
const NODE_TIMEOUT: Duration = Duration::from_secs(1);
/// One call, with all tries. Shorter than what callers wait (five seconds in our client), so that
/// they learn the reason.
const CALL_TIMEOUT: Duration = Duration::from_secs(4);
const PAUSE: Duration = Duration::from_millis(100);

/// Why Redis has no answer for us. Always a reason to try again later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Connection, timeout, cluster down, or a refusal.
    #[error("redis: {0}")]
    Redis(String),
    /// No answer within the time of a call.
    #[error("redis: no answer in time")]
    Timeout,
    /// The data is not there yet.
    #[error("features are not loaded yet")]
    NotLoaded,
}

impl From<RedisError> for Error {
    fn from(error: RedisError) -> Self {
        Self::Redis(error.to_string())
    }
}

/// A connection and its number: a call that failed on number 3 asks for a newer one.
#[derive(Clone)]
struct Link {
    connection: ClusterConnection,
    number: u64,
}

/// What can be asked again as it is.
#[derive(Clone, Copy)]
enum Question<'a> {
    Command(&'a redis::Cmd),
    Transaction(&'a redis::Pipeline),
}

impl Question<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Command(command) => command
                .args_iter()
                .find_map(|arg| match arg {
                    redis::Arg::Simple(name) => Some(measures::command(name)),
                    _ => None,
                })
                .unwrap_or_default(),
            Self::Transaction(_) => "MULTI",
        }
    }
}

/// The Redis cluster, as far as this service uses it.
pub struct Store {
    seed: Seed,
    link: Mutex<Option<Link>>,
    loaded: AtomicBool,
    measures: Measures,
}

impl Store {
    /// A store that connects when it is first used.
    pub fn new(seed: Seed, measures: Measures) -> Self {
        Self {
            seed,
            link: Mutex::new(None),
            loaded: AtomicBool::new(false),
            measures,
        }
    }

    /// What is measured of it.
    pub fn measures(&self) -> &Measures {
        &self.measures
    }

    /// Puts the fixture into Redis unless it is there. Safe to repeat, and to do at the same time from
    /// several servers. Gives whether anything was written.
    ///
    /// # Errors
    /// What Redis says; nothing is half done.
    pub async fn load(&self, fixture: &Fixture) -> Result<bool, Error> {
        let fingerprint = fixture.fingerprint();
        let there: Option<String> = self.call(redis::cmd("GET").arg(FIXTURE)).await?;
        let write = there.as_ref() != Some(&fingerprint);
        if write {
            let mut pipe = redis::pipe();
            pipe.atomic().del(PLACES).ignore().del(NAMES).ignore();
            for (place, name) in fixture.features() {
                let position = (
                    place.longitude_degrees(),
                    place.latitude_degrees(),
                    place.key(),
                );
                pipe.geo_add(PLACES, position)
                    .ignore()
                    .hset(NAMES, place.key(), name)
                    .ignore();
            }
            pipe.set(FIXTURE, fingerprint).ignore();
            self.ask::<()>(Question::Transaction(&pipe)).await?;
        }
        self.loaded.store(true, Ordering::Release);
        Ok(write)
    }

    /// One round trip, as readiness needs it: the seed, which stands for the nodes that are ready,
    /// answers, and so does the shard that holds the features. Gives whether these are there.
    ///
    /// # Errors
    /// What Redis says.
    pub async fn check(&self) -> Result<bool, Error> {
        // The seed may lead to any node, a hung one too: one more try before that counts.
        if self.ping_seed().await.is_err() {
            self.ping_seed().await?;
        }
        let there: Option<String> = self.call(redis::cmd("GET").arg(FIXTURE)).await?;
        if there.is_none() {
            self.loaded.store(false, Ordering::Release);
        }
        Ok(there.is_some())
    }

    /// The name of the feature at a place, if there is one.
    ///
    /// # Errors
    /// What Redis says, or that the features are not loaded.
    pub async fn feature(&self, place: Place) -> Result<Option<String>, Error> {
        self.require_loaded()?;
        self.call(redis::cmd("HGET").arg(NAMES).arg(place.key()))
            .await
    }

    /// The features within bounds, ordered by place.
    ///
    /// # Errors
    /// What Redis says, or that the features are not loaded.
    pub async fn features(&self, bounds: Bounds) -> Result<Vec<(Place, String)>, Error> {
        self.require_loaded()?;
        let found: Vec<String> = self.call(&search(bounds)).await?;
        let mut places: Vec<Place> = found
            .iter()
            .filter_map(|key| Place::from_key(key))
            .filter(|place| bounds.contains(*place))
            .collect();
        if places.is_empty() {
            return Ok(Vec::new());
        }
        places.sort_unstable();
        let keys: Vec<String> = places.iter().map(|place| place.key()).collect();
        let names: Vec<Option<String>> =
            self.call(redis::cmd("HMGET").arg(NAMES).arg(keys)).await?;
        Ok(places
            .into_iter()
            .zip(names)
            .filter_map(|(place, name)| Some((place, name?)))
            .collect())
    }

    /// Keeps a note, and gives the notes that were at its place before, oldest first.
    ///
    /// # Errors
    /// What Redis says.
    pub async fn leave_note(&self, place: Place, message: &str) -> Result<Vec<String>, Error> {
        let key = format!("routeguide:notes:{}", place.key());
        let mut pipe = redis::pipe();
        pipe.atomic()
            .lrange(&key, 0, -1)
            .rpush(&key, message)
            .ignore();
        pipe.ltrim(&key, -NOTES, -1).ignore();
        let (before,) = self.ask(Question::Transaction(&pipe)).await?;
        Ok(before)
    }

    fn require_loaded(&self) -> Result<(), Error> {
        if self.loaded.load(Ordering::Acquire) {
            Ok(())
        } else {
            Err(Error::NotLoaded)
        }
    }

    async fn call<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, Error> {
        self.ask(Question::Command(command)).await
    }

    /// Asks until there is an answer or the time of a call is up.
    async fn ask<T: FromRedisValue>(&self, question: Question<'_>) -> Result<T, Error> {
        let end = Instant::now() + CALL_TIMEOUT;
        let mut failed = 0;
        let mut last = Error::Timeout;
        loop {
            let start = Instant::now();
            let span = spans::command("redis", question.name());
            let once = self.ask_once(question, failed).instrument(span.clone());
            let tried = timeout_at(end, once).await;
            self.measures
                .round_trip(question.name(), Answer::of(&tried), start.elapsed());
            if Answer::of(&tried) == Answer::Error {
                spans::failed(&span);
            }
            match tried {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err((_, error))) if is_final(&error) => return Err(error.into()),
                Ok(Err((number, error))) => {
                    failed = number;
                    last = error.into();
                }
                Err(_) => return Err(last),
            }
            if Instant::now() + PAUSE >= end {
                return Err(last);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// One try on a link later than number `failed`; an error comes with the number it was on.
    async fn ask_once<T: FromRedisValue>(
        &self,
        question: Question<'_>,
        failed: u64,
    ) -> Result<T, (u64, RedisError)> {
        let Link {
            mut connection,
            number,
        } = self.link(failed).await.map_err(|error| (failed, error))?;
        let answer = match question {
            Question::Command(command) => command.query_async(&mut connection).await,
            Question::Transaction(pipe) => pipe.query_async(&mut connection).await,
        };
        answer.map_err(|error| (number, error))
    }

    /// The connection, or a new one if the current is number `failed`. One caller makes it, others wait.
    async fn link(&self, failed: u64) -> RedisResult<Link> {
        let mut link = self.link.lock().await;
        if let Some(link) = link.as_ref().filter(|link| link.number > failed) {
            return Ok(link.clone());
        }
        self.measures.connection(0);
        let number = link.take().map_or(failed, |link| link.number) + 1;
        let client = ClusterClient::builder([(self.seed.host.clone(), self.seed.port)])
            .connection_timeout(NODE_TIMEOUT)
            .response_timeout(NODE_TIMEOUT)
            .overall_response_timeout(Some(NODE_TIMEOUT * 2))
            .retries(2)
            .max_retry_wait(200)
            .min_retry_wait(20)
            .build()?;
        let connection = client.get_async_connection().await?;
        self.measures.connection(1);
        Ok(link.insert(Link { connection, number }).clone())
    }

    /// A new connection each time: that is what shows whether the seed leads anywhere.
    async fn ping_seed(&self) -> Result<(), Error> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(NODE_TIMEOUT / 2))
            .set_response_timeout(Some(NODE_TIMEOUT / 2));
        let ping = async {
            let client = redis::Client::open((self.seed.host.clone(), self.seed.port))?;
            let mut connection = client
                .get_multiplexed_async_connection_with_config(&config)
                .await?;
            redis::cmd("PING").query_async::<()>(&mut connection).await
        };
        let start = Instant::now();
        let tried = timeout(NODE_TIMEOUT, ping).await;
        self.measures
            .round_trip("PING", Answer::of(&tried), start.elapsed());
        Ok(tried.map_err(|_| Error::Timeout)??)
    }
}

/// Asks for the places within bounds, and maybe more.
fn search(bounds: Bounds) -> redis::Cmd {
    let Some(within) = bounds.search_box() else {
        let mut all = redis::cmd("ZRANGE");
        all.arg(PLACES).arg(0).arg(-1);
        return all;
    };
    let mut search = redis::cmd("GEOSEARCH");
    search
        .arg(PLACES)
        .arg("FROMLONLAT")
        .arg(within.longitude)
        .arg(within.latitude);
    search
        .arg("BYBOX")
        .arg(within.width)
        .arg(within.height)
        .arg("m");
    search
}

/// Whether another try on a new connection would get the same answer: Redis has understood the
/// command and refuses it.
fn is_final(error: &RedisError) -> bool {
    use redis::ErrorKind as Kind;
    match error.kind() {
        Kind::Server(kind) => matches!(kind, ServerErrorKind::ResponseError),
        Kind::UnexpectedReturnType | Kind::InvalidClientConfig | Kind::Client => true,
        // Error words that redis-rs does not know, WRONGTYPE for one; MISCONF may pass.
        Kind::Extension => !matches!(error.code(), Some("MISCONF" | "UNKILLABLE")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_final_and_troubles_of_the_cluster_are_not() {
        let error = |code: &str, kind| RedisError::from((kind, "x", code.to_owned()));
        let server = |kind| RedisError::from((redis::ErrorKind::Server(kind), "x"));
        assert!(is_final(&server(ServerErrorKind::ResponseError)));
        assert!(is_final(&error("", redis::ErrorKind::UnexpectedReturnType)));
        for kind in [
            ServerErrorKind::ClusterDown,
            ServerErrorKind::ReadOnly,
            ServerErrorKind::Moved,
        ] {
            assert!(!is_final(&server(kind)), "{kind:?}");
        }
        assert!(!is_final(&error("", redis::ErrorKind::Io)));
        assert!(!is_final(&error(
            "",
            redis::ErrorKind::ClusterConnectionNotFound
        )));
    }

    #[test]
    fn the_three_keys_of_the_features_share_a_shard() {
        let tag = |key: &'static str| key.split_once('}').expect("has a tag").0;
        assert_eq!(tag(PLACES), tag(NAMES));
        assert_eq!(tag(PLACES), tag(FIXTURE));
    }
}
