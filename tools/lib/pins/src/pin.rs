//! One pinned image.

use std::fmt;
use std::str::FromStr;

use windlass_oci_reference::{Digest, ImageReference};

/// One pinned image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    image: ImageReference,
    digest: Digest,
    /// The commit that it was built from.
    pub commit: Option<Commit>,
    /// What compiled it.
    pub toolchain: Option<Toolchain>,
}

impl Pin {
    /// A pin of an image, which must have a digest: `None` without one.
    pub fn try_new(image: ImageReference) -> Option<Self> {
        let digest = *image.digest()?;
        Some(Self {
            image,
            digest,
            commit: None,
            toolchain: None,
        })
    }

    /// The image: a reference with a digest.
    pub fn image(&self) -> &ImageReference {
        &self.image
    }

    /// The digest of that reference.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// A text that is no [`Commit`] or no [`Toolchain`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("got `{got}`, want {want}")]
pub struct ParseError {
    pub(crate) got: String,
    pub(crate) want: &'static str,
}

/// A commit, by its hash: a branch or a tag can be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit(String);

impl Commit {
    /// The hash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first 12 digits, for people.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl FromStr for Commit {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let digits = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        // From git's short form to a whole SHA-256.
        if digits && (7..=64).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(ParseError {
            got: text.to_owned(),
            want: "a commit's hash: 7 to 64 lower-case hex digits",
        })
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What compiled an image, in words: versions and flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain(String);

impl Toolchain {
    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Toolchain {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.trim() == text && !text.is_empty() && !text.contains(char::is_control) {
            return Ok(Self(text.to_owned()));
        }
        Err(ParseError {
            got: text.escape_debug().to_string(),
            want: "a line of text, as in `rustc 1.94.0, --config=release`",
        })
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits() {
        let whole = "3f9c21a0".repeat(5);
        let commit: Commit = whole.parse().expect("a commit");
        assert_eq!((commit.as_str(), commit.short()), (&*whole, "3f9c21a03f9c"));
        let short: Commit = "3f9c21a".parse().expect("a commit");
        assert_eq!(short.short(), "3f9c21a");
        for text in ["", "main", "v1.2.3", "3F9C21A", "3f9c21", &"0".repeat(65)] {
            assert_eq!(
                text.parse::<Commit>().expect_err(text).to_string(),
                format!("got `{text}`, want a commit's hash: 7 to 64 lower-case hex digits")
            );
        }
    }

    #[test]
    fn toolchains() {
        let text = "rustc 1.94.0, --config=release";
        let toolchain: Toolchain = text.parse().expect("a toolchain");
        assert_eq!(toolchain.as_str(), text);
        for (text, said) in [("", ""), (" x", " x"), ("a\nb", "a\\nb")] {
            let error = text.parse::<Toolchain>().expect_err(text).to_string();
            assert!(
                error.starts_with(&format!("got `{said}`, want a line of text")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_tag_alone_is_no_pin() {
        let image = "localhost:31000/demo/client:v1"
            .parse()
            .expect("a reference");
        assert_eq!(Pin::try_new(image), None);
    }
}
