//! What is known of pods: labels that they get, files and containers that they have.

use serde_json::{Value, json};

use super::super::{Dangling, Problem, dangling};
use super::shop::classes;
use super::{CONTAINER, as_path, changed, hold, parsed, said};

#[test]
fn labels_that_controllers_give() {
    let pod = "statefulset.kubernetes.io/pod-name";
    hold(&[
        (
            "Service/db-0",
            "/spec/selector",
            json!({pod: "bd-0"}),
            &format!(
                "spec.selector: selects no pod: none has `{pod}: bd-0`; the nearest is `db-0`"
            ),
        ),
        (
            "Service/db-0",
            "/spec/selector",
            json!({"app": "web", pod: "db-0"}),
            "spec.selector: selects no pod: StatefulSet `shop/db` does not have `app: web`",
        ),
        (
            "Service/db-0",
            "/spec/selector",
            json!({"statefulset.kubernetes.io/podname": "db-0"}),
            &format!(
                "spec.selector: selects no pod: none has `statefulset.kubernetes.io/podname: db-0`; \
                 the nearest is `{pod}`"
            ),
        ),
        (
            "Service/db-0",
            "/spec/selector",
            json!({"batch.kubernetes.io/job-name": "migrat"}),
            "spec.selector: selects no pod: none has `batch.kubernetes.io/job-name: migrat`; the \
             nearest is `migrate`",
        ),
    ]);
    let uid = "6e1c0d4f-9e3a-4a52-8a1c-7a8d2f8a5a11";
    for selector in [
        json!({pod: "db-12"}),
        json!({"app": "db", "apps.kubernetes.io/pod-index": "0"}),
        json!({"app": "db", "controller-revision-hash": "db-5c8f"}),
        json!({"app": "web", "pod-template-hash": "6d4cf56db6"}),
        json!({"app": "log", "pod-template-generation": "1"}),
        json!({"job-name": "migrate"}),
        json!({"batch.kubernetes.io/job-name": "migrate"}),
        json!({"batch.kubernetes.io/job-name": "clean-29410560"}),
        json!({"controller-uid": uid}),
        json!({"batch.kubernetes.io/controller-uid": uid}),
        json!({"job-name": "migrate", "batch.kubernetes.io/job-completion-index": "1"}),
    ] {
        let changed = changed("Service/db-0", "/spec/selector", &selector);
        assert_eq!(said(changed, classes(), &[]), [""; 0], "{selector}");
    }
}

#[test]
fn files_that_are_mounted_alone() {
    let mount = format!("{CONTAINER}/volumeMounts/0/subPath");
    let at = as_path(&mount);
    for (file, want) in [
        ("files", "the nearest is `file`"),
        // The key, which `items` calls otherwise.
        ("host", ""),
    ] {
        let want = [
            format!("{at}: volume `settings` has no file `{file}`"),
            want.to_owned(),
        ];
        let want = want.join("; ");
        hold(&[(
            "Deployment/web",
            &mount,
            json!(file),
            want.trim_end_matches("; "),
        )]);
    }
    let volume = "/spec/template/spec/volumes/0";
    let config = |source: Value| json!({"name": "settings", "configMap": source});
    let secret = |source: Value| json!({"name": "settings", "secret": source});
    let folder = json!([{"key": "host", "path": "file/host"}]);
    for (held, source) in [
        (true, config(json!({"name": "settings", "items": folder}))),
        (false, config(json!({"name": "settings"}))),
        (true, config(json!({"name": "settings", "optional": true}))),
        (false, secret(json!({"secretName": "login"}))),
        // Nobody knows what is in it.
        (true, secret(json!({"secretName": "elsewhere"}))),
        (true, json!({"name": "settings", "emptyDir": {}})),
    ] {
        let found = said(changed("Deployment/web", volume, &source), classes(), &[]);
        assert_eq!(found.is_empty(), held, "{source}: {found:?}");
    }
}

#[test]
fn containers_whose_resources_are_told() {
    for pointer in [
        "containers/0/env/3/valueFrom/resourceFieldRef/containerName",
        "volumes/2/projected/sources/3/downwardAPI/items/0/resourceFieldRef/containerName",
        "volumes/5/downwardAPI/items/0/resourceFieldRef/containerName",
    ] {
        let pointer = format!("/spec/template/spec/{pointer}");
        let at = as_path(&pointer);
        let want = format!("{at}: the pod has no container `wbe`; the nearest is `web`");
        hold(&[("Deployment/web", &pointer, json!("wbe"), &want)]);
    }
}

/// The labels that pods of others would have to have.
fn labels(documents: Vec<Value>) -> Vec<Option<String>> {
    let found = dangling(&parsed(documents), &parsed(classes()), &[]);
    let labels = |one: Dangling| match one.problem {
        Problem::Pods { labels, .. } => labels,
        other => panic!("{other}"),
    };
    found.into_iter().map(labels).collect()
}

#[test]
fn pods_that_others_may_make() {
    let selector = |object, selector: Value| labels(changed(object, "/spec/selector", &selector));
    let kafka = json!({"app": "kafka", "role": "broker"});
    assert_eq!(
        selector("Service/web", kafka.clone()),
        [Some("app=kafka,role=broker".to_owned())]
    );
    // Of no use: they are not its own.
    let own = json!({"matchLabels": kafka});
    assert_eq!(selector("Deployment/web", own), [None]);
    let any_of_two = json!({"matchExpressions": [
        {"key": "app", "operator": "In", "values": ["kafka", "queue"]},
    ]});
    assert_eq!(selector("PodDisruptionBudget/web", any_of_two), [None]);
}
