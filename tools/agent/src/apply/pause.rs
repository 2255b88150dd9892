//! The switch that stops an environment: a file of the repository, so that who stopped it, when and
//! why is in git, as all else is.
//!
//! ```json
//! {"prod": "the database is being moved; ask alice"}
//! ```

use std::collections::BTreeMap;

/// Why a file does not say what is paused. Then nothing is applied: who wrote it wanted something to stop.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum PauseError {
    /// Not the JSON of it.
    #[error("it is not {{\"prod\": \"why it is paused\"}}")]
    Json(#[source] serde_json::Error),
    /// An environment that nobody knows.
    #[error("got environment `{got}`, want {want}")]
    Environment {
        /// Its name.
        got: String,
        /// Those that there are.
        want: String,
    },
    /// No word of why.
    #[error("`{environment}` has no reason; say why it is paused")]
    Reason {
        /// The environment.
        environment: String,
    },
}

/// Why an environment is paused; `None` if it is not.
///
/// # Errors
/// The file does not say.
pub fn reason(
    text: &[u8],
    name: &str,
    environments: &[String],
) -> Result<Option<String>, PauseError> {
    let mut paused: BTreeMap<String, String> =
        serde_json::from_slice(text).map_err(PauseError::Json)?;
    for (environment, reason) in &paused {
        if !environments.contains(environment) {
            let names: Vec<_> = environments.iter().map(|one| format!("`{one}`")).collect();
            return Err(PauseError::Environment {
                got: environment.clone(),
                want: names.join(" or "),
            });
        }
        if reason.trim().is_empty() {
            return Err(PauseError::Reason {
                environment: environment.clone(),
            });
        }
    }
    Ok(paused.remove(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantNames as _;

    fn of(text: &str) -> Result<Option<String>, PauseError> {
        reason(
            text.as_bytes(),
            "prod",
            &["prod".to_owned(), "dev".to_owned()],
        )
    }

    #[test]
    fn what_is_named_is_paused() {
        assert_eq!(of("{}").expect("reads"), None);
        assert_eq!(of(r#"{"dev": "ask bob"}"#).expect("reads"), None);
        let paused = of(r#"{"dev": "ask bob", "prod": "ask alice"}"#);
        assert_eq!(paused.expect("reads").as_deref(), Some("ask alice"));
    }

    #[test]
    fn what_does_not_say_it_is_no_permission() {
        let cases = [
            (
                "Json",
                "paused",
                "it is not {\"prod\": \"why it is paused\"}",
            ),
            (
                "Environment",
                r#"{"prdo": "ask alice"}"#,
                "got environment `prdo`, want `prod` or `dev`",
            ),
            (
                "Reason",
                r#"{"prod": " "}"#,
                "`prod` has no reason; say why it is paused",
            ),
        ];
        for (variant, text, want) in cases {
            let error = of(text).expect_err(text);
            assert_eq!((<&str>::from(&error), &*error.to_string()), (variant, want));
        }
        windlass_error_cases::complete(cases.map(|case| case.0), PauseError::VARIANTS);
    }
}
