//! The runner: people with one right have it apply their bundles, under an account that may do
//! that and nothing else, and that nobody else can use.

use super::runner_account as account;
use crate::{Harness, Outcome, audit, kubectl_name, processes};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use windlass_report::{Exit, say};

const WORKER: &str = "//e2e/engine:pair.worker";
const ACCOUNT: &str = "system:serviceaccount:alice:windlass-apply";
const RUNNER: &str = "system:serviceaccount:windlass-runner:runner";
const LAPTOP: &str = "system:serviceaccount:people:laptop";
pub(super) const BUNDLES: &str = "localhost:31000/demo/bundles/e2e/engine/pair";

/// What is granted and not used here, and why it is granted.
const FOR_OTHER_DAYS: [&str; 2] = [
    // The log of a container that has failed: none does.
    " pods/log get",
    // Requests that are over go when there are more than twenty of them.
    "windlass.dev applyrequests delete",
];

pub(super) fn run(h: &Harness) {
    let laptop = arrange(h);
    let bundle = applied(h, &laptop);
    failed_applies_end_as_they_would_here(h, &laptop);
    nobody_asks_for_anything_else(h, &laptop, &bundle);
    account::nobody_else_uses_it(h, &laptop, &bundle);
    bundles_that_are_aimed_elsewhere(h, &laptop);
    killed_in_the_middle(h, &laptop);
    every_right_is_used(h);
}

/// An administrator makes the runner, and alice's laptop has one right.
fn arrange(h: &Harness) -> PathBuf {
    h.run("//e2e/alice:setup.apply", &[]).succeeded();
    h.run("//e2e/runner:runner.apply", &[]).succeeded();
    h.run("//e2e/runner:runner.apply", &[])
        .succeeded()
        .says("nothing changed");
    for arguments in [
        &["create", "namespace", "people"] as &[&str],
        &["create", "namespace", "prod"],
        &["create", "serviceaccount", "laptop", "-n", "people"],
        &["create", "serviceaccount", "other", "-n", "people"],
    ] {
        h.kubectl(arguments).succeeded();
    }
    // The API server has understood all that the policies say.
    for name in ["asking", "running", "token"] {
        let name = format!("windlass-{name}.alice");
        h.until(&format!("{name} is checked"), 60, || {
            let policy = h.get(&["validatingadmissionpolicy", &name]);
            let status = &policy["status"];
            let observed = status["observedGeneration"] == policy["metadata"]["generation"];
            assert_eq!(status["typeChecking"]["expressionWarnings"], Value::Null);
            (!observed).then(|| policy.to_string())
        });
    }
    let laptop = h.kubeconfig_of("people", "laptop");
    whose_namespace_it_is(h, &laptop);
    laptop
}

/// Setup has said that it is the administrator's; until somebody has said that it is alice's, she
/// does not ask, and nobody does while it is nobody's.
fn whose_namespace_it_is(h: &Harness, laptop: &Path) {
    let bundle = format!("{BUNDLES}@sha256:{}", "0".repeat(64));
    let is_refused_with = |kubeconfig: &Path, says: &str| {
        let request = request("by-hand", "//e2e/engine:pair", &bundle);
        // What admission knows of a namespace comes a little later than an answer.
        h.until(says, 60, || {
            let asked = create_with(h, kubeconfig, &request, &["--dry-run=server"]);
            (asked.code == 0 || !asked.stderr.contains(says)).then_some(asked.stderr)
        });
    };
    is_refused_with(laptop, "namespace `alice` is not yours: it belongs to `");
    h.kubectl(&["annotate", "namespace", "alice", "windlass.dev/owner-"])
        .succeeded();
    let command =
        |user: &str| format!("kubectl annotate namespace alice windlass.dev/owner='{user}'");
    let hint = |user: &str| {
        let yours =
            "nobody has said whose namespace `alice` is; if it is yours, an administrator does";
        format!("{yours}: {}", command(user))
    };
    let other = h.kubeconfig_of("people", "other");
    is_refused_with(&other, &hint("system:serviceaccount:people:other"));
    is_refused_with(laptop, &hint(LAPTOP));
    let typed = command(LAPTOP).replace('\'', "");
    let words: Vec<&str> = typed.split(' ').skip(1).collect();
    h.kubectl(&words).succeeded();
    h.until("the laptop may ask", 60, || {
        let request = request("by-hand", "//e2e/engine:pair", &bundle);
        let asked = create_with(h, laptop, &request, &["--dry-run=server"]);
        (asked.code != 0).then_some(asked.stderr)
    });
    // What the administrator sets up there stays as it is.
    h.run("//e2e/runner:runner.apply", &[])
        .succeeded()
        .says("nothing changed");
}

