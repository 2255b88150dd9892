//! `sha256:<hex>`.

use crate::{Kind, ParseError, string_type};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

const WANT: &str = "`sha256:` and 64 lower-case hex digits";

/// The SHA-256 of some bytes: what a registry knows a blob or a manifest by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes something small that is in memory: a manifest, a config, a request. Layers are
    /// hashed while they are written, with a faster implementation, and come in through
    /// [`Digest::from_sha256`].
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest whose 32 bytes are known.
    pub fn from_sha256(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 64 hex digits, without `sha256:`. A blob's file name in an OCI layout.
    pub fn hex(&self) -> String {
        use fmt::Write as _;
        self.0
            .iter()
            .fold(String::with_capacity(64), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
    }

    /// The first 12 hex digits, for people.
    pub fn short(&self) -> String {
        self.hex()[..12].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new(Kind::Digest, text, WANT);
        let hex = text.strip_prefix("sha256:").ok_or_else(wrong)?;
        let digits = hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if hex.len() != 64 || !digits {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

string_type!(Digest);

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn known_answer() {
        assert_eq!(Digest::of(b"abc").to_string(), ABC);
        assert_eq!(ABC.parse::<Digest>().expect("parses").to_string(), ABC);
        assert_eq!(Digest::of(b"abc").short(), "ba7816bf8f01");
    }

    #[test]
    fn refused() {
        let upper = ABC.to_uppercase().replace("SHA256", "sha256");
        let (short, sha512) = (&ABC[..70], ABC.replace("sha256", "sha512"));
        for text in [
            "",
            "sha256:",
            "ba7816bf",
            short,
            &upper,
            &sha512,
            &format!("{ABC} "),
        ] {
            let error = text.parse::<Digest>().expect_err(text).to_string();
            assert_eq!(
                error,
                format!("digest: got `{text}`, want `sha256:` and 64 lower-case hex digits")
            );
        }
    }

    #[test]
    fn json_is_a_string() {
        let json = format!("\"{ABC}\"");
        let digest: Digest = serde_json::from_str(&json).expect("reads");
        assert_eq!(serde_json::to_string(&digest).expect("writes"), json);
        assert!(serde_json::from_str::<Digest>("\"sha256:12\"").is_err());
    }
}
