//! Selectors of pods by those that make, protect and spread them.

use serde_json::Value;
use windlass_k8s_object::images::pod_spec;

use super::finding::Problem;
use super::labels::Selector;
use super::pods::Pod;
use super::{Check, entries};

pub(super) fn check(check: &mut Check<'_>) {
    let document = check.document();
    if check.is("policy", "PodDisruptionBudget") {
        selects(check, "spec.selector", document.pointer("/spec/selector"));
    }
    own(check, document);
    let Some((path, spec)) = pod_spec(document) else {
        return;
    };
    for (index, spread) in entries(spec, "topologySpreadConstraints") {
        let path = format!("{path}.topologySpreadConstraints[{index}].labelSelector");
        selects(check, &path, spread.get("labelSelector"));
    }
    // Who keeps away from pods that are not there is where it should be: `podAntiAffinity` refers to
    // nothing that must be.
    let Some(affinity) = spec.pointer("/affinity/podAffinity") else {
        return;
    };
    let path = format!("{path}.affinity.podAffinity");
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    for (index, term) in entries(affinity, required) {
        affine(check, &format!("{path}.{required}[{index}]"), term);
    }
    let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    for (index, weighted) in entries(affinity, preferred) {
        if let Some(term) = weighted.get("podAffinityTerm") {
            let path = format!("{path}.{preferred}[{index}].podAffinityTerm");
            affine(check, &path, term);
        }
    }
}

/// Reports a workload that does not select the pods of its own template: the API server refuses it.
fn own(check: &mut Check<'_>, document: &Value) {
    let kinds = ["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"];
    if !kinds.iter().any(|kind| check.is("apps", kind)) {
        return;
    }
    let selector = Selector::of(document.pointer("/spec/selector"));
    let Some((selector, pod)) = selector.zip(Pod::of(check.object)) else {
        return;
    };
    if let Err(mut problem) = selector.among(std::iter::once(&pod)) {
        if let Problem::Pods { labels, .. } = &mut problem {
            // No pods of others are its own.
            *labels = None;
        }
        check.report("spec.selector", problem);
    }
}

/// A term of affinity. One that looks into other namespaces may mean anybody's pods.
fn affine(check: &mut Check<'_>, path: &str, term: &Value) {
    let elsewhere = entries(term, "namespaces").next().is_some();
    if !elsewhere && term.get("namespaceSelector").is_none_or(Value::is_null) {
        let path = format!("{path}.labelSelector");
        selects(check, &path, term.get("labelSelector"));
    }
}

/// Reports a selector that selects no pod beside the object.
pub(super) fn selects(check: &mut Check<'_>, path: &str, selector: Option<&Value>) {
    let Some(selector) = Selector::of(selector) else {
        return;
    };
    if let Err(problem) = selector.among(check.graph.pods(check.namespace())) {
        check.report(path, problem);
    }
}
