//! Bazel in the clone: what there is to publish, and the files of it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use windlass_oci_registry::{Push, PushRequest};
use windlass_pin::bazel::{RELEASE, RUSTC, at, toolchain_of};
use windlass_pin::checkout::Package;
use windlass_pin::git::short;
use windlass_pins::Toolchain;

use super::error::{Error, Reason};

/// Exit codes of Bazel after which a commit is to blame: it does not build, its tests fail, its packages
/// do not load. Source: <https://bazel.build/run/scripts#exit-codes>
const REFUSED: [i32; 3] = [1, 3, 7];

/// How all is configured: as a release, in folders that its files can be read from, and with no links
/// in the clone.
const CONFIGURATION: [&str; 4] = [
    RELEASE,
    "--build_runfile_links",
    "--enable_runfiles",
    "--experimental_convenience_symlinks=ignore",
];

/// A line for each target: its label, and the path of its launcher.
const LAUNCHER: &str =
    "str(target.label) + '\\t' + providers(target)['FilesToRunProvider'].executable.path";

/// What the name of a target that pushes an image of a service ends in.
const PUSH: &str = ".push";

/// Bazel in a checkout of one commit.
#[derive(Debug)]
pub(super) struct Bazel<'a> {
    workspace: &'a Path,
    path: OsString,
    flags: &'a [String],
    commit: &'a str,
}

/// A target that pushes an image of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ImageTarget {
    pub(super) service: Package,
    pub(super) key: String,
    pub(super) label: String,
}

/// What is asked of Bazel, for messages.
struct Asked<'a> {
    /// After "cannot".
    what: &'a str,
    /// What is wrong with the commit, if it is to blame.
    blame: &'a str,
}

impl<'a> Bazel<'a> {
    /// Bazel in a workspace.
    pub(super) fn new(
        workspace: &'a Path,
        path: Option<OsString>,
        flags: &'a [String],
        commit: &'a str,
    ) -> Self {
        Self {
            workspace,
            path: path.unwrap_or_default(),
            flags,
            commit,
        }
    }

