//! A checkout of a case's own, and in it a `bazelw` that answers from its files.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use windlass_api_server_fake::Fake;
use windlass_deploy::environment::{Output, ProcessEnvironment};
use windlass_deploy::progress::Progress;
use windlass_error_cases::Folder;

use crate::environment::Environment;
use crate::error::Error;
use crate::run_with;

/// What `bazelw` does: `query` prints a file, and `build` copies `a/map.json` to where the request
/// has it, or fails if `broken` stands there. It notes each verb in `asked` beside the checkout.
/// With a file `holds` there, a build says so in `held` and waits until that file is gone.
const BAZELW: &str = "#!/bin/sh
for word in \"$@\"; do
  case $word in
    --*) ;;
    *) verb=$word; break ;;
  esac
done
echo \"$verb\" >>../asked
if [ \"$(cat ../fails)\" = \"$verb\" ]; then exit 1; fi
case $verb in
  info) echo \"${PWD%/*}/bin\" ;;
  query) cat query ;;
  build)
    if grep -q broken a/map.json; then exit 1; fi
    cp a/map.json ../bin/a/x.apply.runfiles/map.json
    if [ -e ../holds ]; then
      echo >../held
      while [ -e ../holds ]; do sleep 0.01; done
    fi ;;
esac
";

/// The request of the target.
pub const REQUEST: &str = r#"{"version": 1, "label": "//a:x.dev", "apply": "//a:x.apply"}"#;

/// A checkout, what is built of it, and the process that is started in it.
pub struct Stand {
    /// Where all of it is.
    pub folder: Folder,
    /// The environment of the process.
    pub environment: Environment,
    /// What it tells.
    pub progress: Progress,
}

/// A `ConfigMap` that says something.
pub fn map(said: &str) -> String {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"said": said},
        "metadata": {"name": "app", "namespace": "alice"}});
    map.to_string()
}

impl Stand {
    /// A target of one object.
    pub fn new(server: &str) -> Self {
        let folder = Folder::new();
        let program = folder.file("checkout/bazelw", BAZELW);
        let all = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(program, all).expect("a program");
        folder.file("fails", "");
        folder.file("checkout/a/map.json", map("one"));
        folder.file("checkout/query", "//a:map.json\n//a:BUILD.bazel\n");
        folder.file("checkout/a/BUILD.bazel", "");
        folder.folder("x.dev.runfiles");
        folder.file("x.dev.json", REQUEST);
        folder.folder("bin/a/x.apply.runfiles");
        folder.file("bin/a/x.apply.json", request("ConfigMap").to_string());
        let kubeconfig = json!({"apiVersion": "v1", "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{server}")}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "windlass", "context": {"cluster": "c", "user": "u"}}]});
        let kubeconfig = folder.file("kubeconfig", kubeconfig.to_string());
        let environment = Environment {
            workspace: Some(folder.path("checkout").into()),
            path: std::env::var_os("PATH"),
            output: Output::Memory,
            deploy: ProcessEnvironment {
                kubeconfig: Some(kubeconfig.into()),
                holder: "alice@laptop, process 1".to_owned(),
                ..ProcessEnvironment::default()
            },
            ..Environment::default()
        };
        Self {
            folder,
            environment,
            progress: Progress::new(Output::Memory, Box::new(std::io::sink())),
        }
    }

    /// The process, until it ends.
    pub async fn run(&self, flags: &[&str]) -> Result<String, Error> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let launcher = self.folder.path("x.dev");
        let words = [&*launcher].into_iter().chain(flags.iter().copied());
        let arguments = words.map(OsString::from).collect();
        Box::pin(run_with(arguments, &self.environment, &self.progress)).await
    }

    /// Runs it while a story happens, ends it by Ctrl-C, and gives back what it told.
    pub async fn during(&self, story: impl Future<Output = ()>) -> String {
        let story = async {
            story.await;
            self.environment.interrupt.set();
        };
        let (ended, ()) = tokio::join!(self.run(&[]), story);
        assert_eq!(ended.expect("Ctrl-C is no error"), "");
        self.told()
    }

    /// All that it told.
    pub fn told(&self) -> String {
        self.progress.kept().join("\n")
    }

    /// Saves the one source.
    pub fn save(&self, text: &str) {
        self.folder.file("checkout/a/map.json", text);
    }

    /// How often Bazel was asked to do this.
    pub fn asked(&self, verb: &str) -> usize {
        let asked = std::fs::read_to_string(self.folder.path("asked")).unwrap_or_default();
        asked.lines().filter(|line| *line == verb).count()
    }
}

/// The request of a run that applies one object, whose manifest is `map.json`.
pub fn request(kind: &str) -> Value {
    json!({"version": 1, "verb": "apply", "target": "//a:x",
        "environment": {"name": "myns", "namespace": "alice", "personal": true,
                        "rollout": "parallel", "protected": false},
        "forbidden_namespaces": ["prod"], "cluster": {"context": "windlass", "id": null},
        "project": "demo", "setup": "//prod:setup.apply", "edges": [], "images": [],
        "groups": [{"id": "demo/a/myns", "label": "//a:x", "objects": [
            {"label": "//a:map", "kind": kind, "manifest": "map.json"}]}]})
}

/// Waits until something holds; gives up after a minute.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..6000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("want {what}");
}

/// What the `ConfigMap` in the cluster says.
pub fn said(fake: &Fake) -> Option<String> {
    let map = fake.object("/api/v1/namespaces/alice/configmaps/app")?;
    map["data"]["said"].as_str().map(str::to_owned)
}

/// Whether a file is there.
pub fn is_there(stand: &Stand, name: &str) -> bool {
    Path::new(&stand.folder.path(name)).exists()
}
