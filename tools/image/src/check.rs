//! `image check`: whether an image is as a test expects it. It is what an `image_test` runs.

use crate::contents::{Contents, Kind, Passed};
use crate::inspect::{self, largest, print};
use crate::lookup::{Found, Last};
use crate::size::in_words;
use crate::{Error, output};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The only version of a request.
const VERSION: u32 = 1;

/// What shells are called, those that come with others in one program included.
const SHELLS: &[&str] = &[
    "ash", "bash", "busybox", "csh", "dash", "fish", "hush", "ksh", "mksh", "sh", "tcsh", "toybox",
    "zsh",
];

/// Checks that an image is as expected; prints its size, and its largest files.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to check and what is expected, as JSON
    pub(crate) request: PathBuf,

    /// The directory that paths in the request are relative to
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) root: PathBuf,
}

/// One test, as `rules/private/image_test.bzl` writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// 1.
    #[expect(dead_code, reason = "it is read before all others")]
    version: u32,
    /// `check`; a run target finds out by it what it is.
    #[serde(rename = "verb")]
    _verb: String,
    /// The test's label, for messages.
    label: String,
    /// The image's.
    image: String,
    /// An OCI layout directory.
    layout: PathBuf,
    expected: Expected,
}

/// What the image must be like; what is empty is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Expected {
    /// Path -> mode in octal; empty for any.
    files: BTreeMap<String, String>,
    no_files: Vec<String>,
    /// Of all layers as they are sent, in bytes.
    max_size: Option<u64>,
    user_not_root: bool,
    no_shell: bool,
    entrypoint: Vec<String>,
    env: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
}

pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let request: Request = output::read_request(&args.request, VERSION)?;
    let contents = Contents::read(&args.root.join(&request.layout), None)?;
    print(&sizes(&contents))?;
    let complaints = complaints(&contents, &request.expected);
    if complaints.is_empty() {
        return Ok(());
    }
    Err(Error::Unexpected {
        image: request.image,
        label: request.label,
        complaints,
    })
}

/// How large an image is, and why.
pub(crate) fn sizes(contents: &Contents) -> String {
    let unpacked = contents.layers.iter().map(|layer| layer.unpacked).sum();
    let mut text = format!(
        "image sha256:{}  {} compressed, {} unpacked, {} layers\n",
        contents.digest.short(),
        in_words(compressed(contents)),
        in_words(unpacked),
        contents.layers.len(),
    );
    largest(contents.entries.iter(), inspect::LARGEST, &mut text);
    text
}

fn compressed(contents: &Contents) -> u64 {
    contents.layers.iter().map(|layer| layer.size).sum()
}

/// All in which an image is not as expected.
pub(crate) fn complaints(contents: &Contents, expected: &Expected) -> Vec<String> {
    let mut complaints = program(contents);
    complaints.extend(contents.passed.iter().map(|(link, Passed { path, real })| {
        format!("link `{link}`: got `{path}` in a layer above, want it at `{real}`")
    }));
    complaints.extend(files(contents, expected));
    complaints.extend(process(contents, expected));
    if let Some(max) = expected.max_size {
        let got = compressed(contents);
        if got > max {
            complaints.push(format!(
                "compressed size: got {} ({got} bytes), want at most {} ({max} bytes)",
                in_words(got),
                in_words(max)
            ));
        }
    }
    complaints
}

/// Whether what the image starts is there. A name without a slash is looked up in PATH by others.
fn program(contents: &Contents) -> Vec<String> {
    let process = contents.config.config().clone().unwrap_or_default();
    let words = [process.entrypoint(), process.cmd()];
    let first = words.into_iter().flatten().flatten().next();
    let Some(path) = first.filter(|path| path.starts_with('/')) else {
        return Vec::new();
    };
    let got = match contents.find(path, Last::Follow) {
        Some(found) if found.is_program() => return Vec::new(),
        Some(Found::Entry(entry)) if matches!(entry.kind, Kind::File(_) | Kind::Link(_)) => {
            format!("mode {:04o}", entry.mode)
        }
        Some(_) => "no file".to_owned(),
        None => "none".to_owned(),
    };
    vec![format!(
        "program `{path}`: got {got}, want a file that can be run"
    )]
}

fn files(contents: &Contents, expected: &Expected) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, mode) in &expected.files {
        match contents.find(path, Last::Follow) {
            None => complaints.push(format!("file `{path}`: got none, want one")),
            Some(found) => {
                let got = format!("{:04o}", found.mode());
                if !mode.is_empty() && got != *mode {
                    complaints.push(format!("mode of `{path}`: got {got}, want {mode}"));
                }
            }
        }
    }
    for path in &expected.no_files {
        if contents.find(path, Last::Keep).is_some() {
            complaints.push(format!("file `{path}`: got one, want none"));
        }
    }
    if expected.no_shell {
        let shells = contents.entries.keys().filter(|path| {
            let name = path.rsplit('/').next().unwrap_or_default();
            let found = || contents.find(path, Last::Follow);
            SHELLS.contains(&name) && found().is_some_and(Found::is_program)
        });
        complaints.extend(shells.map(|path| format!("shell: got `{path}`, want none")));
    }
    complaints
}

fn process(contents: &Contents, expected: &Expected) -> Vec<String> {
    let process = contents.config.config().clone().unwrap_or_default();
    let mut complaints = Vec::new();
    let user = process.user().clone().unwrap_or_default();
    let uid: Option<u32> = user.split(':').next().and_then(|uid| uid.parse().ok());
    if expected.user_not_root && uid.unwrap_or(0) == 0 {
        complaints.push(format!(
            "user: got `{user}`, want `<uid>:<gid>` with a uid that is not 0"
        ));
    }
    let entrypoint = process.entrypoint().clone().unwrap_or_default();
    if !expected.entrypoint.is_empty() && entrypoint != expected.entrypoint {
        complaints.push(format!(
            "entrypoint: got {entrypoint:?}, want {:?}",
            expected.entrypoint
        ));
    }
    let variables = process.env().iter().flatten();
    let variables = variables.filter_map(|text| text.split_once('='));
    let labels = process.labels().iter().flatten();
    let labels = labels.map(|(name, value)| (&**name, &**value));
    complaints.extend(pairs("env", &variables.collect(), &expected.env));
    complaints.extend(pairs("label", &labels.collect(), &expected.labels));
    complaints
}

/// Names that do not have the value that they must have.
fn pairs(what: &str, got: &BTreeMap<&str, &str>, want: &BTreeMap<String, String>) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, want) in want {
        let got = got.get(&**name);
        if got != Some(&&**want) {
            let got = got.map_or("none".to_owned(), |got| format!("`{got}`"));
            complaints.push(format!("{what} `{name}`: got {got}, want `{want}`"));
        }
    }
    complaints
}
