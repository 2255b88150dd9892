//! Objects with one mistake each, and their twins without.

mod corpus;

use std::path::Path;

use serde_json::{Value, json};

use strum::VariantNames as _;

use crate::{CrdError, Schemas, definitions};

/// The folder of this crate: where cargo runs its tests, and below where Bazel does.
fn folder() -> &'static Path {
    let below = Path::new("tools/lib/k8s_schema");
    if below.exists() {
        below
    } else {
        Path::new(".")
    }
}

fn schemas() -> Schemas {
    let text = std::fs::read_to_string(folder().join("kubernetes/1.36.json"));
    Schemas::parse(&text.expect("is a declared file")).expect("is a schema")
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "client", "labels": {"app": "client"}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "client"}},
            "template": {
                "metadata": {"labels": {"app": "client"}},
                "spec": {"containers": [{
                    "name": "client",
                    "image": "client",
                    "imagePullPolicy": "IfNotPresent",
                    "ports": [{"containerPort": 80, "protocol": "TCP"}],
                    "readinessProbe": {"httpGet": {"port": "http"}},
                    "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
                    "livenessProbe": null,
                }]},
            },
        },
    })
}

/// What is said of a Deployment of which the value at a pointer is another.
fn said(pointer: &str, value: Value) -> Vec<String> {
    let mut document = deployment();
    let (above, name) = pointer.rsplit_once('/').expect("a pointer");
    let above = document.pointer_mut(above).expect("is there");
    match above {
        Value::Array(items) => items.push(value),
        above => above[name] = value,
    }
    let findings = schemas().check(&document);
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_right_object_has_nothing_wrong() {
    assert_eq!(schemas().check(&deployment()), []);
}

#[test]
fn one_mistake_is_one_finding() {
    const CONTAINER: &str = "/spec/template/spec/containers/0";
    let container = |name: &str| format!("{CONTAINER}/{name}");
    for (pointer, value, want) in [
        (
            "/spec/replica".to_owned(),
            json!(2),
            "spec.replica: there is no such field; the nearest is `replicas`",
        ),
        (
            "/spec/replicas".to_owned(),
            json!("2"),
            "spec.replicas: got `\"2\"`, want an integer",
        ),
        (
            "/spec/replicas".to_owned(),
            json!(4_294_967_296_i64),
            "spec.replicas: got `4294967296`, want an integer of 32 bits",
        ),
        (
            "/spec/selector".to_owned(),
            json!(null),
            "spec.selector: is missing",
        ),
        (
            "/metadata/labels/a.b~1c".to_owned(),
            json!(1),
            "metadata.labels[\"a.b~1c\"]: got `1`, want a string",
        ),
        (
            container("imagePullPolicy"),
            json!("Allways"),
            "spec.template.spec.containers[0].imagePullPolicy: got `Allways`, want one of `Always`, \
             `IfNotPresent`, `Never`; the nearest is `Always`",
        ),
        (
            container("readinessProbe"),
            json!({"httpGet": {"port": true}}),
            "spec.template.spec.containers[0].readinessProbe.httpGet.port: got `true`, want an integer \
             or a string",
        ),
        (
            container("resources"),
            json!({"limits": {"cpu": []}}),
            "spec.template.spec.containers[0].resources.limits.cpu: got `[]`, want a string or a number",
        ),
        (
            "/spec/template/spec/containers/1".to_owned(),
            json!({"name": "client"}),
            "spec.template.spec.containers[1]: has the same name \"client\" as \
             spec.template.spec.containers[0]",
        ),
    ] {
        assert_eq!(said(&pointer, value), [want], "{pointer}");
    }
}

#[test]
fn kinds_that_are_not_there() {
    let of = |api_version: &str, kind: &str| {
        let document = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
        let findings = schemas().check(&document);
        findings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        of("apps/v2", "StatefulSet"),
        ["Kubernetes 1.36 has no `apps/v2 StatefulSet`; it has `apps/v1 StatefulSet`"]
    );
    assert_eq!(
        of("apps/v1", "Deploymnt"),
        ["Kubernetes 1.36 has no `apps/v1 Deploymnt`; it has `apps/v1 Deployment`"]
    );
    assert_eq!(
        of("example.com/v1", "Widget"),
        ["Kubernetes 1.36 has no `example.com/v1 Widget`"]
    );
    assert_eq!(
        of("policy/v1beta1", "PodDisruptionBudget"),
        [
            "`policy/v1beta1 PodDisruptionBudget` is not served since 1.25; use \
          `policy/v1 PodDisruptionBudget`"
        ]
    );
}

#[test]
fn data_of_a_secret_is_base64() {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"},
        "data": {"good": "cGFzcw==", "bad": "pass!"},
        "stringData": {"any": "pass!"},
    });
    let findings = schemas().check(&secret);
    let said: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        ["data.bad: got `\"pass!\"`, want base64; `stringData` of a Secret takes plain text"]
    );
}

