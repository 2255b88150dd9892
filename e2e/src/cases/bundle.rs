//! Bundles: unpacked, they do what run targets do; under the Roles that they print, with no right
//! too many; and as an image in a Job.

use crate::{Harness, Outcome, audit, kubectl_name};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use windlass_report::{Exit, say};

const PAIR: &str = "//e2e/engine:pair";
const RUNNER: &str = "system:serviceaccount:alice:runner";

/// What is asked only where a container has failed.
const OF_CRASHES: &str = " pods/log get";

pub(super) fn run(h: &Harness) {
    h.run("//e2e/alice:setup.apply", &[]).succeeded();
    let bundle = Bundle::unpack(h, "e2e/engine/pair-offline.tar.gz");
    unpacked(h, &bundle);
    let roles = bundle.run(h.kubeconfig(), &["roles"]);
    under(h, &roles.succeeded().stdout);
    let runner = h.kubeconfig_of("alice", "runner");
    by_names(h, &bundle, &runner);
    in_a_job(h, &bundle);
}

/// A bundle in a folder of its own.
pub(super) struct Bundle(PathBuf);

impl Bundle {
    #[track_caller]
    pub(super) fn unpack(h: &Harness, tarball: &str) -> Self {
        let folder = h.state.join("bundle");
        std::fs::create_dir(&folder).expect("a folder");
        let mut tar = Command::new("tar");
        tar.arg("-C")
            .arg(&folder)
            .arg("-xzf")
            .arg(h.runfile(tarball));
        assert!(tar.status().expect("tar runs").success(), "{tarball}");
        Self(folder)
    }

    /// Runs it from elsewhere, with nothing in its environment but where the cluster is.
    pub(super) fn run(&self, kubeconfig: &Path, arguments: &[&str]) -> Outcome {
        let mut command = Command::new(self.0.join("windlass"));
        command.env_clear().env("KUBECONFIG", kubeconfig);
        let output = command.args(arguments).current_dir("/").output();
        let output = output.expect("the tool of the bundle runs");
        let outcome = Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        say(&format!("$ windlass {arguments:?}\n{}", outcome.stderr));
        outcome
    }

    /// A file of this repository that it has taken along.
    pub(super) fn runfile(&self, path: &str) -> PathBuf {
        self.0.join("windlass.runfiles/_main").join(path)
    }

