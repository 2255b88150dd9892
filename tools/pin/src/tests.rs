//! The tool as `main` runs it, against a registry in the process and a checkout of its own.

mod atomic;
mod attested;
mod commit;
mod errors;
mod list;
mod promote;
mod rebuild;
mod repositories;
mod repository;
mod rollback;
mod set;
mod together;
mod verify;

use std::path::Path;

use clap::Parser as _;
use windlass_interrupt::Interrupt;
use windlass_oci_reference::{Digest, Tag};
use windlass_oci_registry::ConfigPlaces;
use windlass_oci_registry_fake::{Fault, Registry};

use crate::cli::Cli;
use crate::environment::Environment;
use crate::verbs::Outcome;
use crate::{Error, outcome};

/// A registry that nothing here asks.
const ELSEWHERE: &str = "localhost:31000";

/// The constants, as `pin_tool` writes them; the images of all environments are in `registry`.
fn request(registry: &str) -> String {
    request_with(registry, &[], &[])
}

/// The same, with environments that are protected, and that require proof.
fn request_with(registry: &str, protected: &[&str], proven: &[&str]) -> String {
    let environment = |name: &str, images: &str| serde_json::json!({"name": name, "images": images, "registry": registry, "protected": protected.contains(&name), "proven": proven.contains(&name)});
    serde_json::json!({
        "version": 3,
        "project": "demo",
        "insecure": false,
        "main_branch": "main",
        "environments": [
            environment("prod", "pinned"),
            environment("staging", "pinned"),
            environment("dev", "pinned"),
            environment("myns", "built"),
        ],
    })
    .to_string()
}

/// Where the launcher, the checkout and the user's home are below a folder.
fn environment(folder: &Path) -> Environment {
    Environment {
        workspace: Some(folder.join("checkout")),
        working_directory: Some(folder.join("checkout")),
        path: std::env::var_os("PATH"),
        registries: ConfigPlaces {
            home: Some(folder.join("home")),
            ..ConfigPlaces::default()
        },
        interrupt: Interrupt::default(),
        runfiles: windlass_runfiles::Environment {
            runfiles_dir: Some(folder.join("bin")),
            ..windlass_runfiles::Environment::default()
        },
    }
}

fn cli(arguments: &[&str]) -> Cli {
    Cli::try_parse_from(["pin"].iter().chain(arguments)).expect("the command line parses")
}

/// Runs `body` as `main` does.
fn block_on<T>(body: impl Future<Output = T>) -> T {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(body)
}

/// A folder with a launcher, and a checkout with the service `//services/client`.
struct Bench {
    folder: tempfile::TempDir,
    registry: Registry,
}

impl Bench {
    async fn new(faults: Vec<Fault>) -> Self {
        let bench = Self {
            folder: tempfile::tempdir().expect("a folder"),
            registry: Registry::start(faults).await,
        };
        bench.write("bin/pin.json", &request(&bench.registry.name()));
        bench.write("checkout/services/client/BUILD.bazel", "");
        bench.write("checkout/services/client/pins.json", "{}\n");
        bench
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes folders");
        std::fs::write(path, text).expect("writes");
    }

    /// A program; gives its path.
    fn program(&self, name: &str, text: &str) -> String {
        self.write(name, text);
        let path = self.folder.path().join(name);
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, executable).expect("sets");
        path.display().to_string()
    }

    /// A service with these pins.
    fn service(&self, name: &str, pins: &str) {
        self.write(&format!("checkout/services/{name}/BUILD.bazel"), "");
        self.write(&format!("checkout/services/{name}/pins.json"), pins);
    }

    /// Makes the checkout a repository with all that is there in a commit of `main`; gives that.
    fn repository(&self) -> String {
        let checkout = self.folder.path().join("checkout");
        repository::init(&checkout);
        repository::commit(&checkout, "All that is there")
    }

    fn git(&self, arguments: &[&str]) -> String {
        repository::git(&self.folder.path().join("checkout"), arguments)
    }

    /// Protects environments.
    fn protect(&self, environments: &[&str]) {
        let request = request_with(&self.registry.name(), environments, &[]);
        self.write("bin/pin.json", &request);
    }

    /// The lock file of a service, with `REGISTRY` for the name of the registry.
    fn pins_of(&self, name: &str) -> String {
        let path = format!("checkout/services/{name}/pins.json");
        let text = std::fs::read_to_string(self.folder.path().join(path));
        self.shown(&text.expect("reads"))
    }

    /// Runs, and gives the notes.
    async fn notes(&self, arguments: &[&str]) -> Vec<String> {
        let notes = self.run(arguments).await.expect("runs").notes;
        notes.iter().map(|note| self.shown(note)).collect()
    }

    /// Runs, and gives what is said of the error.
    async fn refused(&self, arguments: &[&str]) -> String {
        let error = self.run(arguments).await.expect_err("is refused");
        self.shown(&windlass_report::render(&error))
    }

    /// The pins of `//services/client`, with `REGISTRY` for the name of the registry.
    fn pins(&self) -> String {
        let path = self
            .folder
            .path()
            .join("checkout/services/client/pins.json");
        self.shown(&std::fs::read_to_string(path).expect("reads"))
    }

    fn shown(&self, text: &str) -> String {
        text.replace(&self.registry.name(), "REGISTRY")
    }

    /// Pushes an image to `demo/<name>`, for good, and gives its reference.
    fn push(&self, name: &str, manifest: &str) -> String {
        let repository = format!("demo/{name}");
        let digest = Digest::of(manifest.as_bytes());
        let tag = Tag::kept(&digest);
        self.registry
            .add_tag(&repository, tag.as_str(), manifest.as_bytes());
        format!("{}/{repository}@{digest}", self.registry.name())
    }

    async fn run(&self, arguments: &[&str]) -> Result<Outcome, Error> {
        let argv0 = self.folder.path().join("bin/pin");
        let environment = environment(self.folder.path());
        outcome(Some(argv0.as_os_str()), &cli(arguments), &environment).await
    }

    /// `set` of `//services/client` in `prod`; gives the notes.
    async fn set(&self, image: &str, more: &[&str]) -> Vec<String> {
        let given = [
            "set",
            "--service=//services/client",
            "--env=prod",
            "--image",
            image,
        ];
        let arguments: Vec<_> = given.iter().chain(more).copied().collect();
        let notes = self.run(&arguments).await.expect("sets").notes;
        notes.iter().map(|note| self.shown(note)).collect()
    }
}

fn digest(manifest: &str) -> String {
    Digest::of(manifest.as_bytes()).to_string()
}

fn short(manifest: &str) -> String {
    Digest::of(manifest.as_bytes()).short()
}

/// One pin, as the file has it.
fn entry(image: &str, more: &[(&str, &str)]) -> String {
    let fields = [("image", image)];
    let fields = fields.iter().chain(more);
    let fields: Vec<String> = fields
        .map(|(key, value)| format!("      \"{key}\": \"{value}\""))
        .collect();
    format!("{{\n{}\n    }}", fields.join(",\n"))
}

/// A lock file: environments, each with the pins of its images.
fn lock(environments: &[(&str, &[(&str, String)])]) -> String {
    let environments: Vec<String> = environments
        .iter()
        .map(|(name, pins)| {
            let pins: Vec<String> = pins
                .iter()
                .map(|(key, pin)| format!("    \"{key}\": {pin}"))
                .collect();
            format!("  \"{name}\": {{\n{}\n  }}", pins.join(",\n"))
        })
        .collect();
    format!("{{\n{}\n}}\n", environments.join(",\n"))
}
