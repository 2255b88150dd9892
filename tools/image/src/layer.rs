//! `image layer`: files become a blob and what there is to know of it, in one pass.

use crate::Error;
use crate::archive::{Archive, Entries, Owner};
use crate::compress::{Blocks, Compression};
use crate::digesting::Digesting;
use crate::image_path::ImagePath;
use crate::output;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use windlass_oci_registry::{LayerMetadata, to_canonical_json};

/// Makes a layer: a compressed archive, and its metadata as JSON.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A file, or all files of a folder, where they go, and their mode in octal
    #[arg(
        long = "file",
        num_args = 3,
        value_names = ["PATH", "MODE", "SOURCE"],
        allow_hyphen_values = true
    )]
    files: Vec<String>,

    /// A folder and its mode in octal
    #[arg(long = "dir", num_args = 2, value_names = ["PATH", "MODE"], allow_hyphen_values = true)]
    dirs: Vec<String>,

    /// A symbolic link and what it points to
    #[arg(
        long = "symlink",
        num_args = 2,
        value_names = ["PATH", "TO"],
        allow_hyphen_values = true
    )]
    symlinks: Vec<String>,

    /// A symbolic link that points to what SOURCE, one as well, points to
    #[arg(
        long = "copied-symlink",
        num_args = 2,
        value_names = ["PATH", "SOURCE"],
        allow_hyphen_values = true
    )]
    copied_symlinks: Vec<String>,

    /// An input that this layer does not have
    #[arg(long = "unused", value_name = "SOURCE", allow_hyphen_values = true)]
    unused: Vec<String>,

    /// Where the inputs are listed that the layer does not have, for Bazel
    #[arg(long, value_name = "FILE")]
    unused_out: Option<PathBuf>,

    /// Who owns all entries
    #[arg(long, default_value = "0:0", value_name = "UID:GID")]
    owner: String,

    /// The mode in octal of one file or folder, whatever was said of all
    #[arg(long = "set-mode", num_args = 2, value_names = ["PATH", "MODE"], allow_hyphen_values = true)]
    modes: Vec<String>,

    /// Who owns one entry, whoever owns all
    #[arg(
        long = "set-owner",
        num_args = 2,
        value_names = ["PATH", "UID:GID"],
        allow_hyphen_values = true
    )]
    owners: Vec<String>,

    /// How the blob is compressed
    #[arg(long, default_value = "gzip", value_name = "FORMAT")]
    compression: Compression,

    /// Where the blob is written
    #[arg(long, value_name = "FILE")]
    blob: PathBuf,

    /// Where {"mediaType", "digest", "size", "diffId"} is written
    #[arg(long, value_name = "FILE")]
    metadata: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let owner = parse_owner(&args.owner)?;
    let mut entries = Entries::default();
    // First: a tree without files leaves a folder as it was asked for.
    for dir in args.dirs.chunks_exact(2) {
        entries.add_folder(&ImagePath::parse(&dir[0])?, parse_mode(&dir[1])?)?;
    }
    for file in args.files.chunks_exact(3) {
        let path = ImagePath::parse(&file[0])?;
        entries.add_file(&path, Path::new(&file[2]), parse_mode(&file[1])?)?;
    }
    for symlink in args.symlinks.chunks_exact(2) {
        entries.add_symlink(&ImagePath::parse(&symlink[0])?, &symlink[1])?;
    }
    for symlink in args.copied_symlinks.chunks_exact(2) {
        entries.copy_symlink(&ImagePath::parse(&symlink[0])?, Path::new(&symlink[1]))?;
    }
    let mut archive = entries.complete()?;
    for mode in args.modes.chunks_exact(2) {
        archive.set_mode(&ImagePath::parse(&mode[0])?, parse_mode(&mode[1])?)?;
    }
    for owner in args.owners.chunks_exact(2) {
        archive.set_owner(&ImagePath::parse(&owner[0])?, parse_owner(&owner[1])?)?;
    }
    let metadata = output::create(&args.blob, |file| {
        compress(&archive, owner, args.compression, file, &args.blob)
    })?;
    if let Some(out) = &args.unused_out {
        output::write(out, unused(args).as_bytes())?;
    }
    output::write(&args.metadata, &to_canonical_json(&metadata))
}

