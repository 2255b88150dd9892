//! Where something is inside an image.

use crate::Error;
use std::fmt;

const WANT: &str = "an absolute path without `.`, `..`, double or trailing slashes, as in `/app/x`";

/// A normal absolute path, not the root. Kept without the leading slash, as archives have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ImagePath(String);

impl ImagePath {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let normal = |part: &str| !matches!(part, "" | "." | "..");
        match text.strip_prefix('/') {
            Some(inner) if inner.split('/').all(normal) && !inner.contains(char::is_control) => {
                Ok(Self(inner.to_owned()))
            }
            _ => Err(Error::Value {
                what: "path in the image",
                got: text.to_owned(),
                want: WANT,
            }),
        }
    }

    /// The path below this one.
    pub(crate) fn join(&self, name: &str) -> Result<Self, Error> {
        Self::parse(&format!("{self}/{name}"))
    }

    /// The folder that this is in, `None` for the root.
    pub(crate) fn parent(&self) -> Option<Self> {
        Some(Self(self.0.rsplit_once('/')?.0.to_owned()))
    }

    /// Without the leading slash.
    pub(crate) fn inner(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_and_refused() {
        for text in ["/a", "/app/x", "/a b/ü", "/.hidden/..x"] {
            assert_eq!(ImagePath::parse(text).expect(text).to_string(), text);
        }
        for text in [
            "", "/", "a", "./a", "/a/", "//a", "/a//b", "/a/./b", "/a/../b", "/a\nb",
        ] {
            let error = ImagePath::parse(text).expect_err(text).to_string();
            assert!(error.starts_with(&format!(
                "path in the image: got `{text}`, want an absolute"
            )));
        }
    }

    #[test]
    fn family() {
        let path = ImagePath::parse("/a/b").expect("parses");
        let parent = path.parent().expect("has one");
        assert_eq!(parent.to_string(), "/a");
        assert_eq!(parent.parent(), None);
        assert_eq!(parent.join("b").expect("parses"), path);
        assert!(parent.join("..").is_err());
    }
}
