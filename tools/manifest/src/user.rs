//! Environments, and the namespaces of people among them: what `$USER` names.

use windlass_k8s_object::{Environment, Ownership, check_personal};

use crate::error::Cause;

/// An environment as the arguments have it.
pub(crate) fn environment(
    name: &str,
    namespace: &str,
    ownership: Ownership,
    forbidden: &[String],
) -> Result<Environment, Cause> {
    Environment::try_new(name, namespace, ownership, forbidden).map_err(|source| {
        Cause::Environment {
            environment: name.to_owned(),
            source,
        }
    })
}

/// Checks a personal namespace that setup makes. Of its text, before that is parsed: where `$USER`
/// names no namespace, what is rendered is no object.
pub(crate) fn check(environment: &str, text: &str, forbidden: &[String]) -> Result<(), Cause> {
    // What is no JSON is told when the object is parsed.
    let document = serde_json::from_str(text).unwrap_or_default();
    check_personal(&document, forbidden).map_err(|source| Cause::Environment {
        environment: environment.to_owned(),
        source,
    })
}
