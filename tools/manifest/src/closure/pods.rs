//! Pods as selectors and ports see them: those that objects make, and those that others make.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_k8s_object::Object;
use windlass_k8s_object::images::pod_spec;
use windlass_nearest::nearest;

use super::external::External;
use super::finding::Problem;
use super::generated::{self, Generated};
use super::graph::{names, namespace};
use super::{Check, entries, text};

/// The pods that one object makes, or one that is an object itself.
pub(super) struct Pod<'a> {
    labels: BTreeMap<&'a str, &'a str>,
    origin: Origin<'a>,
}

enum Origin<'a> {
    Object { object: &'a Object, spec: &'a Value },
    External,
}

/// A port that a container says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Port<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) number: Option<u64>,
    pub(super) protocol: &'a str,
}

impl<'a> Pod<'a> {
    /// The pods of an object, if it makes any.
    pub(super) fn of(object: &'a Object) -> Option<Self> {
        let document = object.document();
        if object.kind().as_str() == "PodTemplate" {
            return None;
        }
        let (path, spec) = pod_spec(document)?;
        let template = path
            .strip_suffix("spec")?
            .split_terminator('.')
            .try_fold(document, |value, step| value.get(step))?;
        let labels = template.pointer("/metadata/labels");
        let labels = labels.and_then(Value::as_object).into_iter().flatten();
        Some(Self {
            labels: labels
                .filter_map(|(label, value)| Some((label.as_str(), value.as_str()?)))
                .collect(),
            origin: Origin::Object { object, spec },
        })
    }

    /// The pods that others make.
    pub(super) fn external(external: &'a External) -> Option<Self> {
        let External::Pods { labels } = external else {
            return None;
        };
        Some(Self {
            labels: labels
                .iter()
                .map(|(label, value)| (label.as_str(), value.as_str()))
                .collect(),
            origin: Origin::External,
        })
    }

    pub(super) fn is_in(&self, place: &str) -> bool {
        match self.origin {
            Origin::Object { object, .. } => namespace(object) == place,
            Origin::External => true,
        }
    }

    pub(super) fn label(&self, key: &str) -> Option<&'a str> {
        self.labels.get(key).copied()
    }

    /// The labels that they have, those that a controller gives them included.
    pub(super) fn labels(&self) -> impl Iterator<Item = &'a str> {
        let generated = self.maker().map(|(kind, _)| generated::of_kind(kind));
        let generated = generated.into_iter().flatten().flat_map(|one| one.labels);
        self.labels.keys().copied().chain(generated.copied())
    }

    /// A label that a controller gives them, and the name of the object that it makes them for.
    pub(super) fn generated(&self, key: &str) -> Option<(&'static Generated, &'a str)> {
        let (kind, name) = self.maker()?;
        let generated = generated::of_kind(kind).find(|one| one.labels.contains(&key))?;
        Some((generated, name))
    }

    /// Kind and name of the object that makes them.
    fn maker(&self) -> Option<(&'a str, &'a str)> {
        match self.origin {
            Origin::Object { object, .. } => {
                Some((object.kind().as_str(), object.key().name.as_str()))
            }
            Origin::External => None,
        }
    }

    /// Who makes them, for messages.
    pub(super) fn owner(&self) -> String {
        match self.origin {
            Origin::Object { object, .. } => object.key().to_string(),
            Origin::External => "an external pod".to_owned(),
        }
    }

    /// The ports that its containers say they have; `None` where nobody knows.
    pub(super) fn ports(&self) -> Option<Vec<Port<'a>>> {
        let Origin::Object { spec, .. } = self.origin else {
            return None;
        };
        let beside = entries(spec, "initContainers")
            .filter(|(_, container)| text(container, "/restartPolicy") == Some("Always"));
        let containers = entries(spec, "containers").chain(beside);
        Some(containers.flat_map(|(_, one)| ports(one)).collect())
    }
}

/// The ports that a container says it has.
pub(super) fn ports(container: &Value) -> impl Iterator<Item = Port<'_>> {
    entries(container, "ports").map(|(_, port)| Port {
        name: text(port, "/name"),
        number: port.get("containerPort").and_then(Value::as_u64),
        protocol: text(port, "/protocol").unwrap_or("TCP"),
    })
}

/// Reports a container that a pod does not have.
pub(super) fn container(check: &mut Check<'_>, path: &str, of: &str, spec: &Value, name: &str) {
    let known: Vec<_> = names(spec, "containers")
        .chain(names(spec, "initContainers"))
        .collect();
    if !known.contains(&name) {
        let problem = Problem::Part {
            of: of.to_owned(),
            part: format!("container `{name}`"),
            nearest: nearest(name, known).map(str::to_owned),
        };
        check.report(path, problem);
    }
}
