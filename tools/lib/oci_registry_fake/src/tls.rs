//! The certificate of a registry that is spoken to by https.

use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// A certificate for `0.0.0.0`, an address that leads to this machine and is not known to, so that
/// it is spoken to as others are. Nobody trusts it who is not told to.
#[derive(Clone)]
pub struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// The certificate, as it stands in a file of authorities.
    pub pem: String,
}

impl Tls {
    /// The host that it is for.
    pub const HOST: &str = "0.0.0.0";

    /// A new one, of a name of its own. A rustls `CryptoProvider` must be installed.
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([Self::HOST.to_owned()]).expect("a host");
        let name = format!("{:?}", key.public_key_raw());
        params.distinguished_name.push(DnType::CommonName, name);
        let made = params.self_signed(&key).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der());
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.der().clone()], key.expect("a key"))
            .expect("a certificate and its key");
        Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            pem: made.pem(),
        }
    }
}
