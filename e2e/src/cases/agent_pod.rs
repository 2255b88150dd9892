//! The agent in a pod of the cluster that it applies to, with the objects of `windlass/agent.libsonnet`
//! and the Role that its target's `.roles` prints.

use super::agent::{ALICE, program, trust};
use crate::publisher::{Publisher, Service};
use crate::{Harness, audit};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use windlass_repository_fake::Repository;

/// Its namespace.
const OWN: &str = "windlass-agent";
const ACCOUNT: &str = "system:serviceaccount:windlass-agent:agent-dev";

/// Who runs it in its pod: what `windlass/k8s.libsonnet` takes.
const USER: &str = "65532:65532";

pub(super) fn run(h: &Harness) {
    h.run("//prod:setup.apply", &[]).succeeded();
    trust(h);
    let scene = Scene::new(h);
    scene.release(0);
    scene.install();
    scene.until_it_runs(0);
    // It is told of nothing, and sees it.
    scene.release(1);
    scene.until_it_runs(1);
    put_back(&scene);
    in_another_pod(&scene);
    assert!(!audit::allowed(h, ACCOUNT).is_empty(), "{ACCOUNT}");
    let mut refused = audit::refused(h, ACCOUNT);
    // Which cluster it is, is asked, and said where it may be known.
    refused.retain(|refused| refused != "get /api/v1/namespaces/kube-system");
    assert_eq!(refused, [""; 0]);
}

struct Scene<'a> {
    h: &'a Harness,
    repository: Repository,
    publisher: Publisher<'a>,
    /// Images of the one service.
    images: [String; 3],
}

impl<'a> Scene<'a> {
    fn new(h: &'a Harness) -> Self {
        let publisher = Publisher::new(h);
        let images = publisher.images();
        let busybox = program(h, "busybox");
        let sleep = images.layer_of("sleep", &[("/bin/sleep".to_owned(), "0755", &busybox)]);
        let images = [1, 2, 3].map(|number| {
            let own = images.layer(number, 1000);
            let image = images.image(&format!("client-{number}"), &[&sleep, &own]);
            publisher.push(&image, "client")
        });
        Self {
            // A folder of the node, by the same name there but for what is before `var`.
            repository: Repository::new(&h.state.join("var/lib/shop.git")),
            images,
            publisher,
            h,
        }
    }

    /// A commit by which the service has one of its images, and its release.
    fn release(&self, image: usize) {
        let image = &self.images[image];
        self.give("0:0");
        let commit = self.repository.commit("pins.txt", image, ALICE);
        self.give(USER);
        let services = [Service::new("client", image)];
        self.publisher.release(&commit, "dev", &services);
    }

    /// Gives the repository to a user: git wants it to be of who works with it.
    fn give(&self, user: &str) {
        let mut chown = Command::new("chown");
        chown.args(["-R", user]).arg(self.repository.folder());
        assert!(chown.status().expect("chown runs").success());
    }

