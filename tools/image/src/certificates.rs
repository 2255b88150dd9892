//! `image certificates`: files of certificates become the one bundle that programs look for.
//!
//! The format is PEM (RFC 7468). What is written are the certificates alone, in the order of the
//! inputs, each once: no comments, and nothing that the inputs have beside them.

use crate::{Error, output};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// How a certificate begins, and how everything in PEM does.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";
const BEGIN: &str = "-----BEGIN ";

/// How long lines are (RFC 7468, section 2).
const LINE: usize = 64;

/// Makes one file of certificates that are trusted, for `/etc/ssl/certs/ca-certificates.crt`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files of certificates, as PEM
    #[arg(required = true, value_name = "FILE")]
    sources: Vec<PathBuf>,

    /// Where the bundle is written
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Why a file is none of certificates.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum CertificatesError {
    /// Not text.
    #[error("got bytes that are no UTF-8, want PEM")]
    Text,
    /// Something else in PEM: a private key must not get into an image by mistake.
    #[error("line {line}: got `{got}`, want certificates alone, `{CERTIFICATE}`")]
    Other {
        /// From 1.
        line: usize,
        /// The line.
        got: String,
    },
    /// A PEM section without an end, or what is in it is not base64.
    #[error("certificate {number}: got no PEM: {why}")]
    Pem {
        /// From 1.
        number: usize,
        /// What is wrong with it. Not as a source: it would show the bytes.
        why: &'static str,
    },
    /// What is in it is none that could be trusted.
    #[error("certificate {number}")]
    X509 {
        /// From 1.
        number: usize,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// No section at all.
    #[error("got no certificate, want one or more as PEM")]
    Empty,
}

pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let (mut known, mut bundle) = (HashSet::new(), String::new());
    for path in &args.sources {
        let bytes = std::fs::read(path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        let certificates = certificates(&bytes).map_err(|source| refused(path, source))?;
        for certificate in certificates {
            if known.insert(certificate.clone()) {
                bundle += &encoded(&certificate);
            }
        }
    }
    output::write(&args.out, bundle.as_bytes())
}

fn refused(path: &Path, source: CertificatesError) -> Error {
    Error::Certificates {
        path: path.to_owned(),
        source,
    }
}

/// All certificates of a file.
fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificatesError> {
    let text = std::str::from_utf8(bytes).map_err(|_| CertificatesError::Text)?;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with(BEGIN) && line != CERTIFICATE {
            return Err(CertificatesError::Other {
                line: at + 1,
                got: line.to_owned(),
            });
        }
    }
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(bytes) {
        let number = certificates.len() + 1;
        let certificate = certificate.map_err(|error| CertificatesError::Pem {
            number,
            why: why(&error),
        })?;
        RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|source| CertificatesError::X509 { number, source })?;
        certificates.push(certificate);
    }
    if certificates.is_empty() {
        return Err(CertificatesError::Empty);
    }
    Ok(certificates)
}

fn why(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "its `-----END CERTIFICATE-----` is missing",
        pem::Error::Base64Decode(_) => "what is in it is not base64",
        _ => "its first line is not whole",
    }
}

fn encoded(certificate: &CertificateDer<'_>) -> String {
    let base64 = BASE64_STANDARD.encode(certificate);
    let mut text = format!("{CERTIFICATE}\n");
    let mut rest = &*base64;
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text += line;
        text.push('\n');
        rest = after;
    }
    text += "-----END CERTIFICATE-----\n";
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;
    use strum::VariantNames as _;

    fn authority(name: &str) -> (String, String) {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new([name.to_owned()]).expect("a name");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    fn bundle(texts: &[&str]) -> Result<String, Error> {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |(at, text): (usize, &&str)| {
            let path = folder.path().join(at.to_string());
            std::fs::write(&path, text).expect("writes");
            path
        };
        let out = folder.path().join("out");
        run(&Args {
            sources: texts.iter().enumerate().map(write).collect(),
            out: out.clone(),
        })?;
        Ok(std::fs::read_to_string(out).expect("reads"))
    }

    #[test]
    fn certificates_alone_each_once_in_the_order_of_the_files() {
        let (one, other, third) = (authority("one").0, authority("two").0, authority("three").0);
        let same = one.replace('\n', "\r\n");
        let texts = [
            &*format!("# one\n{one}\nand the other\n{other}"),
            &format!("{same}{third}"),
        ];
        let want: String = [one, other, third]
            .map(|pem| pem.replace('\r', ""))
            .concat();
        assert_eq!(bundle(&texts).expect("a bundle"), want);
        let mut store = RootCertStore::empty();
        let made = CertificateDer::pem_slice_iter(want.as_bytes());
        let made: Vec<_> = made.collect::<Result<_, _>>().expect("parses");
        assert_eq!(store.add_parsable_certificates(made), (3, 0));
    }

    #[test]
    fn everything_else_is_refused() {
        let (certificate, key) = authority("one");
        let line = certificate.lines().count() + 1;
        let want = "want certificates alone, `-----BEGIN CERTIFICATE-----`";
        let cases: [(&str, Vec<u8>, String); 7] = [
            (
                "Other",
                format!("{certificate}{key}").into(),
                format!("line {line}: got `-----BEGIN PRIVATE KEY-----`, {want}"),
            ),
            // A label that the parser does not know is no comment.
            (
                "Other",
                "  -----BEGIN ENCRYPTED PRIVATE KEY-----\n".into(),
                format!("line 1: got `-----BEGIN ENCRYPTED PRIVATE KEY-----`, {want}"),
            ),
            (
                "Empty",
                "text".into(),
                "got no certificate, want one or more as PEM".to_owned(),
            ),
            (
                "Pem",
                "-----BEGIN CERTIFICATE-----\nAAAA\n".into(),
                "certificate 1: got no PEM: its `-----END CERTIFICATE-----` is missing".to_owned(),
            ),
            (
                "Pem",
                "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".into(),
                "certificate 1: got no PEM: what is in it is not base64".to_owned(),
            ),
            (
                "X509",
                format!("{certificate}{}", certificate.replacen("MII", "AAA", 1)).into(),
                "certificate 2: invalid peer certificate: BadEncoding".to_owned(),
            ),
            (
                "Text",
                vec![0xff],
                "got bytes that are no UTF-8, want PEM".to_owned(),
            ),
        ];
        for (variant, bytes, want) in &cases {
            let error = certificates(bytes).expect_err(want);
            let deeper = error
                .source()
                .map_or(String::new(), |why| format!(": {why}"));
            assert_eq!(
                (<&str>::from(&error), &format!("{error}{deeper}")),
                (*variant, want)
            );
        }
        let variants = cases.iter().map(|(variant, ..)| *variant);
        windlass_error_cases::complete(variants, CertificatesError::VARIANTS);
    }
}
