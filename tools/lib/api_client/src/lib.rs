//! A client of an API server whose requests all travel on one connection, by HTTP/2, where the
//! server speaks that. kube's own client speaks HTTP/1.1: each request that is on its way has a
//! connection and a TLS handshake of its own.
//!
//! The rest of the client is kube's: credentials, impersonation, timeouts, certificates.

#[cfg(test)]
mod tests;

use std::time::Duration;

use http::Request;
use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::Config;
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use serde_json::Value;
use tower::{BoxError, ServiceBuilder};

/// How often a silent connection is asked whether it is alive, and how long it may take to answer:
/// one that has died is told from one that has nothing to say. Twice this time, and a try on a new
/// connection, must be less than a Lease lasts.
const PING: Duration = Duration::from_secs(4);

/// What requests need of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Requests that are answered, and a watch for each of a few kinds.
    Requests,
    /// Streams: in both directions, which kube does by HTTP/1.1 only, or many that do not end, of
    /// which an API server takes 100 on one connection.
    Streams,
}

/// A client that speaks HTTP/2 to a server that does, and HTTP/1.1 to others. Through a proxy, or
/// for streams, it is kube's own, of HTTP/1.1. Nothing is sent yet.
///
/// # Errors
/// A key, a certificate or a program that the configuration names is of no use.
pub fn client(config: Config, needs: Needs) -> Result<kube::Client, kube::Error> {
    let name = config.tls_server_name.clone().map(TryInto::try_into);
    // Of a name that is none, kube says what is wrong with it.
    let is_usual = config.proxy_url.is_none() && !matches!(name, Some(Err(_)));
    if needs == Needs::Streams || !is_usual {
        return kube::Client::try_from(config);
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let tls = config.rustls_client_config()?;
    let mut tls = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http();
    if let Some(Ok(name)) = name {
        tls = tls.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let mut connector = TimeoutConnector::new(tls.enable_all_versions().wrap_connector(tcp));
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let http: Client<_, Body> = Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(PING)
        .http2_keep_alive_timeout(PING)
        .build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(config.extra_headers_layer()?)
        .option_layer(config.auth_layer()?)
        .map_err(BoxError::from)
        .service(http);
    Ok(ClientBuilder::new(service, config.default_namespace).build())
}

/// Sends a request, and reads the document that it is answered with.
///
/// # Errors
/// Nobody answers, the server refuses, or its answer is no JSON.
pub async fn ask(client: &kube::Client, request: Request<Vec<u8>>) -> Result<Value, kube::Error> {
    client.request(request).await
}
