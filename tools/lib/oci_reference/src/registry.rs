//! `host[:port]`.

use crate::{Kind, ParseError, string_type};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

const WANT: &str = "host or host:port, as in `localhost:31000` or `ghcr.io`";

/// Where images are: a host and a port, no scheme, no path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Registry {
    /// As written; an IPv6 address has its brackets.
    host: String,
    port: Option<u16>,
}

impl Registry {
    /// The host as it stands in a URL.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port where one is written.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether it is Docker Hub, by one of the names that Docker has for it.
    pub(crate) fn is_docker_hub(&self) -> bool {
        self.port.is_none() && matches!(&*self.host, "docker.io" | "index.docker.io")
    }

    /// Whether the host is this machine by its name alone: `localhost`, `*.localhost` (RFC 6761),
    /// 127.0.0.0/8 or `[::1]`. Nothing is looked up.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.host == "[::1]"
            || self
                .host
                .parse::<Ipv4Addr>()
                .is_ok_and(|address| IpAddr::V4(address).is_loopback())
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

impl FromStr for Registry {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new(Kind::Registry, text, WANT);
        let end = if text.starts_with('[') {
            text.find(']').ok_or_else(wrong)?
        } else {
            0
        };
        let (host, port) = match text[end..].split_once(':') {
            Some((rest, port)) => (&text[..end + rest.len()], Some(port)),
            None => (text, None),
        };
        let port = port
            .map(|port| parse_port(port).ok_or_else(wrong))
            .transpose()?;
        if !is_host(host) {
            return Err(wrong());
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

/// 1 to 65535, written the one way.
fn parse_port(text: &str) -> Option<u16> {
    text.parse::<u16>()
        .ok()
        .filter(|port| *port != 0 && port.to_string() == text)
}

/// A DNS name in lower case (RFC 1123), an IPv4 address or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(inner) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return inner.parse::<Ipv6Addr>().is_ok();
    }
    if host
        .split('.')
        .all(|part| part.bytes().all(|b| b.is_ascii_digit()))
    {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.len() <= 253 && host.split('.').all(is_dns_label)
}

fn is_dns_label(label: &str) -> bool {
    let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
    !label.is_empty()
        && label.len() <= 63
        && label.bytes().all(allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

string_type!(Registry);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted() {
        for (text, host, port, loopback) in [
            ("localhost:31000", "localhost", Some(31000), true),
            ("localhost", "localhost", None, true),
            ("ghcr.io", "ghcr.io", None, false),
            ("127.0.0.1:5000", "127.0.0.1", Some(5000), true),
            ("127.9.0.1", "127.9.0.1", None, true),
            ("172.19.0.2:31000", "172.19.0.2", Some(31000), false),
            ("[::1]:5000", "[::1]", Some(5000), true),
            ("[2001:db8::1]", "[2001:db8::1]", None, false),
            (
                "registry.localhost:80",
                "registry.localhost",
                Some(80),
                true,
            ),
            (
                "localhost.example.com",
                "localhost.example.com",
                None,
                false,
            ),
            (
                "127.0.0.1.example.com",
                "127.0.0.1.example.com",
                None,
                false,
            ),
            ("my-registry:5000", "my-registry", Some(5000), false),
        ] {
            let registry: Registry = text.parse().expect(text);
            assert_eq!(registry.host(), host, "{text}");
            assert_eq!(registry.port(), port, "{text}");
            assert_eq!(registry.is_loopback(), loopback, "{text}");
            assert_eq!(registry.to_string(), text);
        }
    }

    #[test]
    fn refused() {
        for text in [
            "",
            ":5000",
            "localhost:",
            "localhost:0",
            "localhost:65536",
            "localhost:+80",
            "localhost:080",
            "http://localhost:5000",
            "localhost:5000/demo",
            "local host",
            "LOCALHOST",
            "-a.example",
            "a..example",
            "under_score.example",
            "1.2.3",
            "256.0.0.1",
            "::1",
            "[::1",
            "[::1]5000",
            "[x]:1",
        ] {
            let error = text.parse::<Registry>().expect_err(text).to_string();
            assert!(
                error.starts_with(&format!("registry: got `{text}`, want host")),
                "{error}"
            );
        }
    }
}
