//! `image inspect`: where the bytes of an image are.

use crate::Error;
use crate::contents::{Contents, Entry, Kind};
use crate::platform::Platform;
use std::fmt::Write as _;
use std::path::PathBuf;

/// How many of the largest files of a layer are shown.
const LARGEST: usize = 5;

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

pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let contents = Contents::read(&args.layout, args.platform.as_ref())?;
    let limit = if args.all { usize::MAX } else { LARGEST };
    print(&described(&contents, limit))
}

pub(crate) fn print(text: &str) -> Result<(), Error> {
    windlass_report::print(text.as_bytes()).map_err(|source| Error::Write {
        path: "stdout".into(),
        source,
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
            bytes(layer.size),
            bytes(layer.unpacked),
            layer.entries
        );
        let mut files: Vec<(&String, &Entry)> = contents
            .entries
            .iter()
            .filter(|(_, entry)| entry.layer == at && matches!(entry.kind, Kind::File(_)))
            .collect();
        files.sort_by_key(|(path, entry)| (std::cmp::Reverse(entry.size), *path));
        for (path, entry) in files.iter().take(limit) {
            let _ = writeln!(
                text,
                "  {:>9}  {:04o}  {path}",
                bytes(entry.size),
                entry.mode
            );
        }
        if files.len() > limit {
            let _ = writeln!(
                text,
                "  and {} files more; --all shows them",
                files.len() - limit
            );
        }
    }
    text
}

/// `3.8 MB`, `12.0 kB`, `7 B`: powers of ten.
pub(crate) fn bytes(count: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = (count + unit / 20) / (unit / 10);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match count {
        0..1_000 => format!("{count} B"),
        1_000..999_950 => format!("{} kB", tenths(1_000)),
        999_950..999_950_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_words() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (999_999, "1.0 MB"),
            (3_849_999, "3.8 MB"),
            (2_000_000_000, "2.0 GB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
