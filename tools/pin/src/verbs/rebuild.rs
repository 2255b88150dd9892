//! `verify --rebuild`: whether an image is what its commit builds. The commit is checked out into a
//! folder of its own, with an output base of its own, and both are gone afterwards.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tempfile::TempDir;
use windlass_interrupt::Pipe;
use windlass_oci_reference::Digest;
use windlass_pins::Pin;

use super::Context;
use crate::bazel::{RELEASE, RUSTC, at, toolchain_of};
use crate::checkout::Package;
use crate::checks::Entry;
use crate::error::{Error, Reason};
use crate::git::{Git, short};

/// What somebody else has put into a cache is not built from the commit.
const NO_CACHE: [&str; 2] = ["--disk_cache=", "--remote_cache="];

/// What comes of building an image anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebuilt {
    /// The same image.
    Same,
    /// Another one: the pin's was not built from that commit.
    Other(Digest),
    /// It was not built, since another compiler would have done it.
    Toolchain(String),
    /// The pin names no commit.
    NoCommit,
}

impl Rebuilt {
    /// What does not hold, in words.
    pub fn finding(&self, pin: &Pin) -> Option<String> {
        let commit = pin.commit.as_ref().map_or("", |commit| commit.short());
        match self {
            Self::Same => None,
            Self::Other(digest) => Some(format!(
                "commit `{commit}` builds sha256:{}, another image",
                digest.short()
            )),
            Self::Toolchain(here) => {
                let built = pin.toolchain.as_ref().map_or("", |built| built.as_str());
                Some(format!(
                    "built with `{built}`, here `{here}`: it was not rebuilt"
                ))
            }
            Self::NoCommit => Some("no commit to rebuild it from".to_owned()),
        }
    }
}

/// Builds the images of pins anew, each commit in one checkout; the results are in their order.
///
/// # Errors
/// A commit cannot be checked out, or does not build; or this process is to end.
pub fn rebuild(context: &Context, pins: &[(Entry, Pin)]) -> Result<Vec<Rebuilt>, Error> {
    let mut results = vec![Rebuilt::NoCommit; pins.len()];
    let mut commits: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, (_, pin)) in pins.iter().enumerate() {
        if let Some(commit) = &pin.commit {
            commits.entry(commit.as_str()).or_default().push(at);
        }
    }
    for (commit, places) in commits {
        let built = Worktree::add(context, commit)
            .and_then(|tree| tree.build_all(pins, &places, &mut results));
        // Whatever git or Bazel made of it.
        if context.environment.interrupt.is_set() {
            return Err(Error::Interrupted);
        }
        built?;
    }
    Ok(results)
}

/// A checkout of one commit. It goes when this is dropped, and what Bazel has made of it.
struct Worktree<'a> {
    context: &'a Context,
    git: Git,
    folder: TempDir,
    /// The workspace in it, which need not be the root of the repository.
    root: PathBuf,
    commit: String,
    /// Whether Bazel has made something outside of the checkout.
    is_used: Cell<bool>,
}

impl<'a> Worktree<'a> {
    fn add(context: &'a Context, commit: &str) -> Result<Self, Error> {
        let git = context.git();
        let what = format!("check out commit `{}`", short(commit));
        let failed = |error: std::io::Error| Error::Git {
            what: what.clone(),
            source: Reason(error.to_string()),
        };
        let prefix = git.prefix()?;
        let folder = tempfile::Builder::new()
            .prefix("windlass-rebuild-")
            .tempdir()
            .map_err(failed)?;
        let checkout = folder.path().join("checkout");
        // From here on it is removed again, also if git gives up half way.
        let tree = Self {
            context,
            root: checkout.join(prefix),
            git,
            folder,
            commit: commit.to_owned(),
            is_used: Cell::new(false),
        };
        let checkout = checkout.display().to_string();
        let no_hooks = "core.hooksPath=/dev/null";
        let add = ["-c", no_hooks, "worktree", "add", "--quiet", "--detach"];
        let arguments = [&add[..], &[&checkout, commit]].concat();
        tree.git.ask(&what, &arguments)?;
        Ok(tree)
    }

    fn build_all(
        &self,
        pins: &[(Entry, Pin)],
        places: &[usize],
        results: &mut [Rebuilt],
    ) -> Result<(), Error> {
        let mut here = None;
        for at in places {
            let (entry, pin) = &pins[*at];
            if let Some(built) = &pin.toolchain
                && built.as_str().starts_with("rustc ")
            {
                let here = match &here {
                    Some(here) => here,
                    None => here.insert(self.toolchain(entry)?),
                };
                if built.as_str() != here {
                    results[*at] = Rebuilt::Toolchain(here.clone());
                    continue;
                }
            }
            let digest = self.image(entry)?;
            results[*at] = if digest == *pin.digest() {
                Rebuilt::Same
            } else {
                Rebuilt::Other(digest)
            };
        }
        Ok(())
    }

