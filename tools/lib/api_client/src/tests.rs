//! Requests to servers in this process, which count who connects.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use kube::Config;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio_rustls::TlsAcceptor;

use super::{Needs, ask, client};

/// How many requests are on their way at once.
const REQUESTS: usize = 8;

/// A server that speaks some protocols, and how many connections it has had.
struct Server {
    config: Config,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn start(protocols: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
        let mut tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a certificate and its key");
        let protocols = protocols.iter().map(|name| name.as_bytes().to_vec());
        tls.alpn_protocols = protocols.collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let connections = Arc::new(AtomicUsize::new(0));
        tokio::spawn(serve(
            listener,
            TlsAcceptor::from(Arc::new(tls)),
            connections.clone(),
        ));
        let url = format!("https://localhost:{port}").parse().expect("a URL");
        let mut config = Config::new(url);
        config.root_cert = Some(vec![cert.der().to_vec()]);
        Self {
            config,
            connections,
        }
    }

    /// Asks once, then many times at once; tells how many connections that took.
    async fn ask(&self, needs: Needs) -> usize {
        let client = client(self.config.clone(), needs).expect("a client");
        let one = |path: &'static str| {
            let request = Request::get(path).body(Vec::new()).expect("a request");
            let answer = ask(&client, request);
            async move {
                let answer = answer.await.expect("an answer");
                assert_eq!(answer["path"], path);
            }
        };
        one("/alone").await;
        futures::future::join_all((0..REQUESTS).map(|_| one("/together"))).await;
        self.connections.load(Ordering::Relaxed)
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, connections: Arc<AtomicUsize>) {
    let all = Arc::new(Barrier::new(REQUESTS));
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        connections.fetch_add(1, Ordering::Relaxed);
        let (tls, all) = (tls.clone(), Arc::clone(&all));
        tokio::spawn(async move {
            let stream = tls.accept(stream).await.expect("a handshake");
            let service = tower::service_fn(move |request| answer(request, Arc::clone(&all)));
            let service = TowerToHyperService::new(service);
            let server = Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Those that come together are answered when all of them are there.
async fn answer<B>(request: Request<B>, all: Arc<Barrier>) -> Result<Response<String>, Infallible> {
    let path = request.uri().path();
    if path == "/together" {
        all.wait().await;
    }
    Ok(Response::new(format!(r#"{{"path": "{path}"}}"#)))
}

#[tokio::test]
async fn all_requests_are_on_one_connection_by_http_2() {
    let server = Server::start(&["h2", "http/1.1"]).await;
    assert_eq!(server.ask(Needs::Requests).await, 1);
}

#[tokio::test]
async fn a_server_that_speaks_http_1_only_gets_a_connection_for_each() {
    let server = Server::start(&["http/1.1"]).await;
    assert_eq!(server.ask(Needs::Requests).await, REQUESTS);
}

#[tokio::test]
async fn streams_are_not_asked_for_by_http_2() {
    let server = Server::start(&["h2", "http/1.1"]).await;
    assert_eq!(server.ask(Needs::Streams).await, REQUESTS);
}

#[tokio::test]
async fn a_name_that_is_none_is_refused() {
    let mut config = Server::start(&["h2"]).await.config;
    config.tls_server_name = Some("not a name".to_owned());
    assert!(client(config, Needs::Requests).is_err());
}
