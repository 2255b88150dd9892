//! `host[:port]/path[:tag][@digest]`, with a tag, a digest or both.

use crate::{Digest, Kind, ParseError, Repository, string_type};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

const WANT_TAG: &str = "a letter, digit or `_`, then up to 127 letters, digits, `_`, `.` or `-`";
const WANT: &str =
    "registry/path@sha256:<digest> or registry/path:<tag>, as in `localhost:31000/demo/client:v1`";

/// A name that a registry may point elsewhere at any time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

impl Tag {
    /// The tag that keeps an image in a local registry for good, which removes what tags have moved
    /// off (ADR 16). No namespace, which is a tag there too, has an underscore in its name.
    pub fn kept(digest: &Digest) -> Self {
        Self(format!("kept_{}", digest.short()))
    }

    /// The tag's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Tag {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let fits = text.len() <= 128
            && text.starts_with(word)
            && text.chars().all(|c| word(c) || matches!(c, '.' | '-'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new(Kind::Tag, text, WANT_TAG))
        }
    }
}

string_type!(Tag);

/// One image in one registry. Has a tag, a digest or both; where it has both, the digest counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageReference {
    repository: Repository,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

impl ImageReference {
    /// The image with this digest: the same bytes for ever.
    pub fn at(repository: Repository, digest: Digest) -> Self {
        Self {
            repository,
            tag: None,
            digest: Some(digest),
        }
    }

    /// What a tag points to; another image at another time.
    pub fn tagged(repository: Repository, tag: Tag) -> Self {
        Self {
            repository,
            tag: Some(tag),
            digest: None,
        }
    }

    /// The same name, with the digest that it has been found to have.
    #[must_use]
    pub fn with_digest(self, digest: Digest) -> Self {
        Self {
            digest: Some(digest),
            ..self
        }
    }

    /// Where the image is.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag where one is written.
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest where one is written.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for ImageReference {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new(Kind::Image, text, WANT);
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        // A colon before the last slash is a port's.
        let tag_at = name
            .rfind(':')
            .filter(|colon| !name[*colon..].contains('/'));
        let (repository, tag) = match tag_at {
            Some(colon) => {
                let tag = name[colon + 1..].parse().map_err(|_| wrong())?;
                (&name[..colon], Some(tag))
            }
            None => (name, None),
        };
        let repository = repository.parse().map_err(|_| wrong())?;
        if tag.is_none() && digest.is_none() {
            return Err(wrong());
        }
        Ok(Self {
            repository,
            tag,
            digest,
        })
    }
}

string_type!(ImageReference);

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn accepted() {
        for (text, repository, tag, digest) in [
            (
                "localhost:31000/demo/client:v1",
                "localhost:31000/demo/client",
                Some("v1"),
                false,
            ),
            ("ghcr.io/a@D", "ghcr.io/a", None, true),
            ("ghcr.io/a:V_1.2-x@D", "ghcr.io/a", Some("V_1.2-x"), true),
            ("[::1]:5000/a:8", "[::1]:5000/a", Some("8"), false),
            ("localhost/a:5000", "localhost/a", Some("5000"), false),
        ] {
            let text = text.replace('D', DIGEST);
            let image: ImageReference = text.parse().expect(&text);
            assert_eq!(image.repository().to_string(), repository);
            assert_eq!(image.tag().map(Tag::as_str), tag);
            assert_eq!(image.digest().is_some(), digest);
            assert_eq!(image.to_string(), text);
        }
    }

    #[test]
    fn official_images_of_docker_hub_are_in_library() {
        let image: ImageReference = "docker.io/alpine:3".parse().expect("parses");
        assert_eq!(image.to_string(), "docker.io/library/alpine:3");
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "client",
            "redis:8",
            "demo/client:v1",
            "localhost:31000/demo/client",
            "ghcr.io/a:",
            "ghcr.io/a:.x",
            "ghcr.io/a@sha256:12",
            "localhost:31000:v1",
            &format!("@{DIGEST}"),
            &format!("ghcr.io/a:{}", "t".repeat(129)),
        ] {
            let error = text.parse::<ImageReference>().expect_err(text).to_string();
            assert!(
                error.starts_with(&format!("image reference: got `{text}`, want ")),
                "{error}"
            );
        }
        assert!("ghcr.io/a@".parse::<ImageReference>().is_err());
    }

    #[test]
    fn built_from_a_repository() {
        let repository: Repository = "localhost:31000/demo/client".parse().expect("parses");
        let digest: Digest = DIGEST.parse().expect("parses");
        assert_eq!(
            repository.at(digest).to_string(),
            format!("localhost:31000/demo/client@{DIGEST}")
        );
    }
}
