//! The loop around the calls.

use crate::backoff;
use crate::calls::{self, Client};
use crate::cli::{self, Args};
use crate::error::Error;
use routeguide::v1::METHODS;
use std::time::Duration;
use telemetry::Calls;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};
use tonic::transport::{Endpoint, Uri};
use tower::Layer as _;
use tracing::{info, warn};

/// Asks until the iterations are done, or until SIGTERM or Ctrl-C.
///
/// # Errors
/// Arguments, the port of the metrics; never the server.
pub async fn run(args: &Args) -> Result<(), Error> {
    let uri = cli::uri(&args.server)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Runtime)?;
    let mut registry = telemetry::registry();
    let counted = Calls::of_client(&mut registry, METHODS);
    telemetry::page::open(args.telemetry.metrics_address, registry).await?;
    tokio::select! {
        () = iterate(args, &uri, &counted) => {}
        _ = terminate.recv() => info!("SIGTERM: ending"),
        _ = tokio::signal::ctrl_c() => info!("interrupted: ending"),
    }
    Ok(())
}

async fn iterate(args: &Args, uri: &Uri, counted: &Calls) {
    let mut client = new_client(uri, counted);
    let mut failures = 0;
    let mut iteration = 1;
    loop {
        let start = Instant::now();
        let asked = calls::all(&mut client, args, iteration, |line| info!("{line}")).await;
        if let Err(error) = asked {
            failures += 1;
            let pause = backoff::pause(failures, rand::random());
            let seconds = pause.as_secs_f64();
            warn!(
                "waiting for {}: {error}; again in {seconds:.1} s",
                args.server
            );
            sleep(pause).await;
            // Whatever was wrong with the connection, a new one does not have it; and the name of
            // the server may lead elsewhere by now.
            client = new_client(uri, counted);
            continue;
        }
        info!(
            "iteration {iteration} done in {} ms",
            start.elapsed().as_millis()
        );
        if iteration == args.iterations {
            return;
        }
        failures = 0;
        iteration += 1;
        sleep(args.interval).await;
    }
}

/// A client that connects when it is used, and notices when the other end has gone without a word.
fn new_client(uri: &Uri, counted: &Calls) -> Client {
    let channel = Endpoint::from(uri.clone())
        .connect_timeout(Duration::from_secs(2))
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true)
        .connect_lazy();
    Client::new(counted.layer(channel))
}
