//! What the engine promises of groups: gates, other people's things, renames, drift, policies.

use crate::running::Running;
use crate::{Harness, Outcome, audit};
use serde_json::Value;
use windlass_report::Exit;

/// A target of this case's own stack.
fn engine(target: &str) -> String {
    format!("//e2e/engine:{target}")
}

pub(super) fn run(h: &Harness) {
    h.run("//e2e/alice:setup.apply", &[]).succeeded();
    gate(h);
    colleague(h);
    drift(h);
    at_once(h);
    renamed(h);
    left_to_others(h);
    made_anew(h);
    kind_and_object(h);
}

#[track_caller]
fn ended(outcome: &Outcome, exit: Exit) {
    assert_eq!(outcome.code, exit as i32, "{}", outcome.stderr);
}

/// Applies a target that changes something, then again: that writes nothing, books included.
#[track_caller]
fn applied(h: &Harness, target: &str) -> Outcome {
    let target = engine(&format!("{target}.apply"));
    let first = h.run(&target, &[]);
    first.succeeded();
    unchanged(h, &target);
    first
}

#[track_caller]
fn unchanged(h: &Harness, target: &str) -> Outcome {
    let before = audit::writes(h).len();
    let outcome = h.run(target, &[]);
    outcome.succeeded().says("nothing changed");
    assert_eq!(audit::writes(h)[before..], [""; 0], "{target}");
    outcome
}

/// Refused before any write, with the exit code.
#[track_caller]
fn refused(h: &Harness, target: &str, exit: Exit) -> Outcome {
    let before = audit::writes(h).len();
    let outcome = h.run(&engine(target), &[]);
    ended(&outcome, exit);
    assert_eq!(audit::writes(h)[before..], [""; 0], "{target}");
    outcome
}

fn object(h: &Harness, kind: &str, name: &str) -> Value {
    h.get(&[kind, name, "-n", "alice"])
}

fn uid(object: &Value) -> &str {
    object["metadata"]["uid"]
        .as_str()
        .expect("a live object has a uid")
}

fn names(h: &Harness, kinds: &str) -> Vec<String> {
    let items = h.list(&[kinds, "-n", "alice"]);
    let names = items
        .iter()
        .map(|item| crate::kubectl_name(item).to_owned());
    names.collect()
}

/// The server's new image crashes: what is above it stays as it was, and the run says why.
fn gate(h: &Harness) {
    applied(h, "client-runs");
    let client = |h: &Harness| {
        let mut versions = h.versions("alice");
        versions.retain(|one| one.contains("/\"client\" "));
        assert_eq!(versions.len(), 2, "{versions:?}");
        versions
    };
    let before = client(h);
    let started = std::time::Instant::now();
    let outcome = h.run(&engine("client-crashes.apply"), &[]);
    let took = started.elapsed();
    ended(&outcome, Exit::Rollout);
    outcome
        .says("error: rollout of Deployment `alice/server` cannot finish")
        .says("container server: CrashLoopBackOff, exit 2")
        .says("no-port")
        .says("behind HEAD: 2 objects of client");
    assert_eq!(client(h), before);
    assert!(took.as_secs() < 30, "it took {took:?} to see the crash");
    // The way back is an apply of what was good.
    applied(h, "client-runs");
    h.run(&engine("client-runs.delete"), &[]).succeeded();
}

/// A colleague has made an object of the same name: it is refused, and taken when somebody asks.
fn colleague(h: &Harness) {
    let made = [
        "create",
        "configmap",
        "pair",
        "-n",
        "alice",
        "--from-literal=text=mine",
    ];
    h.kubectl(&made).succeeded();
    let made = uid(&object(h, "configmap", "pair")).to_owned();
    refused(h, "pair.apply", Exit::Preflight)
        .says("cannot apply ConfigMap `alice/pair`")
        .says("managed by `kubectl-create`")
        .says("hint: bazel run //e2e/engine:pair.apply -- --adopt");
    assert_eq!(names(h, "deployments"), [""; 0]);
    h.run(&engine("pair.apply"), &["--adopt"])
        .succeeded()
        .says("1 created, 1 adopted");
    let taken = object(h, "configmap", "pair");
    assert_eq!(taken["data"]["text"], "as described");
    assert_eq!(uid(&taken), made, "it is the same object");
    unchanged(h, &engine("pair.apply"));
}

