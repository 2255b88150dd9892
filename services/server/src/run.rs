//! Start and end of the process.

use crate::cli::{Args, Seed};
use crate::error::Error;
use crate::fixture::Fixture;
use crate::guide::Guide;
use crate::measures::Measures;
use crate::readiness::{self, LIVENESS, READINESS};
use crate::store::Store;
use routeguide::v1::METHODS;
use routeguide::v1::route_guide_server::RouteGuideServer;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use telemetry::Calls;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tracing::{info, warn};

/// After SIGTERM, callers get this long to learn that we go, while we still serve them.
const NOTICE: Duration = Duration::from_secs(1);
/// Then calls under way get this long to end.
const DRAIN: Duration = Duration::from_secs(7);

/// Serves until SIGTERM or Ctrl-C.
///
/// # Errors
/// Arguments, fixture, port; never Redis.
pub async fn run(args: &Args) -> Result<(), Error> {
    let seed = Seed::try_new(&args.redis)?;
    let fixture = read(args)?;
    let listener = listen(args.port).await?;
    let port = listener.local_addr().map_err(Error::Runtime)?.port();
    info!("serving on port {port}, redis at {seed}");

    let mut registry = telemetry::registry();
    let calls = Calls::of_server(&mut registry, METHODS);
    let store = Arc::new(Store::new(seed, Measures::new(&mut registry)));
    telemetry::page::open(args.telemetry.metrics_address, registry).await?;
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter
        .set_service_status(LIVENESS, ServingStatus::Serving)
        .await;
    reporter
        .set_service_status(READINESS, ServingStatus::NotServing)
        .await;

    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Runtime)?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let guide = RouteGuideServer::new(Guide::new(Arc::clone(&store)));
    let routes = Routes::new(health).add_service(guide);
    let mut server = telemetry::serve(routes, calls, listener, stopped);

    tokio::select! {
        ended = &mut server => return joined(ended),
        () = readiness::follow(&store, &fixture, &reporter) => {}
        _ = terminate.recv() => info!("SIGTERM: readiness: NOT_SERVING, ending"),
        _ = tokio::signal::ctrl_c() => info!("interrupted: readiness: NOT_SERVING, ending"),
    }
    reporter
        .set_service_status(READINESS, ServingStatus::NotServing)
        .await;
    tokio::time::sleep(NOTICE).await;
    let _ = stop.send(());
    if let Ok(ended) = tokio::time::timeout(DRAIN, server).await {
        return joined(ended);
    }
    warn!("calls were still under way after {} s", DRAIN.as_secs());
    Ok(())
}

fn joined(
    ended: Result<Result<(), tonic::transport::Error>, tokio::task::JoinError>,
) -> Result<(), Error> {
    match ended {
        Ok(served) => served.map_err(Error::Serve),
        Err(panicked) => Err(Error::Runtime(panicked.into())),
    }
}

fn read(args: &Args) -> Result<Fixture, Error> {
    let path = &args.features;
    let json = std::fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.clone(),
        source,
    })?;
    Fixture::try_new(&json).map_err(|source| Error::Fixture {
        path: path.clone(),
        source,
    })
}

async fn listen(port: u16) -> Result<TcpListener, Error> {
    let all = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    let listener = telemetry::page::listen(all).await;
    listener.map_err(|source| Error::Listen { port, source })
}
