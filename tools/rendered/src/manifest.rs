//! One rendered manifest, and which environment it is of.

use serde_json::Value;
use windlass_k8s_object::{Key, Object};

use crate::error::Reason;

/// A `k8s_object` as it is rendered: images have names and no digests.
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

#[cfg(test)]
mod tests {
    use super::*;

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
