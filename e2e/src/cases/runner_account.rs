//! The account that the runner applies by: who uses it, for what, and that the runner uses no other.

use super::runner::{BUNDLES, create, create_with, refused};
use crate::{Harness, kubectl_name};
use serde_json::{Value, json};
use std::path::Path;

/// The policy of what runs under the account, and the first that it says.
const RUNNING: &str = "ValidatingAdmissionPolicy 'windlass-running.alice'";
const ONLY: &str = "account `windlass-apply` is for Jobs of the runner, and the pods of these";

/// The pod of a Job as the runner makes it, but for what `edit` does.
fn pod(image: &str, edit: impl FnOnce(&mut Value)) -> Value {
    let mut pod = json!({
        "serviceAccountName": "windlass-apply", "restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "apply", "image": image, "args": ["apply", "--in-cluster", "--timeout=60s"],
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        }],
    });
    edit(&mut pod);
    pod
}

fn object(api_version: &str, kind: &str, spec: &Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind,
        "metadata": {"name": "windlass-apply-by-hand", "namespace": "alice"}, "spec": spec})
}

fn job(pod: &Value) -> Value {
    object("batch/v1", "Job", &json!({"template": {"spec": pod}}))
}

/// Neither the laptop nor an administrator makes a Job or a pod under the account, the runner
/// itself no other one, and nobody has its token.
pub(super) fn nobody_else_uses_it(h: &Harness, laptop: &Path, bundle: &str) {
    let usual = pod(bundle, |_| {});
    refused(
        &create(h, laptop, &job(&usual)),
        &["cannot create resource \"jobs\""],
    );
    let (policy, only) = (RUNNING, ONLY);
    let admin = h.kubeconfig();
    refused(&create(h, admin, &job(&usual)), &[policy, only]);
    let own_pod = |pod: &Value| object("v1", "Pod", pod);
    refused(&create(h, admin, &own_pod(&usual)), &[policy, only]);
    // By the older name of the field.
    let older = pod(bundle, |pod| {
        pod["serviceAccount"] = pod["serviceAccountName"].take();
        pod.as_object_mut()
            .expect("fields")
            .remove("serviceAccountName");
    });
    refused(&create(h, admin, &own_pod(&older)), &[policy, only]);

    even_the_runner_makes_no_other(h, bundle);
    what_makes_pods_by_itself_makes_none(h, bundle);
    nobody_has_its_token(h, bundle);
}

/// The runner itself, were it talked into something.
fn even_the_runner_makes_no_other(h: &Harness, bundle: &str) {
    let policy = RUNNING;
    let runner = h.kubeconfig_of("windlass-runner", "runner");
    let image = format!("account `windlass-apply` runs one image, by digest, of `{BUNDLES}`");
    let other = "localhost:31000/demo/client@sha256:".to_owned() + &"0".repeat(64);
    for pod in [
        pod(&other, |_| {}),
        pod(&format!("{BUNDLES}:latest"), |_| {}),
        pod(bundle, |pod| {
            let more = pod["containers"][0].clone();
            pod["initContainers"] = json!([more]);
            pod["initContainers"][0]["name"] = json!("first");
        }),
        pod(bundle, |pod| {
            let mut more = pod["containers"][0].clone();
            more["name"] = json!("beside");
            pod["containers"]
                .as_array_mut()
                .expect("containers")
                .push(more);
        }),
    ] {
        refused(&create(h, &runner, &job(&pod)), &[policy, &image]);
    }
    for (field, value) in [
        ("args", json!(["delete", "--in-cluster", "--timeout=60s"])),
        ("command", json!(["/windlass", "delete"])),
    ] {
        let other = pod(bundle, |pod| pod["containers"][0][field] = value);
        let command = "account `windlass-apply` runs `apply --in-cluster --timeout=<seconds>s`";
        refused(&create(h, &runner, &job(&other)), &[policy, command]);
    }
    under_another_account(h, &runner, &other);
    with_more_than_it_makes(h, &runner, bundle);
}

/// Whoever has the token of the runner takes nothing by it that another account has, or a Secret.
fn under_another_account(h: &Harness, runner: &Path, image: &str) {
    let mounts = |pod: &mut Value| {
        pod["volumes"] = json!([{"name": "secret", "secret": {"secretName": "of-alice"}}]);
        pod["containers"][0]["volumeMounts"] = json!([{"name": "secret", "mountPath": "/secret"}]);
    };
    let no_other = "the runner makes Jobs under account `windlass-apply` and no other";
    for account in [json!("default"), Value::Null] {
        let pod = pod(image, |pod| {
            pod["serviceAccountName"] = account;
            mounts(pod);
        });
        refused(&create(h, runner, &job(&pod)), &[RUNNING, no_other]);
    }
    // What others may they still do.
    let pod = pod(image, |pod| {
        pod["serviceAccountName"] = json!("default");
        mounts(pod);
    });
    create_with(h, h.kubeconfig(), &job(&pod), &["--dry-run=server"]).succeeded();
}

