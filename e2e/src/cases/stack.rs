//! From an empty cluster to the client's log, again without a write, and away.

use super::{local_registry, own_namespace};
use crate::{Harness, audit, expected};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};

const APPLY: &str = "//services/client:myns-deep.apply";
const DELETE: &str = "//services/client:myns-deep.delete";
const SETUP: &str = "//prod:setup.apply";

pub(super) fn run(h: &Harness) {
    let ns = own_namespace(h);
    before_setup(h);
    setup(h);
    first_apply(h, &ns);
    log_lines(h, &ns, "services/server/features.json");
    second_apply(h, &ns);
    let first = local_registry::digest(h, &ns, "client");
    edited_client(h, &ns);
    local_registry::collected(h, &ns, &first);
    delete_twice(h, &ns);
    other_fixture(h, &ns);
    same_objects_by_kubectl(h, &ns);
}

fn before_setup(h: &Harness) {
    let outcome = h.run(APPLY, &[]);
    outcome.says("hint: bazel run //prod:setup.apply");
    assert_eq!(outcome.code, 4, "a cluster without setup is refused");
    assert_eq!(audit::writes(h), [""; 0], "and nothing is written");
}

fn setup(h: &Harness) {
    h.run(SETUP, &[]).succeeded();
    let before = audit::writes(h).len();
    h.run(SETUP, &[]).succeeded();
    assert_eq!(
        audit::writes(h)[before..],
        [""; 0],
        "a second setup writes nothing"
    );
    for namespace in ["prod", "staging", "dev"] {
        h.get(&["namespace", namespace]);
    }
}

fn first_apply(h: &Harness, ns: &str) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let sampler = scope.spawn(|| server_before_redis(h, ns, &done));
        h.run(APPLY, &["--timeout=4m"]).succeeded();
        done.store(true, Ordering::Relaxed);
        assert_eq!(sampler.join().expect("sampler"), [""; 0]);
    });
    assert_eq!(h.not_ready(ns, 8), None, "six of Redis, server and client");
    assert_eq!(h.restarts(ns), [""; 0]);
}