/// The inputs that the layer does not have, one a line. One that it has nothing of at one path may
/// be a file of it at another.
fn unused(args: &Args) -> String {
    let files = args.files.chunks_exact(3).map(|file| &file[2]);
    let symlinks = args.copied_symlinks.chunks_exact(2).map(|link| &link[1]);
    let used: BTreeSet<&String> = files.chain(symlinks).collect();
    let unused: BTreeSet<&String> = args.unused.iter().collect();
    let lines = unused.difference(&used).map(|source| format!("{source}\n"));
    lines.collect()
}

/// Archive, digest, compressor, digest, file: each byte passes once.
fn compress<W: Write>(
    archive: &Archive,
    owner: Owner,
    compression: Compression,
    out: W,
    out_path: &Path,
) -> Result<LayerMetadata, Error> {
    let unwritable = |source| Error::Write {
        path: out_path.to_owned(),
        source,
    };
    let compressor = Blocks::new(compression, Digesting::new(out));
    let plain = archive.write(owner, Digesting::new(compressor), out_path)?;
    let diff_id = plain.digest();
    let mut blob = plain.inner.finish().map_err(unwritable)?;
    blob.inner.flush().map_err(unwritable)?;
    Ok(LayerMetadata {
        media_type: compression.media_type().to_owned(),
        digest: blob.digest(),
        size: blob.bytes,
        diff_id,
    })
}

fn parse_mode(text: &str) -> Result<u32, Error> {
    let mode = u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o7777);
    mode.filter(|_| text.len() == 4)
        .ok_or_else(|| Error::Value {
            what: "mode",
            got: text.to_owned(),
            want: "four octal digits, as in `0644`",
        })
}

