//! Why a lock file cannot be used.

/// A lock file that says nothing, or not clearly. Places are paths: `prod.client.image`.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum LockError {
    /// It is no JSON.
    #[error("it is not JSON")]
    Json(#[source] serde_json::Error),
    /// A value of another form.
    #[error("{place}: got {got}, want {want}")]
    Value {
        /// Where it stands.
        place: String,
        /// What it is.
        got: String,
        /// What is accepted.
        want: &'static str,
    },
    /// A key that stands in one object twice.
    #[error("`{place}` stands there twice; remove one")]
    Twice {
        /// The key, behind what it is in: `prod.client`.
        place: String,
    },
    /// A key of a pin that means nothing.
    #[error("{place}: got key `{got}`, want {want}")]
    UnknownKey {
        /// The pin.
        place: String,
        /// The key.
        got: String,
        /// Those that there are.
        want: String,
    },
    /// A pin of nothing.
    #[error("{place}: key `image` is missing")]
    NoImage {
        /// The pin.
        place: String,
    },
    /// A reference that names no digest.
    #[error("{place}: got `{got}`, want one with a digest: `{got}@sha256:...`")]
    NoDigest {
        /// Where it stands.
        place: String,
        /// The reference.
        got: String,
    },
    /// Pins of an environment that has none.
    #[error("got environment `{got}`, want {want}")]
    UnknownEnvironment {
        /// The environment.
        got: String,
        /// Those that there are.
        want: String,
    },
    /// A pin that nothing uses.
    #[error("{environment}: got image key `{got}`, want {want}")]
    UnknownImage {
        /// The environment.
        environment: String,
        /// The image's key.
        got: String,
        /// Those that there are.
        want: String,
    },
    /// An image of a protected environment that is not where the constants say.
    #[error("{place}: got repository `{got}`, want `{want}`")]
    ForeignImage {
        /// Where it stands.
        place: String,
        /// Its repository.
        got: String,
        /// The one of the constants.
        want: String,
    },
}
