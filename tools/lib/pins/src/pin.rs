//! One pinned image.

use std::fmt;
use std::str::FromStr;

use windlass_oci_reference::{Digest, ImageReference, Repository};

/// One pinned image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    image: ImageReference,
    digest: Digest,
    /// The commit that it was built from.
    pub commit: Option<Commit>,
    /// What compiled it.
    pub toolchain: Option<Toolchain>,
    /// When it was published.
    pub time: Option<Time>,
    /// Who published it.
    pub who: Option<Who>,
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
            time: None,
            who: None,
        })
    }

    /// The image: a reference with a digest.
    pub fn image(&self) -> &ImageReference {
        &self.image
    }

    /// The same image in another repository.
    #[must_use]
    pub fn moved_to(&self, repository: &Repository) -> Self {
        let tag = self.image.tag().cloned();
        let tagged = tag.map(|tag| ImageReference::tagged(repository.clone(), tag));
        let image = match tagged {
            Some(tagged) => tagged.with_digest(self.digest),
            None => ImageReference::at(repository.clone(), self.digest),
        };
        Self {
            image,
            ..self.clone()
        }
    }

    /// The digest of that reference.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// A text that is none of what a pin says of its image.
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

/// Makes a type of texts that are a line, for people.
macro_rules! line {
    ($(#[doc = $doc:literal])+ $name:ident, $want:literal) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The words.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                if text.trim() == text && !text.is_empty() && !text.contains(char::is_control) {
                    return Ok(Self(text.to_owned()));
                }
                Err(ParseError {
                    got: text.escape_debug().to_string(),
                    want: $want,
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

line! {
    /// What compiled an image, in words: versions and flags.
    Toolchain, "a line of text, as in `rustc 1.97.1, --config=release`"
}

line! {
    /// Who published an image, in words: a person or a machine.
    Who, "a line of text, as in `alice@example.com`"
}

/// When an image was published: to the second, in UTC (RFC 3339), so that texts sort as times do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(String);

impl Time {
    /// The time, as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Time {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if is_time(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(ParseError {
            got: text.escape_debug().to_string(),
            want: "a time in UTC to the second, as in `2026-11-29T15:23:33Z`",
        })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_time(text: &str) -> bool {
    const FORM: &str = "0000-00-00T00:00:00Z";
    let fits = |(got, want): (u8, u8)| match want {
        b'0' => got.is_ascii_digit(),
        other => got == other,
    };
    if text.len() != FORM.len() || !text.bytes().zip(FORM.bytes()).all(fits) {
        return false;
    }
    let number = |from: usize, to: usize| text[from..to].parse().unwrap_or(u32::MAX);
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    // RFC 3339 has leap seconds, too.
    (1..=days).contains(&day) && number(11, 13) < 24 && number(14, 16) < 60 && number(17, 19) <= 60
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
        let text = "rustc 1.97.1, --config=release";
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
    fn people_and_machines() {
        let who: Who = "alice@example.com".parse().expect("somebody");
        assert_eq!(who.as_str(), "alice@example.com");
        let error = "".parse::<Who>().expect_err("nobody").to_string();
        assert_eq!(
            error,
            "got ``, want a line of text, as in `alice@example.com`"
        );
    }

    #[test]
    fn times() {
        let time = |text: &str| text.parse::<Time>();
        for text in [
            "2026-11-29T15:23:33Z",
            "2024-02-29T00:00:00Z",
            "2000-02-29T23:59:59Z",
            "2016-12-31T23:59:60Z",
        ] {
            assert_eq!(time(text).expect(text).as_str(), text);
        }
        for text in [
            "",
            "2026-11-29",
            "2026-11-29T15:23:33",
            "2026-11-29t15:23:33z",
            "2026-11-29T15:23:33+00:00",
            "2026-11-29T15:23:33.5Z",
            "2026-13-29T15:23:33Z",
            "2026-00-29T15:23:33Z",
            "2026-11-31T15:23:33Z",
            "2026-11-00T15:23:33Z",
            "2026-02-29T15:23:33Z",
            "1900-02-29T15:23:33Z",
            "2026-11-29T24:23:33Z",
            "2026-11-29T15:60:33Z",
            "2026-11-29T15:23:61Z",
            "2026-11-29T15:2\u{e9}:33Z",
        ] {
            let error = time(text).expect_err(text).to_string();
            assert!(error.contains("want a time in UTC"), "{error}");
        }
        let (early, late) = (time("2026-11-29T15:23:33Z"), time("2026-12-01T00:00:00Z"));
        assert!(early.expect("a time") < late.expect("a time"));
    }

    #[test]
    fn to_another_repository() {
        let digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let repository: Repository = "ghcr.io/acme/client".parse().expect("a repository");
        for tag in ["", ":v1"] {
            let image = format!("localhost:31000/demo/client{tag}@{digest}");
            let pin = Pin::try_new(image.parse().expect("an image")).expect("a digest");
            let pin = Pin {
                commit: "3f9c21a".parse().ok(),
                ..pin
            };
            let moved = pin.moved_to(&repository);
            let want = format!("ghcr.io/acme/client{tag}@{digest}");
            assert_eq!(moved.image().to_string(), want);
            assert_eq!((moved.digest(), &moved.commit), (pin.digest(), &pin.commit));
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
