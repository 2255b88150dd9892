//! One rendered manifest, and which environment it is of.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_k8s_object::{Key, Object};
use windlass_runfiles::Launcher;

use crate::error::{Error, Reason};

/// A `k8s_object` as it is rendered: images have names and no digests, but for those that are pinned.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Its target: `//services/client:prod-deployment`.
    pub label: String,
    /// The environment's name; `setup` for what prepares a cluster.
    pub environment: String,
    /// The environment's namespace; empty for setup.
    pub namespace: String,
    /// The object.
    pub object: Object,
}

impl Manifest {
    /// The package of its target, which is what a service is: `//services/client`.
    pub fn service(&self) -> &str {
        self.label.split(':').next().unwrap_or_default()
    }

    /// What it is called on a cluster.
    pub fn key(&self) -> &Key {
        self.object.key()
    }
}

/// Reads one object, JSON or YAML by the end of its file's name.
pub fn parse(name: &str, text: &str) -> Result<Object, Reason> {
    let is_yaml = [".yaml", ".yml"].iter().any(|end| name.ends_with(end));
    if !is_yaml {
        return Object::parse(text).map_err(|error| Reason::of(&error));
    }
    let refused = |refusal: windlass_yaml::Refusal| Reason(refusal.why.to_string());
    let mut documents = windlass_yaml::load(text).map_err(refused)?;
    let count = documents.len();
    match documents.pop() {
        Some(document) if count == 1 => of_value(document.value),
        _ => Err(Reason(format!(
            "got {count} documents, want exactly one object"
        ))),
    }
}

/// Takes a parsed object.
pub fn of_value(value: Value) -> Result<Object, Reason> {
    Object::from_document(value).map_err(|error| Reason::of(&error))
}

/// The objects of a target, from its runfiles.
pub fn load(target: &str, runfiles: &[String], launcher: &Launcher) -> Result<Vec<Value>, Error> {
    let read = |runfile: &String| {
        let path = launcher.file(runfile);
        let text = std::fs::read_to_string(&path).map_err(Error::file("read", path))?;
        let object = parse(runfile, &text).map_err(|source| Error::Manifest {
            label: runfile.clone(),
            side: format!("`{target}`"),
            source,
        })?;
        Ok(object.document().clone())
    };
    runfiles.iter().map(read).collect()
}

/// What an object is called: `Deployment.apps alice/server`, `Service alice/server`. In goldens the
/// namespace may be `$USER`, which is none of a cluster's.
pub fn name(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let mut kind = text("/kind").unwrap_or("(no kind)").to_owned();
    if let Some((group, _)) = text("/apiVersion").and_then(|version| version.split_once('/')) {
        kind = format!("{kind}.{group}");
    }
    let name = text("/metadata/name").unwrap_or("(no name)");
    match text("/metadata/namespace") {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

/// Objects by what `name` calls them.
///
/// # Errors
/// The first name that two of them have.
pub fn by_name(
    objects: Vec<Value>,
    name: impl Fn(&Value) -> String,
) -> Result<BTreeMap<String, Value>, String> {
    let mut named = BTreeMap::new();
    for object in objects {
        let name = name(&object);
        if named.insert(name.clone(), object).is_some() {
            return Err(name);
        }
    }
    Ok(named)
}

/// Puts `word` in place of a namespace: in fields of that name, and in names of the cluster's DNS.
/// Elsewhere the same word may mean something else.
pub fn hide(value: &mut Value, namespace: &str, word: &str) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if key == "namespace" && value == namespace {
                    *value = word.into();
                }
                hide(value, namespace, word);
            }
        }
        Value::Array(items) => {
            for item in items {
                hide(item, namespace, word);
            }
        }
        Value::String(text) => {
            *text = text.replace(&format!(".{namespace}.svc"), &format!(".{word}.svc"));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_of_two_groups_are_two() {
        let gateway = |group: &str| {
            json!({"apiVersion": format!("{group}/v1"), "kind": "Gateway",
                "metadata": {"name": "web", "namespace": "prod"}})
        };
        let groups = ["networking.istio.io", "gateway.networking.k8s.io"];
        let named = by_name(groups.map(gateway).to_vec(), name).expect("two names");
        let got: Vec<&String> = named.keys().collect();
        let want = [
            "Gateway.gateway.networking.k8s.io prod/web",
            "Gateway.networking.istio.io prod/web",
        ];
        assert_eq!(got, want);
        let twice = by_name([groups[0], groups[0]].map(gateway).to_vec(), name);
        assert_eq!(twice.expect_err("one name"), want[1]);
    }

    #[test]
    fn json_and_yaml_are_one() {
        let json = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}"#;
        let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
        let object = parse("a.json", json).expect("an object");
        assert_eq!(parse("a.yaml", yaml).expect("an object"), object);
        let two = format!("{yaml}---\n{yaml}");
        let error = parse("a.yml", &two).expect_err("two");
        assert_eq!(
            error.to_string(),
            "got 2 documents, want exactly one object"
        );
    }
}
