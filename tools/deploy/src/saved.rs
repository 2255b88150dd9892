//! Plans in files: what one run has shown, the next one does, or refuses.
//!
//! A saved plan names each step, and the state that it begins at: the object's uid, a digest of
//! what is desired, and one of the fields that change with their values before and after. A status,
//! or a field that the plan leaves alone, may change meanwhile. Values are not in the file, and of
//! Secrets no digests either.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::compare::changes;
use crate::desired::{Desired, DesiredObject};
use crate::inventory::ManifestDigest;
use crate::plan::{Live, Plan, Seen};
use crate::request::DeployRequest;
use crate::session::Place;
use windlass_k8s_diff::mask::is_secret;
use windlass_whole_file::{Readers, replace};

/// The version of the file.
pub const VERSION: u32 = 1;

/// A plan, as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SavedPlan {
    /// [`VERSION`].
    pub version: u32,
    /// The verb.
    pub verb: String,
    /// The target.
    pub target: String,
    /// The environment.
    pub environment: String,
    /// The uid of the cluster's `kube-system`; `null` if we may not read it.
    pub cluster: Option<String>,
    /// The images that are pushed.
    pub images: Vec<String>,
    /// The steps, by object: `Deployment.apps alice/server`.
    pub steps: BTreeMap<String, Step>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Step {
    /// What happens, as the result document has it; `prune` for what nobody describes any more.
    pub action: String,
    /// The uid of the object; `null` if it is not there.
    pub uid: Option<String>,
    /// The digest of what is desired; `null` where nothing is.
    pub desired: Option<String>,
    /// The claims that go with it.
    #[serde(default)]
    pub claims: Vec<String>,
    /// The fields that change.
    pub fields: Vec<String>,
    /// The digest of these fields, before and after; `null` where none change.
    pub change: Option<String>,
}

/// Why a plan in a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum SavedPlanError {
    /// The file is not there, or holds no plan of this version.
    #[error("cannot read it")]
    Read(#[source] windlass_versioned::Error),
    /// The file cannot be written.
    #[error("cannot write it")]
    Write(#[source] std::io::Error),
}

impl SavedPlan {
    /// The plan of a run.
    pub fn of(
        request: &DeployRequest,
        place: &Place,
        desired: &Desired,
        seen: &Seen,
        plan: &Plan,
    ) -> Self {
        let mut steps = BTreeMap::new();
        for (at, object) in desired.objects.iter().enumerate() {
            let (live, action) = (&seen.objects[at], &plan.actions[at]);
            let step = Step {
                action: action.word().to_owned(),
                uid: uid_of(live),
                desired: manifest(object),
                claims: claims(plan, at),
                fields: action.fields().to_vec(),
                change: change(live),
            };
            steps.insert(object.object.key().plain(), step);
        }
        for prune in plan.prunes.iter().filter(|prune| prune.action.is_write()) {
            let step = Step {
                action: "prune".to_owned(),
                uid: prune.action.deletes().map(str::to_owned),
                desired: None,
                claims: Vec::new(),
                fields: Vec::new(),
                change: None,
            };
            steps.insert(prune.key.plain(), step);
        }
        let image = |at: &usize| desired.images[*at].reference.to_string();
        Self {
            version: VERSION,
            verb: request.verb.as_str().to_owned(),
            target: request.target.clone(),
            environment: request.environment.name.clone(),
            cluster: place.id.clone(),
            images: plan.pushes.iter().map(image).collect(),
            steps,
        }
    }

    /// Reads a plan.
    pub fn read(path: &Path) -> Result<Self, SavedPlanError> {
        windlass_versioned::read(path, VERSION).map_err(SavedPlanError::Read)
    }

    /// Writes the plan, as a whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), SavedPlanError> {
        let text = serde_json::to_string_pretty(self).expect("plain data is JSON") + "\n";
        let write = |file: &mut File| file.write_all(text.as_bytes());
        replace(path, Readers::AsBefore, write).map_err(SavedPlanError::Write)
    }

    /// What this plan does that the other one would not do, a line each.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for (what, saved, now) in [
            ("verb", &self.verb, &now.verb),
            ("target", &self.target, &now.target),
            ("environment", &self.environment, &now.environment),
        ] {
            if saved != now {
                lines.push(format!("{what}: got `{now}`, want `{saved}` as planned"));
            }
        }
        if self.cluster != now.cluster {
            lines.push("it is for another cluster".to_owned());
        }
        if self.images != now.images {
            let (planned, now) = (self.images.len(), now.images.len());
            lines.push(format!(
                "images to push: {planned} planned, {now} now, or others"
            ));
        }
        let names = self.steps.keys().chain(now.steps.keys());
        let mut names: Vec<&String> = names.collect();
        names.sort();
        names.dedup();
        for name in names {
            let (saved, now) = (self.steps.get(name), now.steps.get(name));
            if saved != now {
                lines.push(format!("{name}: {}", difference(saved, now)));
            }
        }
        lines
    }
}