    /// What would compile here, as pins say it.
    fn toolchain(&self, entry: &Entry) -> Result<String, Error> {
        let [disk, remote] = NO_CACHE;
        let arguments = ["run", RELEASE, disk, remote, RUSTC, "--", "--version"];
        let said = self.bazel(entry, &arguments)?;
        toolchain_of(&said).ok_or_else(|| {
            let said = said.trim_end();
            self.failed(entry, format!("the compiler calls itself `{said}`"))
        })
    }

    /// The digest of the image that this commit builds.
    fn image(&self, entry: &Entry) -> Result<Digest, Error> {
        let label = self.label(entry)?;
        let [disk, remote] = NO_CACHE;
        self.bazel(entry, &["build", RELEASE, disk, remote, &label])?;
        let arguments = ["cquery", RELEASE, "--output=files", &label];
        let files = self.bazel(entry, &arguments)?;
        let mut digests = files
            .lines()
            .filter_map(|file| digest_in(&self.root.join(file)));
        digests.next().ok_or_else(|| {
            let found = format!("`{label}` builds no image");
            self.failed(entry, found)
        })
    }

    /// The target of an image: what a `k8s_object` of the service calls by its key.
    fn label(&self, entry: &Entry) -> Result<String, Error> {
        let Entry { service, key, .. } = entry;
        let query = query_of(service);
        let arguments = ["query", "--output=streamed_jsonproto", &query];
        let said = self.bazel(entry, &arguments)?;
        let found = said.lines().find_map(|line| image_of(line, key));
        found.ok_or_else(|| {
            let found = format!("no k8s_object of `{service}` has an image `{key}` there");
            self.failed(entry, found)
        })
    }

    /// What Bazel prints. What it says meanwhile is for the user to read.
    fn bazel(&self, entry: &Entry, arguments: &[&str]) -> Result<String, Error> {
        let interrupt = &self.context.environment.interrupt;
        if interrupt.is_set() {
            return Err(Error::Interrupted);
        }
        let mut command = at(&self.root, self.path())?;
        command.args(arguments);
        self.is_used.set(true);
        let output = interrupt.output(&mut command, Pipe::Stdout);
        let (status, said) = output.map_err(|error| self.failed(entry, error.to_string()))?;
        if !status.success() {
            let verb = arguments.first().unwrap_or(&"");
            return Err(self.failed(entry, format!("`bazel {verb}`: {status}")));
        }
        Ok(String::from_utf8_lossy(&said).into_owned())
    }

    fn path(&self) -> &OsStr {
        self.context.environment.path.as_deref().unwrap_or_default()
    }

    /// Removes what Bazel has made outside of the checkout, and ends its server. That the rest is
    /// removed, and what the run says, does not depend on it.
    fn clean(&self) {
        let Ok(mut command) = at(&self.root, self.path()) else {
            return;
        };
        let _ = command
            .args(["clean", "--expunge"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A second Ctrl-C does not stop it half way.
            .process_group(0)
            .status();
    }

    fn failed(&self, entry: &Entry, source: String) -> Error {
        Error::Rebuild {
            entry: entry.clone(),
            commit: short(&self.commit).to_owned(),
            source: Reason(source),
        }
    }
}

impl Drop for Worktree<'_> {
    fn drop(&mut self) {
        if self.is_used.get() {
            self.clean();
        }
        let checkout = self.folder.path().join("checkout").display().to_string();
        let arguments = ["worktree", "remove", "--force", &checkout];
        // Where git cannot, the folder goes all the same, and its note with the next `prune`.
        let _ = self.git.ask("remove a checkout", &arguments);
    }
}

/// The objects of a service.
fn query_of(service: &Package) -> String {
    format!("kind('^k8s_object rule$', {service}:all)")
}

/// The label of the image that a target calls by a key, in a line of `streamed_jsonproto`.
fn image_of(line: &str, key: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Target {
        rule: Rule,
    }
    #[derive(Deserialize)]
    struct Rule {
        attribute: Vec<Attribute>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Attribute {
        name: String,
        #[serde(default)]
        label_keyed_string_dict_value: Vec<Pair>,
    }
    #[derive(Deserialize)]
    struct Pair {
        key: String,
        value: String,
    }
    let target: Target = serde_json::from_str(line).ok()?;
    let mut attributes = target.rule.attribute.into_iter();
    let images = attributes.find(|attribute| attribute.name == "images")?;
    let mut pairs = images.label_keyed_string_dict_value.into_iter();
    pairs.find(|pair| pair.value == key).map(|pair| pair.key)
}

/// The digest in a file that names an image's manifest or index; `None` in another file.
fn digest_in(path: &Path) -> Option<Digest> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Descriptor {
        media_type: String,
        digest: String,
        #[serde(rename = "size")]
        _size: u64,
    }
    if path.extension() != Some(OsStr::new("json")) {
        return None;
    }
    let text = std::fs::read(path).ok()?;
    let descriptor: Descriptor = serde_json::from_slice(&text).ok()?;
    let is_image = descriptor.media_type.contains(".image.manifest.")
        || descriptor.media_type.contains(".image.index.");
    descriptor.digest.parse().ok().filter(|_| is_image)
}