    /// What an administrator does: the image, the Role of the target, and the objects of the library.
    fn install(&self) {
        let h = self.h;
        h.kubectl(&["create", "namespace", OWN]).succeeded();
        let roles = h.run("//services/client:dev-deep.roles", &[]);
        self.apply("roles.yaml", &roles.succeeded().stdout);
        let image = self.image();
        for name in [
            "claim",
            "role-binding-0",
            "service-account",
            "trust-role",
            "trust-role-binding",
            "deployment",
        ] {
            let path = h.runfile(&format!("e2e/agent/agent.rendered/{name}.json"));
            let text = std::fs::read_to_string(path).expect("it is rendered");
            let text = text.replace(r#""image": "agent""#, &format!(r#""image": "{image}""#));
            self.apply(&format!("{name}.json"), &text);
        }
        let status = ["rollout", "status", "deployment/agent-dev", "-n", OWN];
        let timeout = ["--timeout=120s"];
        let waited = h.kubectl(&[&status[..], &timeout].concat());
        assert_eq!(waited.code, 0, "{}\n{}", waited.stderr, self.log());
    }

    fn apply(&self, name: &str, text: &str) {
        let path = self.h.state.join(name);
        std::fs::write(&path, text).expect("written");
        let path = path.display().to_string();
        self.h.kubectl(&["apply", "-f", &path]).succeeded();
    }

    /// The agent on what a base with git has: git, what it links, and the shell that git starts.
    fn image(&self) -> String {
        let images = self.publisher.images();
        let bundle = self.h.runfile("prod/agent.bundle.tar.gz");
        let unpacked = self.h.state.join("agent");
        std::fs::create_dir_all(&unpacked).expect("a folder");
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(bundle).arg("-C").arg(&unpacked);
        assert!(tar.status().expect("tar runs").success());
        let own = images.layer_of(
            "agent",
            &[
                ("/agent".to_owned(), "0755", &unpacked.join("agent")),
                (
                    "/agent.json".to_owned(),
                    "0644",
                    &unpacked.join("agent.json"),
                ),
            ],
        );
        let (git, busybox) = (program(self.h, "git"), program(self.h, "busybox"));
        let libraries = libraries(&git);
        let mut files: Vec<(String, &str, &Path)> = vec![
            ("/bin/sh".to_owned(), "0755", &busybox),
            ("/usr/bin/git".to_owned(), "0755", &git),
            ("/usr/bin/git-upload-pack".to_owned(), "0755", &git),
        ];
        for library in &libraries {
            files.push((library.display().to_string(), "0755", library));
        }
        let base = images.layer_of("git", &files);
        let image = images.image("agent", &[&base, &own]);
        self.publisher.push(&image, "agent")
    }

    fn until_it_runs(&self, image: usize) {
        let want = json!(self.images[image]);
        self.h.until(&format!("dev runs {want}"), 120, || {
            let all = self.h.list(&["deployments", "-n", "dev"]);
            let got = all
                .first()
                .map(|one| one["spec"]["template"]["spec"]["containers"][0]["image"].clone());
            let ready = all
                .first()
                .map(|one| one["status"]["updatedReplicas"].clone());
            let runs = got.as_ref() == Some(&want) && ready == Some(json!(1));
            (!runs).then(|| format!("{got:?}; {}", self.log()))
        });
    }

    fn log(&self) -> String {
        self.h.log(OWN, "deployment/agent-dev", "agent")
    }

    /// What the agent in the pod answers.
    fn status(&self) -> Value {
        let pod = crate::kubectl_name(&self.pod()).to_owned();
        let path = format!("/api/v1/namespaces/{OWN}/pods/{pod}:9464/proxy/status");
        let answer = self.h.kubectl(&["get", "--raw", &path]);
        serde_json::from_str(&answer.succeeded().stdout).expect("JSON")
    }

    fn pod(&self) -> Value {
        let pods = self.h.list(&["pods", "-n", OWN]);
        assert_eq!(pods.len(), 1, "{pods:?}");
        pods[0].clone()
    }
}

/// The files of the libraries that a program is linked with.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let said = Command::new("ldd").arg(program).output();
    let said = String::from_utf8(said.expect("ldd runs").stdout).expect("text");
    let paths = said
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from);
    paths.collect()
}

/// What others change is taken back.
fn put_back(scene: &Scene<'_>) {
    let scale = ["scale", "deployment/client", "-n", "dev", "--replicas=0"];
    scene.h.kubectl(&scale).succeeded();
    scene.h.until("it is put back", 60, || {
        let client = scene.h.get(&["deployment", "client", "-n", "dev"]);
        (client["spec"]["replicas"] != 1).then(|| scene.log())
    });
}

/// A pod that goes is followed by one that knows what it knew: it has the folder.
fn in_another_pod(scene: &Scene<'_>) {
    let mut known = None;
    scene.h.until("it has told what it put back", 60, || {
        known = scene.status()["drift"]["objects"].as_u64();
        (known < Some(1)).then(|| format!("{known:?}"))
    });
    let before = scene.pod();
    let name = crate::kubectl_name(&before).to_owned();
    scene
        .h
        .kubectl(&["delete", "pod", &name, "-n", OWN])
        .succeeded();
    scene
        .h
        .until("another pod is ready", 120, || scene.h.not_ready(OWN, 1));
    assert_ne!(scene.pod()["metadata"]["uid"], before["metadata"]["uid"]);
    assert!(scene.status()["drift"]["objects"].as_u64() >= known);
    scene.release(2);
    scene.until_it_runs(2);
}
