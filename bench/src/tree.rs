//! The files of a set: one manifest each, which kubectl takes as a folder, and a launcher with a
//! request beside it, as the build makes them for the deploy tool.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::error::Error;
use crate::input::{Edition, Set};

/// Where the manifests are, from the tree's folder.
const MANIFESTS: &str = "manifests";

/// A set of objects as files.
#[derive(Clone, Debug)]
pub struct Tree {
    folder: PathBuf,
}

/// What the objects are applied to.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The kubeconfig context.
    pub context: &'a str,
    /// The namespace.
    pub namespace: &'a str,
}

impl Tree {
    /// Writes a set of `count` objects into a folder, made anew.
    pub fn write(
        folder: &Path,
        set: Set,
        count: usize,
        place: Place<'_>,
        edition: Edition,
    ) -> Result<Self, Error> {
        let manifests = folder.join(MANIFESTS);
        std::fs::create_dir_all(&manifests).map_err(Error::io("create", &manifests))?;
        let mut groups: Vec<Vec<Value>> = Vec::new();
        for (at, member) in set.members(count, place.namespace, edition).enumerate() {
            let name = format!("{at}.json");
            let path = manifests.join(&name);
            let text = format!("{:#}\n", member.object);
            std::fs::write(&path, text).map_err(Error::io("write", &path))?;
            if groups.len() <= member.group {
                groups.push(Vec::new());
            }
            groups[member.group].push(json!({
                "label": format!("//bench:object-{at}"),
                "kind": member.object["kind"],
                "manifest": format!("{MANIFESTS}/{name}"),
            }));
        }
        let tree = Self {
            folder: folder.to_owned(),
        };
        for verb in ["apply", "diff"] {
            let path = tree.request(verb);
            let text = request(verb, &groups, place).to_string();
            std::fs::write(&path, text).map_err(Error::io("write", &path))?;
        }
        Ok(tree)
    }

    /// Puts the launchers beside their requests: links to the deploy tool.
    pub fn link(&self, tool: &Path) -> Result<(), Error> {
        for verb in ["apply", "diff"] {
            let path = self.launcher(verb);
            std::os::unix::fs::symlink(tool, &path).map_err(Error::io("create", &path))?;
        }
        Ok(())
    }

    /// The tree's folder: what the runfiles of a launcher are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder with all manifests and nothing else.
    pub fn manifests(&self) -> PathBuf {
        self.folder.join(MANIFESTS)
    }

    /// What `bazel run` would start for a verb.
    pub fn launcher(&self, verb: &str) -> PathBuf {
        self.folder.join(verb)
    }

    /// The request of a verb.
    pub fn request(&self, verb: &str) -> PathBuf {
        self.folder.join(format!("{verb}.json"))
    }
}

/// What the build writes beside a launcher. Each group depends on the one before.
fn request(verb: &str, groups: &[Vec<Value>], place: Place<'_>) -> Value {
    let id = |group: usize| format!("bench/group-{group}/bench");
    let one = |(at, objects): (usize, &Vec<Value>)| json!({"id": id(at), "label": format!("//bench:group-{at}"), "objects": objects});
    let edge = |at: usize| json!({"group": id(at), "needs": id(at - 1)});
    json!({
        "version": 1,
        "verb": verb,
        "target": "//bench:objects",
        "environment": {"name": "bench", "namespace": place.namespace, "personal": false,
                        "rollout": "parallel", "protected": false},
        "forbidden_namespaces": [],
        "cluster": {"context": place.context, "id": null},
        "setup": "//prod:setup.apply",
        "groups": groups.iter().enumerate().map(one).collect::<Vec<_>>(),
        "edges": (1..groups.len()).map(edge).collect::<Vec<_>>(),
        "images": [],
    })
}
