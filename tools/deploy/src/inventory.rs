//! What the cluster remembers of a group: which objects are its own, and how each stood when it was
//! last written.
//!
//! A group's inventory is one `ConfigMap` in the namespace of its environment. It is the parent of
//! an `ApplySet` (KEP-3659), and the group's objects are labelled as members of that set. So other
//! tools that know `ApplySet`s see whose an object is, and an object that nobody describes any more
//! is found. The text of `data.objects` has one line for each object, in the order of keys:
//!
//! ```text
//! Deployment.apps alice/server 0b1e7c5e-... 3f1c0c9be8aa5d22c0b1a7f4
//! ```
//!
//! which is kind and group, namespace and name (`-` for none), uid, and [`Fingerprint`]; `-` stands
//! for a uid or a fingerprint that is not known, because the run that was to write it did not end.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use windlass_k8s_object::{Key, Kind, Name, Namespace, Object, canonical};

use crate::cluster::FIELD_MANAGER;
use windlass_k8s_diff::mask::is_secret;

/// Label of an inventory: the id of its set.
pub const ID_LABEL: &str = "applyset.kubernetes.io/id";
/// Label of an object: the id of the set that it is a member of.
pub const PART_OF_LABEL: &str = "applyset.kubernetes.io/part-of";
/// Annotation of an inventory: who keeps it.
const TOOLING: (&str, &str) = ("applyset.kubernetes.io/tooling", "windlass/v1");
/// Annotation of an inventory: the kinds of its members.
const KINDS_ANNOTATION: &str = "applyset.kubernetes.io/contains-group-kinds";
/// Annotation of an inventory: the namespaces of its members, its own left out.
const NAMESPACES_ANNOTATION: &str = "applyset.kubernetes.io/additional-namespaces";
/// Annotation of an inventory: the id of its group.
pub const GROUP_ANNOTATION: &str = "windlass.dev/group";
/// Annotation of an inventory: the target of its group.
pub const TARGET_ANNOTATION: &str = "windlass.dev/target";
/// The version of the text.
const VERSION: &str = "1";
/// How many bytes of a digest are kept: enough to tell one state of an object from another.
const FINGERPRINT_BYTES: usize = 12;

/// Where the inventory of a group is, and its lease.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InventoryId {
    /// The namespace of its environment.
    pub namespace: String,
    /// `windlass.redis.5d41402a`: for people the group's name, and a digest that tells it from
    /// others.
    pub name: String,
}

impl InventoryId {
    /// The inventory of a group, by the group's id: `demo/redis/myns`.
    pub fn of(group: &str, namespace: &str) -> Self {
        let parts: Vec<&str> = group.split('/').collect();
        let name = match parts.as_slice() {
            [_, name @ .., _] if !name.is_empty() => name.join("-"),
            _ => group.to_owned(),
        };
        let plain = |c: char| {
            let c = c.to_ascii_lowercase();
            if c.is_ascii_alphanumeric() { c } else { '-' }
        };
        let slug: String = name.chars().map(plain).take(40).collect();
        let slug = slug.trim_matches('-');
        let slug = if slug.is_empty() { "group" } else { slug };
        let digest = hex(&Sha256::digest(group.as_bytes())[..4]);
        Self {
            namespace: namespace.to_owned(),
            name: format!("windlass.{slug}.{digest}"),
        }
    }

    /// The id of the set, as KEP-3659 computes it from the parent's name, namespace, kind and group.
    pub fn set_id(&self) -> String {
        let parent = format!("{}.{}.ConfigMap.", self.name, self.namespace);
        let digest = Sha256::digest(parent.as_bytes());
        format!("applyset-{}-v1", BASE64_URL_SAFE_NO_PAD.encode(digest))
    }

    /// Its lease.
    pub fn lease_key(&self) -> Key {
        let group = "coordination.k8s.io";
        key_of_parts(group, "Lease", &self.namespace, &self.name).expect("made of checked parts")
    }

    /// What it is called in a message.
    pub fn key(&self) -> Key {
        key_of_parts("", "ConfigMap", &self.namespace, &self.name).expect("made of checked parts")
    }
}

