//! Connections: which are kept together, whom they trust, and which way they take.
//!
//! reqwest itself reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, and where there is
//! no keychain (Linux) `SSL_CERT_FILE` and `SSL_CERT_DIR`.

use std::collections::HashMap;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, Url};
use windlass_oci_reference::Registry;

use crate::target::Scheme;
use crate::{Cause, Settings};

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// What connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Use {
    /// Questions: each is answered soon.
    Questions,
    /// Uploads, which take as long as they take.
    Uploads,
    /// Secrets, which go where they are meant to and nowhere else.
    Secrets,
}

/// The way to another machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Route {
    /// This machine: never through a proxy.
    Loopback,
    /// As the environment says.
    Environment,
}

/// The connections of one client.
pub(crate) struct Pools {
    connections: usize,
    connect_timeout: Duration,
    read_timeout: Duration,
    /// Plain http never loads certificate authorities.
    clients: Mutex<HashMap<(Scheme, Use, Route), Client>>,
}

impl Pools {
    /// None yet.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            connections: settings.connections,
            connect_timeout: settings.connect_timeout,
            read_timeout: settings.read_timeout,
            clients: Mutex::default(),
        }
    }

    /// Those to where a URL leads.
    pub(crate) fn client(&self, uses: Use, url: &Url) -> Result<Client, Cause> {
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            _ => Scheme::Http,
        };
        let host = url.host_str().unwrap_or_default();
        let route = match host.parse::<Registry>() {
            Ok(host) if host.is_loopback() => Route::Loopback,
            _ => Route::Environment,
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&(scheme, uses, route)) {
            return Ok(client.clone());
        }
        let client = self.built(scheme, uses, route)?;
        clients.insert((scheme, uses, route), client.clone());
        Ok(client)
    }

    fn built(&self, scheme: Scheme, uses: Use, route: Route) -> Result<Client, Cause> {
        let mut builder = Client::builder()
            .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(self.connections)
            .redirect(match uses {
                Use::Secrets => Policy::custom(stay),
                Use::Questions | Use::Uploads => Policy::custom(follow),
            });
        builder = match uses {
            Use::Questions | Use::Secrets => builder.read_timeout(self.read_timeout),
            // That timeout counts while the body is sent. Who has died is told by what stays
            // unacknowledged.
            Use::Uploads => builder
                .tcp_keepalive(self.read_timeout)
                .tcp_user_timeout(self.read_timeout),
        };
        if scheme == Scheme::Http {
            builder = builder.tls_certs_only([]);
        }
        if route == Route::Loopback {
            // RFC 6761, section 6.3: nobody has to be asked where this is.
            builder = builder.no_proxy().resolve_to_addrs("localhost", &LOCALHOST);
        }
        builder.build().map_err(|error| Cause::Tls {
            reason: innermost(&error),
        })
    }
}

/// What `localhost` is; ports are those of the URLs.
const LOCALHOST: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];

/// Follows a registry to where its blobs are, but never from https to plain http.
fn follow(attempt: Attempt<'_>) -> Action {
    let from_https = attempt
        .previous()
        .last()
        .is_some_and(|url| url.scheme() == "https");
    if attempt.previous().len() > REDIRECTS {
        attempt.error("more than 5 redirects")
    } else if from_https && attempt.url().scheme() != "https" {
        attempt.error("redirected from https to plain http")
    } else {
        attempt.follow()
    }
}

/// Follows within one server: what is sent again may be a secret.
fn stay(attempt: Attempt<'_>) -> Action {
    let first = attempt.previous().first().map(Url::origin);
    if first.is_some_and(|first| first != attempt.url().origin()) {
        attempt.error("redirected to another server, which is not told secrets")
    } else {
        follow(attempt)
    }
}

/// The innermost cause, which is the one that says something.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut text = "no answer".to_owned();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    text
}

/// Whether nobody that this machine trusts has signed the certificate of the other side.
pub(crate) fn is_untrusted(error: &reqwest::Error) -> bool {
    use rustls::CertificateError::{BadSignature, UnknownIssuer};
    // The second is of somebody who calls himself as one that is trusted.
    let untrusted = [UnknownIssuer, BadSignature].map(rustls::Error::InvalidCertificate);
    tls_error(error).is_some_and(|error| untrusted.contains(error))
}

/// Whether another try would meet the same certificate.
pub(crate) fn is_by_certificate(error: &reqwest::Error) -> bool {
    matches!(tls_error(error), Some(rustls::Error::InvalidCertificate(_)))
}

/// What TLS says, somewhere within an error. An [`std::io::Error`] is not the source of what it holds.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    let held = error.downcast_ref::<std::io::Error>();
    match held.and_then(std::io::Error::get_ref) {
        Some(held) => tls_error(held),
        None => tls_error(error.source()?),
    }
}
