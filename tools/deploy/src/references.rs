//! Secrets and `ConfigMap`s that pods name, and whether they are there. Pure: the reading is in
//! [`crate::session`].
//!
//! A pod that names what is not there hangs in `CreateContainerConfigError` or
//! `ContainerCreating`. Told before anything is written, it costs nobody a rollout. References
//! that are `optional` may stay open.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;
use windlass_k8s_object::{Key, Namespace, Object, images};

use crate::cluster::{Reach, Resource};
use crate::desired::Desired;

/// Every namespace gets this one from its cluster, a moment after it is made.
const ROOT_CA: &str = "kube-root-ca.crt";

/// What can be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A `ConfigMap`.
    ConfigMap,
    /// A `Secret`.
    Secret,
}

impl Source {
    fn kind(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }

    /// Its kind on a cluster.
    pub fn resource(self) -> Resource {
        let plural = match self {
            Self::ConfigMap => "configmaps",
            Self::Secret => "secrets",
        };
        Resource::built_in("v1", self.kind(), plural, Reach::Namespaced)
    }
}

/// A Secret or a `ConfigMap`, by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named {
    /// What it is.
    pub source: Source,
    /// Its namespace.
    pub namespace: Namespace,
    /// Its name.
    pub name: String,
}

/// ``Secret `alice/db` ``.
impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, namespace) = (self.source.kind(), self.namespace.as_str());
        write!(f, "{kind} `{namespace}/{}`", self.name)
    }
}

/// What an object's pods need of one [`Named`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The object.
    pub object: Key,
    /// What it names.
    pub named: Named,
    /// The keys that must be there.
    pub keys: BTreeSet<String>,
}

/// Something that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// Who needs it, and what of it.
    pub need: Need,
    /// What of it is there.
    pub found: Found,
}

/// What there is of a [`Named`]: its keys, or nothing.
pub type Found = Option<BTreeSet<String>>;

impl Lacking {
    fn missing_keys(&self) -> Vec<&str> {
        let has = |key: &&String| {
            self.found
                .as_ref()
                .is_some_and(|found| found.contains(*key))
        };
        let keys = self.need.keys.iter().filter(|key| !has(key));
        keys.map(String::as_str).collect()
    }

    /// What a user types to put it there. The dots are theirs to fill in.
    pub fn command(&self, kubectl: &str) -> String {
        let Named {
            source,
            namespace,
            name,
        } = &self.need.named;
        let namespace = namespace.as_str();
        let keys = self.missing_keys();
        if self.found.is_some() {
            let (what, field) = match source {
                Source::ConfigMap => ("configmap", "data"),
                Source::Secret => ("secret", "stringData"),
            };
            let values = keys.iter().map(|key| ((*key).to_owned(), "...".into()));
            let values: serde_json::Map<String, Value> = values.collect();
            let patch = serde_json::json!({field: values});
            return format!("{kubectl} -n {namespace} patch {what} {name} -p '{patch}'");
        }
        let what = match source {
            Source::ConfigMap => "configmap",
            Source::Secret => "secret generic",
        };
        let values = if keys.is_empty() {
            " --from-env-file=...".to_owned()
        } else {
            let value = |key: &&str| format!(" --from-literal={key}=...");
            keys.iter().map(value).collect()
        };
        format!("{kubectl} -n {namespace} create {what} {name}{values}")
    }
}

/// ``Secret `alice/db` is missing, which Deployment `alice/server` needs``.
impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Need { object, named, .. } = &self.need;
        if self.found.is_none() {
            return write!(f, "{named} is missing, which {object} needs");
        }
        let keys = self.missing_keys();
        let word = if keys.len() == 1 { "key" } else { "keys" };
        let names: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        write!(
            f,
            "{named} has no {word} {}, which {object} needs",
            names.join(", ")
        )
    }
}

/// What the pods of all objects need, in the order of the objects.
pub fn needs(desired: &Desired) -> Vec<Need> {
    let objects = desired.objects.iter();
    objects
        .flat_map(|object| needs_of(&object.object))
        .collect()
}

