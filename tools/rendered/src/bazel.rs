//! Bazel, asked from outside: which manifests there are, and what is in them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use serde::Deserialize;
use windlass_interrupt::{Interrupt, Pipe};
use windlass_report::{Exit, say};

use crate::Side;
use crate::environment::Environment;
use crate::error::{Error, Reason};
use crate::manifest::{Manifest, parse};

/// Bazel's exit code after Ctrl-C.
/// Source: <https://bazel.build/run/scripts#exit-codes>
const INTERRUPTED: i32 = 8;
/// And when a target does not build.
const NOT_BUILT: i32 = 1;

/// A line for each target: its label, and the paths of its files.
const FILES: &str =
    "str(target.label) + '\\t' + '\\t'.join([file.path for file in target.files.to_list()])";
/// The same of a `k8s_object`, of whose files its manifest is one group.
const MANIFEST: &str = "str(target.label) + '\\t' + '\\t'.join([file.path for file in providers(target)['OutputGroupInfo'].manifest.to_list()])";

/// Bazel in one workspace.
#[derive(Debug)]
pub struct Bazel<'a> {
    side: Side,
    program: PathBuf,
    workspace: PathBuf,
    /// Where its outputs are, if that is not where Bazel has them by itself.
    output_base: Option<PathBuf>,
    flags: &'a [String],
    interrupt: Interrupt,
    shows_progress: bool,
}

/// What became of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Built {
    /// It is there.
    Made,
    /// A target of it does not build.
    Refused,
}

/// A `k8s_object`, as its BUILD file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its target: `//services/client:prod-deployment`.
    pub label: String,
    /// What makes its rendered manifest.
    pub src: String,
    /// The target of its pins, if its images are pinned: then its manifest is one with digests, for
    /// which nothing is compiled.
    pub pins: Option<String>,
    /// Its environment.
    pub environment: Place,
}

impl Described {
    /// The target that makes its manifest.
    fn made_by(&self) -> &str {
        if self.pins.is_some() {
            &self.label
        } else {
            &self.src
        }
    }
}

/// What the attribute `binding` says of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Place {
    /// Its name; `setup` for what prepares a cluster.
    pub name: String,
    /// Its namespace; empty for setup.
    pub namespace: String,
}

impl<'a> Bazel<'a> {
    /// Bazel in a workspace: its own `bazelw`, else `bazelisk`, else `bazel`.
    pub fn find(
        side: Side,
        workspace: PathBuf,
        output_base: Option<PathBuf>,
        flags: &'a [String],
        environment: &Environment,
    ) -> Result<Self, Error> {
        let path = environment.path.as_deref().unwrap_or_default();
        let program = windlass_bazel::program(&workspace, path).ok_or(Error::NoBazel)?;
        Ok(Self {
            side,
            program,
            workspace,
            output_base,
            flags,
            interrupt: environment.interrupt.clone(),
            shows_progress: environment.shows_progress,
        })
    }

    /// The folder of all its outputs.
    pub fn output_base(&self) -> Result<PathBuf, Error> {
        if let Some(output_base) = &self.output_base {
            return Ok(output_base.clone());
        }
        let said = self.ask("asked for", "info", [OsStr::new("output_base")])?;
        Ok(PathBuf::from(said.trim_end()))
    }

    /// The manifests of the `k8s_object`s that patterns name: with the images of pins where these are pinned,
    /// else as they are rendered.
    pub fn manifests(&self, patterns: &[String]) -> Result<Vec<Manifest>, Error> {
        self.render(self.described(patterns)?)
    }

