//! What is asked of objects beyond the schema, and what may be waived with a reason.

use std::fmt;

use clap::ValueEnum;
use serde_json::Value;
use windlass_k8s_object::images::{self, Completeness, completeness};

/// A rule that a target may waive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Rule {
    /// No API version that is deprecated where its successor is there.
    Deprecated,
    /// Images of a pinned environment have a digest.
    Digests,
    /// No image of the tag `latest`.
    Latest,
    /// No container that is privileged, and no pod in namespaces of its node.
    Privileged,
    /// Each container says how much processor and memory it needs.
    Requests,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no variant is skipped");
        f.write_str(value.get_name())
    }
}

/// A field that a rule is against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule: one of [`Rule`], or a policy of the repository.
    pub rule: String,
    /// The field and what is wrong with it.
    pub text: String,
}

impl Violation {
    fn new(rule: &impl ToString, text: impl Into<String>) -> Self {
        let (rule, text) = (rule.to_string(), text.into());
        Self { rule, text }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.rule)
    }
}

/// What an object is refused for as it is rendered.
pub fn of_rendered(document: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    let Some((path, pod)) = images::pod_spec(document) else {
        return found;
    };
    for namespace in ["hostNetwork", "hostPID", "hostIPC"] {
        if pod.get(namespace) == Some(&Value::Bool(true)) {
            let text = format!("{path}.{namespace}: the pod is in a namespace of its node");
            found.push(Violation::new(&Rule::Privileged, text));
        }
    }
    for (path, container) in images::containers(document) {
        if container.pointer("/securityContext/privileged") == Some(&Value::Bool(true)) {
            let text = format!("{path}.securityContext.privileged: the container may do anything");
            found.push(Violation::new(&Rule::Privileged, text));
        }
        for resource in ["cpu", "memory"] {
            let requested = container.pointer(&format!("/resources/requests/{resource}"));
            if requested.is_none_or(Value::is_null) {
                let text = format!("{path}.resources.requests.{resource}: is missing");
                found.push(Violation::new(&Rule::Requests, text));
            }
        }
    }
    found
}

/// Whether an environment runs only what a digest names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Images {
    /// They are built here, or named by whatever their owner wishes.
    Any,
    /// They are pinned.
    Pinned,
}

/// What an object is refused for when its images are known.
pub fn of_images(images: &[(String, String)], environment: Images) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, image) in images {
        let got = format!("{path}: got `{image}`");
        match completeness(image) {
            Completeness::Digest => {}
            _ if image.ends_with(":latest") => {
                let text = format!("{got}, which is another image each day");
                found.push(Violation::new(&Rule::Latest, text));
            }
            _ if environment == Images::Pinned => {
                let text = format!("{got}, want one with a digest");
                found.push(Violation::new(&Rule::Digests, text));
            }
            _ => {}
        }
    }
    found
}

/// What an object is refused for by a policy of the repository: the list of texts that it gave.
///
/// # Errors
/// When it is no list of texts.
pub fn of_messages(policy: &str, text: &str) -> Result<Vec<Violation>, serde_json::Error> {
    let messages: Vec<String> = serde_json::from_str(text)?;
    let violations = messages.into_iter();
    Ok(violations
        .map(|text| Violation::new(&policy, text))
        .collect())
}

/// What is left when violations of waived rules are gone.
pub fn waive(mut violations: Vec<Violation>, waived: &[Rule]) -> Vec<Violation> {
    let waived: Vec<_> = waived.iter().map(ToString::to_string).collect();
    violations.retain(|violation| !waived.contains(&violation.rule));
    violations
}

/// What is said of waivers of rules that an object would not have broken. `asked` are the rules that
/// were looked at, and `broken` tells of each whether it is.
pub fn idle(
    label: &str,
    waived: &[Rule],
    asked: &[Rule],
    broken: impl Fn(Rule) -> bool,
) -> Vec<String> {
    let idle = waived.iter().filter(|rule| asked.contains(rule));
    let idle = idle.filter(|rule| !broken(**rule));
    idle.map(|rule| format!("warning: `{label}` waives `{rule}`, and breaks no such rule"))
        .collect()
}

/// Whether one of the violations is of a rule.
pub fn breaks(violations: &[Violation], rule: Rule) -> bool {
    let rule = rule.to_string();
    violations.iter().any(|violation| violation.rule == rule)
}
