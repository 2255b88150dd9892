//! Pins: which image an environment runs, from the lock file of a service.
//!
//! ```json
//! {"prod": {"client": {"image": "localhost:31000/demo/client@sha256:...", "commit": "...", "toolchain": "..."}}}
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use windlass_oci_reference::{ImageReference, Repository};

/// The annotation of an object whose environment has no pin for some of its images: their keys.
/// Such an object can be built and looked at; it cannot be applied.
pub const UNPINNED: &str = "windlass.dev/unpinned";

/// The lock file: environment -> image key -> pin.
pub type Lock = BTreeMap<String, BTreeMap<String, Pin>>;

/// One pinned image.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The image: a reference with a digest.
    pub image: ImageReference,
    /// The commit that it was built from.
    #[serde(default)]
    pub commit: Option<String>,
    /// What compiled it: versions and flags.
    #[serde(default)]
    pub toolchain: Option<String>,
}

/// Why a lock file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// It is not of the form that is documented above.
    #[error("got JSON of another form, want {{environment: {{key: {{\"image\": ...}}}}}}")]
    Form(#[from] serde_json::Error),
    /// A pin that names no digest: a tag can be moved.
    #[error("{environment}.{key}.image: got `{got}`, want one with a digest: `{got}@sha256:...`")]
    NoDigest {
        /// The environment.
        environment: String,
        /// The image's key.
        key: String,
        /// The reference.
        got: String,
    },
}

/// What an environment runs: for each key a pinned reference, or the name that stands for none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pinned {
    /// Keys that have a pin.
    pub images: BTreeMap<String, ImageReference>,
    /// Keys that have none.
    pub unpinned: BTreeMap<String, String>,
}

/// Takes the pins of one environment.
pub fn pinned(
    lock: &str,
    environment: &str,
    keys: &[(String, Repository)],
) -> Result<Pinned, PinError> {
    let lock: Lock = serde_json::from_str(lock)?;
    check(&lock)?;
    let mut pinned = Pinned::default();
    for (key, repository) in keys {
        match lock.get(environment).and_then(|pins| pins.get(key)) {
            Some(pin) => {
                pinned.images.insert(key.clone(), pin.image.clone());
            }
            None => {
                pinned
                    .unpinned
                    .insert(key.clone(), format!("{repository}:unpinned"));
            }
        }
    }
    Ok(pinned)
}

fn check(lock: &Lock) -> Result<(), PinError> {
    for (environment, pins) in lock {
        for (key, pin) in pins {
            if pin.image.digest().is_none() {
                return Err(PinError::NoDigest {
                    environment: environment.clone(),
                    key: key.clone(),
                    got: pin.image.to_string(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn keys() -> Vec<(String, Repository)> {
        let repository = "localhost:31000/demo/client".parse().expect("repository");
        vec![("client".to_owned(), repository)]
    }

    #[test]
    fn a_pin_of_this_environment() {
        let image = format!("localhost:31000/demo/client@{DIGEST}");
        let lock = format!(r#"{{"prod": {{"client": {{"image": "{image}", "commit": "1f0c"}}}}}}"#);
        let got = pinned(&lock, "prod", &keys()).expect("pins");
        assert_eq!(got.images["client"].to_string(), image);
        assert!(got.unpinned.is_empty());
    }

    #[test]
    fn an_environment_without_a_pin_is_marked() {
        let got = pinned("{}", "prod", &keys()).expect("no pins");
        assert!(got.images.is_empty());
        assert_eq!(
            got.unpinned["client"],
            "localhost:31000/demo/client:unpinned"
        );
    }

    #[test]
    fn a_tag_alone_is_refused() {
        let lock = r#"{"dev": {"client": {"image": "localhost:31000/demo/client:v1"}}}"#;
        let error = pinned(lock, "prod", &keys()).expect_err("refused");
        assert_eq!(
            error.to_string(),
            "dev.client.image: got `localhost:31000/demo/client:v1`, want one with a digest: \
             `localhost:31000/demo/client:v1@sha256:...`"
        );
    }

    #[test]
    fn another_form_is_refused() {
        for lock in [
            "[]",
            r#"{"prod": {"client": "x"}}"#,
            r#"{"prod": {"client": {"imgae": ""}}}"#,
        ] {
            let error = pinned(lock, "prod", &keys())
                .expect_err("refused")
                .to_string();
            assert!(error.starts_with("got JSON of another form"), "{error}");
        }
    }
}
