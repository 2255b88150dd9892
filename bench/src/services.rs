//! A repository of many services: a copy of this one, and packages that are written by this module.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;
use crate::process;

/// How many services depend on one another in a row: the depth of a deep target.
const CHAIN: usize = 10;

/// A checkout with many services.
pub struct Services {
    folder: PathBuf,
}

impl Services {
    /// Copies what git lists in a checkout.
    pub fn copy(checkout: &Path, folder: &Path, scratch: &Path) -> Result<Self, Error> {
        let mut list = Command::new("git");
        list.arg("-C").arg(checkout).args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let listed = process::run("git ls-files", &mut list, scratch)?.with_code(0)?;
        for name in listed.stdout.lines() {
            let (from, to) = (checkout.join(name), folder.join(name));
            // What is listed may be deleted and not committed.
            if from.is_file() {
                copy(&from, &to)?;
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes services: `<package>/s0`, ... Each has a Deployment, a Service and a `ConfigMap`, an image
    /// of one small layer for `myns`, and pins for the other environments.
    pub fn write(&self, package: &str, count: usize) -> Result<(), Error> {
        for at in 0..count {
            let folder = self.folder.join(package).join(format!("s{at}"));
            let key = format!("{package}-s{at}");
            let below = (at % CHAIN != 0).then(|| at - 1);
            let label = below.map(|below| format!("//{package}/s{below}"));
            write(
                &folder.join("BUILD.bazel"),
                &build(at, &key, label.as_deref()),
            )?;
            write(&folder.join("s.jsonnet"), &source(&key, label.as_deref()))?;
            write(&folder.join("program"), &key)?;
            write(&folder.join("pins.json"), &pins(&key))?;
        }
        Ok(())
    }

    /// Edits a file: puts `new` in the place of `old`, which has to be there.
    pub fn edit(&self, name: &str, old: &str, new: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        if !text.contains(old) {
            let absent = std::io::Error::other(format!("it has no `{old}`"));
            return Err(Error::io("edit", &path)(absent));
        }
        write(&path, &text.replacen(old, new, 1))
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let parent = to.parent().unwrap_or(to);
    std::fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    std::fs::copy(from, to).map_err(Error::io("copy", from))?;
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let parent = path.parent().unwrap_or(path);
    std::fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    std::fs::write(path, text).map_err(Error::io("write", path))
}

fn build(at: usize, key: &str, below: Option<&str>) -> String {
    let deps = below.map_or(String::new(), |label| {
        format!("    deps = [\"{label}\"],\n")
    });
    format!(
        r#"load("//prod:k8s.bzl", "service")
load("//rules:image.bzl", "image", "image_layer")

image_layer(
    name = "layer",
    files = {{"program": "/program"}},
)

image(
    name = "image",
    entrypoint = ["/program"],
    layers = [":layer"],
)

service(
    name = "s{at}",
    src = "s.jsonnet",
    images = {{"{key}": ":image"}},
    outputs = {{
        "config.json": "ConfigMap",
        "deployment.json": "Deployment",
        "service.json": "Service",
    }},
    pins = "pins.json",
{deps})
"#
    )
}

fn source(key: &str, below: Option<&str>) -> String {
    let peer = below.map_or("'none'".to_owned(), |label| {
        format!("std.extVar('{label}').service.metadata.name")
    });
    format!(
        r"local k8s = import 'windlass/k8s.libsonnet';

function(params) {{
  local config = k8s.configMap(params, '{key}', {{ peer: {peer}, environment: params.environment.name }}),
  'config.json': config,
  'deployment.json': k8s.deployment(params, '{key}', containers=[
    k8s.container('{key}', ports={{ grpc: 50051 }}, requests={{ cpu: '10m', memory: '32Mi' }}),
  ]),
  'service.json': k8s.service(params, '{key}', ports={{ grpc: 50051 }}),
}}
"
    )
}

fn pins(key: &str) -> String {
    let digest = "0123456789abcdef".repeat(4);
    let one = |environment: &str| {
        format!(
            r#"  "{environment}": {{
    "{key}": {{
      "image": "localhost:31000/demo/{key}@sha256:{digest}"
    }}
  }}"#
        )
    };
    let all = ["prod", "staging", "dev"].map(one).join(",\n");
    format!("{{\n{all}\n}}\n")
}
