//! The one error of this crate.

use std::fmt;

/// What a text was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
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
    use crate::{Digest, ImageReference, Registry, Repository, Tag};
    use strum::VariantNames as _;

    fn refused<T: std::str::FromStr<Err = ParseError> + std::fmt::Debug>(text: &str) -> ParseError {
        text.parse::<T>().expect_err(text)
    }

    #[test]
    fn every_kind_of_error_has_a_case() {
        let cases = [
            (
                "Digest",
                refused::<Digest>("sha256:12"),
                "digest: got `sha256:12`, want `sha256:` and 64 lower-case hex digits",
            ),
            (
                "Registry",
                refused::<Registry>("https://me:secret@ghcr.io"),
                "registry: got `...@ghcr.io`, want host or host:port, as in `localhost:31000` or \
                 `ghcr.io`",
            ),
            (
                "Repository",
                refused::<Repository>("demo/client"),
                "repository: got `demo/client`, want registry/path in lower case, as in \
                 `localhost:31000/demo/client`",
            ),
            (
                "Tag",
                refused::<Tag>(".x"),
                "tag: got `.x`, want a letter, digit or `_`, then up to 127 letters, digits, `_`, \
                 `.` or `-`",
            ),
            (
                "Image",
                refused::<ImageReference>("redis:8"),
                "image reference: got `redis:8`, want registry/path@sha256:<digest> or \
                 registry/path:<tag>, as in `localhost:31000/demo/client:v1`",
            ),
        ];
        for (kind, error, text) in &cases {
            assert_eq!(
                (<&str>::from(error.kind), error.to_string().as_str()),
                (*kind, *text)
            );
        }
        windlass_error_cases::complete(cases.iter().map(|(kind, ..)| *kind), Kind::VARIANTS);
    }

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
