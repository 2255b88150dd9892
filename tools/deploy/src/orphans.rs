//! Groups that a cluster remembers and the checkout does not describe any more.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

use crate::error::Reason;
use crate::inventory::{GROUP_ANNOTATION, InventoryId, TARGET_ANNOTATION};

/// A group that the cluster remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Where its inventory is.
    pub inventory: InventoryId,
    /// Its id: `demo/redis/myns`.
    pub id: String,
    /// The target that it was last applied by: `//services/redis:myns-shallow`.
    pub target: String,
}

impl Known {
    /// The group of an inventory; `None` if that is not one of ours.
    pub fn of(config_map: &Value) -> Option<Self> {
        let metadata = &config_map["metadata"];
        let annotation = |name: &str| metadata["annotations"][name].as_str().map(str::to_owned);
        let text = |name: &str| metadata[name].as_str().map(str::to_owned);
        Some(Self {
            inventory: InventoryId {
                namespace: text("namespace")?,
                name: text("name")?,
            },
            id: annotation(GROUP_ANNOTATION)?,
            target: annotation(TARGET_ANNOTATION)?,
        })
    }

    /// Whether it is of a project and an environment.
    pub fn is_of(&self, project: &str, environment: &str) -> bool {
        let rest = self.id.strip_prefix(project);
        let rest = rest.and_then(|rest| rest.strip_prefix('/'));
        rest.is_some_and(|rest| rest.ends_with(&format!("/{environment}")))
    }

    /// What it is called without project and environment: `redis`.
    fn name(&self) -> &str {
        let rest = self.id.split_once('/').map_or("", |(_, rest)| rest);
        rest.rsplit_once('/').map_or(rest, |(name, _)| name)
    }

    /// The last part of its target: `myns-shallow`.
    fn target_name(&self) -> &str {
        last_part(&self.target)
    }
}

/// A label as the rules write it: a target that is named like its package has no name behind it.
fn short(label: &str) -> String {
    match label.rsplit_once(':') {
        Some((package, name)) if last_part(package) == name => package.to_owned(),
        _ => label.to_owned(),
    }
}

/// The name of a target, which may be that of its package.
fn last_part(label: &str) -> &str {
    label.rsplit([':', '/']).next().unwrap_or(label)
}

/// The groups that a checkout describes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    labels: BTreeSet<String>,
    /// The group's name, and the target's: a package may move.
    names: BTreeSet<(String, String)>,
}

impl Described {
    /// Whether a checkout describes a group: by a target of the same group and name, in whatever
    /// package.
    pub fn has(&self, known: &Known) -> bool {
        let names = (known.name().to_owned(), known.target_name().to_owned());
        // The namespace of each user is a group of its own, by one target.
        let is_namespace = known.name().starts_with("namespace/");
        self.names.contains(&names) || is_namespace && self.labels.contains(&known.target)
    }

    /// Reads what `bazel query --output=streamed_jsonproto` prints: a JSON document a line.
    ///
    /// # Errors
    /// A line is something else.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let mut described = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Target { rule: Some(rule) } = serde_json::from_str(line)? else {
                continue;
            };
            let label = short(rule.name.trim_start_matches('@'));
            let plain = label.trim_start_matches('/').replace(':', "/");
            let group = rule.attribute.into_iter().find(|one| one.name == "group");
            let group = group.map(|group| group.string_value).unwrap_or_default();
            let name = last_part(&label).to_owned();
            let group = if group.is_empty() { plain } else { group };
            described.names.insert((group, name));
            described.labels.insert(label);
        }
        Ok(described)
    }
}

/// `blaze_query.Target` of Bazel's `build.proto`, as JSON.
#[derive(Deserialize)]
struct Target {
    rule: Option<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    name: String,
    #[serde(default)]
    attribute: Vec<Attribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attribute {
    name: String,
    #[serde(default)]
    string_value: String,
}

/// Asks Bazel for all groups of a checkout. Packages that do not load are an error: what cannot be
/// seen is not gone.
pub async fn described(workspace: &Path) -> Result<Described, Reason> {
    let wrapper = workspace.join("bazelw");
    let names = [wrapper.as_path(), Path::new("bazelisk"), Path::new("bazel")];
    for name in names {
        let output = Command::new(name)
            .args(["query", "--output=streamed_jsonproto"])
            .arg("kind('k8s_objects rule', //...)")
            .current_dir(workspace)
            .stdin(Stdio::null())
            .output();
        let output = match output.await {
            Ok(output) => output,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Reason(format!("{}: {error}", name.display()))),
        };
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            let last = errors.lines().rfind(|line| line.contains("ERROR"));
            let last = last.or_else(|| errors.lines().last());
            return Err(Reason(
                last.unwrap_or("bazel query says nothing").to_owned(),
            ));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        return Described::parse(&text).map_err(|error| Reason(error.to_string()));
    }
    Err(Reason(
        "got neither `bazelw` nor `bazelisk` nor `bazel`".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn known(id: &str, target: &str) -> Known {
        let config_map = json!({"metadata": {"namespace": "alice", "name": "windlass.x",
            "annotations": {"windlass.dev/group": id, "windlass.dev/target": target}}});
        Known::of(&config_map).expect("ours")
    }

    fn described() -> Described {
        let rule = |name: &str, group: &str| {
            json!({"type": "RULE", "rule": {"name": name, "ruleClass": "k8s_objects",
                "attribute": [{"name": "deps", "type": "LABEL_LIST"},
                    {"name": "group", "type": "STRING", "stringValue": group}]}})
        };
        let lines = [
            rule("//services/redis:myns-shallow", "redis"),
            rule("@@//prod:cluster", ""),
            rule("//prod/monitoring:monitoring", ""),
        ];
        Described::parse(&lines.map(|line| line.to_string()).join("\n")).expect("parses")
    }

    #[test]
    fn what_the_checkout_describes_is_no_orphan() {
        let has = |id: &str, target: &str| described().has(&known(id, target));
        assert!(has("demo/redis/myns", "//services/redis:myns-shallow"));
        // The package has moved since.
        assert!(has("demo/redis/myns", "//old/redis:myns-shallow"));
        assert!(has("demo/prod/cluster/setup", "//prod:cluster"));
        // Named like its package.
        assert!(has("demo/prod/monitoring/setup", "//prod/monitoring"));
        assert!(!has("demo/client/myns", "//services/client:myns-shallow"));
        // The environment is gone.
        assert!(!has("demo/redis/dev", "//services/redis:dev-shallow"));
    }

    #[test]
    fn groups_of_others_are_told_apart() {
        let group = known("demo/a/b/myns", "//a/b:myns-shallow");
        assert!(group.is_of("demo", "myns"));
        assert!(!group.is_of("dem", "myns") && !group.is_of("demo", "dev"));
        assert_eq!(group.name(), "a/b");
        assert_eq!(Known::of(&json!({"metadata": {"name": "other"}})), None);
    }
}
