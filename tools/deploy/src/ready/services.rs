//! Services: an address, and somebody behind it.

use serde_json::{Map, Value};

use super::Readiness::{self, Current, InProgress};
use super::workloads::wanted;
use super::{Surroundings, count, group};
use crate::cluster::{Reach, Resource};
use crate::watch::{Knowledge, Store};

/// Label of an endpoint slice: the `Service` that it is of.
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// Slices of endpoints.
pub fn endpoint_slices() -> Resource {
    let (api_version, plural) = ("discovery.k8s.io/v1", "endpointslices");
    Resource::built_in(api_version, "EndpointSlice", plural, Reach::Namespaced)
}

/// Whether a load balancer has given its address.
pub(super) fn address(service: &Value) -> Readiness {
    if service["spec"]["type"] != "LoadBalancer" {
        return Current;
    }
    let ingress = service["status"]["loadBalancer"]["ingress"].as_array();
    if ingress.is_none_or(Vec::is_empty) {
        return InProgress("has no address".to_owned());
    }
    Current
}

/// Whether somebody answers behind a `Service`. Nobody needs to where nobody is to come: without
/// a selector, or where it selects neither a workload of the run that is to have pods nor a pod
/// that is there. Where endpoints may not be read, the workloads tell.
pub(super) fn with_endpoints(service: &Value, around: Surroundings<'_>) -> Readiness {
    let Some(selector) = selector(service) else {
        return Current;
    };
    let namespace = text(service, "/metadata/namespace");
    match around.store.knowledge(&endpoint_slices(), Some(namespace)) {
        Knowledge::Refused => return Current,
        Knowledge::Nothing => return InProgress("its endpoints are not known yet".to_owned()),
        Knowledge::All => {}
    }
    if has_endpoint(service, namespace, around.store) {
        return Current;
    }
    let backs = |object: &Value| {
        text(object, "/metadata/namespace") == namespace
            && labels_of_pods(object).is_some_and(|labels| matches(selector, labels))
    };
    if around.run.iter().any(backs) {
        return InProgress("no ready endpoint".to_owned());
    }
    if around.store.knowledge(&Resource::pods(), Some(namespace)) == Knowledge::Nothing {
        return InProgress("its pods are not known yet".to_owned());
    }
    let mut pods = around.store.all("v1", "Pod", namespace);
    if pods.any(|pod| is_live(pod) && selects(service, pod)) {
        return InProgress("no ready endpoint".to_owned());
    }
    Current
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default()
}

/// What a `Service` selects pods by; `None` where Kubernetes finds no endpoints for it.
fn selector(service: &Value) -> Option<&Map<String, Value>> {
    let spec = &service["spec"];
    let selector = spec["selector"].as_object();
    selector.filter(|selector| !selector.is_empty() && spec["type"] != "ExternalName")
}

fn matches(selector: &Map<String, Value>, labels: &Value) -> bool {
    selector.iter().all(|(key, value)| labels[key] == *value)
}

/// Whether a `Service` selects a pod of its namespace.
pub(crate) fn selects(service: &Value, pod: &Value) -> bool {
    let labels = &pod["metadata"]["labels"];
    selector(service).is_some_and(|selector| matches(selector, labels))
}

/// Whether a pod is there to stay: neither on its way out nor done.
fn is_live(pod: &Value) -> bool {
    let is_done = matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    !is_done && pod["metadata"]["deletionTimestamp"].is_null()
}

/// The labels of the pods that a workload is to have; `None` if it is to have none, or they come
/// and go.
fn labels_of_pods(object: &Value) -> Option<&Value> {
    let kind = text(object, "/kind");
    let is_to_have = match (group(object), kind) {
        ("apps", "Deployment" | "StatefulSet" | "ReplicaSet") | ("", "ReplicationController") => {
            wanted(object) > 0
        }
        ("apps", "DaemonSet") => count(&object["status"]["desiredNumberScheduled"]) > 0,
        ("", "Pod") => return is_live(object).then(|| &object["metadata"]["labels"]),
        _ => false,
    };
    is_to_have.then(|| &object["spec"]["template"]["metadata"]["labels"])
}

