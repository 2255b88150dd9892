//! Agents: environments become what commits say, whatever happens to agent, remote, registry, API server and
//! disk in between.

use crate::publisher::{PUBLISHER, Publisher, Service};
use crate::running::Running;
use crate::{Harness, Outcome, audit, processes};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use windlass_pins::Commit;
use windlass_report::{Exit, say};
use windlass_repository_fake::{Key, Repository};

const AGENT: &str = "//prod:agent";

/// Who may sign commits.
pub(super) const ALICE: Key = Key(2);

/// How many agents are killed. What one of them has locked waits for 15 s.
const ROUNDS: u64 = 6;

/// How many services change in one commit.
const MANY: usize = 20;

pub(super) fn run(h: &Harness) {
    h.run("//prod:setup.apply", &[]).succeeded();
    trust(h);
    let scene = Scene::new(h);
    promoted(&scene);
    many(&scene);
    cut_off(&scene);
    refused(&scene);
    full_disk(&scene);
    unreachable(&scene);
}

/// What an administrator does once.
pub(super) fn trust(h: &Harness) {
    let keys = json!({
        "keys": [PUBLISHER.public().to_string()],
        "committers": [format!("alice@example.com {}", ALICE.public())],
    });
    let file = h.state.join("keys.json");
    std::fs::write(&file, keys.to_string()).expect("writes");
    let file = format!("--from-file={}", file.display());
    let system = [
        "-n",
        "windlass-system",
        "create",
        "configmap",
        "windlass-trust",
    ];
    h.kubectl(&[&system[..], &[&file]].concat()).succeeded();
}

struct Scene<'a> {
    h: &'a Harness,
    repository: Repository,
    publisher: Publisher<'a>,
    /// Images that run.
    good: [String; 3],
    /// One that ends at once.
    crashes: String,
}

impl<'a> Scene<'a> {
    fn new(h: &'a Harness) -> Self {
        let publisher = Publisher::new(h);
        let images = publisher.images();
        let sleep = program(h, "busybox");
        let good = [1, 2, 3].map(|number| {
            let program = ("/bin/sleep".to_owned(), "0755", sleep.as_path());
            let runs = images.layer_of("sleep", &[program]);
            let own = images.layer(number, 1000);
            let image = images.image(&format!("good-{number}"), &[&runs, &own]);
            publisher.push(&image, "web")
        });
        // Told to sleep, the deploy tool says that it cannot, and ends.
        let deploy = h.runfile("tools/deploy/bundle_program");
        let ends = images.layer_of("ends", &[("/bin/sleep".to_owned(), "0755", &deploy)]);
        let crashes = publisher.push(&images.image("crashes", &[&ends]), "web");
        Self {
            repository: Repository::new(&h.state.join("shop.git")),
            good,
            crashes,
            publisher,
            h,
        }
    }

    /// A commit, and the release of an environment at it.
    fn release(&self, env: &str, services: &[Service]) -> Commit {
        let commit = self.repository.commit("pins.txt", env, ALICE);
        self.publisher.release(&commit, env, services);
        commit
    }

    fn folder(&self, env: &str) -> PathBuf {
        self.h.state.join("agents").join(env)
    }

    fn arguments(&self, env: &str, flags: &[&str]) -> Vec<String> {
        let remote = self.repository.folder().display().to_string();
        let state = self.folder(env).display().to_string();
        let own = [
            "--apply", "--env", env, "--remote", &remote, "--state", &state,
        ];
        let all = own.iter().chain(flags).map(|&flag| flag.to_owned());
        all.collect()
    }

