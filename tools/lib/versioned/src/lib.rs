//! JSON of one version: the request beside a launcher, a lock, a saved plan.
//!
//! Its field `version` is read before all others, so that what another windlass wrote is told as
//! such, and not as a field that this one does not know.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Why there is no document. Whoever asks says of which file.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// The file cannot be read.
    #[error(transparent)]
    Read(std::io::Error),
    /// It is not JSON, or has other fields.
    #[error(transparent)]
    Parse(serde_json::Error),
    /// It is of another version.
    #[error("version: got {got}, want {want}")]
    Version {
        /// Its version.
        got: u32,
        /// The one that is read here.
        want: u32,
    },
}

/// Reads a file.
///
/// # Errors
/// See [`Error`].
pub fn read<T: DeserializeOwned>(path: &Path, want: u32) -> Result<T, Error> {
    parse(&std::fs::read(path).map_err(Error::Read)?, want)
}

/// Parses what stands in a file. `T` has the field `version`, too.
///
/// # Errors
/// It is not JSON of this version and form.
pub fn parse<T: DeserializeOwned>(json: &[u8], want: u32) -> Result<T, Error> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let Versioned { version: got } = serde_json::from_slice(json).map_err(Error::Parse)?;
    if got != want {
        return Err(Error::Version { got, want });
    }
    serde_json::from_slice(json).map_err(Error::Parse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantNames as _;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Request {
        version: u32,
        label: String,
    }

    fn of(text: &str) -> Result<Request, Error> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("request.json");
        std::fs::write(&file, text).expect("writes");
        read(&file, 1)
    }

    #[test]
    fn what_this_version_has_is_read() {
        let want = Request {
            version: 1,
            label: "//a".to_owned(),
        };
        assert_eq!(
            of(r#"{"version": 1, "label": "//a"}"#).expect("reads"),
            want
        );
    }

    #[test]
    fn every_error_has_a_case() {
        let missing = || read(Path::new("/nowhere/x"), 1);
        let cases: [(_, Result<Request, _>, _); 5] = [
            ("Read", missing(), "No such file or directory (os error 2)"),
            ("Parse", of("{]"), "key must be a string at line 1 column 2"),
            (
                "Parse",
                of(r#"{"label": "//a"}"#),
                "missing field `version` at line 1 column 16",
            ),
            (
                "Parse",
                of(r#"{"version": 1, "more": 1}"#),
                "unknown field `more`, expected `version` or `label` at line 1 column 21",
            ),
            (
                "Version",
                of(r#"{"version": 2, "more": 1}"#),
                "version: got 2, want 1",
            ),
        ];
        for (variant, read, text) in &cases {
            let error = read.as_ref().expect_err(text);
            assert_eq!(
                (<&str>::from(error), error.to_string().as_str()),
                (*variant, *text)
            );
        }
        windlass_error_cases::complete(cases.iter().map(|case| case.0), Error::VARIANTS);
    }
}
