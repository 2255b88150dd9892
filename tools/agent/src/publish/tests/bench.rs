//! A repository with two services, what publishes it, and what came of that.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser as _;
use serde_json::{Value, json};
use windlass_attestation::{Envelope, PublicKey, TrustRoots, beside};
use windlass_oci_reference::{Digest, Tag};
use windlass_oci_registry::{Client, Settings, Target, Transport};
use windlass_oci_registry_fake::{Fault, Registry};
use windlass_pins::{Lock, Pin};
use windlass_ssh_agent_fake::ssh_agent;

use super::bazel::BAZELW;
use crate::cli::{Cli, Role};
use crate::environment::Environment;
use crate::publish::{Error, run};
use crate::request::AgentRequest;

/// The services, which are image keys too.
const SERVICES: [&str; 2] = ["client", "server"];

/// The environments, all pinned; `prod` is protected.
pub const ENVIRONMENTS: [&str; 3] = ["prod", "staging", "dev"];

/// A folder with a bare repository, somebody's checkout, and what a publisher keeps.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub registry: Registry,
    key: PublicKey,
    socket: PathBuf,
}

impl Bench {
    /// A repository of one commit, which pins nothing.
    pub async fn new(faults: Vec<Fault>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let (socket, key) = ssh_agent(folder.path()).expect("listens");
        let bench = Self {
            registry: Registry::start(faults).await,
            folder,
            key,
            socket,
        };
        let (remote, work) = (bench.path("remote.git"), bench.path("work"));
        let [remote, work] = [&remote, &work].map(|path| path.to_str().expect("text"));
        let root = bench.folder.path();
        git(
            root,
            &["init", "--quiet", "--bare", "--initial-branch=main", remote],
        );
        git(root, &["init", "--quiet", "--initial-branch=main", work]);
        git(Path::new(work), &["remote", "add", "origin", remote]);
        // The publisher's own, so that it is known who commits, whoever runs the test.
        let clone = bench.path("state/clone");
        std::fs::create_dir_all(&clone).expect("makes");
        git(&clone, &["init", "--quiet"]);
        configure(&clone, "ci@example.com");
        configure(Path::new(work), "ann@example.com");
        bench.write("bazelw", BAZELW);
        let program = bench.path("work/bazelw");
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).expect("sets");
        for name in SERVICES {
            bench.write(&format!("services/{name}/BUILD.bazel"), "");
            bench.write(&format!("services/{name}/pins.json"), "{}\n");
            bench.write(&format!("services/{name}/source"), "one");
            bench.write(&format!("services/{name}/manifest"), "one");
        }
        let line = |name: &str| {
            let rule = json!({"name": format!("//services/{name}:{name}.push"), "attribute": [
                {"name": "repository", "stringValue": format!("nowhere.example/shop/{name}")}]});
            // One that pushes something else.
            let other = json!({"name": format!("//services/{name}:tool.push"), "attribute": [
                {"name": "repository", "stringValue": "ghcr.io/acme/tool"}]});
            let target = |rule| json!({"type": "RULE", "rule": rule});
            format!("{}\n{}\n", target(rule), target(other))
        };
        bench.write("query", &SERVICES.map(line).concat());
        bench.commit("All that is there");
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of somebody's checkout.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path("work").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes folders");
        std::fs::write(path, text).expect("writes");
    }

    /// Removes one.
    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.path("work").join(name)).expect("removes");
    }

    /// Commits what stands there, on top of what others have pushed; gives the commit.
    pub fn commit(&self, message: &str) -> String {
        let work = self.path("work");
        git(&work, &["add", "--all"]);
        git(
            &work,
            &["commit", "--quiet", "--allow-empty", "--message", message],
        );
        if self.try_head().is_some() {
            git(&work, &["pull", "--quiet", "--rebase", "origin", "main"]);
        }
        git(&work, &["push", "--quiet", "origin", "HEAD:main"]);
        self.head()
    }

    /// Takes over what others have pushed.
    pub fn pull(&self) {
        git(
            &self.path("work"),
            &["pull", "--quiet", "--rebase", "origin", "main"],
        );
    }

    /// Gives a service another program.
    pub fn edit(&self, service: &str, source: &str) -> String {
        self.write(&format!("services/{service}/source"), source);
        self.commit(&format!("{service} is {source}"))
    }

    /// What `main` is.
    pub fn head(&self) -> String {
        self.try_head().expect("there is one")
    }

    fn try_head(&self) -> Option<String> {
        let arguments = ["rev-parse", "--verify", "--quiet", "main"];
        let (well, said) = try_git(&self.path("remote.git"), &arguments);
        well.then_some(said)
    }

    /// What git says of the repository that all have.
    pub fn ask(&self, arguments: &[&str]) -> String {
        git(&self.path("remote.git"), arguments)
    }

    /// A file at `main`.
    pub fn text(&self, path: &str) -> String {
        self.ask(&["show", &format!("main:{path}")]) + "\n"
    }

    /// The pin of a service at `main`.
    pub fn pin(&self, service: &str, env: &str) -> Option<Pin> {
        let text = self.text(&format!("services/{service}/pins.json"));
        let lock = Lock::parse(&text).expect("pins");
        lock.get(env, service).cloned()
    }

    /// The environment of a process that `bazel run` has started in somebody's checkout.
    pub fn environment(&self) -> Environment {
        Environment {
            workspace: Some(self.path("work")),
            working_directory: Some(self.folder.path().to_owned()),
            path: std::env::var_os("PATH"),
            ssh_agent: Some(self.socket.clone()),
            ..Environment::default()
        }
    }

    /// One turn.
    pub async fn publish(&self) -> Result<(), Error> {
        self.publish_with(&[], |_, _| ()).await
    }

    /// One turn, with more arguments and in another environment.
    pub async fn publish_with(
        &self,
        more: &[&str],
        arrange: impl FnOnce(&mut AgentRequest, &mut Environment),
    ) -> Result<(), Error> {
        let mut request = request(&self.registry.name());
        let mut environment = self.environment();
        arrange(&mut request, &mut environment);
        let given = [
            "--state=state",
            "--status=status.json",
            "--source=git+https://git.example/shop",
            "--builder=https://ci.example/publisher",
            &format!("--key={}", self.key.id()),
        ];
        let flag = |word: &str| word.split('=').next().map(str::to_owned);
        // Whoever gives a flag goes before.
        let is_given = |word: &&&str| !more.iter().any(|it| flag(it) == flag(word));
        let words = ["agent", "--publish", "--once"].iter();
        let words = words.chain(given.iter().filter(is_given)).chain(more);
        let cli = Cli::try_parse_from(words).expect("parses");
        let Role::Publish(arguments) = cli.role else {
            panic!("the other role");
        };
        run(&arguments, &request, &environment).await
    }

    /// What is said of the last turn.
    pub fn status(&self) -> Value {
        let text = std::fs::read_to_string(self.path("status.json")).expect("it was written");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The release of an environment at a commit, by the tag alone.
    pub fn release(&self, env: &str, commit: &str) -> Option<Digest> {
        let manifest = self.registry.manifest(&release_of(env), commit)?;
        Some(Digest::of(&manifest))
    }

    /// Whether it is proven that an image is of a commit.
    pub async fn is_proven(&self, repository: &str, image: &Digest, commit: &str) -> bool {
        let repository = format!("{}/{repository}", self.registry.name());
        let target = Target {
            repository: repository.parse().expect("a repository"),
            transport: Transport::Safe,
        };
        let client = Client::new(Settings::default());
        let commit = commit.parse().expect("a commit");
        let proves = |text: String| {
            let envelope = Envelope::parse(&text).expect("an envelope");
            let said = self.roots().verify(&envelope).expect("it is trusted");
            assert_eq!(said.source, "git+https://git.example/shop");
            assert_eq!(said.builder, "https://ci.example/publisher");
            assert_eq!(said.toolchain.as_str(), "rustc 1.97.1, --config=release");
            let is_it = said.digest == *image && said.commit == commit;
            (is_it && said.name == target.repository.path()).then_some(())
        };
        let proof = beside::newest(&client, &target, image, Some(&commit), proves).await;
        proof.expect("the registry says it").is_some()
    }

    /// Who is trusted.
    pub fn roots(&self) -> TrustRoots {
        let key = self.key.to_string();
        TrustRoots::parse(&json!({"keys": [key]}).to_string()).expect("roots")
    }

    /// All that must be so after a turn in which nothing went wrong: `dev` runs what the commit builds,
    /// and each environment has a release of what `main` is now, proven.
    pub async fn holds(&self) {
        let head = self.head();
        for service in SERVICES {
            let pin = self.pin(service, "dev").expect("it is pinned");
            let digest = pin.digest();
            let there = self
                .registry
                .manifest(&format!("shop/{service}"), &digest.to_string());
            assert!(there.is_some(), "{service}: {pin:?}");
            let kept = Tag::kept(digest);
            let kept = self
                .registry
                .manifest(&format!("shop/{service}"), kept.as_str());
            assert_eq!(kept, there);
            let file = format!("services/{service}/attestations/{}.json", digest.hex());
            let envelope = Envelope::parse(&self.text(&file)).expect("an envelope");
            let said = self.roots().verify(&envelope).expect("it is trusted");
            said.check(&pin).expect("it is of the pin");
            let commit = pin.commit.expect("is noted").to_string();
            self.ask(&["merge-base", "--is-ancestor", &commit, "main"]);
        }
        for env in ENVIRONMENTS {
            let release = self.release(env, &head).expect("there is a release");
            assert!(
                self.is_proven(&release_of(env), &release, &head).await,
                "{env}"
            );
        }
        assert_eq!(self.registry.broken_tags(), [""; 0]);
    }

    /// Whether requests since the last call have written to the registry.
    pub fn wrote(&self) -> bool {
        let requests = self.registry.requests();
        let writes = |line: &String| !line.starts_with("GET ") && !line.starts_with("HEAD ");
        requests.iter().any(writes)
    }
}

