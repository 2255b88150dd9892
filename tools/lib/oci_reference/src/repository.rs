//! `host[:port]/path`.

use crate::{Digest, ImageReference, Kind, ParseError, Registry, string_type};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

const WANT: &str = "registry/path in lower case, as in `localhost:31000/demo/client`";

/// One image's place in a registry, without tag or digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository {
    registry: Registry,
    path: String,
}

impl Repository {
    /// Joins a registry and a path (`demo/client`). On Docker Hub, `redis` is `library/redis`: there
    /// is no other place for a name of one part.
    pub fn new(registry: Registry, path: &str) -> Result<Self, ParseError> {
        if !is_path(path) {
            let whole = format!("{registry}/{path}");
            return Err(ParseError::new(Kind::Repository, &whole, WANT));
        }
        let is_official = registry.is_docker_hub() && !path.contains('/');
        let path = if is_official {
            format!("library/{path}")
        } else {
            path.to_owned()
        };
        Ok(Self { registry, path })
    }

    /// The registry.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The name within the registry: `demo/client`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The image with this digest.
    pub fn at(&self, digest: Digest) -> ImageReference {
        ImageReference::at(self.clone(), digest)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

impl FromStr for Repository {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new(Kind::Repository, text, WANT);
        let (registry, path) = text.split_once('/').ok_or_else(wrong)?;
        let registry: Registry = registry.parse().map_err(|_| wrong())?;
        // `demo/client` is a path in an unnamed registry, not the host `demo`.
        let named = registry.port().is_some()
            || registry.is_loopback()
            || registry.host().contains(['.', '[']);
        if !named {
            return Err(wrong());
        }
        Self::new(registry, path).map_err(|_| wrong())
    }
}

/// Components of lower-case letters and digits, joined within by `.`, `_`, `__` or dashes, and by
/// slashes; at most 255 characters (`<name>` of the distribution specification).
fn is_path(path: &str) -> bool {
    path.len() <= 255 && path.split('/').all(is_component)
}

fn is_component(component: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = component
        .split(letter)
        .filter(|between| !between.is_empty());
    component.starts_with(letter)
        && component.ends_with(letter)
        && separators
            .into_iter()
            .all(|s| matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

string_type!(Repository);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted() {
        for (text, registry, path) in [
            (
                "localhost:31000/demo/client",
                "localhost:31000",
                "demo/client",
            ),
            ("localhost/a", "localhost", "a"),
            ("ghcr.io/a/b/c", "ghcr.io", "a/b/c"),
            ("[::1]:5000/a", "[::1]:5000", "a"),
            (
                "ghcr.io/a.b/c_d/e__f/g--h/1",
                "ghcr.io",
                "a.b/c_d/e__f/g--h/1",
            ),
        ] {
            let repository: Repository = text.parse().expect(text);
            assert_eq!(repository.registry().to_string(), registry);
            assert_eq!(repository.path(), path);
            assert_eq!(repository.to_string(), text);
        }
    }

    #[test]
    fn official_images_of_docker_hub_are_in_library() {
        for (text, path) in [
            ("docker.io/alpine", "library/alpine"),
            ("index.docker.io/alpine", "library/alpine"),
            ("docker.io/library/alpine", "library/alpine"),
            ("docker.io/user/x", "user/x"),
            ("docker.io:5000/alpine", "alpine"),
            ("quay.io/alpine", "alpine"),
        ] {
            let repository: Repository = text.parse().expect(text);
            assert_eq!(repository.path(), path, "{text}");
            let (registry, path) = text.split_once('/').expect("has a path");
            let registry = registry.parse().expect(text);
            assert_eq!(Repository::new(registry, path).expect(text), repository);
        }
    }

    #[test]
    fn refused() {
        let long = format!("ghcr.io/{}", "a".repeat(256));
        for text in [
            "",
            "redis",
            "demo/client",
            "library/redis",
            "ghcr.io",
            "ghcr.io/",
            "ghcr.io//a",
            "ghcr.io/a/",
            "ghcr.io/A",
            "ghcr.io/a..b",
            "ghcr.io/a___b",
            "ghcr.io/-a",
            "ghcr.io/a_",
            "ghcr.io/a:v1",
            "ghcr.io/a b",
            "https://ghcr.io/a",
            "localhost:/a",
            &long,
        ] {
            let error = text.parse::<Repository>().expect_err(text).to_string();
            assert!(
                error.starts_with(&format!("repository: got `{text}`, want ")),
                "{error}"
            );
        }
    }

    #[test]
    fn joined() {
        let registry: Registry = "localhost:31000".parse().expect("parses");
        let joined = Repository::new(registry.clone(), "demo/client").expect("joins");
        assert_eq!(joined.to_string(), "localhost:31000/demo/client");
        assert!(Repository::new(registry, "Demo").is_err());
    }
}
