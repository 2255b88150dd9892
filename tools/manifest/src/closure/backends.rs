//! What names a Service: the backends of an Ingress, a `StatefulSet`, and those that the API server
//! itself calls.

use serde_json::Value;
use windlass_k8s_object::Object;
use windlass_nearest::nearest;

use super::finding::Problem;
use super::graph::{SECRET, SERVICE, Target};
use super::{Check, config, entries, text};

pub(super) fn check(check: &mut Check<'_>) {
    let document = check.document();
    if check.is("networking.k8s.io", "Ingress") {
        ingress(check, &document["spec"]);
    } else if check.is("apps", "StatefulSet") {
        stateful_set(check, document);
    } else if check.object.key().group == "admissionregistration.k8s.io" {
        for (index, webhook) in entries(document, "webhooks") {
            let path = format!("webhooks[{index}].clientConfig.service");
            called(check, &path, webhook.pointer("/clientConfig/service"));
        }
    } else if check.is("apiregistration.k8s.io", "APIService") {
        called(check, "spec.service", document.pointer("/spec/service"));
    } else if check.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        let path = "spec.conversion.webhook.clientConfig.service";
        let pointer = "/spec/conversion/webhook/clientConfig/service";
        called(check, path, document.pointer(pointer));
    }
}

fn ingress(check: &mut Check<'_>, spec: &Value) {
    if let Some(default) = spec.get("defaultBackend") {
        backend(check, "spec.defaultBackend", default);
    }
    for (rule, value) in entries(spec, "rules") {
        let http = value.get("http").unwrap_or(&Value::Null);
        for (at, value) in entries(http, "paths") {
            if let Some(own) = value.get("backend") {
                let path = format!("spec.rules[{rule}].http.paths[{at}].backend");
                backend(check, &path, own);
            }
        }
    }
    for (index, tls) in entries(spec, "tls") {
        let Some(name) = text(tls, "/secretName") else {
            continue;
        };
        let path = format!("spec.tls[{index}].secretName");
        if let Some(secret) = check.named(&path, SECRET, name) {
            for key in ["tls.crt", "tls.key"] {
                config::key(check, &path, secret, key);
            }
        }
    }
}

fn backend(check: &mut Check<'_>, path: &str, backend: &Value) {
    if let Some((kind, name)) = text(backend, "/resource/kind").zip(text(backend, "/resource/name"))
    {
        let group = text(backend, "/resource/apiGroup").unwrap_or_default();
        check.named(&format!("{path}.resource"), Target { group, kind }, name);
    }
    let Some(name) = text(backend, "/service/name") else {
        return;
    };
    let Some(service) = check.named(&format!("{path}.service.name"), SERVICE, name) else {
        return;
    };
    if let Some(port) = text(backend, "/service/port/name") {
        let path = format!("{path}.service.port.name");
        has_port(check, &path, service, "name", &Value::from(port));
    } else if let Some(port) = backend.pointer("/service/port/number") {
        let path = format!("{path}.service.port.number");
        has_port(check, &path, service, "port", port);
    }
}

/// Reports a port that a Service does not have, by the field that tells it from others.
fn has_port(check: &mut Check<'_>, path: &str, service: &Object, field: &str, want: &Value) {
    let spec = &service.document()["spec"];
    // A name for something outside of the cluster, which may have any.
    if text(spec, "/type") == Some("ExternalName") && entries(spec, "ports").next().is_none() {
        return;
    }
    let ports: Vec<_> = entries(spec, "ports")
        .filter_map(|(_, port)| port.get(field))
        .collect();
    if ports.contains(&want) {
        return;
    }
    let plain = |value: &Value| value.to_string().trim_matches('"').to_owned();
    let known: Vec<_> = ports.into_iter().map(plain).collect();
    let want = plain(want);
    let problem = Problem::Part {
        of: service.key().to_string(),
        part: format!("port `{want}`"),
        nearest: nearest(&want, known.iter().map(String::as_str)).map(str::to_owned),
    };
    check.report(path, problem);
}

fn stateful_set(check: &mut Check<'_>, document: &Value) {
    let Some(name) = text(document, "/spec/serviceName") else {
        return;
    };
    let Some(service) = check.named("spec.serviceName", SERVICE, name) else {
        return;
    };
    if text(service.document(), "/spec/clusterIP") != Some("None") {
        let text = format!(
            "{} has an address of its own, want one with clusterIP `None`",
            service.key()
        );
        check.report("spec.serviceName", Problem::Form(text));
    }
}

/// A Service that the API server calls, in whatever namespace.
fn called(check: &mut Check<'_>, path: &str, service: Option<&Value>) {
    let Some(service) = service else { return };
    let Some((namespace, name)) = text(service, "/namespace").zip(text(service, "/name")) else {
        return;
    };
    let found = check.named_in(&format!("{path}.name"), SERVICE, namespace, name);
    if let Some(found) = found {
        let port = service.get("port").cloned().unwrap_or(Value::from(443));
        has_port(check, &format!("{path}.port"), found, "port", &port);
    }
}
