//! Manifests beside goldens: a list of the objects of one target, in one file of the sources.
//!
//! A golden holds no digest, since it has what is rendered, and no user: the namespace of a personal
//! environment is `$USER`, where a field `namespace` is it and in names of the cluster's DNS.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_k8s_diff::mask::masked;
use windlass_k8s_diff::text::{Colour, Line, Mark, field, object as object_lines};
use windlass_report::say;
use windlass_runfiles::Launcher;

use crate::compare::fields;
use crate::environment::Environment;
use crate::error::{Error, Reason};
use crate::manifest::{by_name, hide, load, name};
use crate::request::Golden;

/// What stands for the namespace of `$USER`.
const USER: &str = "$USER";

/// Objects by what they are called.
type Objects = BTreeMap<String, Value>;

/// Compares manifests with their goldens.
pub fn test(label: &str, goldens: &[Golden], launcher: &Launcher) -> Result<(), Error> {
    let mut lines = Vec::new();
    let mut count = 0;
    for golden in goldens {
        let manifests = manifests(golden, launcher)?;
        let differs = differences(&read(label, golden, launcher)?, &manifests);
        if differs.is_empty() {
            continue;
        }
        count += 1;
        lines.push(format!("{} of {}", golden.path, golden.target));
        let text = differs.iter().map(|line| line.painted(Colour::Never));
        lines.extend(text.map(|line| format!("  {line}")));
    }
    if count == 0 {
        return Ok(());
    }
    Err(Error::Differs {
        label: label.to_owned(),
        count,
        lines,
    })
}

/// Writes goldens into the checkout, those that are not as they should be.
pub fn update(
    label: &str,
    goldens: &[Golden],
    launcher: &Launcher,
    environment: &Environment,
) -> Result<(), Error> {
    let missing = || Error::NoWorkspace {
        label: format!("{label}.update"),
    };
    let workspace = environment.workspace.as_ref().ok_or_else(missing)?;
    for golden in goldens {
        let objects: Vec<Value> = manifests(golden, launcher)?.into_values().collect();
        let text = text(&objects);
        let file = workspace.join(&golden.path);
        if std::fs::read_to_string(&file).is_ok_and(|old| old == text) {
            continue;
        }
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
        }
        std::fs::write(&file, text).map_err(Error::file("write", &file))?;
        say(&format!("wrote {}", golden.path));
    }
    Ok(())
}

/// The objects of a target as a golden has them, by what they are called.
fn manifests(golden: &Golden, launcher: &Launcher) -> Result<Objects, Error> {
    let mut objects = load(&golden.target, &golden.manifests, launcher)?;
    if let Some(user) = &golden.personal {
        for object in &mut objects {
            hide(object, user, USER);
        }
    }
    by_name(objects, name).map_err(|name| Error::Twice {
        target: golden.target.clone(),
        name,
    })
}

fn read(label: &str, golden: &Golden, launcher: &Launcher) -> Result<Objects, Error> {
    let refused = |source| Error::Golden {
        path: golden.path.clone(),
        label: label.to_owned(),
        source,
    };
    let path = golden.runfile.as_deref().unwrap_or_default();
    let text = std::fs::read_to_string(launcher.file(path));
    let text = text.map_err(|error| refused(Reason::of(&error)))?;
    let objects = serde_json::from_str(&text).map_err(|error| refused(Reason::of(&error)))?;
    by_name(objects, name).map_err(|name| refused(Reason(format!("it holds `{name}` twice"))))
}

/// What a golden is: JSON with an indent of two, keys as they are rendered.
fn text(objects: &[Value]) -> String {
    serde_json::to_string_pretty(objects).expect("plain data is JSON") + "\n"
}

/// The lines of what differs; empty if nothing does.
fn differences(golden: &Objects, manifests: &Objects) -> Vec<Line> {
    let gone = golden.keys().filter(|name| !manifests.contains_key(*name));
    let mut lines: Vec<Line> = gone.map(|name| Line::heading(Mark::Gone, name)).collect();
    for (name, object) in manifests {
        let Some(before) = golden.get(name) else {
            lines.push(Line::heading(Mark::New, name));
            lines.extend(object_lines(&masked(object)));
            continue;
        };
        let fields = fields(before, object);
        if !fields.is_empty() {
            lines.push(Line::heading(Mark::Changed, name));
            lines.extend(fields.iter().flat_map(|change| field(change, "")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(name: &str, data: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "prod"}, "data": {"k": data}})
    }

    #[test]
    fn what_differs_is_told_by_field() {
        let golden = [map("gone", "1"), map("other", "1"), map("same", "1")];
        let manifests = [map("new", "1"), map("other", "2"), map("same", "1")];
        let named = |objects: [Value; 3]| by_name(objects.to_vec(), name).expect("three names");
        let lines = differences(&named(golden), &named(manifests));
        let text: Vec<String> = lines.into_iter().map(|line| line.text).collect();
        let want = "\
- ConfigMap prod/gone
+ ConfigMap prod/new
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: new
      namespace: prod
    data:
      k: '1'
~ ConfigMap prod/other
    data.k: \"1\" -> \"2\"";
        assert_eq!(text.join("\n"), want);
    }

    #[test]
    fn a_user_is_hidden_where_it_is_a_namespace_and_nowhere_else() {
        let mut object = json!({"metadata": {"name": "redis", "namespace": "redis"},
            "subjects": [{"kind": "ServiceAccount", "name": "redis", "namespace": "redis"}],
            "args": ["redis-0.redis-nodes.redis.svc:6379", "redis"]});
        hide(&mut object, "redis", USER);
        let want = json!({"metadata": {"name": "redis", "namespace": "$USER"},
            "subjects": [{"kind": "ServiceAccount", "name": "redis", "namespace": "$USER"}],
            "args": ["redis-0.redis-nodes.$USER.svc:6379", "redis"]});
        assert_eq!(object, want);
    }
}
