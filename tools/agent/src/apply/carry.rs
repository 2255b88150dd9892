//! Applies one release, by the library that run targets are made of; and what came of it.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use windlass_deploy::cli::{Options, OutputFormat};
use windlass_deploy::environment::{Output, ProcessEnvironment};
use windlass_deploy::progress::Progress;
use windlass_deploy::request::DeployRequest;
use windlass_deploy::{Failure, run_request};

use super::task::Task;

/// How an agent applies. What others have changed is taken back: the repository says what runs.
pub fn options(task: &Task, in_cluster: bool, cluster_id: Option<String>) -> Options {
    Options {
        cluster_id,
        force_conflicts: true,
        in_cluster,
        output: Some(OutputFormat::Json),
        timeout: Some(task.timeout),
        ..Options::default()
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Carried {
    /// What was written or deleted: `change Deployment prod/client: spec.replicas`.
    pub changes: Vec<String>,
    /// How many objects were as they should be.
    pub same: usize,
    /// How it ended.
    pub result: Result<(), Failure>,
}

/// Applies the request of an unpacked bundle.
pub async fn carry_out(
    request: &DeployRequest,
    runfiles: &Path,
    options: &Options,
    environment: &ProcessEnvironment,
    interrupted: impl Future<Output = ()>,
) -> Carried {
    let document = Document::default();
    // What it says goes to the agent's own log.
    let progress = Progress::new(Output::Lines, Box::new(document.clone()));
    let run = run_request(
        request,
        runfiles,
        options,
        environment,
        &progress,
        interrupted,
    );
    let result = run.await;
    let done = document.read();
    Carried {
        changes: done.changes(),
        same: done
            .objects
            .iter()
            .filter(|one| one.action == "same")
            .count(),
        result,
    }
}

/// Takes the result document.
#[derive(Clone, Debug, Default)]
struct Document(Arc<Mutex<Vec<u8>>>);

impl Document {
    /// What is of interest in it; nothing if the run did not come so far.
    fn read(&self) -> Done {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::from_slice(&bytes).unwrap_or_default()
    }
}

impl io::Write for Document {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The result document, as far as it is of interest (`deploy-result.v1.json`).
#[derive(Debug, Default, Deserialize)]
struct Done {
    objects: Vec<Object>,
    pruned: Vec<Object>,
}

#[derive(Debug, Deserialize)]
struct Object {
    kind: String,
    namespace: Option<String>,
    name: String,
    action: String,
    done: bool,
    #[serde(default)]
    fields: Vec<String>,
}

impl Done {
    fn changes(&self) -> Vec<String> {
        let written = self.objects.iter().filter(|one| one.action != "same");
        let deleted = self.pruned.iter().filter(|one| one.action == "delete");
        let done = written.chain(deleted).filter(|one| one.done);
        done.map(Object::line).collect()
    }
}

impl Object {
    fn line(&self) -> String {
        let namespace = self.namespace.as_ref();
        let place = namespace.map_or_else(String::new, |namespace| format!("{namespace}/"));
        let (action, kind, name) = (&self.action, &self.kind, &self.name);
        let fields = match self.fields.as_slice() {
            [] => String::new(),
            fields => format!(": {}", fields.join(", ")),
        };
        format!("{action} {kind} {place}{name}{fields}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_told() {
        let document = serde_json::json!({
            "version": 1,
            "objects": [
                {"kind": "Deployment", "namespace": "prod", "name": "a", "action": "change",
                 "done": true, "fields": ["spec.replicas", "spec.paused"]},
                {"kind": "Namespace", "namespace": null, "name": "b", "action": "create",
                 "done": true, "fields": []},
                {"kind": "Service", "namespace": "prod", "name": "c", "action": "create",
                 "done": false, "fields": []},
                {"kind": "Service", "namespace": "prod", "name": "d", "action": "same",
                 "done": true, "fields": []},
            ],
            "pruned": [
                {"kind": "Service", "namespace": "prod", "name": "e", "action": "delete", "done": true},
                {"kind": "PersistentVolumeClaim", "namespace": "prod", "name": "f",
                 "action": "keep", "done": true},
            ],
        });
        let done: Done = serde_json::from_value(document).expect("reads");
        assert_eq!(
            done.changes(),
            [
                "change Deployment prod/a: spec.replicas, spec.paused",
                "create Namespace b",
                "delete Service prod/e",
            ]
        );
    }
}