/// Nor by a bundle that somebody has pushed.
fn with_more_than_it_makes(h: &Harness, runner: &Path, bundle: &str) {
    let as_made = "a Job under account `windlass-apply` is as the runner makes it; got ";
    let volume = json!([{"name": "more", "secret": {"secretName": "of-alice"}}]);
    let command = json!({"exec": {"command": ["/windlass", "delete"]}});
    for (field, value) in [
        ("volumes", volume),
        ("hostNetwork", json!(true)),
        ("nodeName", json!("somewhere")),
    ] {
        let more = pod(bundle, |pod| pod[field] = value);
        let says = format!("{as_made}{field}");
        refused(&create(h, runner, &job(&more)), &[RUNNING, &says]);
    }
    for (field, value) in [
        (
            "env",
            json!([{"name": "KUBECONFIG", "value": "/elsewhere"}]),
        ),
        ("envFrom", json!([{"secretRef": {"name": "of-alice"}}])),
        ("lifecycle", json!({"postStart": command})),
        ("livenessProbe", command.clone()),
    ] {
        let more = pod(bundle, |pod| pod["containers"][0][field] = value);
        let says = format!("{as_made}{field}");
        refused(&create(h, runner, &job(&more)), &[RUNNING, &says]);
    }
    let rights = "a Job under account `windlass-apply` has no more rights on its node than the runner \
                  gives it";
    for more in [
        pod(bundle, |pod| pod["securityContext"]["runAsUser"] = json!(0)),
        pod(bundle, |pod| {
            let own = &mut pod["containers"][0]["securityContext"];
            own["allowPrivilegeEscalation"] = json!(true);
        }),
    ] {
        refused(&create(h, runner, &job(&more)), &[RUNNING, rights]);
    }
    // As it is made, it is taken.
    create_with(h, runner, &job(&pod(bundle, |_| {})), &["--dry-run=server"]).succeeded();
}

/// A Deployment is taken; its pods are not.
fn what_makes_pods_by_itself_makes_none(h: &Harness, bundle: &str) {
    let template = json!({"metadata": {"labels": {"app": "by-hand"}}, "spec": pod(bundle, |pod| {
        pod["restartPolicy"] = json!("Always");
    })});
    let spec = json!({"selector": {"matchLabels": {"app": "by-hand"}}, "template": template});
    create(h, h.kubeconfig(), &object("apps/v1", "Deployment", &spec)).succeeded();
    h.until("no pod of the Deployment is made", 60, || {
        let events = h.list(&[
            "events",
            "-n",
            "alice",
            "--field-selector=reason=FailedCreate",
        ]);
        let is_refused = |event: &Value| {
            let message = event["message"].as_str().unwrap_or_default();
            message.contains(RUNNING) && message.contains(ONLY)
        };
        (!events.iter().any(is_refused)).then(|| format!("{events:?}"))
    });
    h.kubectl(&["delete", "deployment/windlass-apply-by-hand", "-n", "alice"])
        .succeeded();
}

/// Not even an administrator is given it.
fn nobody_has_its_token(h: &Harness, bundle: &str) {
    let policy = "ValidatingAdmissionPolicy 'windlass-token.alice'";
    let token = "nobody has the token of account `windlass-apply` but its pods";
    refused(
        &h.kubectl(&["create", "token", "windlass-apply", "-n", "alice"]),
        &[policy, token],
    );
    let secret = json!({"apiVersion": "v1", "kind": "Secret",
        "type": "kubernetes.io/service-account-token",
        "metadata": {"name": "token", "namespace": "alice",
            "annotations": {"kubernetes.io/service-account.name": "windlass-apply"}}});
    refused(&create(h, h.kubeconfig(), &secret), &[policy, token]);
    let pods = h.list(&[
        "pods",
        "-n",
        "alice",
        "-l",
        "app.kubernetes.io/name=windlass-apply",
    ]);
    let name = kubectl_name(&pods[0]);
    let image = format!("--image={bundle}");
    refused(
        &h.kubectl(&[
            "debug",
            "-n",
            "alice",
            name,
            &image,
            "--profile=restricted",
            "--",
            "/windlass",
        ]),
        &[RUNNING],
    );
    // Others are as they were.
    h.kubectl(&["create", "token", "default", "-n", "alice"])
        .succeeded();
}
