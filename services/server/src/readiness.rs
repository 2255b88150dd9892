//! What the health service says, under two names.
//!
//! - `liveness`: SERVING as long as the process answers. Redis has no part in it, so an outage of
//!   Redis restarts nobody.
//! - `readiness`: SERVING while a round trip to Redis works and the features are there.

use crate::fixture::Fixture;
use crate::store::{Error, Store};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tracing::{info, warn};

/// The name under which the health service answers for the process.
pub const LIVENESS: &str = "liveness";
/// The name under which the health service answers for the whole way to the data.
pub const READINESS: &str = "readiness";

const PERIOD: Duration = Duration::from_secs(1);
/// A round trip that takes longer counts as none.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Loads the fixture and keeps `readiness` true to Redis, for ever.
pub async fn follow(store: &Store, fixture: &Fixture, reporter: &HealthReporter) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said = None;
    let mut first = true;
    loop {
        ticks.tick().await;
        // What is slow is not ready, but it goes on: it may be making the connection that mends this.
        let look = round_trip(store, fixture, first);
        tokio::pin!(look);
        let state = if let Ok(state) = timeout(PATIENCE, &mut look).await {
            state
        } else {
            say(Err(Error::Timeout), &mut said, store, reporter).await;
            look.await
        };
        first &= state.is_err();
        say(state, &mut said, store, reporter).await;
    }
}

/// Tells the health service and the metrics, and the log what is new.
async fn say(
    state: Result<(), Error>,
    said: &mut Option<Result<(), Error>>,
    store: &Store,
    reporter: &HealthReporter,
) {
    let status = if state.is_ok() {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    };
    store.measures().look(&state);
    reporter.set_service_status(READINESS, status).await;
    if said.as_ref() != Some(&state) {
        match &state {
            Ok(()) => info!("readiness: SERVING"),
            Err(reason) => warn!("readiness: NOT_SERVING: {reason}"),
        }
        *said = Some(state);
    }
}

/// One look. The fixture is loaded at the process's start, and again when Redis has none: another
/// server's fixture stays until then, so that two versions in one rollout do not fight.
async fn round_trip(store: &Store, fixture: &Fixture, first: bool) -> Result<(), Error> {
    if store.check().await? && !first {
        return Ok(());
    }
    let count = fixture.features().len();
    if store.load(fixture).await? {
        info!("loaded {count} features into redis");
    } else {
        info!("{count} features are in redis already");
    }
    Ok(())
}
