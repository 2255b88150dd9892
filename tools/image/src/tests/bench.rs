//! The tool on a folder of its own.

use crate::{Environment, Error, run};
use serde::de::DeserializeOwned;
use std::path::PathBuf;

/// A folder; in arguments it is `DIR`. It has the files `small`, `large` and `other`.
pub(super) struct Bench(tempfile::TempDir);

impl Bench {
    pub(super) fn new() -> Self {
        let bench = Self(tempfile::tempdir().expect("a folder"));
        bench.write("small", "x");
        bench.write("large", "y".repeat(4_000));
        bench.write("other", "z");
        bench
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect(name)
    }

    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).expect("writes");
    }

    pub(super) fn json<T: DeserializeOwned>(&self, name: &str) -> T {
        serde_json::from_slice(&self.read(name)).expect(name)
    }

    /// Makes an image of layers, each a blob and its metadata.
    pub(super) fn image(&self, name: &str, arguments: &str, layers: &[(String, String)]) {
        let outputs = ["config", "manifest", "descriptor"]
            .map(|part| format!(" --{part}-out DIR/{name}.{part}"));
        let metadata = layers
            .iter()
            .map(|(_, layer)| format!(" --layer DIR/{layer}"));
        let metadata: String = metadata.collect();
        self.run(&format!(
            "manifest {arguments}{metadata}{}",
            outputs.concat()
        ));
        let layers = layers.iter().map(|(blob, metadata)| {
            serde_json::json!({"blob": self.path(blob), "metadata": self.path(metadata)})
        });
        let files = serde_json::json!({
            "manifest": self.path(&format!("{name}.manifest")),
            "config": self.path(&format!("{name}.config")),
            "descriptor": self.path(&format!("{name}.descriptor")),
            "layers": layers.collect::<Vec<_>>(),
        });
        self.write(&format!("{name}.files"), files.to_string());
    }

    /// Where the files of an image are.
    pub(super) fn files(&self, name: &str) -> serde_json::Value {
        self.json(&format!("{name}.files"))
    }

    pub(super) fn run(&self, arguments: &str) {
        if let Err(error) = self.blocking(arguments) {
            panic!("{arguments}: {}", windlass_report::render(&error));
        }
    }

    /// What it says when it fails.
    pub(super) fn failed(&self, arguments: &str) -> String {
        let error = self.blocking(arguments).expect_err(arguments);
        let folder = self.0.path().display().to_string();
        windlass_report::render(&error).replace(&folder, "DIR")
    }

    pub(super) async fn ran(&self, arguments: &str) -> Result<(), Error> {
        let folder = self.0.path().to_str().expect("utf-8");
        let arguments = format!("image {}", arguments.replace("DIR", folder));
        let arguments = arguments.split_whitespace().map(Into::into);
        run(arguments, Environment::default()).await
    }

    fn blocking(&self, arguments: &str) -> Result<(), Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(self.ran(arguments))
    }
}
