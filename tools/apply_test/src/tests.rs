//! The tool by its request, with targets that are scripts: each adds what the API server would to
//! the audit log, and prints a result. Real ones are in `//services/client:apply_test`.

mod errors;
mod runs;

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use windlass_error_cases::Folder;

use crate::cli::Cli;
use crate::environment::{Environment, Server};
use crate::error::Error;
use crate::run;

/// A run of `target` that creates what `first` says, and the next time what `second` says.
const TARGET: &str = r#"
echo 'plan: 1 object' >&2
log=first; [ -e "$RUNFILES_DIR/again" ] && log=second; touch "$RUNFILES_DIR/again"
cat "$RUNFILES_DIR/$log" >> "${KUBECONFIG%/*}/var/log/cluster/audit.log"
echo '{"objects": [{"kind": "ConfigMap", "namespace": "alice", "name": "a"}]}'
"#;

/// The folder of a test: its launcher, its runfiles and the API server's files.
struct Test<'a> {
    folder: &'a Folder,
    request: Value,
    environment: Environment,
    inside: bool,
    patience: Duration,
}

impl<'a> Test<'a> {
    /// One whose target writes a `ConfigMap` once, as it is expected to.
    fn new(folder: &'a Folder) -> Self {
        folder.file("state/var/log/cluster/audit.log", "");
        folder.file("first", event("a", 201));
        folder.file("second", "");
        let test = Self {
            folder,
            request: json!({
                "version": 1, "verb": "test", "label": "//shop:apply_test", "api_server": "server",
                "context": "windlass", "namespace": "alice", "registry": null, "setup": [],
                "target": {"label": "//shop:all.apply", "launcher": "target"},
                "expected": {"steps": ["create ConfigMap a"], "golden": null, "before": {}},
            }),
            environment: Environment {
                runfiles: windlass_runfiles::Environment {
                    runfiles_dir: Some(folder.path("").into()),
                    ..windlass_runfiles::Environment::default()
                },
                server: Some(Server {
                    kubeconfig: folder.path("state/kubeconfig").into(),
                    folder: folder.path("state").into(),
                }),
                workspace: None,
            },
            inside: true,
            patience: Duration::from_mins(1),
        };
        test.script("target", TARGET);
        test
    }

    fn script(&self, name: &str, text: &str) {
        let text = format!("#!/bin/sh\n[ \"$1\" = settle ] && exit 0\n{text}");
        let path = self.folder.file(name, text);
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("executable");
        // A process that another test is just starting may have the file open for writing still.
        while let Err(error) = Command::new(&path).arg("settle").status() {
            assert_eq!(error.kind(), ErrorKind::ExecutableFileBusy, "{error}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn golden(&mut self, path: &str) {
        self.request["expected"]["steps"] = Value::Null;
        self.request["expected"]["golden"] = json!({"runfile": path, "path": path});
    }

    fn run(&self) -> Result<(), Error> {
        self.folder
            .file("apply_test.json", self.request.to_string());
        let launcher = PathBuf::from(self.folder.path("apply_test"));
        let cli = Cli {
            inside: self.inside,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let run = run(
            Some(launcher.as_os_str()),
            &cli,
            &self.environment,
            self.patience,
        );
        let ended = runtime.expect("a runtime").block_on(run);
        self.folder.keep();
        ended
    }
}

/// A line of the audit log: a `ConfigMap` of this name was written, with this answer.
fn event(name: &str, code: u16) -> String {
    let event = json!({
        "stage": "ResponseComplete", "verb": "patch", "userAgent": "windlass/0.1.0",
        "requestURI": format!("/api/v1/namespaces/alice/configmaps/{name}"),
        "objectRef": {"resource": "configmaps", "namespace": "alice", "name": name},
        "responseStatus": {"code": code}, "responseObject": {"kind": "ConfigMap"},
        "requestReceivedTimestamp": "2024-01-01T00:00:00.000001Z",
        "stageTimestamp": "2024-01-01T00:00:00.000002Z",
    });
    format!("{event}\n")
}