    /// The same of these `k8s_object`s, in their order.
    pub fn render(&self, described: Vec<Described>) -> Result<Vec<Manifest>, Error> {
        if described.is_empty() {
            return Ok(Vec::new());
        }
        let targets = |is_pinned| {
            let mut own: Vec<&str> = described
                .iter()
                .filter(|one| one.pins.is_some() == is_pinned)
                .map(Described::made_by)
                .collect();
            own.sort_unstable();
            own.dedup();
            own
        };
        let mut paths = self.files(&targets(false), None, FILES)?;
        paths.extend(self.files(&targets(true), Some("manifest"), MANIFEST)?);
        let output_base = self.output_base()?;
        let read = |one: Described| {
            let path = paths.get(one.made_by()).ok_or_else(|| Error::Answer {
                side: self.side.to_string(),
                source: Reason(format!(
                    "`{}` makes no file of its own, want one",
                    one.made_by()
                )),
            })?;
            self.read(one, &self.place(path, &output_base))
        };
        described.into_iter().map(read).collect()
    }

    /// The checked files of pin targets, by target.
    pub fn pins(&self, targets: &[&str]) -> Result<BTreeMap<String, PathBuf>, Error> {
        let files = self.files(targets, None, FILES)?;
        let output_base = self.output_base()?;
        let place = |(target, path): (String, String)| {
            let path = self.place(&path, &output_base);
            (target, path)
        };
        Ok(files.into_iter().map(place).collect())
    }

    /// Builds targets, or one group of their outputs: target -> the one file of each that makes one.
    fn files(
        &self,
        targets: &[&str],
        group: Option<&str>,
        path: &str,
    ) -> Result<BTreeMap<String, String>, Error> {
        if targets.is_empty() {
            return Ok(BTreeMap::new());
        }
        let folder = tempfile::tempdir().map_err(Error::file("make", "a temporary folder"))?;
        let file = folder.path().join("targets");
        let write = |text: String| std::fs::write(&file, text).map_err(Error::file("write", &file));
        write(targets.join("\n"))?;
        let group = group.map(|group| format!("--output_groups={group}").into());
        let arguments = group
            .into_iter()
            .chain([flag("--target_pattern_file", &file)]);
        self.ask("built", "build", arguments)?;
        write(format!("set({})", quoted(targets)))?;
        let arguments = [
            "--output=starlark".into(),
            format!("--starlark:expr={path}").into(),
            flag("--query_file", &file),
        ];
        let paths = self.ask("looked up", "cquery", arguments)?;
        let paths = paths.lines().filter_map(one_file);
        Ok(paths
            .map(|(target, path)| (target.to_owned(), path.to_owned()))
            .collect())
    }

    /// Builds something that may well be refused: what becomes of it, and what Bazel says.
    pub fn build(&self, arguments: &[String]) -> Result<(Built, String), Error> {
        let mut command = self.command("build");
        command
            .args(["--noshow_progress", "--color=no"])
            .arg("--experimental_convenience_symlinks=ignore")
            .args(arguments);
        let (status, said) = self.output("built", &mut command, Pipe::Stderr)?;
        match status.code() {
            Some(0) => Ok((Built::Made, said)),
            Some(NOT_BUILT) => Ok((Built::Refused, said)),
            _ => {
                say(&said);
                Err(self.ended("built", "build", status))
            }
        }
    }

    /// The `k8s_object`s that patterns name, those for tests of rules alone left out.
    pub fn described(&self, patterns: &[String]) -> Result<Vec<Described>, Error> {
        let there = |pattern: &&String| self.workspace.join(folder_of(pattern)).is_dir();
        let patterns: Vec<&str> = patterns.iter().filter(there).map(|one| &**one).collect();
        if patterns.is_empty() {
            return Ok(Vec::new());
        }
        let query = format!(
            "let all = kind('^k8s_object rule$', {}) in $all except attr(tags, '\\bmanual\\b', $all)",
            patterns.join(" + ")
        );
        // Labels as `cquery` has them: else one of another repository has its apparent name here.
        let arguments = ["--output=streamed_jsonproto", "--consistent_labels", &query];
        let arguments = arguments.map(OsStr::new);
        let answer = self.ask("listed", "query", arguments)?;
        let described: Result<Vec<Described>, Reason> = answer.lines().map(described).collect();
        let mut described = described.map_err(|source| Error::Answer {
            side: self.side.to_string(),
            source,
        })?;
        described.sort_by(|one, other| one.label.cmp(&other.label));
        Ok(described)
    }

