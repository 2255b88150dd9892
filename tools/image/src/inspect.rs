//! `image inspect`: where the bytes of an image are.

use crate::contents::{Contents, Entry, Kind};
use crate::platform::Platform;
use crate::size::in_words;
use crate::{Environment, Error};
use std::fmt::Write as _;
use std::path::PathBuf;

/// How many of the largest files are shown.
pub(crate) const LARGEST: usize = 5;

/// Shows the layers of an image, and the largest files of each.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The image, as an OCI layout directory: `bazel build --output_groups=oci_layout`
    layout: PathBuf,

    /// All files, not only the largest
    #[arg(long)]
    all: bool,

    /// Which image of an index
    #[arg(long, value_name = "SYSTEM/PROCESSOR")]
    platform: Option<Platform>,
}

pub(crate) fn run(args: &Args, environment: &Environment) -> Result<(), Error> {
    let contents = Contents::read(&environment.path(&args.layout), args.platform.as_ref())?;
    let limit = if args.all { usize::MAX } else { LARGEST };
    print(&described(&contents, limit))
}

/// Prints what is told of an image. Its names are other people's: none may steer a terminal.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    windlass_report::print(windlass_report::harmless(text).as_bytes()).map_err(|source| {
        Error::Write {
            path: "stdout".into(),
            source,
        }
    })
}

pub(crate) fn described(contents: &Contents, limit: usize) -> String {
    let config = &contents.config;
    let process = config.config().clone().unwrap_or_default();
    let mut text = format!("image {}\n", contents.digest);
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "{name:<11} {value}");
        }
    };
    line(
        "platform",
        format!("{}/{}", config.os(), config.architecture()),
    );
    let words = |words: &Option<Vec<String>>| words.clone().unwrap_or_default().join(" ");
    line("entrypoint", words(process.entrypoint()));
    line("cmd", words(process.cmd()));
    line("user", process.user().clone().unwrap_or_default());
    for (at, layer) in contents.layers.iter().enumerate() {
        let _ = writeln!(
            text,
            "layer {at}     sha256:{}  {}, {} unpacked, {} entries",
            layer.digest.short(),
            in_words(layer.size),
            in_words(layer.unpacked),
            layer.entries
        );
        let entries = contents.entries.iter();
        let left = largest(
            entries.filter(|(_, entry)| entry.layer == at),
            limit,
            &mut text,
        );
        if left > 0 {
            let _ = writeln!(text, "  and {left} files more; --all shows them");
        }
    }
    text
}

/// The largest files of some entries, one a line. Gives back how many are left.
pub(crate) fn largest<'a>(
    entries: impl Iterator<Item = (&'a String, &'a Entry)>,
    limit: usize,
    text: &mut String,
) -> usize {
    let mut files: Vec<_> = entries
        .filter(|(_, entry)| matches!(entry.kind, Kind::File(_)))
        .collect();
    files.sort_by_key(|(path, entry)| (std::cmp::Reverse(entry.size), *path));
    for (path, entry) in files.iter().take(limit) {
        let size = in_words(entry.size);
        let _ = writeln!(text, "  {size:>9}  {:04o}  {path}", entry.mode);
    }
    files.len().saturating_sub(limit)
}
