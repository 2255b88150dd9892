//! `manifest check`: whether Kubernetes takes an object as it is rendered, and the policy too.

use std::path::PathBuf;

use serde_json::Value;
use windlass_k8s_object::Ownership;
use windlass_k8s_schema::{Definition, Problem, Schemas, definitions};

use crate::cli::{Check, Messages};
use crate::error::{Cause, Error};
use crate::file;
use crate::known::Known;
use crate::policy::{self, Rule, Violation};
use crate::user;

/// Rules that are looked at here.
const ASKED: [Rule; 3] = [Rule::Deprecated, Rule::Privileged, Rule::Requests];

/// Checks by each version; what the first of them refuses is said. Gives what else there is to say.
///
/// # Errors
/// See [`Error`].
pub fn run(arguments: &Check, known: &mut Known) -> Result<Vec<String>, Error> {
    let mut checked = || {
        let text = file::read(&arguments.src)?;
        let environment = &arguments.environment_name;
        if let Some(namespace) = &arguments.user {
            user::environment(environment, namespace, Ownership::Personal, &[])?;
        }
        user::check(environment, &text, &[])?;
        let object = file::parsed(&arguments.src, &text)?;
        let custom = custom(&arguments.crd)?;
        let mut is_deprecated = false;
        for path in &arguments.schema {
            let schemas = known.schemas(path)?;
            is_deprecated |= if custom.is_empty() {
                suits(schemas, object.document(), arguments)?
            } else {
                let mut schemas = schemas.clone();
                for one in &custom {
                    schemas.define(one.clone());
                }
                suits(&schemas, object.document(), arguments)?
            };
        }
        let violations = policy::of_rendered(object.document());
        let idle = policy::idle(&arguments.label, &arguments.waive, &ASKED, |rule| {
            policy::breaks(&violations, rule) || rule == Rule::Deprecated && is_deprecated
        });
        let mut violations = policy::waive(violations, &arguments.waive);
        for messages in &arguments.messages {
            violations.extend(said(messages)?);
        }
        if !violations.is_empty() {
            return Err(Cause::Violations {
                path: arguments.src.clone(),
                violations,
            });
        }
        file::write(&arguments.out, "")?;
        Ok(idle)
    };
    checked().map_err(|cause| Error {
        task: "check",
        label: arguments.label.clone(),
        cause: Box::new(cause),
    })
}

fn said(messages: &Messages) -> Result<Vec<Violation>, Cause> {
    let Messages { policy, path } = messages;
    policy::of_messages(policy, &file::read(path)?).map_err(|source| Cause::Messages {
        policy: policy.clone(),
        source,
    })
}

fn custom(paths: &[PathBuf]) -> Result<Vec<Definition>, Cause> {
    let mut all = Vec::new();
    for path in paths {
        let object = file::object(path)?;
        let own = definitions(object.document()).map_err(|source| Cause::Definition {
            path: path.clone(),
            source,
        })?;
        all.extend(own);
    }
    Ok(all)
}

/// Gives whether its kind is deprecated, where that is waived.
fn suits(schemas: &Schemas, document: &Value, arguments: &Check) -> Result<bool, Cause> {
    let mut findings = schemas.check(document);
    let all = findings.len();
    if arguments.waive.contains(&Rule::Deprecated) {
        findings.retain(|finding| !matches!(finding.problem, Problem::DeprecatedKind(_)));
    }
    if findings.is_empty() {
        return Ok(all > 0);
    }
    Err(Cause::Findings {
        path: arguments.src.clone(),
        kubernetes: schemas.kubernetes(),
        findings,
    })
}