/// Samples in which the server had a ready endpoint while Redis had no ready replica.
fn server_before_redis(h: &Harness, ns: &str, done: &AtomicBool) -> Vec<String> {
    let mut wrong = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let server = h.ready_endpoints(ns, "server");
        let redis = h.ready_endpoints(ns, "redis");
        if server > 0 && redis == 0 {
            wrong.push(format!(
                "server has {server} ready endpoints, redis {redis}"
            ));
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    wrong
}

/// The client's log says what the fixture holds.
fn log_lines(h: &Harness, ns: &str, fixture: &str) {
    let words = expected::lines(&h.runfile(fixture));
    h.until("the client's log has all four calls", 60, || {
        let log = h.log(ns, "deploy/client", "client");
        words
            .iter()
            .find(|word| !log.contains(*word))
            .map(|word| format!("no `{word}` in:\n{log}"))
    });
}

/// The client after an edit: one image, one object, and nothing else.
fn edited_client(h: &Harness, ns: &str) {
    let (writes, uploads) = (audit::described(h).len(), audit::uploads(h).len());
    let volume = local_registry::volume(h);
    let others = |h: &Harness| {
        let mut versions = h.versions(ns);
        versions.retain(|one| !one.contains("\"client\"") && !one.contains("/\"windlass.client."));
        versions
    };
    let before = others(h);
    h.run("//e2e/edited:myns-shallow.apply", &[]).succeeded();
    let writes = audit::described(h).split_off(writes);
    assert_eq!(writes.len(), 1, "one Deployment is written: {writes:?}");
    assert!(writes[0].contains("/deployments/client"), "{writes:?}");
    let uploads = audit::uploads(h).split_off(uploads);
    let put = |of: &str| {
        uploads
            .iter()
            .filter(|line| line.contains("\"PUT") && line.contains(of))
            .count()
    };
    assert_eq!(
        put("/blobs/"),
        2,
        "a layer and a config are sent: {uploads:?}"
    );
    assert_eq!(put("/manifests/sha256:"), 1, "{uploads:?}");
    assert_eq!(
        put(&format!("/manifests/{ns}.client.")),
        1,
        "the tag, once all is ready: {uploads:?}"
    );
    assert_eq!(put("/manifests/"), 2, "{uploads:?}");
    let mut new = local_registry::volume(h);
    new.retain(|digest, _| !volume.contains_key(digest));
    let digest = local_registry::digest(h, ns, "client");
    assert_eq!(new, local_registry::edit(h, &digest), "to the byte");
    assert_eq!(new.len(), 3);
    assert_eq!(others(h), before, "server and Redis are as they were");
}

/// Another fixture, from empty data: the same client logs what that one holds.
fn other_fixture(h: &Harness, ns: &str) {
    h.run("//e2e/fixture:myns-deep.apply", &["--timeout=4m"])
        .succeeded();
    h.run("//services/client:myns-shallow.apply", &[])
        .succeeded();
    log_lines(h, ns, "e2e/fixture/features.json");
    h.run(DELETE, &[]).succeeded();
}

fn second_apply(h: &Harness, ns: &str) {
    let (writes, uploads, versions) = (
        audit::writes(h).len(),
        audit::uploads(h).len(),
        h.versions(ns),
    );
    h.run(APPLY, &[]).succeeded().says("nothing changed");
    assert_eq!(
        audit::writes(h)[writes..],
        [""; 0],
        "a second apply writes nothing"
    );
    assert_eq!(audit::uploads(h)[uploads..], [""; 0], "and uploads nothing");
    assert_eq!(h.versions(ns), versions);
}

fn delete_twice(h: &Harness, ns: &str) {
    let uploads = audit::uploads(h).len();
    h.run(DELETE, &[]).succeeded();
    h.until("all pods are gone", 60, || h.not_ready(ns, 0));
    h.until("and the claims of a personal Redis", 60, || {
        let claims = h.list(&["pvc", "-n", ns]);
        (!claims.is_empty()).then(|| format!("{} claims", claims.len()))
    });
    h.run(DELETE, &[]).succeeded().says("nothing to do");
    assert_eq!(
        audit::uploads(h)[uploads..],
        [""; 0],
        "delete uploads nothing"
    );
    h.get(&["namespace", ns]);
    h.get(&["deployment", "registry", "-n", "windlass-system"]);
}

/// `.resolve | kubectl apply --server-side` ends in the objects that `.apply` makes.
fn same_objects_by_kubectl(h: &Harness, ns: &str) {
    let by_us = {
        h.run(APPLY, &["--wait=false"]).succeeded();
        let objects = objects(h, ns);
        h.run(DELETE, &[]).succeeded();
        objects
    };
    let resolved = h
        .run("//services/client:myns-deep.resolve", &[])
        .succeeded()
        .stdout
        .clone();
    let file = std::env::temp_dir().join("windlass-resolved.json");
    std::fs::write(&file, resolved).expect("a temporary file");
    let file = file.to_string_lossy();
    h.kubectl(&[
        "apply",
        "--server-side",
        "--field-manager=windlass",
        "-f",
        &file,
    ])
    .succeeded();
    let by_kubectl = objects(h, ns);
    assert!(by_us.len() > 8, "got {} objects", by_us.len());
    assert_eq!(by_us, by_kubectl);
    h.run(DELETE, &[]).succeeded();
}

/// The desired half of what is in the namespace.
fn objects(h: &Harness, ns: &str) -> Vec<Value> {
    let kinds = "deployments,statefulsets,services,configmaps,serviceaccounts,pdb";
    let mut items = h.list(&[kinds, "-n", ns]);
    items.retain(|item| !crate::kubectl_name(item).starts_with("windlass."));
    for item in &mut items {
        let object = item.as_object_mut().expect("an object");
        object.remove("status");
        let meta = object["metadata"].as_object_mut().expect("metadata");
        for name in [
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "generation",
            "managedFields",
        ] {
            meta.remove(name);
        }
        // What controllers add on their own.
        if let Some(annotations) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("deployment.kubernetes.io/revision");
        }
        if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
            spec.remove("clusterIP");
            spec.remove("clusterIPs");
        }
    }
    items
}
