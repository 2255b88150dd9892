//! Public keys of ed25519, in the form that OpenSSH has: `ssh-ed25519 AAAA... who`.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, UnparsedPublicKey};

/// The algorithm, as it stands in keys and signatures.
pub(crate) const ALGORITHM: &str = "ssh-ed25519";

/// How many bytes a public key has.
const LENGTH: usize = 32;

/// A public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey([u8; LENGTH]);

/// The fingerprint of a key, as `ssh-keygen -l` prints it: `SHA256:` and 43 digits of base64.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(String);

/// A text that is no key, or no fingerprint of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("got `{got}`, want {want}")]
pub struct KeyError {
    got: String,
    want: &'static str,
}

impl KeyError {
    /// The error of a text that is not what is wanted.
    pub(crate) fn of(text: &str, want: &'static str) -> Self {
        Self {
            got: shortened(text),
            want,
        }
    }
}

impl PublicKey {
    /// A key by its bytes.
    pub fn from_bytes(bytes: [u8; LENGTH]) -> Self {
        Self(bytes)
    }

    /// The fingerprint.
    pub fn id(&self) -> KeyId {
        let hash = digest(&SHA256, &self.blob());
        KeyId(format!("SHA256:{}", BASE64_STANDARD_NO_PAD.encode(hash)))
    }

    /// The key as the agent's messages have it (RFC 8709, section 4).
    pub(crate) fn blob(&self) -> Vec<u8> {
        [string(ALGORITHM.as_bytes()), string(&self.0)].concat()
    }

    /// The key of such a blob; `None` if it is of another algorithm.
    pub(crate) fn from_blob(blob: &[u8]) -> Option<Self> {
        let start = string(ALGORITHM.as_bytes());
        let rest = blob.strip_prefix(start.as_slice())?;
        let length = u32::try_from(LENGTH).ok()?.to_be_bytes();
        let key = rest.strip_prefix(&length)?;
        Some(Self(key.try_into().ok()?))
    }

    /// Whether a signature of a message is this key's.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(message, signature).is_ok()
    }
}

/// A string as SSH writes it (RFC 4251, section 5): its length in four bytes, and it.
///
/// # Panics
/// With 4 GiB.
pub(crate) fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("messages are small");
    [&length.to_be_bytes(), bytes].concat()
}

impl FromStr for PublicKey {
    type Err = KeyError;

    /// A line of a `.pub` file; what follows the key, most often whose it is, is left out.
    fn from_str(line: &str) -> Result<Self, KeyError> {
        let mut words = line.split_ascii_whitespace();
        let is_ours = words.next() == Some(ALGORITHM);
        let blob = words.next().filter(|_| is_ours);
        let blob = blob.and_then(|word| BASE64_STANDARD.decode(word).ok());
        let key = blob.as_deref().and_then(Self::from_blob);
        let want = "a public key of ed25519, as in `ssh-ed25519 AAAA... ci@example`";
        key.ok_or_else(|| KeyError::of(line, want))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM} {}", BASE64_STANDARD.encode(self.blob()))
    }
}

impl KeyId {
    /// The fingerprint.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let hash = text.strip_prefix("SHA256:");
        let hash = hash.and_then(|hash| BASE64_STANDARD_NO_PAD.decode(hash).ok());
        if hash.is_some_and(|hash| hash.len() == SHA256.output_len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(KeyError::of(
            text,
            "a fingerprint, as `ssh-keygen -l` prints it: `SHA256:` and 43 letters",
        ))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Enough of a text to find it by. A private key that somebody took for a public one does not
/// belong into a log.
fn shortened(text: &str) -> String {
    let start: String = text.chars().take(20).collect();
    let dots = if start.len() < text.len() { "..." } else { "" };
    format!("{}{dots}", start.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key and its fingerprint, as `ssh-keygen` made and printed them.
    const LINE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOPcbsVwsZPiVb1Uaen3P98rkO1cHcjebgD1ibmuzvS ci@example";
    const ID: &str = "SHA256:j8SIeghRgrMOnCmiyb6NhNbtBTDXsfAOuLy9uNEAPdI";

    #[test]
    fn keys_as_openssh_has_them() {
        let key: PublicKey = LINE.parse().expect("a key");
        assert_eq!(key.id().as_str(), ID);
        assert_eq!(key.id(), ID.parse().expect("a fingerprint"));
        assert_eq!(
            Some(key.to_string().as_str()),
            LINE.strip_suffix(" ci@example")
        );
        assert_eq!(key.to_string().parse(), Ok(key));
    }

    #[test]
    fn what_is_no_key() {
        let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDH";
        let short = format!(
            "ssh-ed25519 {}",
            BASE64_STANDARD.encode(string(b"ssh-ed25519"))
        );
        for (text, got) in [
            ("", ""),
            (rsa, "ssh-rsa AAAAB3NzaC1y..."),
            ("ssh-ed25519", "ssh-ed25519"),
            ("ssh-ed25519 !", "ssh-ed25519 !"),
            (&short, "ssh-ed25519 AAAAC3Nz..."),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----",
                "-----BEGIN OPENSSH P...",
            ),
        ] {
            assert_eq!(
                text.parse::<PublicKey>().expect_err(text).to_string(),
                format!(
                    "got `{got}`, want a public key of ed25519, as in \
                     `ssh-ed25519 AAAA... ci@example`"
                )
            );
        }
    }

    #[test]
    fn what_is_no_fingerprint() {
        for text in ["", "SHA256:", "SHA256:aGVsbG8", "MD5:1f:0c", &ID[7..]] {
            let error = text.parse::<KeyId>().expect_err(text).to_string();
            let want = "want a fingerprint, as `ssh-keygen -l` prints it: `SHA256:` and 43 letters";
            assert!(error.ends_with(want), "{error}");
        }
    }
}
