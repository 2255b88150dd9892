//! Where an image goes, and how the bytes get there.

use windlass_oci_reference::{Registry, Repository};

/// How a registry is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// https, and plain http where the registry is this machine by its name.
    Safe,
    /// Plain http, because the constants say so (`insecure`). No credentials are sent.
    PlainHttp,
}

impl Transport {
    /// What the field `insecure` of a request means.
    pub fn from_insecure(insecure: bool) -> Self {
        if insecure {
            Self::PlainHttp
        } else {
            Self::Safe
        }
    }
}

/// A repository and how its registry is spoken to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Where the image goes.
    pub repository: Repository,
    /// How it gets there.
    pub transport: Transport,
}

impl Target {
    /// Whether the registry is spoken to by plain http: it is this machine's, or of a network that
    /// the constants trust.
    pub fn is_plain_http(&self) -> bool {
        Scheme::of(self.repository.registry(), self.transport) == Scheme::Http
    }
}

/// The scheme that a registry is spoken to with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn of(registry: &Registry, transport: Transport) -> Self {
        match transport {
            Transport::PlainHttp => Self::Http,
            Transport::Safe if registry.is_loopback() => Self::Http,
            Transport::Safe => Self::Https,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_or_where_it_is_asked_for() {
        for (registry, insecure, scheme) in [
            ("localhost:31000", false, Scheme::Http),
            ("127.0.0.1:5000", false, Scheme::Http),
            ("[::1]:5000", false, Scheme::Http),
            ("localhost:31000", true, Scheme::Http),
            ("172.19.0.2:31000", false, Scheme::Https),
            ("172.19.0.2:31000", true, Scheme::Http),
            ("ghcr.io", false, Scheme::Https),
            ("localhost.example.com", false, Scheme::Https),
        ] {
            let transport = Transport::from_insecure(insecure);
            let registry = registry.parse().expect(registry);
            assert_eq!(
                Scheme::of(&registry, transport),
                scheme,
                "{registry} {insecure}"
            );
        }
    }
}