/// Whether an endpoint takes calls: a ready one, or any where those that are not are published.
fn has_endpoint(service: &Value, namespace: &str, store: &Store) -> bool {
    let name = &service["metadata"]["name"];
    let any = service["spec"]["publishNotReadyAddresses"] == true;
    let mut slices = store
        .all("discovery.k8s.io/v1", "EndpointSlice", namespace)
        .filter(|slice| slice["metadata"]["labels"][SERVICE_LABEL] == *name);
    // By the API, a condition that is not known is to be taken as ready.
    let takes_calls = |endpoint: &Value| any || endpoint["conditions"]["ready"] != false;
    slices.any(|slice| {
        let endpoints = slice["endpoints"].as_array();
        endpoints.into_iter().flatten().any(takes_calls)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ready::readiness_among;
    use crate::ready::tests::{hold, progress};
    use serde_json::json;

    fn service(spec: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Service", "spec": spec,
               "metadata": {"name": "web", "namespace": "alice"}})
    }

    fn selecting() -> Value {
        service(&json!({"selector": {"app": "web"}}))
    }

    /// A workload whose pods the service selects.
    fn workload(kind: &str, replicas: u64) -> Value {
        json!({"apiVersion": "apps/v1", "kind": kind,
            "metadata": {"name": "web", "namespace": "alice"}, "spec": {"replicas": replicas,
                "template": {"metadata": {"labels": {"app": "web", "more": "x"}}}}})
    }

    fn pod(label: &str, phase: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "status": {"phase": phase},
               "metadata": {"name": "p", "namespace": "alice", "labels": {"app": label}}})
    }

    /// A slice with one endpoint for each condition.
    fn slice(of: &str, ready: &[Value]) -> Value {
        let endpoint = |ready: &Value| json!({"conditions": {"ready": ready}});
        let endpoints: Vec<Value> = ready.iter().map(endpoint).collect();
        json!({"metadata": {"name": "s", "namespace": "alice", "labels": {SERVICE_LABEL: of}},
               "endpoints": endpoints})
    }

    /// What was listed in namespace `alice`.
    fn listed(slices: &[Value], pods: &[Value]) -> Store {
        let mut store = Store::default();
        for (resource, items) in [(endpoint_slices(), slices), (Resource::pods(), pods)] {
            store.add(json!({"items": items}), &resource, Some("alice"));
        }
        store
    }

    fn among(service: &Value, store: &Store, run: &[Value]) -> Readiness {
        readiness_among(service, &[], Surroundings { store, run })
    }

    #[test]
    fn addresses() {
        let balanced = |status: Value| {
            let mut service = service(&json!({"type": "LoadBalancer", "clusterIP": "1.2.3.4"}));
            service["status"] = status;
            service
        };
        let given = json!({"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}});
        hold(&[
            ("none said", service(&json!({})), Current),
            ("node port", service(&json!({"type": "NodePort"})), Current),
            ("given", balanced(given), Current),
            (
                "not given",
                balanced(json!({"loadBalancer": {}})),
                progress("has no address"),
            ),
        ]);
    }

    #[test]
    fn somebody_must_answer_where_somebody_is_to_come() {
        let (yes, no, unknown) = (json!(true), json!(false), json!(null));
        let run = [workload("Deployment", 1)];
        let open = progress("no ready endpoint");
        let none = listed(&[], &[]);
        assert_eq!(among(&selecting(), &none, &run), open);
        for (name, ready, want) in [
            ("none", &[][..], &open),
            ("not ready", std::slice::from_ref(&no), &open),
            ("one ready", &[no.clone(), yes], &Current),
            ("not known", &[unknown], &Current),
        ] {
            let store = listed(&[slice("web", ready)], &[]);
            assert_eq!(among(&selecting(), &store, &run), *want, "{name}");
        }
        let others = listed(&[slice("other", &[json!(true)])], &[]);
        assert_eq!(among(&selecting(), &others, &run), open);
        let published =
            service(&json!({"selector": {"app": "web"}, "publishNotReadyAddresses": true}));
        let starting = listed(&[slice("web", &[no])], &[]);
        assert_eq!(among(&published, &starting, &run), Current);
        assert_eq!(among(&published, &none, &run), open);
    }

    #[test]
    fn nobody_is_waited_for_who_will_not_come() {
        let store = listed(&[], &[]);
        let mut elsewhere = workload("Deployment", 1);
        elsewhere["metadata"]["namespace"] = json!("bob");
        let mut of_others = workload("Deployment", 1);
        of_others["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
        let mut nodes = workload("DaemonSet", 1);
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": workload("Job", 1)["spec"],
                         "metadata": {"namespace": "alice"}});
        for (name, run) in [
            ("nothing", vec![]),
            ("scaled to nothing", vec![workload("StatefulSet", 0)]),
            ("another namespace", vec![elsewhere]),
            ("other pods", vec![of_others]),
            ("no node is for it", vec![nodes.clone()]),
            ("pods that come and go", vec![job]),
            ("a pod that is done", vec![pod("web", "Succeeded")]),
        ] {
            assert_eq!(among(&selecting(), &store, &run), Current, "{name}");
        }
        nodes["status"] = json!({"desiredNumberScheduled": 2});
        let open = progress("no ready endpoint");
        assert_eq!(among(&selecting(), &store, &[nodes]), open);
        assert_eq!(among(&selecting(), &store, &[pod("web", "Running")]), open);
        for spec in [
            json!({}),
            json!({"selector": {}}),
            json!({"selector": {"app": "web"}, "type": "ExternalName"}),
        ] {
            let run = [workload("Deployment", 1)];
            assert_eq!(among(&service(&spec), &store, &run), Current, "{spec}");
        }
    }

    #[test]
    fn pods_that_are_there_count_whoever_made_them() {
        let open = progress("no ready endpoint");
        let mut going = pod("web", "Running");
        going["metadata"]["deletionTimestamp"] = json!("now");
        for (name, pod, want) in [
            ("live", pod("web", "Pending"), &open),
            ("done", pod("web", "Failed"), &Current),
            ("another's", pod("other", "Running"), &Current),
            ("going", going, &Current),
        ] {
            assert_eq!(
                among(&selecting(), &listed(&[], &[pod]), &[]),
                *want,
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_not_known_is_waited_for_and_what_cannot_be_known_is_not() {
        let mut store = Store::default();
        let endpoints = progress("its endpoints are not known yet");
        assert_eq!(among(&selecting(), &store, &[]), endpoints);
        store.add(json!({"items": []}), &endpoint_slices(), Some("alice"));
        assert_eq!(
            among(&selecting(), &store, &[]),
            progress("its pods are not known yet")
        );
        store.refuse(&endpoint_slices(), Some("alice"));
        assert_eq!(
            among(&selecting(), &store, &[workload("Deployment", 1)]),
            Current
        );
    }
}