    /// The images of services: those that `service` makes a target for that pushes them.
    pub(super) fn images(
        &self,
        services: &[Package],
        project: &str,
    ) -> Result<Vec<ImageTarget>, Error> {
        const ASKED: Asked<'_> = Asked {
            what: "look for images",
            blame: "its packages do not load",
        };
        if services.is_empty() {
            return Ok(Vec::new());
        }
        let all = services.iter().map(|service| format!("'{service}:all'"));
        let all = all.collect::<Vec<_>>().join(" + ");
        let file = self.file(&ASKED, &format!("kind('^image_push rule$', {all})"))?;
        let arguments = ["--output=streamed_jsonproto".to_owned(), query_file(&file)];
        let answer = self.ask(&ASKED, "query", &arguments)?;
        let mut images = Vec::new();
        for line in answer.lines() {
            let target: QueriedTarget = serde_json::from_str(line).map_err(|error| {
                let got = format!("`bazel query`: {error}");
                self.failed(&ASKED, got)
            })?;
            images.extend(target.image(project));
        }
        images.sort_by(|one, other| one.label.cmp(&other.label));
        Ok(images)
    }

    /// Runs tests.
    pub(super) fn test(&self, patterns: &[String]) -> Result<(), Error> {
        let asked = Asked {
            what: "run tests",
            blame: "its tests fail",
        };
        self.ask(&asked, "test", patterns).map(drop)
    }

    /// Builds targets that push, and reads what they push, in their order. `blame` is what is wrong
    /// with the commit if they do not build.
    pub(super) fn pushes(&self, labels: &[String], blame: &str) -> Result<Vec<Push>, Error> {
        let asked = Asked {
            what: "build what is to be pushed",
            blame,
        };
        if labels.is_empty() {
            return Ok(Vec::new());
        }
        let file = self.file(&asked, &labels.join("\n"))?;
        let pattern = format!("--target_pattern_file={}", file.path().display());
        self.ask(&asked, "build", &[pattern])?;
        let quoted: Vec<_> = labels.iter().map(|label| format!("'{label}'")).collect();
        let file = self.file(&asked, &format!("set({})", quoted.join(" ")))?;
        let arguments = [
            "--output=starlark".to_owned(),
            format!("--starlark:expr={LAUNCHER}"),
            query_file(&file),
        ];
        let answer = self.ask(&asked, "cquery", &arguments)?;
        let root = self.ask(&asked, "info", &["execution_root".to_owned()])?;
        let root = Path::new(root.trim_end());
        let launchers = answer.lines().filter_map(|line| line.split_once('\t'));
        let launchers: BTreeMap<&str, PathBuf> = launchers
            .map(|(label, path)| (label.trim_start_matches('@'), root.join(path)))
            .collect();
        let read = |label: &String| {
            let launcher = launchers.get(&**label).ok_or_else(|| {
                let got = format!("`bazel cquery` says nothing of `{label}`");
                self.failed(&asked, got)
            })?;
            read(launcher)
        };
        labels.iter().map(read).collect()
    }

    /// What compiles here: `rustc 1.94.0, --config=release`.
    pub(super) fn toolchain(&self) -> Result<Toolchain, Error> {
        const ASKED: Asked<'_> = Asked {
            what: "ask for the version of rustc",
            blame: "it has no rustc to ask; --toolchain says what compiles",
        };
        let words = [RUSTC, "--", "--version"].map(str::to_owned);
        let said = self.ask(&ASKED, "run", &words)?;
        let toolchain = toolchain_of(&said).unwrap_or_default().parse();
        toolchain.map_err(|error: windlass_pins::ParseError| self.failed(&ASKED, error.to_string()))
    }

    /// What Bazel prints on stdout. What it says meanwhile is for people to read.
    fn ask(&self, asked: &Asked<'_>, verb: &str, arguments: &[String]) -> Result<String, Error> {
        let output = self.command(verb)?.args(arguments).output();
        let output = output.map_err(|error| self.failed(asked, error.to_string()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let ended = format!("`bazel {verb}`: {}", output.status);
        let is_refused = |code: i32| REFUSED.contains(&code);
        if output.status.code().is_some_and(is_refused) {
            return Err(Error::Refused {
                commit: short(self.commit).to_owned(),
                what: asked.blame.to_owned(),
                source: Reason(ended),
            });
        }
        Err(self.failed(asked, ended))
    }

    fn command(&self, verb: &str) -> Result<Command, Error> {
        let mut command = at(self.workspace, &self.path)?;
        command
            .args([verb, "--noshow_progress", "--color=no"])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        if verb != "query" {
            // The same for all of them, so that none analyses anew what another one has.
            command.args(CONFIGURATION);
        }
        command.args(self.flags);
        Ok(command)
    }

    /// A text that is too long for a command line.
    fn file(&self, asked: &Asked<'_>, text: &str) -> Result<tempfile::NamedTempFile, Error> {
        let write = || {
            let file = tempfile::NamedTempFile::new()?;
            std::fs::write(file.path(), text)?;
            Ok(file)
        };
        write().map_err(|error: std::io::Error| self.failed(asked, error.to_string()))
    }

    #[expect(clippy::unused_self, reason = "it reads as what Bazel could not do")]
    fn failed(&self, asked: &Asked<'_>, source: String) -> Error {
        Error::Bazel {
            what: asked.what.to_owned(),
            source: Reason(source),
        }
    }
}

fn query_file(file: &tempfile::NamedTempFile) -> String {
    format!("--query_file={}", file.path().display())
}

/// What a launcher pushes: its request is beside it.
fn read(launcher: &Path) -> Result<Push, Error> {
    let beside = |end: &str| {
        let mut path = launcher.as_os_str().to_owned();
        path.push(end);
        PathBuf::from(path)
    };
    let path = beside(".json");
    let request: PushRequest = windlass_versioned::read(&path, PushRequest::VERSION)
        .map_err(|source| Error::Push { path, source })?;
    let push = request.load(&beside(".runfiles"));
    push.map_err(|source| Error::Image {
        label: request.label,
        source,
    })
}

/// A line of `query --output=streamed_jsonproto`.
#[derive(Deserialize)]
struct QueriedTarget {
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

impl QueriedTarget {
    /// The image, if it is one that `service` makes the target for: of a key, at the place of that key.
    fn image(self, project: &str) -> Option<ImageTarget> {
        let label = self.rule.name.trim_start_matches('@').to_owned();
        let key = label.split_once(':')?.1.strip_suffix(PUSH)?.to_owned();
        let mut attributes = self.rule.attribute.iter();
        let repository = attributes.find(|it| it.name == "repository")?;
        let place = format!("/{project}/{key}");
        repository.string_value.ends_with(&place).then_some(())?;
        Some(ImageTarget {
            service: label.parse().ok()?,
            key,
            label,
        })
    }
}
