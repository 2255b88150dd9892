//! What the Jsonnet library says when it is used wrongly, in the words of the tool.

use std::collections::BTreeMap;

use windlass_jsonnet::{Content, Outputs, Request, Sources, Value, evaluate};

const K8S: &str = include_str!("../k8s.libsonnet");
const ENVS: &str = include_str!("../envs.libsonnet");

/// The first line of the error that a function of `params` ends with, without file and column.
fn why(body: &str) -> String {
    why_in("myns", body)
}

fn why_in(environment: &str, body: &str) -> String {
    let code = format!(
        "local k8s = import 'windlass/k8s.libsonnet';\n\
         local byEnv = import 'windlass/envs.libsonnet';\n\
         function(params) {body}\n"
    );
    let mut sources = Sources::default();
    for (name, text) in [("k8s.libsonnet", K8S), ("envs.libsonnet", ENVS)] {
        let place = format!("../windlass~/jsonnet/{name}");
        sources
            .add(&place, Content::Text(text.to_owned()))
            .expect("one each");
        sources
            .add_name(&format!("windlass/{name}"), &place)
            .expect("one each");
    }
    sources
        .add("a.jsonnet", Content::Text(code))
        .expect("one each");
    let params = serde_json::json!({
        "environment": {"name": environment, "namespace": "alice"},
        "environments": ["prod", "staging", "dev", "myns"],
    });
    let request = Request {
        label: "//:a".to_owned(),
        src: "a.jsonnet".to_owned(),
        sources,
        ext: BTreeMap::new(),
        tla: BTreeMap::from([("params".to_owned(), Value::Json(params))]),
        outputs: Outputs::One("out.json".into()),
    };
    let cause = evaluate(&request).files.expect_err("fails");
    let text = cause.to_string();
    let (_, text) = text.split_once(": ").expect("file:line:column: text");
    text.to_owned()
}

#[test]
fn required_arguments_are_asked_for_by_name() {
    for (call, argument) in [
        ("claimTemplate('x')", "storage"),
        ("clusterRole('x')", "rules"),
        ("configMap(params, 'x')", "data"),
        ("deployment(params, 'x')", "containers"),
        ("headlessService(params, 'x')", "ports"),
        ("job(params, 'x')", "containers"),
        ("nodePortService(params, 'x')", "ports"),
        ("persistentVolumeClaim(params, 'x')", "storage"),
        ("role(params, 'x')", "rules"),
        ("service(params, 'x')", "ports"),
        ("statefulSet(params, 'x')", "containers"),
        ("storageClass('x')", "provisioner"),
    ] {
        let constructor = call.split('(').next().unwrap_or_default();
        assert_eq!(
            why(&format!("k8s.{call}")),
            format!("k8s.{constructor}: set {argument}")
        );
    }
}

#[test]
fn a_misspelt_argument_is_named() {
    assert_eq!(
        why("k8s.container('x', readyness=null)"),
        "parameter readyness is not defined"
    );
}

#[test]
fn a_misspelt_environment_is_named_with_those_there_are() {
    assert_eq!(
        why("byEnv(params, { prod: 3, prdo: 3 }, default=1)"),
        "envs: got `prdo`, want one of prod, staging, dev, myns"
    );
}

#[test]
fn an_environment_that_is_rendered_but_not_known_is_named() {
    assert_eq!(
        why_in("test", "byEnv(params, { prod: 3 }, default=1)"),
        "envs: got `test`, want one of prod, staging, dev, myns"
    );
}

#[test]
fn an_environment_without_value_and_default_is_named() {
    assert_eq!(
        why("byEnv(params, { prod: 3 })"),
        "envs: no value for `myns`, and no default"
    );
}
