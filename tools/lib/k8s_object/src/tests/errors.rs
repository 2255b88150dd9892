//! Every error of the crate. It has no exit codes: its tools do.

use crate::{Environment, NamespaceRefused, Object, Ownership, ParseError, quantity};
use std::error::Error as _;
use strum::VariantNames as _;
use windlass_error_cases::complete;

#[test]
fn every_object_that_does_not_parse_has_a_case() {
    let cases = [
        (
            "Json",
            "{",
            "it is not JSON: EOF while parsing an object at line 1 column 1",
        ),
        ("NotOne", "{}{}", "got 2 documents, want exactly one object"),
        (
            "NotOne",
            "[{}]",
            "got an array of 1, want exactly one object",
        ),
        (
            "NotOne",
            r#"{"apiVersion":"v1","kind":"List","items":[]}"#,
            "got a List of 0, want exactly one object",
        ),
        ("Missing", r#"{"apiVersion":"v1"}"#, "kind is missing"),
        (
            "Field",
            r#"{"apiVersion":"a/b/c"}"#,
            "apiVersion: got `a/b/c`, want `version` or `group/version`, as in `v1` or `apps/v1`",
        ),
        (
            "Field",
            r#"{"apiVersion":"v1","kind":"pod"}"#,
            "kind: got `pod`, want a kind as in `Deployment`",
        ),
        (
            "Field",
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a/b"}}"#,
            "metadata.name: got `a/b`, want a name of 1 to 253 characters without `/`, `%` or spaces",
        ),
        (
            "Field",
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"Al.ice"}}"#,
            "metadata.namespace: got `Al.ice`, want a DNS label: at most 63 of a-z, 0-9 and `-`, \
             with no `-` at either end",
        ),
        (
            "Field",
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":1}}"#,
            "metadata.name: got `1`, want a string",
        ),
    ];
    for (variant, manifest, text) in cases {
        let error = Object::parse(manifest).expect_err(manifest);
        let said = match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        assert_eq!((<&str>::from(&error), said.as_str()), (variant, text));
    }
    complete(cases.map(|(variant, ..)| variant), ParseError::VARIANTS);
}

#[test]
fn every_quantity_that_is_refused_has_a_case() {
    let path = "spec.resources.requests.storage";
    let cases = [
        (
            "NotCanonical",
            "1024Mi",
            format!("{path}: got `1024Mi`, want the canonical form `1Gi`"),
        ),
        (
            "NotQuantity",
            "much",
            format!("{path}: got `much`, want a quantity as in `500m`, `2` or `64Mi`"),
        ),
    ];
    for (variant, got, text) in &cases {
        let claim = serde_json::json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "spec": {"resources": {"requests": {"storage": got}}},
        });
        let error = quantity::check(&claim).expect_err(got);
        assert_eq!((<&str>::from(&error), &error.to_string()), (*variant, text));
    }
    let variants = cases.iter().map(|(variant, ..)| *variant);
    complete(variants, quantity::QuantityError::VARIANTS);
}

#[test]
fn every_namespace_that_is_refused_has_a_case() {
    use Ownership::{Personal, Shared};
    let label = "a DNS label: at most 63 of a-z, 0-9 and `-`, with no `-` at either end";
    let retry = Some("bazel run //x:y.apply --repo_env=USER=alice");
    let cases = [
        (
            "Empty",
            (Personal, ""),
            format!("$USER: got nothing, want {label}"),
            retry,
        ),
        (
            "NotLabel",
            (Personal, "Al.ice"),
            format!("$USER: got `Al.ice`, want {label}"),
            retry,
        ),
        (
            "Taken",
            (Personal, "prod"),
            "$USER: got `prod`, which is a namespace of setup or of another environment; want a \
             name of your own"
                .to_owned(),
            retry,
        ),
        (
            "Taken",
            (Personal, "kube-system"),
            "$USER: got `kube-system`, which is a namespace of Kubernetes; want a name of your own"
                .to_owned(),
            retry,
        ),
        (
            "Shared",
            (Shared, "Prod"),
            format!("namespace of environment `some`: got `Prod`, want {label}"),
            None,
        ),
    ];
    for (variant, (ownership, namespace), text, hint) in &cases {
        let forbidden = ["prod".to_owned()];
        let made = Environment::try_new("some", namespace, *ownership, &forbidden);
        let error = made.expect_err(namespace);
        assert_eq!((<&str>::from(&error), &error.to_string()), (*variant, text));
        assert_eq!(error.hint("bazel run //x:y.apply").as_deref(), *hint);
    }
    let variants = cases.iter().map(|(variant, ..)| *variant);
    complete(variants, NamespaceRefused::VARIANTS);
}
