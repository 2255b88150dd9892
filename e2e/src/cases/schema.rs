//! The schema that the build checks by is the one that the server publishes at `/openapi/v3`.

use crate::Harness;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What of a schema the check knows of. All else (descriptions, defaults) is left out.
const COMPARED: [&str; 8] = [
    "additionalProperties",
    "enum",
    "format",
    "items",
    "oneOf",
    "required",
    "type",
    "x-kubernetes-list-map-keys",
];

pub(super) fn run(h: &Harness) {
    let version = h.kubectl(&["version", "-o", "json"]);
    version.succeeded();
    let version = parse(&version.stdout);
    let part = |name: &str| version["serverVersion"][name].as_str().expect("a version");
    let version = format!("{}.{}", part("major"), part("minor"));
    let file = h.runfile(&format!("tools/lib/k8s_schema/kubernetes/{version}.json"));
    let ours = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; see //tools/lib/k8s_schema", file.display()));
    let ours = parse(&ours);

    let (kinds, definitions) = published(h);
    assert!(kinds.len() > 50, "the server serves {}", kinds.len());
    for (kind, name) in &kinds {
        let reference = ours["kinds"][kind]["$ref"].as_str().unwrap_or_default();
        assert_eq!(reference.rsplit('/').next(), Some(name.as_str()), "{kind}");
    }
    let mut compared = 0;
    let mut waiting: Vec<&String> = kinds.values().collect();
    let mut seen = std::collections::BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if !seen.insert(name) {
            continue;
        }
        let theirs = &definitions[name];
        let own = &ours["definitions"][name];
        assert_eq!(plain(own), plain(theirs), "{name}");
        compared += 1;
        waiting.extend(definitions.keys().filter(|other| refers(theirs, other)));
    }
    assert!(compared > 300, "{compared} definitions");
}

/// What the server publishes: `<apiVersion> <kind>` of all kinds that can be applied -> the name of
/// its definition, and all definitions by name.
fn published(h: &Harness) -> (BTreeMap<String, String>, BTreeMap<String, Value>) {
    let raw = |path: &str| {
        let got = h.kubectl(&["get", "--raw", path]);
        got.succeeded();
        parse(&got.stdout)
    };
    let mut kinds = BTreeMap::new();
    let mut definitions = BTreeMap::new();
    let index = raw("/openapi/v3");
    for group in index["paths"].as_object().expect("paths").values() {
        let document = raw(group["serverRelativeURL"].as_str().expect("a path"));
        for operations in document["paths"]
            .as_object()
            .into_iter()
            .flat_map(Map::values)
        {
            if let Some((kind, name)) = applied(&operations["patch"]) {
                kinds.insert(kind, name);
            }
        }
        let schemas = document["components"]["schemas"].as_object();
        definitions.extend(
            schemas
                .into_iter()
                .flatten()
                .map(|(k, v)| (k.clone(), v.clone())),
        );
    }
    (kinds, definitions)
}

/// The kind that an operation changes, and the name of its definition; `None` for parts of objects.
fn applied(patch: &Value) -> Option<(String, String)> {
    let kind = &patch["x-kubernetes-group-version-kind"];
    let [group, version, kind] = ["group", "version", "kind"].map(|part| kind[part].as_str());
    let answer = &patch["responses"]["200"]["content"]["application/json"]["schema"]["$ref"];
    let name = answer.as_str()?.rsplit('/').next()?;
    // What is beside an object, such as its scale, is of a kind of its own.
    if !name.ends_with(&format!(".{}", kind?)) || name.contains(".autoscaling.v1.Scale") {
        return None;
    }
    let group = group.filter(|group| !group.is_empty());
    let version = group.map_or(version?.to_owned(), |group| {
        format!("{group}/{}", version.unwrap_or_default())
    });
    Some((format!("{version} {}", kind?), name.to_owned()))
}

/// Whether a definition's fields are of another one.
fn refers(schema: &Value, name: &str) -> bool {
    match schema {
        Value::Object(fields) => fields.iter().any(|(key, value)| {
            let is_reference = key == "$ref" && value.as_str().is_some_and(|to| last(to) == name);
            is_reference || refers(value, name)
        }),
        Value::Array(items) => items.iter().any(|item| refers(item, name)),
        _ => false,
    }
}

/// A schema in one form: references by name alone, enums in order, and what is compared.
fn plain(schema: &Value) -> Value {
    let Some(fields) = schema.as_object() else {
        return schema.clone();
    };
    // A reference beside which more is said is written so.
    if let Some([only]) = fields
        .get("allOf")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
    {
        return plain(only);
    }
    if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
        return Value::from(last(reference));
    }
    let mut result = Map::new();
    for key in COMPARED {
        let Some(value) = fields.get(key) else {
            continue;
        };
        let value = match value {
            Value::Array(items) => {
                let mut items: Vec<Value> = items.iter().map(plain).collect();
                items.sort_by_key(Value::to_string);
                Value::from(items)
            }
            value => plain(value),
        };
        result.insert(key.to_owned(), value);
    }
    if let Some(properties) = fields.get("properties").and_then(Value::as_object) {
        let properties = properties
            .iter()
            .map(|(name, value)| (name.clone(), plain(value)));
        result.insert("properties".to_owned(), properties.collect());
    }
    Value::from(result)
}

fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

#[track_caller]
fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}