fn parse_owner(text: &str) -> Result<Owner, Error> {
    let ids = text.split_once(':').and_then(|(uid, gid)| {
        Some(Owner {
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
        })
    });
    ids.ok_or_else(|| Error::Value {
        what: "owner",
        got: text.to_owned(),
        want: "two numbers, as in `0:0`",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Read as _;
    use windlass_oci_reference::Digest;

    fn args(folder: &Path, files: &[&str], dirs: &[&str]) -> Args {
        let own = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Args {
            files: own(files),
            dirs: own(dirs),
            symlinks: own(&["/link", "bin/tool"]),
            copied_symlinks: Vec::new(),
            unused: Vec::new(),
            unused_out: None,
            owner: "0:0".to_owned(),
            modes: Vec::new(),
            owners: Vec::new(),
            compression: Compression::Gzip,
            blob: folder.join("blob"),
            metadata: folder.join("metadata"),
        }
    }

    fn made(folder: &Path, args: &Args) -> (Vec<u8>, LayerMetadata) {
        run(args).expect("runs");
        let blob = std::fs::read(folder.join("blob")).expect("reads");
        (
            blob,
            output::read_json(&folder.join("metadata")).expect("reads"),
        )
    }

    /// Half a megabyte that compresses to more than one block, from a fixed sequence.
    fn content() -> Vec<u8> {
        let mut state = 1_u32;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 28) as u8 + b'a'
        };
        (0..500_000).map(next).collect()
    }

    #[test]
    fn the_bytes_are_these_on_every_machine() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = folder.path().join("tool");
        std::fs::write(&source, content()).expect("writes");
        let source = source.to_str().expect("utf-8");
        let tool = ["/bin/tool", "0755", source];
        let conf = ["/etc/tool/conf", "0644", source];
        let one = args(folder.path(), &[tool, conf].concat(), &["/tmp", "1777"]);
        let (blob, metadata) = made(folder.path(), &one);
        // Golden: these change with the compressor or the archive's format, and then every image
        // does.
        assert_eq!(
            metadata.digest.to_string(),
            "sha256:1fa291a5ded0a8ed48e6d601bc629085ecb5cd7ee21eed6acf192a0e6a2c1e61"
        );
        assert_eq!(
            metadata.diff_id.to_string(),
            "sha256:dd064e97e7188f55eecfbd951c45b75375b11ac4ec4434ebe2b95b08dfbe2ed4"
        );
        assert_eq!(
            metadata.media_type,
            "application/vnd.oci.image.layer.v1.tar+gzip"
        );

        // The digests by sha2, which computed neither.
        assert_eq!(metadata.digest, Digest::of(&blob));
        assert_eq!(metadata.size, blob.len() as u64);
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(&blob[..])
            .read_to_end(&mut plain)
            .expect("unpacks");
        assert_eq!(metadata.diff_id, Digest::of(&plain));
        // RFC 1952: magic, deflate, no flags, no time, no extra flags, no system.
        assert_eq!(blob[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

        // Neither the order of the flags nor the files' own times and modes matter.
        let file = File::open(source).expect("opens");
        file.set_modified(std::time::UNIX_EPOCH).expect("sets");
        let other = args(folder.path(), &[conf, tool].concat(), &["/tmp", "1777"]);
        assert_eq!(made(folder.path(), &other).0, blob);
    }

    /// File systems list a folder as it was filled, or by a hash of the names.
    #[test]
    fn the_bytes_do_not_depend_on_the_order_in_which_a_folder_was_filled() {
        let filled = |names: &mut dyn Iterator<Item = usize>| {
            let folder = tempfile::tempdir().expect("a folder");
            let tree = folder.path().join("tree");
            for name in names {
                let below = tree.join(format!("d{}", name % 3));
                std::fs::create_dir_all(&below).expect("a folder");
                std::fs::write(below.join(format!("f{name}")), content()).expect("writes");
            }
            let files = ["/srv", "0644", tree.to_str().expect("utf-8")];
            made(folder.path(), &args(folder.path(), &files, &[])).0
        };
        let blob = filled(&mut (0..20));
        assert_eq!(filled(&mut (0..20).rev()), blob);
        assert_eq!(filled(&mut (0..20).map(|name| name * 7 % 20)), blob);
    }

    #[test]
    fn links_are_copied_and_what_is_nowhere_is_listed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
        std::os::unix::fs::symlink("../nowhere", path("link")).expect("links");
        std::fs::write(path("file"), "x").expect("writes");
        let mut args = args(folder.path(), &["/file", "0755", &path("file")], &[]);
        args.copied_symlinks = vec!["/copy".to_owned(), path("link")];
        args.unused = ["file", "other", "link"].map(path).to_vec();
        args.unused_out = Some(folder.path().join("unused"));
        let (blob, _) = made(folder.path(), &args);
        let mut archive = tar::Archive::new(flate2::read::MultiGzDecoder::new(&blob[..]));
        let mut entries = archive.entries().expect("an archive");
        let copy = entries.next().expect("an entry").expect("an entry");
        let to = copy.link_name().expect("a link").expect("a link");
        assert_eq!(
            (copy.path().expect("a path").as_ref(), to.as_ref()),
            (Path::new("copy"), Path::new("../nowhere"))
        );
        let unused = std::fs::read_to_string(path("unused")).expect("reads");
        assert_eq!(unused, path("other") + "\n");
    }

    #[test]
    fn values_are_checked() {
        for text in ["", "755", "0888", "00755", "17777", "-755"] {
            let error = parse_mode(text).expect_err(text).to_string();
            let want = format!("mode: got `{text}`, want four octal digits, as in `0644`");
            assert_eq!(error, want);
        }
        assert_eq!(parse_mode("1777").expect("parses"), 0o1777);
        for text in ["", "0", "root:root", "0:", "-1:0", "0:0:0"] {
            let error = parse_owner(text).expect_err(text).to_string();
            assert_eq!(
                error,
                format!("owner: got `{text}`, want two numbers, as in `0:0`")
            );
        }
    }
}