fn difference(saved: Option<&Step>, now: Option<&Step>) -> String {
    let (Some(saved), Some(now)) = (saved, now) else {
        return match saved {
            Some(saved) => format!("planned to {}, not there now", saved.action),
            None => "not in the plan".to_owned(),
        };
    };
    if saved.desired != now.desired {
        return "described otherwise by now".to_owned();
    }
    if saved.action != now.action {
        return format!("planned `{}`, now `{}`", saved.action, now.action);
    }
    if saved.uid != now.uid {
        return "another object by now".to_owned();
    }
    "changed meanwhile".to_owned()
}

fn uid_of(live: &Live) -> Option<String> {
    let uid = live.object()?["metadata"]["uid"].as_str();
    uid.map(str::to_owned)
}

/// The digest of the whole manifest. None of a Secret's: short values can be guessed from it.
fn manifest(desired: &DesiredObject) -> Option<String> {
    let document = desired.object.document();
    (!is_secret(document)).then(|| ManifestDigest::of(document).to_string())
}

fn claims(plan: &Plan, at: usize) -> Vec<String> {
    let of_it = plan.claims.iter().filter(|claims| claims.set == at);
    of_it.flat_map(|claims| claims.names.clone()).collect()
}

/// The digest of the fields that change. None of a Secret's.
fn change(live: &Live) -> Option<String> {
    let Live::Found {
        object,
        dry_run: Some(Ok(result)),
    } = live
    else {
        return None;
    };
    let fields = changes(object, result).into_iter();
    let fields: Vec<_> = fields
        .map(|field| json!([field.path, field.before, field.after]))
        .collect();
    (!fields.is_empty() && !is_secret(object))
        .then(|| ManifestDigest::of(&json!(fields)).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(action: &str, uid: &str) -> Step {
        Step {
            action: action.to_owned(),
            uid: Some(uid.to_owned()),
            desired: Some("d".to_owned()),
            claims: Vec::new(),
            fields: Vec::new(),
            change: None,
        }
    }

    fn plan(steps: &[(&str, Step)]) -> SavedPlan {
        SavedPlan {
            version: VERSION,
            verb: "apply".to_owned(),
            target: "//a:myns-deep".to_owned(),
            environment: "myns".to_owned(),
            cluster: None,
            images: Vec::new(),
            steps: steps
                .iter()
                .map(|(name, step)| ((*name).to_owned(), step.clone()))
                .collect(),
        }
    }

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("plan.json");
        let saved = plan(&[("Service a/b", step("change", "u"))]);
        saved.write(&path).expect("writes");
        assert_eq!(SavedPlan::read(&path).expect("reads"), saved);
        assert_eq!(std::fs::read_dir(folder.path()).expect("lists").count(), 1);
    }

    #[test]
    fn each_difference_has_a_line() {
        let saved = plan(&[
            ("Service a/b", step("change", "u")),
            ("Service a/c", step("change", "u")),
            ("Service a/d", step("same", "u")),
        ]);
        let now = plan(&[
            ("Service a/b", step("same", "u")),
            ("Service a/c", step("change", "v")),
            ("Service a/e", step("prune", "u")),
        ]);
        assert_eq!(saved.differences(&saved), [""; 0]);
        assert_eq!(
            saved.differences(&now),
            [
                "Service a/b: planned `change`, now `same`",
                "Service a/c: another object by now",
                "Service a/d: planned to same, not there now",
                "Service a/e: not in the plan",
            ]
        );
    }
}