fn needs_of(object: &Object) -> Vec<Need> {
    let key = object.key();
    let (Some((_, spec)), Some(namespace)) = (images::pod_spec(object.document()), &key.namespace)
    else {
        return Vec::new();
    };
    let mut found: BTreeMap<(Source, String), BTreeSet<String>> = BTreeMap::new();
    let mut add = |source: Source, name: &Value, keys: &[&Value], reference: &Value| {
        let Some(name) = name.as_str().filter(|name| *name != ROOT_CA) else {
            return;
        };
        if reference["optional"] != true {
            let keys = keys.iter().filter_map(|key| key.as_str());
            let known = found.entry((source, name.to_owned())).or_default();
            known.extend(keys.map(str::to_owned));
        }
    };
    for container in ["initContainers", "containers"]
        .iter()
        .flat_map(|list| items(&spec[*list]))
    {
        for variable in items(&container["env"]) {
            for (field, source) in [
                ("secretKeyRef", Source::Secret),
                ("configMapKeyRef", Source::ConfigMap),
            ] {
                let reference = &variable["valueFrom"][field];
                add(source, &reference["name"], &[&reference["key"]], reference);
            }
        }
        for all in items(&container["envFrom"]) {
            for (field, source) in [
                ("secretRef", Source::Secret),
                ("configMapRef", Source::ConfigMap),
            ] {
                add(source, &all[field]["name"], &[], &all[field]);
            }
        }
    }
    for volume in items(&spec["volumes"]) {
        let whole = [
            (Source::Secret, &volume["secret"], "secretName"),
            (Source::ConfigMap, &volume["configMap"], "name"),
        ];
        let parts = items(&volume["projected"]["sources"]).flat_map(|part| {
            [
                (Source::Secret, &part["secret"], "name"),
                (Source::ConfigMap, &part["configMap"], "name"),
            ]
        });
        for (source, reference, name) in whole.into_iter().chain(parts) {
            let keys: Vec<&Value> = items(&reference["items"])
                .map(|item| &item["key"])
                .collect();
            add(source, &reference[name], &keys, reference);
        }
    }
    let need = |((source, name), keys)| Need {
        object: key.clone(),
        named: Named {
            source,
            namespace: namespace.clone(),
            name,
        },
        keys,
    };
    found.into_iter().map(need).collect()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// The keys of a Secret or a `ConfigMap`.
pub fn keys_of(document: &Value) -> BTreeSet<String> {
    let fields = ["data", "stringData", "binaryData"];
    let maps = fields
        .iter()
        .filter_map(|field| document[*field].as_object());
    maps.flat_map(|map| map.keys().cloned()).collect()
}

/// The Secrets and `ConfigMap`s that the plan itself brings, with their keys.
pub fn brought(desired: &Desired) -> BTreeMap<Named, BTreeSet<String>> {
    let one = |object: &Object| {
        let key = object.key();
        let source = match (key.group.as_str(), key.kind.as_str()) {
            ("", "ConfigMap") => Source::ConfigMap,
            ("", "Secret") => Source::Secret,
            _ => return None,
        };
        let named = Named {
            source,
            namespace: key.namespace.clone()?,
            name: key.name.as_str().to_owned(),
        };
        Some((named, keys_of(object.document())))
    };
    let objects = desired.objects.iter();
    objects.filter_map(|object| one(&object.object)).collect()
}

/// Whether nothing of a need is missing.
pub fn is_met(need: &Need, found: Option<&BTreeSet<String>>) -> bool {
    found.is_some_and(|found| need.keys.is_subset(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn named(source: Source, name: &str) -> Named {
        Named {
            source,
            namespace: Namespace::try_new("alice").expect("namespace"),
            name: name.to_owned(),
        }
    }

    fn found(spec: &Value) -> Vec<String> {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "server", "namespace": "alice"},
            "spec": {"template": {"spec": spec}}});
        let object = Object::from_document(object).expect("object");
        let needs = needs_of(&object).into_iter();
        needs
            .map(|need| {
                let keys: Vec<_> = need.keys.into_iter().collect();
                format!("{}: {}", need.named, keys.join(","))
            })
            .collect()
    }

    #[test]
    fn every_place_that_names_one() {
        let spec = json!({
            "initContainers": [{"env": [
                {"name": "A", "valueFrom": {"secretKeyRef": {"name": "init", "key": "a"}}}]}],
            "containers": [{
                "env": [
                    {"name": "A", "value": "x"},
                    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "db", "key": "user"}}},
                    {"name": "C", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
                    {"name": "D", "valueFrom": {"configMapKeyRef": {"name": "map", "key": "k"}}}],
                "envFrom": [{"secretRef": {"name": "all"}}, {"configMapRef": {"name": "all"}}]}],
            "volumes": [
                {"name": "a", "secret": {"secretName": "tls", "items": [{"key": "tls.crt", "path": "c"}]}},
                {"name": "b", "configMap": {"name": "conf"}},
                {"name": "c", "emptyDir": {}},
                {"name": "d", "projected": {"sources": [
                    {"secret": {"name": "part", "items": [{"key": "k", "path": "k"}]}},
                    {"configMap": {"name": "kube-root-ca.crt"}},
                    {"serviceAccountToken": {"path": "token"}}]}}],
        });
        assert_eq!(
            found(&spec),
            [
                "ConfigMap `alice/all`: ",
                "ConfigMap `alice/conf`: ",
                "ConfigMap `alice/map`: k",
                "Secret `alice/all`: ",
                "Secret `alice/db`: password,user",
                "Secret `alice/init`: a",
                "Secret `alice/part`: k",
                "Secret `alice/tls`: tls.crt",
            ]
        );
    }

    #[test]
    fn what_is_optional_may_be_missing() {
        let spec = json!({
            "containers": [{
                "env": [{"name": "A", "valueFrom":
                    {"secretKeyRef": {"name": "a", "key": "k", "optional": true}}}],
                "envFrom": [{"configMapRef": {"name": "b", "optional": true}}]}],
            "volumes": [{"name": "c", "secret": {"secretName": "c", "optional": true}}],
        });
        assert_eq!(found(&spec), [""; 0]);
    }

    #[test]
    fn what_is_missing_and_what_to_type() {
        let need = |source, keys: &[&str]| Need {
            object: Object::from_document(json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": "p", "namespace": "alice"}}))
            .expect("object")
            .key()
            .clone(),
            named: named(source, "db"),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        };
        let there = || Some(BTreeSet::from(["user".to_owned()]));
        for (source, keys, found, text, command) in [
            (
                Source::Secret,
                &["user", "password"][..],
                None,
                "Secret `alice/db` is missing, which Pod `alice/p` needs",
                "create secret generic db --from-literal=password=... --from-literal=user=...",
            ),
            (
                Source::ConfigMap,
                &[][..],
                None,
                "ConfigMap `alice/db` is missing, which Pod `alice/p` needs",
                "create configmap db --from-env-file=...",
            ),
            (
                Source::Secret,
                &["user", "password"][..],
                there(),
                "Secret `alice/db` has no key `password`, which Pod `alice/p` needs",
                "patch secret db -p '{\"stringData\":{\"password\":\"...\"}}'",
            ),
            (
                Source::ConfigMap,
                &["a", "b"][..],
                there(),
                "ConfigMap `alice/db` has no keys `a`, `b`, which Pod `alice/p` needs",
                "patch configmap db -p '{\"data\":{\"a\":\"...\",\"b\":\"...\"}}'",
            ),
        ] {
            let need = need(source, keys);
            assert!(!is_met(&need, found.as_ref()));
            let lacking = Lacking { need, found };
            assert_eq!(lacking.to_string(), text);
            assert_eq!(
                lacking.command("kubectl"),
                format!("kubectl -n alice {command}")
            );
        }
    }
}
