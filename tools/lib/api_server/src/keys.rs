//! The keys of an API server, its administrator and its service accounts.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

/// The certificate of who signs all others. Its key is kept nowhere.
pub const AUTHORITY: &str = "cluster-ca.crt";

/// Two files of the folder.
pub struct Pair {
    /// What everybody may know.
    pub certificate: &'static str,
    /// What only its owner knows.
    pub key: &'static str,
}

/// Of the API server.
pub const SERVER: Pair = Pair {
    certificate: "apiserver.crt",
    key: "apiserver.key",
};

/// Of who may do everything.
pub const ADMIN: Pair = Pair {
    certificate: "admin.crt",
    key: "admin.key",
};

/// What tokens of service accounts are signed with: no certificate, a public key.
pub const ACCOUNTS: Pair = Pair {
    certificate: "service-account.pub",
    key: "service-account.key",
};

/// Makes all keys anew.
pub fn write(folder: &Path) -> io::Result<()> {
    let authority_key = KeyPair::generate().map_err(io::Error::other)?;
    let mut authority = named(&[(DnType::CommonName, "cluster-ca")]);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let certificate = authority.self_signed(&authority_key);
    keep(
        &folder.join(AUTHORITY),
        &certificate.map_err(io::Error::other)?.pem(),
    )?;
    let issuer = Issuer::new(authority, authority_key);

    let mut server = named(&[(DnType::CommonName, "kube-apiserver")]);
    let names = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()]);
    server.subject_alt_names = names.map_err(io::Error::other)?.subject_alt_names;
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    sign(folder, &SERVER, &server, &issuer)?;

    let masters = (DnType::OrganizationName, "system:masters");
    let mut admin = named(&[masters, (DnType::CommonName, "admin")]);
    admin.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    sign(folder, &ADMIN, &admin, &issuer)?;

    let accounts = KeyPair::generate().map_err(io::Error::other)?;
    keep(
        &folder.join(ACCOUNTS.certificate),
        &accounts.public_key_pem(),
    )?;
    keep(&folder.join(ACCOUNTS.key), &accounts.serialize_pem())
}

fn named(parts: &[(DnType, &str)]) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    for (kind, name) in parts {
        parameters.distinguished_name.push(kind.clone(), *name);
    }
    parameters
}

fn sign(
    folder: &Path,
    pair: &Pair,
    parameters: &CertificateParams,
    issuer: &Issuer<'_, KeyPair>,
) -> io::Result<()> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = parameters
        .signed_by(&key, issuer)
        .map_err(io::Error::other)?;
    keep(&folder.join(pair.certificate), &certificate.pem())?;
    keep(&folder.join(pair.key), &key.serialize_pem())
}

/// Writes a file that only its owner reads.
fn keep(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}
