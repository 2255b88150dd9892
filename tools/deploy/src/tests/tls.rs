//! Certificates for an API server in this process, and for who speaks to it.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

/// When a certificate is valid.
#[derive(Clone, Copy, Debug)]
pub enum Dates {
    /// Until the end of 2019.
    Past,
    /// Today.
    Now,
}

/// Who signs certificates.
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM.
struct Pair {
    certificate: String,
    key: String,
}

impl Authority {
    /// One that nobody knows yet.
    pub fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let key = KeyPair::generate().expect("a key");
        let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).expect("a certificate").pem();
        Self {
            pem,
            issuer: Issuer::new(parameters, key),
        }
    }

    /// Its own certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    fn sign(&self, names: &[&str], dates: Dates) -> Pair {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = CertificateParams::new(names).expect("parameters");
        if let Dates::Past = dates {
            parameters.not_before = date_time_ymd(2019, 1, 1);
            parameters.not_after = date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("signed");
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// A server on 127.0.0.1 that looks at nobody's certificate.
    pub fn server(&self, dates: Dates) -> TlsAcceptor {
        let pair = self.sign(&["127.0.0.1"], dates);
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![pair.der()], pair.key_der());
        TlsAcceptor::from(Arc::new(config.expect("a certificate and its key")))
    }

    /// A server on 127.0.0.1 that speaks only to whom this authority knows.
    pub fn server_that_checks_clients(&self, dates: Dates) -> TlsAcceptor {
        let pair = self.sign(&["127.0.0.1"], dates);
        let mut roots = RootCertStore::empty();
        let own = CertificateDer::from_pem_slice(self.pem.as_bytes()).expect("a certificate");
        roots.add(own).expect("an authority");
        let clients = WebPkiClientVerifier::builder(Arc::new(roots)).build();
        let config = ServerConfig::builder().with_client_cert_verifier(clients.expect("roots"));
        let config = config.with_single_cert(vec![pair.der()], pair.key_der());
        TlsAcceptor::from(Arc::new(config.expect("a certificate and its key")))
    }

    /// The user of a kubeconfig.
    pub fn client(&self, dates: Dates) -> Value {
        let pair = self.sign(&[], dates);
        json!({"client-certificate-data": BASE64_STANDARD.encode(pair.certificate),
            "client-key-data": BASE64_STANDARD.encode(pair.key)})
    }
}

impl Pair {
    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("a certificate")
    }

    fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("a key")
    }
}