    /// What it is asked for.
    pub(super) fn request(&self) -> Value {
        let text = std::fs::read(self.0.join("windlass.json")).expect("it is there");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// Asks it for something else.
    pub(super) fn put_request(&self, request: &Value) {
        let file = self.0.join("windlass.json");
        // Files of a build are not to be written to.
        std::fs::remove_file(&file).expect("removed");
        std::fs::write(file, request.to_string()).expect("written");
    }
}

/// It pushes and applies, a second time nothing; and has made what the run target makes.
fn unpacked(h: &Harness, bundle: &Bundle) {
    let apply = bundle.run(h.kubeconfig(), &["apply"]);
    apply.succeeded().says("2 created, 1 image");
    nothing_written(h, || bundle.run(h.kubeconfig(), &["apply"]));
    nothing_written(h, || h.run(&format!("{PAIR}.apply"), &[]));
    // What it tells people to type works where they are.
    let create = bundle.run(h.kubeconfig(), &["create"]);
    assert_eq!(create.code, Exit::Preflight as i32);
    create.says("hint: ./windlass apply\n");
}

#[track_caller]
fn nothing_written(h: &Harness, run: impl FnOnce() -> Outcome) {
    let before = audit::writes(h).len();
    run().succeeded().says("nothing changed");
    assert_eq!(audit::writes(h)[before..], [""; 0]);
}

/// Gives an account the Roles.
fn under(h: &Harness, roles: &str) {
    let file = h.state.join("roles.yaml");
    std::fs::write(&file, roles).expect("written");
    let file = file.to_str().expect("a path");
    for arguments in [
        // An account is not the person whose namespace it is: as in an environment of nobody's own.
        &["annotate", "namespace", "alice", "windlass.dev/owner-"] as &[&str],
        &["apply", "--server-side", "-f", file],
        &["create", "serviceaccount", "runner", "-n", "alice"],
        &[
            "create",
            "rolebinding",
            "runner",
            "-n",
            "alice",
            "--role=windlass:e2e.engine:pair",
            "--serviceaccount=alice:runner",
        ],
    ] {
        h.kubectl(arguments).succeeded();
    }
}

/// The account applies from nothing, again, and looks; it needs all that it may, and may no more.
fn by_names(h: &Harness, bundle: &Bundle, runner: &Path) {
    bundle.run(h.kubeconfig(), &["delete"]).succeeded();
    // Long enough to renew its leases, and in vain: no node takes the pod.
    let nodes = h.list(&["nodes"]);
    let node = kubectl_name(&nodes[0]);
    h.kubectl(&["cordon", node]).succeeded();
    let slow = bundle.run(runner, &["apply", "--timeout=8s"]);
    assert_eq!(slow.code, Exit::Rollout as i32);
    slow.says("2 of 2 written");
    h.kubectl(&["uncordon", node]).succeeded();
    bundle.run(runner, &["apply"]).succeeded();
    nothing_written(h, || bundle.run(runner, &["apply"]));
    assert_eq!(bundle.run(runner, &["diff"]).succeeded().stdout, "");
    // By hand, so that there is something to change.
    h.kubectl(&["scale", "deployment/pair", "-n", "alice", "--replicas=0"])
        .succeeded();
    let forced = bundle.run(runner, &["apply", "--force-conflicts"]);
    forced.succeeded().says("1 changed");

    let used = audit::allowed(h, RUNNER);
    let mut unused = h.granted(&["role", "windlass:e2e.engine:pair", "-n", "alice"]);
    assert!(
        unused.contains("apps deployments create pair"),
        "{unused:#?}"
    );
    unused.retain(|right| !used.contains(right) && right != OF_CRASHES);
    assert_eq!(
        unused,
        BTreeSet::new(),
        "granted and not used; used: {used:#?}"
    );

    // Another group of the same namespace is not its own.
    let before = audit::writes(h).len();
    let outside = h.run_with(runner, "//e2e/engine:old.apply", &[]);
    assert_eq!(outside.code, Exit::Preflight as i32);
    outside.says("cannot get resource \"configmaps\" in API group \"\" in the namespace \"alice\"");
    assert_eq!(audit::writes(h)[before..], [""; 0]);
    for (verb, what) in [
        ("list", "secrets"),
        ("create", "deployments"),
        ("get", "nodes"),
    ] {
        let account = format!("--as={RUNNER}");
        let may = h.kubectl(&["auth", "can-i", verb, what, "-n", "alice", &account]);
        assert_eq!(may.stdout.trim(), "no", "{verb} {what}");
    }
}

/// The image of the bundle, as a Job under the same account.
fn in_a_job(h: &Harness, bundle: &Bundle) {
    let push = h.run(&format!("{PAIR}.bundle"), &[]);
    let image = push.succeeded().stdout.trim().to_owned();
    assert!(
        image.starts_with("localhost:31000/demo/bundles/e2e/engine/pair@sha256:"),
        "{image}"
    );
    bundle.run(h.kubeconfig(), &["delete"]).succeeded();
    let container = json!({
        "name": "apply", "image": image, "args": ["apply", "--in-cluster"],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
    });
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "apply", "namespace": "alice"},
        "spec": {"backoffLimit": 0, "template": {"spec": {
            "serviceAccountName": "runner", "restartPolicy": "Never",
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
        }}},
    });
    let file = h.state.join("job.json");
    std::fs::write(&file, job.to_string()).expect("written");
    let file = file.to_str().expect("a path");
    h.kubectl(&["create", "-f", file]).succeeded();
    let log = || h.log("alice", "job/apply", "apply");
    h.until("the Job is done", 120, || {
        let job = h.get(&["job", "apply", "-n", "alice"]);
        let is_done = job["status"]["succeeded"] == 1;
        assert!(job["status"]["failed"].is_null(), "{}", log());
        (!is_done).then(log)
    });
    assert!(log().contains("2 created"), "{}", log());
    nothing_written(h, || h.run(&format!("{PAIR}.apply"), &[]));
}
