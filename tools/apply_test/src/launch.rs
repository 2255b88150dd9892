//! Runs a run target as `bazel run` would, and reads its result.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;
use windlass_runfiles::Launcher;

use crate::audit::Object;
use crate::environment::Server;
use crate::error::Error;
use crate::request::Step;

/// The result document of `--output=json`, as far as it is looked at.
#[derive(Clone, Debug, Deserialize)]
pub struct Document {
    /// The objects, dependencies first.
    pub objects: Vec<Object>,
}

/// Applies a target, and waits for nothing that it made: nothing would become ready. Gives its
/// result and what it said. It sees the API server, and nothing else of the caller's.
pub async fn apply(
    step: &Step,
    launcher: &Launcher,
    server: &Server,
    patience: Duration,
) -> Result<(Document, Vec<String>), Error> {
    let unstarted = |source| Error::Start {
        label: step.label.clone(),
        source,
    };
    let path = server.logs().join("run.log");
    let file = std::fs::File::create(&path).map_err(Error::file("make", &path))?;
    let process = Command::new(launcher.file(&step.launcher))
        .args(["--wait=false", "--output=json"])
        .env_clear()
        .env("KUBECONFIG", &server.kubeconfig)
        .env("RUNFILES_DIR", launcher.runfiles())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(file)
        .kill_on_drop(true)
        .spawn()
        .map_err(unstarted)?;
    let Ok(ended) = timeout(patience, process.wait_with_output()).await else {
        return Err(Error::Late {
            label: step.label.clone(),
            seconds: patience.as_secs_f64(),
            log: lines(&path)?,
        });
    };
    let (output, log) = (ended.map_err(unstarted)?, lines(&path)?);
    if !output.status.success() {
        return Err(Error::Run {
            label: step.label.clone(),
            status: output.status,
            log,
        });
    }
    let document = serde_json::from_slice(&output.stdout);
    let document = document.map_err(|source| Error::Result {
        label: step.label.clone(),
        source,
    })?;
    Ok((document, log))
}

fn lines(path: &Path) -> Result<Vec<String>, Error> {
    let text = std::fs::read(path).map_err(Error::file("read", path))?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().map(str::to_owned).collect())
}