/// What somebody changes by hand is seen by `diff`; where they own the field now, that is said.
fn drift(h: &Harness) {
    let kubectl = |words: &[&str]| {
        h.kubectl(&[words, &["-n", "alice"]].concat()).succeeded();
    };
    kubectl(&["scale", "deployment", "pair", "--replicas=2"]);
    let diff = h.run(&engine("pair.diff"), &[]);
    ended(&diff, Exit::Write);
    assert!(
        diff.stdout.contains("spec.replicas: 2 -> 1"),
        "{}",
        diff.stdout
    );
    mended_by_force(h, "spec.replicas: owned by `kubectl`");
    assert_eq!(object(h, "deployment", "pair")["spec"]["replicas"], 1);

    kubectl(&[
        "patch",
        "configmap",
        "pair",
        "-p",
        r#"{"data":{"text":"theirs"}}"#,
    ]);
    mended_by_force(h, "data.text: owned by `kubectl-patch`");
    assert_eq!(
        object(h, "configmap", "pair")["data"]["text"],
        "as described"
    );

    let labels = object(h, "configmap", "pair")["metadata"]["labels"].clone();
    let set = "applyset.kubernetes.io/part-of-";
    kubectl(&["label", "configmap", "pair", set, "app.kubernetes.io/name-"]);
    mended(h, "metadata.labels");
    assert_eq!(object(h, "configmap", "pair")["metadata"]["labels"], labels);

    let stripped = r#"[{"op":"replace","path":"/metadata/managedFields","value":[{}]}]"#;
    kubectl(&["patch", "deployment", "pair", "--type=json", "-p", stripped]);
    mended(h, "metadata.managedFields");
    let shown = ["deployment", "pair", "-n", "alice", "--show-managed-fields"];
    let managers = h.get(&shown)["metadata"]["managedFields"].to_string();
    assert!(managers.contains(r#""manager":"windlass""#), "{managers}");
}

/// `diff` shows it, `apply` mends it, and then there is nothing to do.
#[track_caller]
fn mended(h: &Harness, shown: &str) {
    let diff = h.run(&engine("pair.diff"), &["--exit-code"]);
    ended(&diff, Exit::Differs);
    assert!(
        diff.stdout.contains(shown),
        "want `{shown}`: {}",
        diff.stdout
    );
    applied(h, "pair");
}

/// `apply` leaves it alone and names whose it is; `--force-conflicts` mends it.
#[track_caller]
fn mended_by_force(h: &Harness, owned: &str) {
    refused(h, "pair.apply", Exit::Write)
        .says(owned)
        .says("hint: bazel run //e2e/engine:pair.apply -- --force-conflicts");
    h.run(&engine("pair.apply"), &["--force-conflicts"])
        .succeeded()
        .says("1 changed");
    unchanged(h, &engine("pair.apply"));
    assert_eq!(
        h.run(&engine("pair.diff"), &["--exit-code"])
            .succeeded()
            .stdout,
        ""
    );
}

/// Two people apply the same at the same time: each object is written once.
fn at_once(h: &Harness) {
    h.run(&engine("pair.delete"), &[]).succeeded();
    let before = audit::described(h).len();
    let apply = engine("pair.apply");
    let runs = [h.start(&apply, &[]), h.start(&apply, &[])].map(Running::end);
    for outcome in &runs {
        outcome.succeeded();
    }
    let writes = audit::described(h).split_off(before);
    assert_eq!(writes.len(), 2, "each object is written once: {writes:?}");
    let idle = runs
        .iter()
        .filter(|run| run.stderr.contains("nothing changed"));
    assert_eq!(idle.count(), 1, "one of them had nothing to do");
    unchanged(h, &apply);
}

/// A rename takes away what had the old name once the new one is ready; what may hold data stays.
fn renamed(h: &Harness) {
    applied(h, "old");
    let old = "/namespaces/alice/deployments/old";
    let outcome = applied(h, "new");
    outcome.says("2 created, 3 pruned");
    let left = "left    PersistentVolumeClaim `alice/store`, StatefulSet `alice/store`: no target describes it";
    for outcome in [outcome, unchanged(h, &engine("new.apply"))] {
        outcome.says(left).says(" -n alice delete ");
    }
    let has = |kinds: &str, name: &str| names(h, kinds).iter().any(|one| one == name);
    for (kinds, name, there) in [
        ("deployments", "old", false),
        ("deployments", "new", true),
        ("configmaps", "old", false),
        ("services", "store", false),
        ("statefulsets", "store", true),
        ("pvc", "store", true),
    ] {
        assert_eq!(has(kinds, name), there, "{kinds} {name}");
    }
    let deleted = audit::deleted_at(h, old);
    let conditions = object(h, "deployment", "new")["status"]["conditions"].clone();
    let conditions = conditions.as_array().cloned().unwrap_or_default();
    let available = conditions.iter().find(|one| one["type"] == "Available");
    let ready = available.and_then(|one| one["lastTransitionTime"].as_str());
    let ready = ready.expect("it is available").trim_end_matches('Z');
    assert!(
        deleted.as_str() >= ready,
        "the old one was deleted at {deleted}, the new one ready at {ready}"
    );
    h.run(&engine("new.delete"), &[]).succeeded();
}

/// Fields that are left to others: by hand, and to an autoscaler.
fn left_to_others(h: &Harness) {
    const APPLY: &str = "myns-shallow.apply";
    applied(h, "myns-shallow");
    let replicas = |h: &Harness| object(h, "deployment", "scaled")["spec"]["replicas"].clone();
    let scale = ["scale", "-n", "alice", "deployment", "scaled"];
    h.kubectl(&[&scale[..], &["--replicas=2"]].concat())
        .succeeded();
    unchanged(h, &engine(APPLY));
    assert_eq!(replicas(h), 2);
    // It scales to its minimum without asking for any metrics.
    let autoscale = ["autoscale", "-n", "alice", "deployment", "scaled"];
    h.kubectl(&[&autoscale[..], &["--min=3", "--max=4", "--cpu-percent=50"]].concat())
        .succeeded();
    h.until("the autoscaler has scaled", 60, || {
        let replicas = replicas(h);
        (replicas != 3).then(|| format!("{replicas} replicas"))
    });
    unchanged(h, &engine(APPLY));
    let label = ["label", "-n", "alice", "deployment", "scaled"];
    h.kubectl(&[&label[..], &["app.kubernetes.io/name-"]].concat())
        .succeeded();
    applied(h, "myns-shallow").says("1 changed");
    assert_eq!(replicas(h), 3, "and no pod went");
    h.kubectl(&["delete", "hpa", "scaled", "-n", "alice"])
        .succeeded();
    h.run(&engine("myns-shallow.delete"), &[]).succeeded();
}

/// A field that cannot be changed: the error says what helps, or the object is made anew.
fn made_anew(h: &Harness) {
    applied(h, "fixed");
    let before = uid(&object(h, "deployment", "fixed")).to_owned();
    refused(h, "fixed-changed.apply", Exit::Write)
        .says("cannot change Deployment `alice/fixed` in place")
        .says("hint: bazel run //e2e/engine:fixed-changed.replace");
    applied(h, "fixed-anew").says("1 replaced");
    let after = object(h, "deployment", "fixed");
    assert_ne!(uid(&after), before);
    let app = &after["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"];
    assert_eq!(app, "two");
    h.run(&engine("fixed-anew.delete"), &[]).succeeded();
}

/// A kind and an object of it come in one run.
fn kind_and_object(h: &Harness) {
    applied(h, "kind").says("2 created");
    assert_eq!(object(h, "shackle", "bow")["spec"]["tons"], 2);
}