/// The laptop brings up its stack; gives back the bundle.
fn applied(h: &Harness, laptop: &Path) -> String {
    let first = h.run_with(laptop, WORKER, &[]);
    first.succeeded().says("2 created");
    first.says("applied by the runner of windlass");
    let second = h.run_with(laptop, WORKER, &[]);
    second.succeeded().says("nothing changed");
    // What it has not the right to do it did not do by another way.
    let deployment = h.get(&["deployment", "pair", "-n", "alice"]);
    assert_eq!(deployment["status"]["readyReplicas"], 1);
    let requests = h.list(&["applyrequests", "-n", "alice"]);
    assert_eq!(requests.len(), 2);
    let [spec, status] = ["spec", "status"].map(|field| &requests[0][field]);
    assert_eq!(spec["target"], "//e2e/engine:pair");
    assert_eq!(
        (&status["phase"], &status["exitCode"]),
        (&json!("Succeeded"), &json!(0))
    );
    let bundle = spec["bundle"].as_str().expect("a bundle").to_owned();
    assert!(
        bundle.starts_with(&format!("{BUNDLES}@sha256:")),
        "{bundle}"
    );
    bundle
}

/// What the apply says is shown, and its exit code is that of the run.
fn failed_applies_end_as_they_would_here(h: &Harness, laptop: &Path) {
    h.kubectl(&["scale", "deployment/pair", "-n", "alice", "--replicas=2"])
        .succeeded();
    let refused = h.run_with(laptop, WORKER, &[]);
    assert_eq!(refused.code, Exit::Write as i32);
    refused
        .says("1 field of Deployment `alice/pair` is owned by other managers")
        .says("error: the runner has not applied `//e2e/engine:pair`\n")
        .says("ended with exit 6");
    h.kubectl(&["delete", "deployment/pair", "-n", "alice"])
        .succeeded();
}

/// A request as somebody writes it by hand.
fn request(name: &str, target: &str, bundle: &str) -> Value {
    json!({
        "apiVersion": "windlass.dev/v1", "kind": "ApplyRequest",
        "metadata": {"name": name, "namespace": "alice"},
        "spec": {"target": target, "bundle": bundle, "timeoutSeconds": 60},
    })
}

fn ask(h: &Harness, kubeconfig: &Path, name: &str, target: &str, bundle: &str) -> Outcome {
    create(h, kubeconfig, &request(name, target, bundle))
}

pub(super) fn create(h: &Harness, kubeconfig: &Path, object: &Value) -> Outcome {
    create_with(h, kubeconfig, object, &[])
}

pub(super) fn create_with(
    h: &Harness,
    kubeconfig: &Path,
    object: &Value,
    flags: &[&str],
) -> Outcome {
    let file = h.state.join("object.json");
    std::fs::write(&file, object.to_string()).expect("written");
    let file = file.to_str().expect("a path");
    let outcome = h.kubectl_with(kubeconfig, &[&["create", "-f", file], flags].concat());
    say(&format!("$ kubectl create: {}", outcome.stderr));
    outcome
}

#[track_caller]
pub(super) fn refused(outcome: &Outcome, says: &[&str]) {
    assert_ne!(outcome.code, 0, "{}", outcome.stdout);
    for text in says {
        outcome.says(text);
    }
}