/// The set that an object says it is a member of.
pub fn set_of(object: &Value) -> Option<&str> {
    object["metadata"]["labels"][PART_OF_LABEL].as_str()
}

/// What an object was, and what of it was ours, when it was written.
///
/// A digest of the manifest and of our own entry in `metadata.managedFields`, its time left out.
/// Somebody's write of a field of ours changes that entry; a write of a status, or of a field that
/// nobody here has set, does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a live object that was made of a manifest; `None` if nothing of it is
    /// ours.
    pub fn of(manifest: &ManifestDigest, live: &Value) -> Option<Self> {
        let mut text = manifest.0.to_vec();
        for (name, value) in own_entry(live)?.as_object()? {
            if name != "time" {
                text.extend_from_slice(name.as_bytes());
                canonical(value, &mut text);
            }
        }
        let digest = Sha256::digest(&text);
        Some(Self(hex(&digest[..FINGERPRINT_BYTES])))
    }
}

/// The SHA-256 digest of a manifest in its [`canonical`] form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManifestDigest([u8; 32]);

impl ManifestDigest {
    /// The digest of a manifest.
    pub fn of(manifest: &Value) -> Self {
        let mut text = Vec::new();
        canonical(manifest, &mut text);
        Self(Sha256::digest(&text).into())
    }
}

impl fmt::Display for ManifestDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// What server-side apply remembers of us.
pub fn own_entry(live: &Value) -> Option<&Value> {
    let entries = live["metadata"]["managedFields"].as_array()?;
    entries.iter().find(|entry| {
        entry["manager"] == FIELD_MANAGER
            && entry["operation"] == "Apply"
            && entry["subresource"].as_str().unwrap_or_default().is_empty()
    })
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// One object of an inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its uid; `None` if the run that was to make it did not end.
    pub uid: Option<String>,
    /// How it stood; `None` in the same case.
    pub fingerprint: Option<Fingerprint>,
}

impl Entry {
    /// The entry of a live object that was made of a manifest.
    pub fn of(manifest: &ManifestDigest, live: &Value) -> Self {
        Self {
            uid: live["metadata"]["uid"].as_str().map(str::to_owned),
            // Short values can be guessed from a digest.
            fingerprint: Fingerprint::of(manifest, live).filter(|_| !is_secret(live)),
        }
    }

    /// Whether an object stands as this entry says: same object, same manifest, and nobody has
    /// touched what is ours.
    pub fn matches(&self, manifest: &ManifestDigest, live: &Value) -> bool {
        self.is_of(live)
            && self.fingerprint.is_some()
            && self.fingerprint == Fingerprint::of(manifest, live)
    }

    /// Whether it is the same object, and not another one of its name.
    pub fn is_of(&self, live: &Value) -> bool {
        self.uid.is_some() && self.uid.as_deref() == live["metadata"]["uid"].as_str()
    }
}

/// The objects of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory(pub BTreeMap<Key, Entry>);

/// Why an inventory cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum InventoryError {
    /// Another version of this tool wrote it.
    #[error("data.version: got `{got}`, want `{VERSION}`")]
    Version {
        /// Its version.
        got: String,
    },
    /// A line is not one of ours.
    #[error(
        "line {line} of data.objects: got `{got}`, want kind, namespace/name, uid, fingerprint"
    )]
    Line {
        /// Its number, from 1.
        line: usize,
        /// The line.
        got: String,
    },
}

impl Inventory {
    /// Reads a `ConfigMap`.
    pub fn parse(config_map: &Value) -> Result<Self, InventoryError> {
        let data = &config_map["data"];
        let version = data["version"].as_str().unwrap_or_default();
        if version != VERSION {
            return Err(InventoryError::Version {
                got: version.to_owned(),
            });
        }
        let mut entries = BTreeMap::new();
        let lines = data["objects"].as_str().unwrap_or_default().lines();
        for (index, line) in lines.enumerate() {
            let (key, entry) = parse_line(line).ok_or_else(|| InventoryError::Line {
                line: index + 1,
                got: line.to_owned(),
            })?;
            entries.insert(key, entry);
        }
        Ok(Self(entries))
    }

