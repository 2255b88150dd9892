//! Whether what we show to an API server has expired: asked only after it has refused us, because
//! this machine's clock may be wrong and the server's is what counts.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use k8s_openapi::jiff::Timestamp;
use kube::config::AuthInfo;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, RootCertStore};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

/// Something of ours that has expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// What it is.
    pub what: &'static str,
    /// The last moment at which it was valid: `2020-01-01T00:00:00Z`.
    pub at: String,
}

/// What of a kubeconfig's user has expired. What cannot be read has not: the server says so.
pub fn expired(user: &AuthInfo, now: SystemTime) -> Option<Expired> {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let certificate = certificate(user).and_then(|pem| certificate_end(&pem, now));
    let certificate = certificate.map(|end| Expired {
        what: "client certificate",
        at: moment(end),
    });
    certificate.or_else(|| {
        let end = token_end(&token(user)?)?;
        (end < now).then(|| Expired {
            what: "token",
            at: moment(end),
        })
    })
}

/// `2020-01-01T00:00:00Z`.
pub fn moment(since_epoch: Duration) -> String {
    let seconds = i64::try_from(since_epoch.as_secs()).ok();
    let moment = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    moment.map_or_else(|| "an unknown moment".to_owned(), |at| at.to_string())
}

fn certificate(user: &AuthInfo) -> Option<Vec<u8>> {
    if let Some(data) = &user.client_certificate_data {
        return BASE64_STANDARD.decode(data).ok();
    }
    std::fs::read(user.client_certificate.as_ref()?).ok()
}

/// The end of a certificate that has expired. rustls reads no certificate but to verify one, and
/// there looks at the dates before it looks for an issuer: without one, a certificate that is
/// still valid is refused for that.
fn certificate_end(pem: &[u8], now: Duration) -> Option<Duration> {
    let der = CertificateDer::from_pem_slice(pem).ok()?;
    let parsed = ParsedCertificate::try_from(&der).ok()?;
    let now = UnixTime::since_unix_epoch(now);
    let nobody = RootCertStore::empty();
    let verdict = verify_server_cert_signed_by_trust_anchor(&parsed, &nobody, &[], now, &[]);
    match verdict {
        Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
            not_after,
            ..
        })) => Some(Duration::from_secs(not_after.as_secs())),
        _ => None,
    }
}

fn token(user: &AuthInfo) -> Option<String> {
    if let Some(token) = &user.token {
        return Some(token.expose_secret().to_owned());
    }
    std::fs::read_to_string(user.token_file.as_ref()?).ok()
}

/// When a token ends that says so itself: RFC 7519, `exp`.
fn token_end(token: &str) -> Option<Duration> {
    #[derive(Deserialize)]
    struct Claims {
        exp: u64,
    }
    let claims = token.trim().split('.').nth(1)?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    Some(Duration::from_secs(claims.exp))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A token that ends at a moment, in seconds since 1970.
    pub(crate) fn token_until(end: u64) -> String {
        let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let claims = part(&format!("{{\"exp\":{end},\"sub\":\"alice\"}}"));
        format!("{}.{claims}.{}", part("{\"alg\":\"none\"}"), part("x"))
    }

    fn user(token: &str) -> AuthInfo {
        AuthInfo {
            token: Some(token.to_owned().into()),
            ..AuthInfo::default()
        }
    }

    #[test]
    fn tokens_that_say_when_they_end() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
        let ended = expired(&user(&token_until(1_577_836_800)), now);
        let want = Expired {
            what: "token",
            at: "2020-01-01T00:00:00Z".to_owned(),
        };
        assert_eq!(ended, Some(want));
        assert_eq!(expired(&user(&token_until(1_700_000_000)), now), None);
        assert_eq!(expired(&user("opaque"), now), None);
        assert_eq!(expired(&user("a.%%%.c"), now), None);
        assert_eq!(expired(&AuthInfo::default(), now), None);
    }

    #[test]
    fn certificates_are_read_as_data_and_as_files() {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        parameters.not_before = rcgen::date_time_ymd(2019, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
        let pem = parameters.self_signed(&key).expect("a certificate").pem();
        let data = AuthInfo {
            client_certificate_data: Some(BASE64_STANDARD.encode(&pem)),
            ..AuthInfo::default()
        };
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("client.crt");
        std::fs::write(&path, &pem).expect("write");
        let file = AuthInfo {
            client_certificate: Some(path.display().to_string()),
            ..AuthInfo::default()
        };
        for user in [data, file] {
            let found = expired(&user, SystemTime::now()).expect("expired");
            assert_eq!(
                (found.what, found.at.as_str()),
                ("client certificate", "2020-01-01T00:00:00Z")
            );
            let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_560_000_001);
            assert_eq!(expired(&user, then), None, "it was valid then");
        }
    }
}
