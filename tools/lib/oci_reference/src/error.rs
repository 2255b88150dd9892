//! The one error of this crate.

use std::fmt;

/// What a text was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A [`crate::Digest`].
    Digest,
    /// A [`crate::Registry`].
    Registry,
    /// A [`crate::Repository`].
    Repository,
    /// A [`crate::Tag`].
    Tag,
    /// An [`crate::ImageReference`].
    Image,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Digest => "digest",
            Self::Registry => "registry",
            Self::Repository => "repository",
            Self::Tag => "tag",
            Self::Image => "image reference",
        })
    }
}

/// A text that names nothing, with what would.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: got `{got}`, want {want}")]
pub struct ParseError {
    /// What it was read as.
    pub kind: Kind,
    /// The text, without the user information that a pasted URL may hold.
    pub got: String,
    /// What is accepted.
    pub want: &'static str,
}

impl ParseError {
    pub(crate) fn new(kind: Kind, got: &str, want: &'static str) -> Self {
        Self {
            kind,
            got: without_credentials(got),
            want,
        }
    }
}

/// `user:password@` of a pasted URL must not reach a terminal or a log. An `@` before a digest
/// stays.
fn without_credentials(text: &str) -> String {
    let (before, digest) = match text.split_once("@sha256:") {
        Some((before, digest)) => (before, format!("@sha256:{digest}")),
        None => (text, String::new()),
    };
    match before.rsplit_once('@') {
        Some((_, after)) => format!("...@{after}{digest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_repeated() {
        for (text, said) in [
            ("https://me:secret@ghcr.io/a", "...@ghcr.io/a"),
            ("me:secret@ghcr.io/a@sha256:12", "...@ghcr.io/a@sha256:12"),
            ("ghcr.io/a@sha256:12", "ghcr.io/a@sha256:12"),
            ("redis", "redis"),
        ] {
            assert_eq!(without_credentials(text), said);
        }
    }
}