    /// The `ConfigMap`.
    pub fn object(&self, id: &InventoryId, group: &str, target: &str, environment: &str) -> Object {
        let mut kinds: Vec<String> = self.0.keys().map(Key::kind_and_group).collect();
        kinds.sort();
        kinds.dedup();
        let others = self.0.keys().filter_map(|key| key.namespace.as_ref());
        let mut others: Vec<&str> = others.map(Namespace::as_str).collect();
        others.retain(|namespace| *namespace != id.namespace);
        others.sort_unstable();
        others.dedup();
        let mut object = Object::from_document(json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": id.name, "namespace": id.namespace},
            "data": {"version": VERSION, "objects": self.lines()},
        }))
        .expect("made of checked parts");
        object.set_label(ID_LABEL, &id.set_id());
        object.set_label(crate::desired::MANAGED_BY_LABEL, "windlass");
        object.set_label(crate::desired::ENVIRONMENT_LABEL, environment);
        object.set_annotation(TOOLING.0, TOOLING.1);
        object.set_annotation(KINDS_ANNOTATION, &kinds.join(","));
        if !others.is_empty() {
            object.set_annotation(NAMESPACES_ANNOTATION, &others.join(","));
        }
        object.set_annotation(GROUP_ANNOTATION, group);
        object.set_annotation(TARGET_ANNOTATION, target);
        object
    }

    fn lines(&self) -> String {
        let mut text = String::new();
        for (key, entry) in &self.0 {
            let uid = entry.uid.as_deref().unwrap_or("-");
            let fingerprint = entry.fingerprint.as_ref().map_or("-", |one| one.0.as_str());
            let _ = writeln!(text, "{} {uid} {fingerprint}", key.plain());
        }
        text
    }
}

fn key_of_parts(group: &str, kind: &str, namespace: &str, name: &str) -> Option<Key> {
    let namespace = match namespace {
        "-" => None,
        namespace => Some(Namespace::try_new(namespace).ok()?),
    };
    Some(Key {
        group: group.to_owned(),
        kind: Kind::try_new(kind).ok()?,
        namespace,
        name: Name::try_new(name).ok()?,
    })
}