fn widget(spec: &Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": spec})
}

/// The schemas with a definition of widgets, whose `spec` is of this schema.
fn with_widgets(spec: &Value) -> Schemas {
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Widget", "plural": "widgets"},
            "scope": "Namespaced",
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
            }],
        },
    });
    let mut schemas = schemas();
    assert_eq!(schemas.check(&definition), []);
    for definition in definitions(&definition).expect("is a definition") {
        schemas.define(definition);
    }
    schemas
}

#[test]
fn custom_resources_are_as_their_definition_says() {
    let schemas = with_widgets(&json!({
        "type": "object",
        "required": ["size"],
        "properties": {
            "size": {"type": "integer", "minimum": 1, "maximum": 9, "exclusiveMaximum": true},
            "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 3},
            "parts": {"type": "array", "minItems": 1, "items": {"type": "string"}},
            "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "port": {"x-kubernetes-int-or-string": true},
            "one": {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
            },
            "none": {"type": "string", "nullable": true},
        },
    }));
    let said = |spec| {
        let findings = schemas.check(&widget(&spec));
        findings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let right = json!({
        "size": 1, "name": "abc", "parts": ["a"], "any": {"b": [1]}, "port": "http",
        "one": {"a": "x"}, "none": null,
    });
    assert_eq!(said(right), [""; 0]);
    for (spec, want) in [
        (json!({}), "spec.size: is missing"),
        (
            json!({"size": 0}),
            "spec.size: got `0`, want a number greater than or equal to 1",
        ),
        (
            json!({"size": 9}),
            "spec.size: got `9`, want a number less than 9",
        ),
        (
            json!({"size": 1, "name": "Abc"}),
            "spec.name: got `\"Abc\"`, want what matches `^[a-z]+$`",
        ),
        (
            json!({"size": 1, "name": "abcd"}),
            "spec.name: got `\"abcd\"`, want at most 3 characters",
        ),
        (
            json!({"size": 1, "parts": []}),
            "spec.parts: got `0`, want at least 1 entries",
        ),
        (
            json!({"size": 1, "port": {}}),
            "spec.port: got `{}`, want an integer or a string",
        ),
        (
            json!({"size": 1, "one": {"a": "x", "b": "y"}}),
            "spec.one: got `{\"a\":\"x\",\"b\":\"y\"}`, want what satisfies exactly one of `oneOf`",
        ),
        (
            json!({"size": 1, "sise": 1}),
            "spec.sise: there is no such field; the nearest is `size`",
        ),
    ] {
        assert_eq!(said(spec.clone()), [want], "{spec}");
    }
}

#[test]
fn every_error_has_a_case() {
    let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"});
    let cases = [
        (
            "Kind",
            json!({"apiVersion": "v1", "kind": "ConfigMap"}),
            "got `v1 ConfigMap`, want a CustomResourceDefinition of apiextensions.k8s.io/v1",
        ),
        ("Json", crd, "it is no CustomResourceDefinition"),
    ];
    for (variant, document, text) in &cases {
        let error = definitions(document).expect_err("is no definition");
        assert_eq!(
            (<&str>::from(&error), error.to_string()),
            (*variant, (*text).to_owned())
        );
    }
    let variants = cases.map(|(variant, ..)| variant);
    windlass_error_cases::complete(variants, CrdError::VARIANTS);
}
