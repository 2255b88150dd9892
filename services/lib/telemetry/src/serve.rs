//! The gRPC server of a service. All that it is made of is compiled here, and not again in each
//! service whenever a line of that changes.

use crate::calls::Calls;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot::Receiver;
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

/// How often a caller that is silent is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Serves on a task of its own, until `stop` is sent or its sender is gone; then calls that are under
/// way end first.
pub fn serve(
    routes: Routes,
    calls: Calls,
    listener: TcpListener,
    stop: Receiver<()>,
) -> JoinHandle<Result<(), tonic::transport::Error>> {
    let server = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .layer(calls)
        .add_routes(routes)
        .serve_with_incoming_shutdown(
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            async {
                let _ = stop.await;
            },
        );
    tokio::spawn(server)
}