/// The API server refuses what is no bundle of the environment, and says what would be.
fn nobody_asks_for_anything_else(h: &Harness, laptop: &Path, bundle: &str) {
    let (_, digest) = bundle.split_once('@').expect("a digest");
    let pair = "//e2e/engine:pair";
    let asks = |target: &str, bundle: &str| ask(h, laptop, "by-hand", target, bundle);
    let policy = "ValidatingAdmissionPolicy 'windlass-asking.alice'";
    refused(
        &asks("//e2e/engine:old", bundle),
        &[
            policy,
            "no group `//e2e/engine:old` is applied in `alice`; want one of `//e2e/engine:pair`",
        ],
    );
    for by_tag in [
        format!("{BUNDLES}:latest"),
        format!("{BUNDLES}:v1@{digest}"),
    ] {
        refused(
            &asks(pair, &by_tag),
            &["want an image by digest and without a tag"],
        );
    }
    let other = format!("localhost:31000/demo/client@{digest}");
    refused(
        &asks(pair, &other),
        &[
            policy,
            &format!("got bundle `{other}`, want one of `{BUNDLES}`"),
        ],
    );
    let long = ask(h, laptop, &"x".repeat(41), pair, bundle);
    refused(&long, &["want a name of at most 40 letters"]);
    // The tool says the same of a group that is not among those of the runner.
    let unknown = h.run_with(laptop, "//e2e/engine:old.worker", &[]);
    assert_eq!(unknown.code, Exit::Write as i32);
    unknown
        .says("error: cannot ask the runner of windlass to apply `//e2e/engine:old`\n")
        .says("no group `//e2e/engine:old` is applied in `alice`");

    // A namespace of one person's own.
    let other = h.kubeconfig_of("people", "other");
    refused(
        &ask(h, &other, "by-other", pair, bundle),
        &["not yours: it belongs to `system:serviceaccount:people:laptop`, you are"],
    );
    // One that has no runner.
    let elsewhere = json!({
        "apiVersion": "windlass.dev/v1", "kind": "ApplyRequest",
        "metadata": {"name": "elsewhere", "namespace": "prod"},
        "spec": {"target": pair, "bundle": bundle, "timeoutSeconds": 60},
    });
    let forbidden = create(h, laptop, &elsewhere);
    refused(&forbidden, &["cannot create resource \"applyrequests\""]);
    create(h, h.kubeconfig(), &elsewhere).succeeded();
    let status = over(h, "prod", "elsewhere");
    assert_eq!(status["phase"], "Refused");
    let message = status["message"].as_str().unwrap_or_default();
    assert!(
        message.contains(
            "cannot create resource \"jobs\" in API group \"batch\" in the namespace \"prod\""
        ),
        "{message}"
    );
    let one = h.list(&["applyrequests", "-n", "alice"]);
    let change = [
        "patch",
        "applyrequest",
        kubectl_name(&one[0]),
        "-n",
        "alice",
        "--type=merge",
    ];
    let change = [&change[..], &["-p", r#"{"spec": {"timeoutSeconds": 5}}"#]].concat();
    refused(&h.kubectl(&change), &["a request cannot be changed"]);
}

/// The status of a request that is over.
#[track_caller]
fn over(h: &Harness, namespace: &str, name: &str) -> Value {
    let status = || h.get(&["applyrequest", name, "-n", namespace])["status"].clone();
    h.until(&format!("{namespace}/{name} is over"), 120, || {
        let status = status();
        let phase = status["phase"].as_str().unwrap_or_default();
        let is_over = ["Succeeded", "Failed", "Refused"].contains(&phase);
        (!is_over).then(|| status.to_string())
    });
    status()
}

/// Whoever can push to the repository can have anything applied that the account may apply, and
/// nothing else.
fn bundles_that_are_aimed_elsewhere(h: &Harness, laptop: &Path) {
    for (name, missing) in [
        (
            "aimed-at-prod",
            "cannot get resource \"namespaces\" in API group \"\" in the namespace \"prod\"",
        ),
        (
            "aimed-at-cluster",
            "cannot get resource \"configmaps\" in API group \"\" in the namespace \"kube-system\"",
        ),
    ] {
        let push = h.run(&format!("//e2e/runner:{name}.bundle"), &[]);
        let bundle = push.succeeded().stdout.trim().to_owned();
        let before = written(h).len();
        ask(h, laptop, name, "//e2e/engine:pair", &bundle).succeeded();
        let status = over(h, "alice", name);
        assert_eq!(
            (&status["phase"], &status["exitCode"]),
            (&json!("Failed"), &json!(Exit::Preflight as i32))
        );
        let log = status["log"]["text"].as_str().unwrap_or_default();
        let says = format!("is forbidden: User \"{ACCOUNT}\" {missing}");
        assert!(log.contains(&says), "{name}: {log}");
        assert_eq!(written(h)[before..], [""; 0]);
    }
}

/// What has been written that users describe: not by the runner, which writes of its requests.
fn written(h: &Harness) -> Vec<String> {
    let mut writes = audit::described(h);
    writes.retain(|write| !write.contains("fieldManager=windlass-runner"));
    writes
}

/// The runner is killed while a Job runs; whoever waits does not notice.
fn killed_in_the_middle(h: &Harness, laptop: &Path) {
    let nodes = h.list(&["nodes"]);
    let node = kubectl_name(&nodes[0]);
    let jobs = || h.list(&["jobs", "-n", "alice"]).len();
    let before = jobs();
    // Somebody else changes the group: the Job waits for them.
    let lease = lease_of_pair(h);
    let held = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": lease, "namespace": "alice"},
        "spec": {"holderIdentity": "somebody else", "leaseDurationSeconds": 300}});
    create(h, h.kubeconfig(), &held).succeeded();
    let worker = h.start_with(laptop, WORKER, &[]);
    h.until("the Job waits", 120, || {
        let said = worker.stderr();
        (!said.contains("waits for `pair`: somebody else changes it")).then_some(said)
    });
    nobody_runs_anything_beside_it(h);
    // No pod but that of the Job is started from now on.
    h.kubectl(&["cordon", node]).succeeded();
    let pods = h.list(&["pods", "-n", "windlass-runner"]);
    let pod = kubectl_name(&pods[0]);
    processes::signal(processes::in_pod(h, "runner", pod), "KILL");
    h.until("the runner is there again", 60, || {
        let restarts = h.restarts("windlass-runner");
        restarts.is_empty().then(|| "not yet".to_owned())
    });
    h.kubectl(&["delete", "lease", &lease, "-n", "alice"])
        .succeeded();
    let renewed = || {
        let leases = h.list(&["leases", "-n", "alice"]);
        leases.first().map(|one| one["spec"]["renewTime"].clone())
    };
    h.until("the Job has its turn", 60, || {
        renewed().is_none().then(|| "not yet".to_owned())
    });
    let first = renewed();
    h.until("it renews its lease", 60, || {
        (renewed() == first).then(|| "not yet".to_owned())
    });
    h.kubectl(&["uncordon", node]).succeeded();
    let worker = worker.end();
    worker.succeeded().says("applied by the runner of windlass");
    // Each line once, though it was read twice.
    let waits = worker.stderr.matches("waits for `pair`").count();
    assert_eq!(waits, 1, "{}", worker.stderr);
    assert_eq!(jobs(), before + 1);
}

