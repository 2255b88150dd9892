//! The page `/metrics`: the text format of Prometheus, version 0.0.4, over HTTP/1.1.

use crate::error::Error;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;
use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tracing::info;

/// Who connects and then says nothing is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Before the next connection is taken, where the process has no files left.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves the registry from now on, on threads that are there. Gives the address.
///
/// # Errors
/// When the address cannot be had.
pub async fn open(address: SocketAddr, registry: Registry) -> Result<SocketAddr, Error> {
    let fail = |source| Error::Listen { address, source };
    let listener = listen(address).await.map_err(fail)?;
    let bound = listener.local_addr().map_err(fail)?;
    info!("metrics on http://{bound}/metrics");
    tokio::spawn(serve(listener, registry));
    Ok(bound)
}

/// `[::]` is all addresses, of both kinds where there are both.
///
/// # Errors
/// What the operating system says.
pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        // A kernel without IPv6.
        Err(error) if address.is_ipv6() && address.ip().is_unspecified() => {
            let all = (Ipv4Addr::UNSPECIFIED, address.port());
            TcpListener::bind(all).await.map_err(|_| error)
        }
        bound => bound,
    }
}

async fn serve(listener: TcpListener, registry: Registry) {
    let registry = Arc::new(registry);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let registry = Arc::clone(&registry);
        let page = service_fn(move |request: Request<_>| {
            ready(Ok::<_, Infallible>(answer(&request, &registry)))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .serve_connection(TokioIo::new(stream), page);
        // Who hangs up has what it wanted.
        tokio::spawn(async move { drop(connection.await) });
    }
}

fn answer<T>(request: &Request<T>, registry: &Registry) -> Response<String> {
    let (status, kind, text) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => (
            StatusCode::OK,
            prometheus_text::CONTENT_TYPE,
            text(registry),
        ),
        (_, "/metrics") => (
            StatusCode::METHOD_NOT_ALLOWED,
            "text/plain",
            "GET /metrics\n".to_owned(),
        ),
        _ => (
            StatusCode::NOT_FOUND,
            "text/plain",
            "see /metrics\n".to_owned(),
        ),
    };
    let mut response = Response::new(text);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, http::HeaderValue::from_static(kind));
    response
}

/// What the page says.
///
/// # Panics
/// Never: a text takes all that is written to it.
pub fn text(registry: &Registry) -> String {
    let mut text = String::new();
    prometheus_text::encode(&mut text, registry).expect("a text takes all");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::gauge::Gauge;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    /// What the page answers, as a client without a library sees it.
    async fn ask(address: SocketAddr, line: &str) -> String {
        let mut stream = TcpStream::connect(address).await.expect("connects");
        let request = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("writes");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("reads");
        answer
    }

    #[tokio::test]
    async fn the_page_is_what_prometheus_reads() {
        let mut registry = Registry::default();
        let gauge = Gauge::<i64>::default();
        registry.register("answers", "How many", gauge.clone());
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let address = open(any, registry).await.expect("opens");
        gauge.set(42);
        let page = ask(address, "GET /metrics").await;
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
        assert!(page.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"));
        let want = "\r\n\r\n# HELP answers How many.\n# TYPE answers gauge\nanswers 42\n";
        assert!(page.ends_with(want), "{page}");
        let head = ask(address, "HEAD /metrics").await;
        assert!(
            head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"),
            "{head}"
        );
        for (line, status) in [
            ("GET /", "404 Not Found"),
            ("POST /metrics", "405 Method Not Allowed"),
        ] {
            let answer = ask(address, line).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}\r\n")),
                "{answer}"
            );
        }
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_an_error_with_a_way_out() {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let taken = TcpListener::bind(any).await.expect("binds");
        let address = taken.local_addr().expect("has an address");
        let error = open(address, Registry::default())
            .await
            .expect_err("is taken");
        assert_eq!(
            windlass_report::render(&error),
            format!(
                "error: cannot serve metrics on {address}\ncause: Address already in use (os error 98)\n\
                 hint: --metrics-address=127.0.0.1:0 takes any free port\n"
            )
        );
    }

    #[tokio::test]
    async fn all_addresses_are_of_both_kinds() {
        let all = "[::]:0".parse().expect("an address");
        let listener = listen(all).await.expect("listens");
        let port = listener.local_addr().expect("has an address").port();
        let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
        connected.expect("by IPv4 as well");
    }
}
