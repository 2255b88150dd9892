//! Everything that can be referred to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use windlass_k8s_object::{Namespace, Object, is_cluster_scoped};
use windlass_nearest::nearest;

use super::external::External;
use super::pods::Pod;
use super::{entries, text};

/// A kind that is referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// Its API group.
    pub(super) group: &'a str,
    /// Its name.
    pub(super) kind: &'a str,
}

pub(super) const CONFIG_MAP: Target<'_> = core("ConfigMap");
pub(super) const SECRET: Target<'_> = core("Secret");
pub(super) const SERVICE: Target<'_> = core("Service");
pub(super) const SERVICE_ACCOUNT: Target<'_> = core("ServiceAccount");
pub(super) const CLAIM: Target<'_> = core("PersistentVolumeClaim");
pub(super) const VOLUME: Target<'_> = core("PersistentVolume");

const fn core(kind: &str) -> Target<'_> {
    Target { group: "", kind }
}

/// What each cluster, or each namespace, has of its own accord. A name that ends in `:` stands for
/// all that start so.
const BUILT_IN: &[(&str, &str)] = &[
    ("ClusterRole", "admin"),
    ("ClusterRole", "cluster-admin"),
    ("ClusterRole", "edit"),
    ("ClusterRole", "system:"),
    ("ClusterRole", "view"),
    ("ConfigMap", "extension-apiserver-authentication"),
    ("ConfigMap", "kube-root-ca.crt"),
    ("PriorityClass", "system-cluster-critical"),
    ("PriorityClass", "system-node-critical"),
    ("Role", "extension-apiserver-authentication-reader"),
    ("Role", "system:"),
    ("ServiceAccount", "default"),
];

/// What a name leads to.
pub(super) enum Found<'a> {
    /// An object here.
    Object(&'a Object),
    /// Something that is made elsewhere, or of which nothing is known.
    Unknown,
    /// Nothing.
    Nothing {
        /// A name that there is.
        nearest: Option<String>,
    },
}

/// All objects by what they are called, and all pods.
pub(super) struct Graph<'a> {
    /// Group, kind and namespace in one text -> name -> object.
    objects: BTreeMap<String, BTreeMap<&'a str, &'a Object>>,
    namespaces: BTreeSet<&'a str>,
    pods: Vec<Pod<'a>>,
    externals: &'a [External],
}

/// The namespace of an object; empty for what is in none.
pub(super) fn namespace(object: &Object) -> &str {
    object
        .key()
        .namespace
        .as_ref()
        .map_or("", Namespace::as_str)
}

impl<'a> Graph<'a> {
    pub(super) fn new(
        all: impl Iterator<Item = &'a Object>,
        externals: &'a [External],
    ) -> Graph<'a> {
        let mut graph = Graph {
            objects: BTreeMap::new(),
            namespaces: BTreeSet::new(),
            pods: externals.iter().filter_map(Pod::external).collect(),
            externals,
        };
        for object in all {
            let key = object.key();
            let target = Target {
                group: &key.group,
                kind: key.kind.as_str(),
            };
            let place = graph.objects.entry(place(target, namespace(object)));
            place.or_default().insert(key.name.as_str(), object);
            graph.namespaces.insert(namespace(object));
            graph.pods.extend(Pod::of(object));
        }
        graph
    }

    /// What a name leads to. The namespace says nothing for kinds of the whole cluster.
    pub(super) fn find(&self, target: Target<'_>, namespace: &str, name: &str) -> Found<'a> {
        if self.is_external(target.kind, name) {
            return Found::Unknown;
        }
        let of_cluster = of_cluster(target);
        let namespace = if of_cluster { "" } else { namespace };
        let known = self.known(target, namespace);
        if let Some(object) = known.and_then(|known| known.get(name)) {
            return Found::Object(object);
        }
        // Who makes objects of a kind for the whole cluster is somebody else, where none is here.
        let hidden = if of_cluster {
            known.is_none()
        } else {
            !self.namespaces.contains(namespace)
        };
        // The values of Secrets are in no repository, and most Secrets are not either.
        if hidden || target == SECRET || is_built_in(target.kind, name) {
            return Found::Unknown;
        }
        let names = known.into_iter().flat_map(|known| known.keys().copied());
        let nearest = nearest(name, names).map(str::to_owned);
        Found::Nothing { nearest }
    }

    /// All objects of a kind in a namespace, by name.
    pub(super) fn all(
        &self,
        target: Target<'_>,
        namespace: &str,
    ) -> impl Iterator<Item = &'a Object> {
        let known = self.known(target, namespace);
        known.into_iter().flat_map(|known| known.values().copied())
    }

    fn known(&self, target: Target<'_>, namespace: &str) -> Option<&BTreeMap<&'a str, &'a Object>> {
        self.objects.get(&place(target, namespace))
    }

    /// Whether somebody else makes it.
    pub(super) fn is_external(&self, kind: &str, name: &str) -> bool {
        self.externals.iter().any(|one| one.is(kind, name))
    }

    /// The pods that a namespace has.
    pub(super) fn pods(&self, namespace: &str) -> impl Iterator<Item = &Pod<'a>> {
        self.pods.iter().filter(move |pod| pod.is_in(namespace))
    }
}

fn place(target: Target<'_>, namespace: &str) -> String {
    format!("{}.{} {namespace}", target.kind, target.group)
}

fn is_built_in(kind: &str, name: &str) -> bool {
    let is = |built_in: &str| {
        name == built_in || (built_in.ends_with(':') && name.starts_with(built_in))
    };
    BUILT_IN
        .iter()
        .any(|(of, built_in)| *of == kind && is(built_in))
}

fn of_cluster(target: Target<'_>) -> bool {
    windlass_k8s_object::Kind::try_new(target.kind)
        .is_ok_and(|kind| is_cluster_scoped(target.group, &kind))
}

/// The keys that the data of a `ConfigMap` or `Secret` have; `None` where a controller fills them.
pub(super) fn keys(object: &Object) -> Option<BTreeSet<&str>> {
    let document = object.document();
    if text(document, "/type") == Some("kubernetes.io/service-account-token") {
        return None;
    }
    let fields = ["data", "binaryData", "stringData"];
    let maps = fields
        .iter()
        .filter_map(|field| document.get(field)?.as_object());
    Some(
        maps.flat_map(|map| map.keys().map(String::as_str))
            .collect(),
    )
}

/// The names in a list of things that have one.
pub(super) fn names<'a>(value: &'a Value, list: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    entries(value, list).filter_map(|(_, item)| text(item, "/name"))
}
