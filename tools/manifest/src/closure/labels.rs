//! Selectors, and the labels that they ask for.
//!
//! Source: `k8s.io/apimachinery/pkg/labels`, `Requirement.Matches`.

use serde_json::Value;

use super::finding::Problem;
use super::pods::Pod;
use super::{entries, text};
use windlass_nearest::nearest;

/// What is asked of one label.
#[derive(Clone, Debug)]
struct Requirement<'a> {
    key: &'a str,
    operator: Operator<'a>,
}

#[derive(Clone, Debug)]
enum Operator<'a> {
    In(Vec<&'a str>),
    NotIn(Vec<&'a str>),
    Exists,
    DoesNotExist,
}

/// A selector of pods. One that asks for nothing selects all.
#[derive(Clone, Debug)]
pub(super) struct Selector<'a>(Vec<Requirement<'a>>);

impl<'a> Selector<'a> {
    /// From labels alone, as a Service has them. `None` where there are none: it selects nothing.
    pub(super) fn of_labels(labels: Option<&'a Value>) -> Option<Self> {
        let labels = labels?.as_object()?;
        let equal = |(key, value): (&'a String, &'a Value)| Requirement {
            key,
            operator: Operator::In(value.as_str().into_iter().collect()),
        };
        (!labels.is_empty()).then(|| Self(labels.iter().map(equal).collect()))
    }

    /// From a `LabelSelector`. `None` where it is missing: that selects nothing.
    pub(super) fn of(selector: Option<&'a Value>) -> Option<Self> {
        let selector = selector?;
        selector.as_object()?;
        let labels = Self::of_labels(selector.get("matchLabels"));
        let mut all = labels.map_or(Vec::new(), |labels| labels.0);
        for (_, expression) in entries(selector, "matchExpressions") {
            let values = entries(expression, "values");
            let values = values.filter_map(|(_, value)| value.as_str()).collect();
            let operator = match text(expression, "/operator") {
                Some("In") => Operator::In(values),
                Some("NotIn") => Operator::NotIn(values),
                Some("Exists") => Operator::Exists,
                Some("DoesNotExist") => Operator::DoesNotExist,
                _ => continue,
            };
            let Some(key) = text(expression, "/key") else {
                continue;
            };
            all.push(Requirement { key, operator });
        }
        Some(Self(all))
    }

    /// Whether it selects a pod.
    pub(super) fn selects(&self, pod: &Pod<'_>) -> bool {
        self.0.iter().all(|requirement| requirement.holds(pod))
    }

    /// Those of the pods that it selects; the problem where it asks for something and none is so.
    pub(super) fn among<'p, 'o>(
        &self,
        pods: impl Iterator<Item = &'p Pod<'o>>,
    ) -> Result<Vec<&'p Pod<'o>>, Problem>
    where
        'o: 'p,
    {
        let pods: Vec<_> = pods.collect();
        let selected: Vec<_> = pods
            .iter()
            .copied()
            .filter(|pod| self.selects(pod))
            .collect();
        if selected.is_empty() && !self.0.is_empty() {
            return Err(self.lack(&pods));
        }
        Ok(selected)
    }

    /// What no pod is.
    fn lack(&self, pods: &[&Pod<'_>]) -> Problem {
        let nobody = |one: &&Requirement<'_>| !pods.iter().any(|pod| one.holds(pod));
        if let Some(requirement) = self.0.iter().find(nobody) {
            return Problem::Pods {
                lack: format!("none has {requirement}"),
                nearest: requirement.nearest(pods),
                labels: self.plain(),
            };
        }
        // Each alone holds somewhere: the pod for which most do is the one that is meant.
        let held = |pod: &&&Pod<'_>| self.0.iter().filter(|one| one.holds(pod)).count();
        let lack = pods.iter().max_by_key(held).and_then(|pod| {
            let missing = self.0.iter().find(|one| !one.holds(pod))?;
            Some(format!("{} does not have {missing}", pod.owner()))
        });
        Problem::Pods {
            lack: lack.unwrap_or_else(|| "there is none".to_owned()),
            nearest: None,
            labels: None,
        }
    }

    /// `app=kafka,role=broker`; `None` where it asks for more than labels of one value.
    fn plain(&self) -> Option<String> {
        let plain = |one: &Requirement<'_>| match &one.operator {
            Operator::In(values) if values.len() == 1 => Some(format!("{}={}", one.key, values[0])),
            _ => None,
        };
        let labels: Option<Vec<_>> = self.0.iter().map(plain).collect();
        Some(labels?.join(","))
    }
}

impl Requirement<'_> {
    fn holds(&self, pod: &Pod<'_>) -> bool {
        if let Some((generated, name)) = pod.generated(self.key) {
            return match &self.operator {
                Operator::In(values) => values.iter().any(|value| generated.may_be(name, value)),
                Operator::NotIn(_) | Operator::Exists => true,
                Operator::DoesNotExist => false,
            };
        }
        let value = pod.label(self.key);
        match &self.operator {
            Operator::In(values) => value.is_some_and(|value| values.contains(&value)),
            Operator::NotIn(values) => value.is_none_or(|value| !values.contains(&value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }

    /// The value of the label, or else the label, that may have been meant.
    fn nearest(&self, pods: &[&Pod<'_>]) -> Option<String> {
        let generated = pods.iter().filter_map(|pod| pod.generated(self.key));
        let generated: Vec<_> = generated
            .filter_map(|(one, name)| one.example(name))
            .collect();
        let values = pods.iter().filter_map(|pod| pod.label(self.key));
        if let Operator::In(wanted) = &self.operator
            && let [wanted] = wanted.as_slice()
            && let Some(value) = nearest(wanted, values.chain(generated.iter().map(String::as_str)))
        {
            return Some(value.to_owned());
        }
        let labels = pods.iter().flat_map(|pod| pod.labels());
        nearest(self.key, labels)
            .filter(|label| *label != self.key)
            .map(str::to_owned)
    }
}

impl std::fmt::Display for Requirement<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = self.key;
        match &self.operator {
            Operator::In(values) if values.len() == 1 => write!(f, "`{key}: {}`", values[0]),
            Operator::In(values) => write!(f, "`{key}` of `{}`", values.join("`, `")),
            Operator::NotIn(values) => write!(f, "`{key}` other than `{}`", values.join("`, `")),
            Operator::Exists => write!(f, "`{key}`"),
            Operator::DoesNotExist => write!(f, "no `{key}`"),
        }
    }
}