/// While Bazel builds, somebody else pushes.
pub fn meanwhile(bench: &Bench) {
    let (other, remote) = (bench.path("other"), bench.path("remote.git"));
    let remote = remote.display().to_string();
    git(bench.folder.path(), &["clone", "--quiet", &remote, "other"]);
    configure(&other, "bob@example.com");
    let program = bench.path("state/bazel/meanwhile");
    std::fs::create_dir_all(bench.path("state/bazel")).expect("makes");
    let text = format!(
        "cd '{}' && git commit --quiet --allow-empty --message=Bob &&\n\
         git push --quiet origin HEAD:main\n",
        other.display()
    );
    std::fs::write(&program, text).expect("writes");
}

/// A turn that is told neither a folder nor a home.
pub fn stateless(folder: &windlass_error_cases::Folder) -> Result<(), Error> {
    folder.folder("work");
    let work = PathBuf::from(folder.path("work"));
    git(&work, &["init", "--quiet"]);
    git(&work, &["remote", "add", "origin", "nowhere"]);
    folder.keep();
    let environment = Environment {
        workspace: Some(work),
        path: std::env::var_os("PATH"),
        ..Environment::default()
    };
    let key = "--key=SHA256:j8SIeghRgrMOnCmiyb6NhNbtBTDXsfAOuLy9uNEAPdI";
    let given = ["agent", "--publish", "--source=a", "--builder=b", key];
    let Role::Publish(arguments) = Cli::try_parse_from(given).expect("parses").role else {
        panic!("the other role");
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let request = request("localhost:31000");
    let turns = run(&arguments, &request, &environment);
    runtime.expect("a runtime").block_on(turns)
}

/// The constants.
pub fn request(registry: &str) -> AgentRequest {
    let environment = |name: &str| {
        json!({"name": name, "namespace": name, "registry": registry, "protected": name == "prod",
            "proof": "none", "cluster": "windlass", "cluster_id": null,
            "targets": [format!("//services/client:{name}-deep")]})
    };
    let request = json!({"version": 1, "project": "shop", "insecure": false,
        "main_branch": "main", "pause_file": "prod/paused.json",
        "environments": ENVIRONMENTS.map(environment)});
    serde_json::from_value(request).expect("a request")
}

/// Where releases of an environment are.
pub fn release_of(env: &str) -> String {
    format!("shop/bundles/services/client/{env}-deep")
}

/// What git prints.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let (well, said) = try_git(folder, arguments);
    assert!(well, "git {arguments:?}: {said}");
    said
}

fn try_git(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder);
    // A hook that runs the tests has them, and they would change its own repository.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    let output = command.output().expect("git runs");
    let well = output.status.success();
    let said = if well { &output.stdout } else { &output.stderr };
    (well, String::from_utf8_lossy(said).trim_end().to_owned())
}

fn configure(folder: &Path, address: &str) {
    for (key, value) in [
        ("user.name", "Somebody"),
        ("user.email", address),
        ("commit.gpgSign", "false"),
        ("core.autocrlf", "false"),
        ("core.hooksPath", "/dev/null"),
        ("maintenance.auto", "false"),
        ("gc.auto", "0"),
    ] {
        git(folder, &["config", key, value]);
    }
}