fn parse_line(line: &str) -> Option<(Key, Entry)> {
    let parts: Vec<&str> = line.split(' ').collect();
    let [kind, place, uid, fingerprint] = parts.as_slice() else {
        return None;
    };
    let (kind, group) = kind.split_once('.').unwrap_or((kind, ""));
    let (namespace, name) = place.split_once('/')?;
    let known = |text: &str| (text != "-").then(|| text.to_owned());
    let entry = Entry {
        uid: known(uid),
        fingerprint: known(fingerprint).map(Fingerprint),
    };
    Some((key_of_parts(group, kind, namespace, name)?, entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> InventoryId {
        InventoryId::of("demo/redis/myns", "alice")
    }

    fn live(data: &str, entry: &Value) -> Value {
        json!({"metadata": {"uid": "u1", "managedFields": [
            {"manager": "kubelet", "operation": "Update", "time": "t9"}, entry]}, "data": data})
    }

    fn ours(fields: &str, time: &str) -> Value {
        json!({"manager": "windlass", "operation": "Apply", "apiVersion": "v1", "time": time,
               "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {fields: {}}}})
    }

    #[test]
    fn names_are_for_people_and_tell_groups_apart() {
        assert!(id().name.starts_with("windlass.redis."), "{:?}", id());
        let odd = InventoryId::of("demo/a_B/c:d/myns", "alice").name;
        assert!(odd.starts_with("windlass.a-b-c-d."), "{odd}");
        assert_ne!(odd, InventoryId::of("demo/a-b/c-d/myns", "alice").name);
        assert!(
            InventoryId::of("demo//myns", "a")
                .name
                .starts_with("windlass.group.")
        );
        assert_eq!(
            id().key().to_string(),
            format!("ConfigMap `alice/{}`", id().name)
        );
    }

    #[test]
    fn a_set_has_the_id_that_kep_3659_computes() {
        let id = InventoryId {
            namespace: "default".to_owned(),
            name: "a".to_owned(),
        };
        // printf a.default.ConfigMap. | sha256sum | xxd -r -p | base64, with -_ for +/
        assert_eq!(
            id.set_id(),
            "applyset-QetRZFyTOGdn0_bQ--qvHE3TqPfTwLoLLSc1Fo1iN48-v1"
        );
    }

    #[test]
    fn a_fingerprint_follows_the_manifest_and_our_fields_only() {
        let manifest = ManifestDigest::of(&json!({"a": 1, "b": {"c": [1, 2], "d": null}}));
        let reordered = ManifestDigest::of(&json!({"b": {"d": null, "c": [1, 2]}, "a": 1}));
        let first = Fingerprint::of(&manifest, &live("x", &ours("f:k", "t1"))).expect("ours");
        let same = Fingerprint::of(&reordered, &live("y", &ours("f:k", "t2")));
        assert_eq!(same, Some(first.clone()));
        let other_field = Fingerprint::of(&manifest, &live("x", &ours("f:j", "t1")));
        assert_ne!(other_field, Some(first.clone()));
        let other_manifest = Fingerprint::of(
            &ManifestDigest::of(&json!({"a": 2})),
            &live("x", &ours("f:k", "t1")),
        );
        assert_ne!(other_manifest, Some(first));
        let mut stripped = live("x", &ours("f:k", "t1"));
        stripped["metadata"]["managedFields"] = json!([]);
        assert_eq!(Fingerprint::of(&manifest, &stripped), None);
    }

    #[test]
    fn an_entry_without_what_it_should_know_matches_nothing() {
        let (manifest, live) = (
            ManifestDigest::of(&json!({})),
            live("x", &ours("f:k", "t1")),
        );
        let entry = Entry::of(&manifest, &live);
        assert!(entry.matches(&manifest, &live));
        let mut another = live.clone();
        another["metadata"]["uid"] = json!("u2");
        assert!(!entry.matches(&manifest, &another));
        assert!(!Entry::default().matches(&manifest, &live));
        assert!(!Entry::default().matches(&manifest, &json!({})));
    }

    #[test]
    fn an_inventory_is_read_as_it_was_written() {
        let key = |group, kind, namespace, name| key_of_parts(group, kind, namespace, name);
        let mut inventory = Inventory::default();
        let entry = Entry::of(
            &ManifestDigest::of(&json!({})),
            &live("x", &ours("f:k", "t1")),
        );
        let deployment = key("apps", "Deployment", "alice", "server").expect("key");
        inventory.0.insert(deployment, entry);
        let namespace = key("", "Namespace", "-", "alice").expect("key");
        inventory.0.insert(namespace, Entry::default());
        let gadget = key("stable.example.com", "Gadget", "bob", "g").expect("key");
        inventory.0.insert(gadget, Entry::default());
        let object = inventory.object(&id(), "demo/redis/myns", "//a:myns-shallow", "myns");
        assert_eq!(Inventory::parse(object.document()), Ok(inventory));
        let annotations = &object.document()["metadata"]["annotations"];
        assert_eq!(
            annotations[KINDS_ANNOTATION],
            "Deployment.apps,Gadget.stable.example.com,Namespace"
        );
        assert_eq!(annotations[NAMESPACES_ANNOTATION], "bob");
        assert_eq!(
            object.document()["metadata"]["labels"][ID_LABEL],
            json!(id().set_id())
        );
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let parse = |version: &str, objects: &str| {
            let data = json!({"data": {"version": version, "objects": objects}});
            Inventory::parse(&data).expect_err("refused").to_string()
        };
        assert_eq!(parse("2", ""), "data.version: got `2`, want `1`");
        assert_eq!(
            parse("1", "Service a/b - -\nService a\n"),
            "line 2 of data.objects: got `Service a`, want kind, namespace/name, uid, fingerprint"
        );
    }
}