    /// A path that Bazel tells, from the root of its own files.
    fn place(&self, path: &str, output_base: &Path) -> PathBuf {
        if path.starts_with("bazel-out/") {
            output_base.join("execroot/_main").join(path)
        } else if path.starts_with("external/") {
            output_base.join(path)
        } else {
            self.workspace.join(path)
        }
    }

    fn read(&self, one: Described, path: &Path) -> Result<Manifest, Error> {
        let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
        let object = parse(&path.to_string_lossy(), &text).map_err(|source| Error::Manifest {
            label: one.label.clone(),
            side: self.side.to_string(),
            source,
        })?;
        Ok(Manifest {
            label: one.label,
            environment: one.environment.name,
            namespace: one.environment.namespace,
            object,
        })
    }

    /// What Bazel prints on stdout. Its errors are for the user to read, and on a terminal its progress.
    fn ask<S: AsRef<OsStr>>(
        &self,
        what: &'static str,
        verb: &'static str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<String, Error> {
        let mut command = self.command(verb);
        command.arg("--ui_event_filters=-info,-debug");
        match verb {
            // Links in the checkout are the user's.
            "build" => command
                .arg("--experimental_convenience_symlinks=ignore")
                .arg("--remote_download_outputs=toplevel")
                .arg("--skip_incompatible_explicit_targets"),
            _ => &mut command,
        };
        if verb != "build" || !self.shows_progress {
            command.arg("--noshow_progress");
        }
        command.args(self.flags).args(arguments);
        let (status, said) = self.output(what, &mut command, Pipe::Stdout)?;
        if status.success() {
            Ok(said)
        } else {
            Err(self.ended(what, verb, status))
        }
    }

    fn output(
        &self,
        what: &'static str,
        command: &mut Command,
        pipe: Pipe,
    ) -> Result<(ExitStatus, String), Error> {
        let output = self.interrupt.output(command, pipe);
        let (status, said) = output.map_err(|error| {
            let exit = match error.kind() {
                ErrorKind::Interrupted => Exit::Interrupted,
                _ => Exit::Failure,
            };
            self.failed(what, Reason::of(&error), exit)
        })?;
        Ok((status, String::from_utf8_lossy(&said).into_owned()))
    }

    /// The error of a Bazel that ended otherwise than it should.
    fn ended(&self, what: &'static str, verb: &str, status: ExitStatus) -> Error {
        let exit = match status.code() {
            Some(INTERRUPTED) | None => Exit::Interrupted,
            Some(_) => Exit::Input,
        };
        self.failed(what, Reason(format!("`bazel {verb}`: {status}")), exit)
    }

    fn failed(&self, what: &'static str, source: Reason, exit: Exit) -> Error {
        Error::Bazel {
            side: self.side.clone(),
            what,
            source,
            exit,
        }
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(output_base) = &self.output_base {
            command.arg(flag("--output_base", output_base));
        }
        command
            .arg(verb)
            .current_dir(&self.workspace)
            .stderr(Stdio::inherit());
        command
    }
}

impl Drop for Bazel<'_> {
    /// Ends the server of another revision: its files go, and it would wait for more to do.
    fn drop(&mut self) {
        if self.output_base.is_some() {
            let mut command = self.command("shutdown");
            // A server that stays ends by itself.
            let _ = command.stderr(Stdio::null()).status();
        }
    }
}

/// `--name=path`.
fn flag(name: &str, path: &Path) -> std::ffi::OsString {
    let mut flag = std::ffi::OsString::from(format!("{name}="));
    flag.push(path);
    flag
}

/// Labels as a query has them: some have characters that are its own.
fn quoted(labels: &[&str]) -> String {
    let labels = labels.iter().map(|label| format!("'{label}'"));
    labels.collect::<Vec<_>>().join(" ")
}

/// The folder that a pattern is about: `services` of `//services/...`.
fn folder_of(pattern: &str) -> &str {
    let path = pattern.trim_start_matches('/');
    let path = path.split(':').next().unwrap_or_default();
    path.trim_end_matches("...").trim_end_matches('/')
}