/// A pod that has the token, and runs, is entered by nobody.
fn nobody_runs_anything_beside_it(h: &Harness) {
    let apply = [
        "-l",
        "app.kubernetes.io/name=windlass-apply",
        "--field-selector=status.phase=Running",
    ];
    let pods = h.list(&[&["pods", "-n", "alice"], &apply[..]].concat());
    let name = kubectl_name(&pods[0]);
    let exec = h.kubectl(&["exec", "-n", "alice", name, "--", "/windlass", "delete"]);
    refused(
        &exec,
        &[
            "ValidatingAdmissionPolicy 'windlass-token.alice'",
            "nobody has the token of account `windlass-apply` but its pods",
        ],
    );
}

/// The name of the lease that the Role is about.
fn lease_of_pair(h: &Harness) -> String {
    let granted = h.granted(&["role", "windlass-apply", "-n", "alice"]);
    let mut names = granted
        .iter()
        .filter_map(|right| right.strip_prefix("coordination.k8s.io leases get "));
    names.next().expect("a lease").to_owned()
}

/// All that the three may do, they have done, or it says above why they may.
fn every_right_is_used(h: &Harness) {
    let of = |roles: &[&[&str]]| -> BTreeSet<String> {
        roles.iter().flat_map(|role| h.granted(role)).collect()
    };
    for (user, granted) in [
        (ACCOUNT, of(&[&["role", "windlass-apply", "-n", "alice"]])),
        (
            RUNNER,
            of(&[
                &["role", "windlass-runner", "-n", "alice"],
                &["clusterrole", "windlass-runner"],
            ]),
        ),
        (LAPTOP, of(&[&["clusterrole", "windlass-asking"]])),
    ] {
        let used = audit::allowed(h, user);
        let unused: Vec<&String> = granted
            .iter()
            .filter(|right| !used.contains(*right) && !FOR_OTHER_DAYS.contains(&right.as_str()))
            .collect();
        assert!(unused.is_empty(), "{user}: {unused:?}; used: {used:#?}");
        say(&format!("{user}: {} rights: {granted:#?}", granted.len()));
    }
    // And there is nothing beside these.
    for (user, verb, what, namespace) in [
        (ACCOUNT, "list", "secrets", "alice"),
        (ACCOUNT, "create", "jobs", "alice"),
        (ACCOUNT, "get", "configmaps/pair", "prod"),
        (RUNNER, "get", "secrets", "alice"),
        (RUNNER, "create", "pods", "alice"),
        (RUNNER, "create", "jobs", "prod"),
        (RUNNER, "create", "applyrequests.windlass.dev", "alice"),
        (LAPTOP, "create", "jobs", "alice"),
        (LAPTOP, "get", "pods", "alice"),
        (LAPTOP, "list", "applyrequests.windlass.dev", "alice"),
        (LAPTOP, "create", "applyrequests.windlass.dev", "prod"),
    ] {
        let user = format!("--as={user}");
        // A group is not what a service account is known by, when somebody speaks for it.
        let groups = "--as-group=system:serviceaccounts:people";
        let mut ask = vec!["auth", "can-i", verb, what, "-n", namespace, &user];
        ask.extend(user.contains(":people:").then_some(groups));
        let may = h.kubectl(&ask);
        assert_eq!(may.stdout.trim(), "no", "{ask:?}");
    }
}