    /// One turn.
    fn turn(&self, env: &str) -> Outcome {
        let arguments = self.arguments(env, &["--once", "--timeout=3m"]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.h.run(AGENT, &arguments)
    }

    /// Turns, until it is ended.
    fn start(&self, env: &str) -> Running {
        let arguments = self.arguments(env, &["--interval=1s", "--drift=5s"]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.h.start(AGENT, &arguments)
    }

    fn status(&self, env: &str) -> Value {
        let text = std::fs::read(self.folder(env).join("status.json"));
        text.ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    /// The image of a Deployment in an environment.
    fn image(&self, env: &str, name: &str) -> String {
        let deployment = self.h.get(&["deployment", name, "-n", env]);
        let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
        image.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an environment runs an image.
    fn until_it_runs(&self, env: &str, name: &str, image: &str) {
        self.h.until(&format!("{env} runs {image}"), 180, || {
            let deployment = self.h.list(&["deployments", "-n", env]);
            let own = deployment
                .iter()
                .find(|one| one["metadata"]["name"] == name);
            let got =
                own.map(|one| one["spec"]["template"]["spec"]["containers"][0]["image"].clone());
            let is_it = got == Some(json!(image));
            (!is_it).then(|| format!("{got:?}; {}", self.status(env)))
        });
    }
}

/// A static program of the machine that the test runs on.
pub(super) fn program(h: &Harness, name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file());
    let found = found.unwrap_or_else(|| panic!("PATH has no `{name}`"));
    let own = h.state.join(name);
    std::fs::copy(found, &own).expect("copies");
    own
}

#[track_caller]
fn nothing_written(h: &Harness, run: impl FnOnce()) {
    let before = audit::writes(h).len();
    run();
    assert_eq!(audit::writes(h)[before..], [""; 0]);
}

/// From dev to staging to prod by commits, each exactly as it is pinned; and back.
fn promoted(scene: &Scene<'_>) {
    let [old, new, _] = &scene.good;
    let envs = ["dev", "staging", "prod"];
    let mut runs = [old, old, old];
    // What was promoted to where, commit by commit; the last one is a revert.
    for step in [
        None,
        Some((0, new)),
        Some((1, new)),
        Some((2, new)),
        Some((2, old)),
    ] {
        if let Some((at, image)) = step {
            runs[at] = image;
        }
        let commit = scene
            .repository
            .commit("pins.txt", &format!("{runs:?}"), ALICE);
        for (env, image) in envs.iter().zip(runs) {
            let services = [Service::new("web", image)];
            scene.publisher.release(&commit, env, &services);
        }
        for (env, image) in envs.iter().zip(runs) {
            scene.turn(env).succeeded();
            assert_eq!(scene.image(env, "web"), **image);
            let status = scene.status(env);
            assert_eq!(status["applied"]["commit"], commit.as_str());
        }
        nothing_written(scene.h, || {
            for env in envs {
                let again = scene.turn(env);
                again.succeeded().says("applied, 0 changed, 1 same");
            }
        });
    }
}

/// 20 services change at once, and one of them crashes.
fn many(scene: &Scene<'_>) {
    let [old, new, newest] = &scene.good;
    let bad = 7;
    let services = |image: &str, bad_image: &str| {
        let mut all: Vec<Service> = (0..MANY)
            .map(|number| {
                let own = if number == bad { bad_image } else { image };
                Service::new(&format!("many-{number}"), own)
            })
            .collect();
        let mut top = Service::new("many-top", image);
        top.needs = vec![format!("many-{bad}")];
        all.push(top);
        all
    };
    scene.release("dev", &services(old, old));
    scene.turn("dev").succeeded();
    scene.release("dev", &services(new, &scene.crashes));
    let failed = scene.turn("dev");
    assert_eq!(failed.code, Exit::Rollout as i32, "{}", failed.stderr);
    failed.says(&format!("pod many-{bad}-"));
    let status = scene.status("dev");
    assert_eq!(status["state"], "failed");
    let said = status["error"]["text"].as_str().unwrap_or_default();
    assert!(said.contains(&format!("dev/many-{bad}`")), "{said}");

    // A run ends when one of them cannot get ready any more; the others come up by themselves.
    scene.h.until("all others are live", 60, || {
        let deployments = scene.h.list(&["deployments", "-n", "dev"]);
        let live = deployments.iter().filter(|one| is_live(one, new)).count();
        (live != MANY - 1).then(|| format!("{live} of {}", MANY - 1))
    });
    // What depends on it is as it was, and so are the pods of the one that crashes.
    assert_eq!(scene.image("dev", "many-top"), *old);
    let bad_one = scene
        .h
        .get(&["deployment", &format!("many-{bad}"), "-n", "dev"]);
    assert_eq!(bad_one["status"]["availableReplicas"], 1, "{bad_one:#}");

    // The next commit heals it.
    let commit = scene.release("dev", &services(new, newest));
    scene.turn("dev").succeeded();
    assert_eq!(scene.image("dev", &format!("many-{bad}")), *newest);
    assert_eq!(scene.image("dev", "many-top"), *new);
    assert_eq!(scene.status("dev")["applied"]["commit"], commit.as_str());
    // Leave room for what comes: what no release describes any more goes by hand.
    scene
        .h
        .kubectl(&["delete", "deployments", "--all", "-n", "dev"])
        .succeeded();
}

/// Whether one of many services has an image, in all of its pods.
fn is_live(deployment: &Value, image: &str) -> bool {
    let name = deployment["metadata"]["name"].as_str().unwrap_or_default();
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let status = &deployment["status"];
    name.starts_with("many-")
        && container["image"] == json!(image)
        && status["updatedReplicas"] == 1
        && status["availableReplicas"] == 1
        && status["replicas"] == 1
}

/// An agent that is killed at any moment: the next one comes to the same end, and says so.
fn cut_off(scene: &Scene<'_>) {
    let [one, two, _] = &scene.good;
    let mut said = 0;
    for round in 0..ROUNDS {
        let image = if round % 2 == 0 { one } else { two };
        let running = scene.start("staging");
        let commit = scene.release("staging", &[Service::new("web", image)]);
        // At a moment further on each time: before it looks, while it looks, while it applies.
        std::thread::sleep(std::time::Duration::from_millis(300 * round));
        running.kill();
        let before = scene.status("staging");
        scene.turn("staging").succeeded();
        let after = scene.status("staging");
        assert_eq!(scene.image("staging", "web"), *image);
        assert_eq!(after["applied"]["commit"], commit.as_str());
        if before["state"] == "applying" {
            assert_eq!(after["cutOff"]["commit"], before["turn"]["commit"]);
            assert_eq!(after["cutOff"]["ended"], Value::Null);
            said += 1;
        }
        nothing_written(scene.h, || {
            scene.turn("staging").succeeded();
        });
    }
    say(&format!(
        "{said} of {ROUNDS} agents were killed while they applied"
    ));
}

/// A protected environment: commits that nobody has signed, and a branch that has lost one.
fn refused(scene: &Scene<'_>) {
    let [one, two, _] = &scene.good;
    let first = scene.release("prod", &[Service::new("web", one)]);
    scene.turn("prod").succeeded();
    for signer in [None, Some(Key(3))] {
        let head = scene.repository.head();
        let bad = scene.repository.draft(&head, "pins.txt", "bad", signer);
        scene
            .publisher
            .release(&bad, "prod", &[Service::new("web", two)]);
        scene.repository.force(&bad);
        nothing_written(scene.h, || {
            let refused = scene.turn("prod");
            assert_eq!(refused.code, Exit::Preflight as i32);
            refused.says("is not signed by one of the committers; nothing was written");
        });
    }
    scene.repository.force(&first);
    scene.turn("prod").succeeded();
    let second = scene.release("prod", &[Service::new("web", two)]);
    scene.turn("prod").succeeded();
    scene.repository.force(&first);
    nothing_written(scene.h, || {
        let refused = scene.turn("prod");
        assert_eq!(refused.code, Exit::Preflight as i32);
        refused.says("has lost commit");
    });
    scene.repository.force(&second);
    scene.turn("prod").succeeded();
    assert_eq!(scene.image("prod", "web"), *two);
}

/// A disk that is full at any moment: nothing is done that is not told, and once there is room it goes on.
fn full_disk(scene: &Scene<'_>) {
    let [one, two, _] = &scene.good;
    // The agent alone sees this disk, and it goes with the agent.
    let small = |size: &str, filled: &str| {
        let folder = scene.h.state.join("agents/full");
        std::fs::create_dir_all(&folder).expect("a folder");
        let script = format!(
            "set -e; mount -t tmpfs -o size={size} tmpfs {at}; mkdir -p {at}/dev; \
             head -c {filled} /dev/zero >{at}/filler || true; exec \"$@\" --state {at}/dev",
            at = folder.display()
        );
        let remote = scene.repository.folder().display().to_string();
        let mut command = Command::new("unshare");
        command.args([
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            &script,
            "sh",
        ]);
        command.arg(scene.h.launcher(AGENT));
        command.args(["--apply", "--env", "dev", "--remote", &remote, "--once"]);
        output(scene.h, command)
    };
    scene.release("dev", &[Service::new("web", one)]);
    for (size, filled) in [
        ("64k", "64k"),
        ("128k", "64k"),
        ("512k", "256k"),
        ("1m", "512k"),
    ] {
        let outcome = small(size, filled);
        say(&format!(
            "on a disk of {size}, {filled} of it taken: exit {}",
            outcome.code
        ));
        if outcome.code != 0 {
            outcome.says("No space left on device");
            assert_eq!(outcome.code, Exit::Failure as i32);
        }
    }
    // The state of the environment is one of those that were said.
    let small = small("64m", "1k");
    small.succeeded();
    assert_eq!(scene.image("dev", "web"), *one);
    scene.release("dev", &[Service::new("web", two)]);
    scene.turn("dev").succeeded();
    assert_eq!(scene.image("dev", "web"), *two);
}

fn output(h: &Harness, mut command: Command) -> Outcome {
    let output = command
        .env("KUBECONFIG", h.kubeconfig())
        .env("RUNFILES_DIR", h.runfiles())
        .output()
        .expect("it runs");
    let outcome = Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    say(&outcome.stderr);
    outcome
}

/// Remote, registry and API server go away for a while, under an agent that runs.
fn unreachable(scene: &Scene<'_>) {
    let [one, two, three] = &scene.good;
    scene.release("dev", &[Service::new("web", one)]);
    let running = scene.start("dev");
    scene.until_it_runs("dev", "web", one);

    let (here, away) = (scene.repository.folder(), scene.h.state.join("away.git"));
    let moved = |from: &Path, to: &Path| std::fs::rename(from, to).expect("moves");
    moved(here, &away);
    until_state(scene, "failed");
    moved(&away, here);
    scene.release("dev", &[Service::new("web", two)]);
    scene.until_it_runs("dev", "web", two);

    let registry = |replicas: &str| {
        let scale = ["scale", "deployment/registry", "-n", "windlass-system"];
        let replicas = format!("--replicas={replicas}");
        scene
            .h
            .kubectl(&[&scale[..], &[&replicas]].concat())
            .succeeded();
    };
    let commit = scene.repository.commit("pins.txt", "three", ALICE);
    scene
        .publisher
        .release(&commit, "dev", &[Service::new("web", three)]);
    scene.until_it_runs("dev", "web", three);
    registry("0");
    // What is applied can be put back without it.
    let scale = ["scale", "deployment/web", "-n", "dev", "--replicas=0"];
    scene.h.kubectl(&scale).succeeded();
    scene.h.until("it is put back", 60, || {
        let web = scene.h.get(&["deployment", "web", "-n", "dev"]);
        (web["spec"]["replicas"] != 1).then(|| scene.status("dev").to_string())
    });
    scene.repository.commit("pins.txt", "four", ALICE);
    until_state(scene, "failed");
    registry("1");
    until_state(scene, "waiting");

    let server = processes::of_node(scene.h, "kube-apiserver");
    processes::signal(server, "STOP");
    std::thread::sleep(std::time::Duration::from_secs(3));
    processes::signal(server, "CONT");
    processes::signal(server, "KILL");
    scene.h.until("the API server has started anew", 60, || {
        let ready = scene.h.kubectl(&["get", "--raw=/readyz"]);
        (ready.code != 0).then_some(ready.stderr)
    });
    assert_ne!(processes::of_node(scene.h, "kube-apiserver"), server);
    scene.h.until("the registry is back", 120, || {
        let ready = scene
            .h
            .get(&["deployment", "registry", "-n", "windlass-system"]);
        (ready["status"]["readyReplicas"] != 1).then(|| "not yet".to_owned())
    });
    scene.release("dev", &[Service::new("web", one)]);
    scene.until_it_runs("dev", "web", one);
    until_state(scene, "applied");
    assert!(scene.status("dev")["drift"]["objects"].as_u64() >= Some(1));
    running.kill();
}

fn until_state(scene: &Scene<'_>, state: &str) {
    scene.h.until(&format!("the agent has {state}"), 120, || {
        let status = scene.status("dev");
        (status["state"] != state).then(|| status.to_string())
    });
}