/// One line of [`FILES`], of a target that makes one file.
fn one_file(line: &str) -> Option<(&str, &str)> {
    let (label, files) = line.split_once('\t')?;
    let is_one = !files.is_empty() && !files.contains('\t');
    is_one.then(|| (plain(label), files))
}

/// A label of the main repository as `query` has it: `//a:b` for `@@//a:b` and `@//a:b`.
fn plain(label: &str) -> &str {
    match label.trim_start_matches('@') {
        plain if plain.starts_with("//") => plain,
        _ => label,
    }
}

/// One line of `query --output=streamed_jsonproto --consistent_labels`.
fn described(line: &str) -> Result<Described, Reason> {
    #[derive(Deserialize)]
    struct Target {
        rule: Rule,
    }
    #[derive(Deserialize)]
    struct Rule {
        name: String,
        attribute: Vec<Attribute>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Attribute {
        name: String,
        #[serde(default)]
        string_value: String,
    }
    #[derive(Deserialize)]
    struct Binding {
        environment: Place,
    }
    let target: Target = serde_json::from_str(line).map_err(|error| Reason::of(&error))?;
    let found = |name: &str| {
        let mut attributes = target.rule.attribute.iter();
        attributes
            .find(|attribute| attribute.name == name)
            .map(|one| &*one.string_value)
    };
    let value = |name: &str| {
        let missing = || Reason(format!("`{}` has no attribute `{name}`", target.rule.name));
        found(name).ok_or_else(missing)
    };
    let binding: Binding =
        serde_json::from_str(value("binding")?).map_err(|error| Reason::of(&error))?;
    Ok(Described {
        label: plain(&target.rule.name).to_owned(),
        src: plain(value("src")?).to_owned(),
        // An attribute that has no label is there, and empty.
        pins: found("pins")
            .map(|pins| plain(pins).to_owned())
            .filter(|pins| !pins.is_empty()),
        environment: binding.environment,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_patterns() {
        for (pattern, folder) in [
            ("//...", ""),
            ("//services/...", "services"),
            ("//services/client:all", "services/client"),
            ("//prod", "prod"),
        ] {
            assert_eq!(folder_of(pattern), folder, "{pattern}");
        }
    }

    #[test]
    fn lines_of_files() {
        let want = Some(("//a:b", "bazel-out/x/a/b.json"));
        assert_eq!(one_file("@@//a:b\tbazel-out/x/a/b.json"), want);
        assert_eq!(one_file("//a:b\tone\ttwo"), None);
        assert_eq!(one_file("//a:b\t"), None);
        let other = Some(("@@other+//a:b", "external/other+/a/b"));
        assert_eq!(one_file("@@other+//a:b\texternal/other+/a/b"), other);
    }

    #[test]
    fn a_target_of_a_query() {
        let line = r#"{"type": "RULE", "rule": {"name": "//a:prod-x", "attribute": [
            {"name": "binding", "type": "STRING", "stringValue":
                "{\"environment\": {\"name\": \"prod\", \"namespace\": \"shop\", \"images\": \"built\"}}"},
            {"name": "pins", "type": "LABEL"},
            {"name": "src", "type": "LABEL", "stringValue": "@@//a:x.json"}]}}"#;
        let one = described(line).expect("a target");
        assert_eq!((&*one.label, one.made_by()), ("//a:prod-x", "//a:x.json"));
        let pins = r#""pins", "type": "LABEL", "stringValue": "@@//a:prod-pins""#;
        let pinned = described(&line.replace(r#""pins", "type": "LABEL""#, pins));
        let pinned = pinned.expect("a target");
        assert_eq!(pinned.made_by(), "//a:prod-x");
        assert_eq!(pinned.pins.as_deref(), Some("//a:prod-pins"));
        let one = described(line).expect("a target");
        let Place { name, namespace } = one.environment;
        assert_eq!((&*name, &*namespace), ("prod", "shop"));
        let error = described(r#"{"rule": {"name": "//a:x", "attribute": []}}"#).expect_err("none");
        assert_eq!(error.to_string(), "`//a:x` has no attribute `binding`");
    }
}
