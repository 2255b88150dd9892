//! A layer's archive: which entries it has, in which order, and their headers.
//!
//! The format is POSIX ustar with PAX records for long names ("pax Interchange Format"), as the
//! layer specification of OCI asks for. Nothing of this machine is in it: no names of users, no
//! times, no modes that were not asked for.
//!
//! A folder that merely holds something has no entry: it would hide mode and owner of the folder
//! that a base image has there. Who unpacks the layer makes it where it is missing, with mode 0755,
//! root's.

use crate::Error;
use crate::image_path::ImagePath;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};

/// The mode of folders of which nobody has said one.
const FOLDER_MODE: u32 = 0o755;

/// Who owns all entries of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    File { source: PathBuf, mode: u32 },
    Folder { mode: u32 },
    Symlink { to: String },
}

impl Node {
    /// How errors call it.
    fn said(&self, path: &ImagePath) -> String {
        match self {
            Self::File { source, .. } => format!("file `{}`", source.display()),
            Self::Folder { mode } => format!("folder `{path}` of mode {mode:04o}"),
            Self::Symlink { to } => format!("symlink to `{to}`"),
        }
    }
}

/// What was asked for of a layer, by path.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    nodes: BTreeMap<ImagePath, Node>,
}

/// The entries of a layer. Folders come before what is in them, because a path is less than any
/// path that it begins.
#[derive(Debug)]
pub(crate) struct Archive {
    nodes: BTreeMap<ImagePath, Node>,
    /// Folders that entries are in and nobody asked for: they have no entry.
    implied: BTreeSet<ImagePath>,
    /// Who owns an entry, where that is somebody else than all others.
    owners: BTreeMap<ImagePath, Owner>,
}

impl Entries {
    /// Adds a file, or all files below a folder; where there are none, the folder itself, unless it is
    /// there. Links on this machine are followed.
    ///
    /// Empty folders below it are left out: Bazel's caches do not keep them, so whether they are there
    /// depends on where the tree comes from.
    pub(crate) fn add_file(
        &mut self,
        path: &ImagePath,
        source: &Path,
        mode: u32,
    ) -> Result<(), Error> {
        let is_there = matches!(self.nodes.get(path), Some(Node::Folder { .. }));
        if !self.add_below(path, source, mode)? && !is_there {
            self.add_folder(path, FOLDER_MODE)?;
        }
        Ok(())
    }

    /// Whether there was a file to add.
    fn add_below(&mut self, path: &ImagePath, source: &Path, mode: u32) -> Result<bool, Error> {
        let unreadable = |error| Error::Read {
            path: source.to_owned(),
            source: error,
        };
        if !std::fs::metadata(source).map_err(unreadable)?.is_dir() {
            let source = source.to_owned();
            self.add(path, Node::File { source, mode })?;
            return Ok(true);
        }
        let mut has_file = false;
        for entry in std::fs::read_dir(source).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            has_file |= self.add_below(&path.join(&name)?, &entry.path(), mode)?;
        }
        Ok(has_file)
    }

    /// Adds an empty folder.
    pub(crate) fn add_folder(&mut self, path: &ImagePath, mode: u32) -> Result<(), Error> {
        self.add(path, Node::Folder { mode })
    }

    /// Adds a symbolic link; what it points to need not be there.
    pub(crate) fn add_symlink(&mut self, path: &ImagePath, to: &str) -> Result<(), Error> {
        self.add(path, Node::Symlink { to: to.to_owned() })
    }

    /// Adds a symbolic link that points to what the one at `source` does.
    pub(crate) fn copy_symlink(&mut self, path: &ImagePath, source: &Path) -> Result<(), Error> {
        let to = std::fs::read_link(source).map_err(|error| Error::Read {
            path: source.to_owned(),
            source: error,
        })?;
        self.add_symlink(path, &to.to_string_lossy())
    }

    fn add(&mut self, path: &ImagePath, node: Node) -> Result<(), Error> {
        if let Some(known) = self.nodes.get(path).filter(|known| **known != node) {
            return Err(Error::Twice {
                path: path.to_string(),
                first: known.said(path),
                second: node.said(path),
            });
        }
        self.nodes.insert(path.clone(), node);
        Ok(())
    }

    /// All entries, once it is known that what they are in are folders.
    pub(crate) fn complete(self) -> Result<Archive, Error> {
        let mut implied = BTreeSet::new();
        for path in self.nodes.keys() {
            let mut above = path.parent();
            while let Some(parent) = above {
                above = parent.parent();
                match self.nodes.get(&parent) {
                    Some(Node::Folder { .. }) => {}
                    Some(other) => {
                        return Err(Error::Below {
                            path: path.to_string(),
                            parent: other.said(&parent),
                        });
                    }
                    // What that one is in has been looked at.
                    None if !implied.insert(parent) => break,
                    None => {}
                }
            }
        }
        Ok(Archive {
            nodes: self.nodes,
            implied,
            owners: BTreeMap::new(),
        })
    }
}

impl Archive {
    /// Gives a file or folder another mode. A folder that entries are in becomes one itself.
    pub(crate) fn set_mode(&mut self, path: &ImagePath, new: u32) -> Result<(), Error> {
        match self.named(path) {
            Some(Node::File { mode, .. } | Node::Folder { mode }) => *mode = new,
            Some(Node::Symlink { .. }) | None => {
                return Err(Error::NoEntry {
                    what: "mode",
                    path: path.to_string(),
                    want: "file or folder",
                });
            }
        }
        Ok(())
    }

    /// Gives an entry an owner of its own. A folder that entries are in becomes one itself.
    pub(crate) fn set_owner(&mut self, path: &ImagePath, owner: Owner) -> Result<(), Error> {
        if self.named(path).is_none() {
            return Err(Error::NoEntry {
                what: "owner",
                path: path.to_string(),
                want: "entry",
            });
        }
        self.owners.insert(path.clone(), owner);
        Ok(())
    }

    /// What is asked for by name; for a folder that was implied there is an entry from now on.
    fn named(&mut self, path: &ImagePath) -> Option<&mut Node> {
        if self.implied.remove(path) {
            let folder = Node::Folder { mode: FOLDER_MODE };
            self.nodes.insert(path.clone(), folder);
        }
        self.nodes.get_mut(path)
    }

    /// Writes the archive, its end included. `out` is named `out_path` in errors.
    pub(crate) fn write<W: Write>(
        &self,
        owner: Owner,
        out: W,
        out_path: &Path,
    ) -> Result<W, Error> {
        let unwritable = |source| Error::Write {
            path: out_path.to_owned(),
            source,
        };
        let mut builder = Builder::new(out);
        for (path, node) in &self.nodes {
            let mut header = Header::new_ustar();
            let owner = self.owners.get(path).copied().unwrap_or(owner);
            header.set_uid(owner.uid.into());
            header.set_gid(owner.gid.into());
            header.set_mtime(0);
            header.set_size(0);
            match node {
                Node::File { source, mode } => {
                    header.set_mode(*mode);
                    header.set_entry_type(EntryType::Regular);
                    append_file(&mut builder, header, path, source, out_path)?;
                }
                Node::Folder { mode } => {
                    header.set_mode(*mode);
                    header.set_entry_type(EntryType::Directory);
                    let name = format!("{}/", path.inner());
                    append(&mut builder, header, &name, None, &mut io::empty())
                        .map_err(unwritable)?;
                }
                Node::Symlink { to } => {
                    header.set_mode(0o777);
                    header.set_entry_type(EntryType::Symlink);
                    append(
                        &mut builder,
                        header,
                        path.inner(),
                        Some(to),
                        &mut io::empty(),
                    )
                    .map_err(unwritable)?;
                }
            }
        }
        builder.into_inner().map_err(unwritable)
    }
}

fn append_file<W: Write>(
    builder: &mut Builder<W>,
    mut header: Header,
    path: &ImagePath,
    source: &Path,
    out_path: &Path,
) -> Result<(), Error> {
    let unreadable = |error| Error::Read {
        path: source.to_owned(),
        source: error,
    };
    let file = File::open(source).map_err(unreadable)?;
    let want = file.metadata().map_err(unreadable)?.len();
    header.set_size(want);
    let mut counted = Counted {
        file,
        bytes: 0,
        failed: None,
    };
    let written = append(builder, header, path.inner(), None, &mut counted);
    if let Some(error) = counted.failed {
        return Err(unreadable(error));
    }
    written.map_err(|error| Error::Write {
        path: out_path.to_owned(),
        source: error,
    })?;
    if counted.bytes == want {
        return Ok(());
    }
    Err(Error::Changed {
        path: source.to_owned(),
        got: counted.bytes,
        want,
    })
}

/// Appends one entry; what does not fit into its header goes before it, in PAX records.
fn append<W: Write>(
    builder: &mut Builder<W>,
    mut header: Header,
    name: &str,
    link: Option<&str>,
    data: &mut dyn Read,
) -> io::Result<()> {
    let mut records = Vec::new();
    if header.set_path(name).is_err() {
        records.push(("path", name.as_bytes()));
        // What a reader without PAX would see.
        header.set_path(format!(
            "{}{}",
            first(name),
            if name.ends_with('/') { "/" } else { "" }
        ))?;
    }
    if let Some(link) = link
        && header.set_link_name_literal(link).is_err()
    {
        records.push(("linkpath", link.as_bytes()));
        header.set_link_name_literal(first(link))?;
    }
    builder.append_pax_extensions(records)?;
    header.set_cksum();
    builder.append(&header, data)
}

/// The beginning of a name, short enough for any header, and no folder.
fn first(name: &str) -> &str {
    let mut end = name.len().min(90);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].trim_end_matches('/')
}

/// A file that knows how much of it was read, and tells its own failures from those of a writer.
struct Counted {
    file: File,
    bytes: u64,
    failed: Option<io::Error>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.file.read(buffer) {
            Ok(count) => {
                self.bytes += count as u64;
                Ok(count)
            }
            Err(error) => {
                let kind = error.kind();
                self.failed = Some(error);
                Err(kind.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Owner = Owner { uid: 0, gid: 0 };

    fn path(text: &str) -> ImagePath {
        ImagePath::parse(text).expect("a path")
    }

    fn written(archive: &Archive, owner: Owner) -> Vec<u8> {
        archive
            .write(owner, Vec::new(), Path::new("out"))
            .expect("writes")
    }

    fn complete(entries: Entries) -> Archive {
        entries.complete().expect("folders above")
    }

    /// `mode owner path [-> link] [= content]`, as a reader sees the entries.
    fn listed(bytes: &[u8]) -> Vec<String> {
        let mut archive = tar::Archive::new(bytes);
        let entries = archive.entries().expect("an archive");
        let described = entries.map(|entry| {
            let mut entry = entry.expect("an entry");
            let header = entry.header().clone();
            assert_eq!(header.mtime().expect("a time"), 0);
            assert_eq!(header.username().expect("utf-8"), Some(""));
            let path = entry.path().expect("a path").display().to_string();
            let link = entry.link_name().expect("a link");
            let link = link.map_or(String::new(), |link| format!(" -> {}", link.display()));
            let mut content = String::new();
            entry.read_to_string(&mut content).expect("content");
            let (mode, uid, gid) = (header.mode(), header.uid(), header.gid());
            format!(
                "{:04o} {}:{} {path}{link}{}",
                mode.expect("mode"),
                uid.expect("uid"),
                gid.expect("gid"),
                if content.is_empty() {
                    content
                } else {
                    format!(" = {content}")
                },
            )
        });
        described.collect()
    }

    #[test]
    fn entries_are_in_order_and_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = folder.path().join("source");
        std::fs::write(&source, "x").expect("writes");
        let mut entries = Entries::default();
        entries.add_symlink(&path("/z"), "app/b").expect("adds");
        entries
            .add_file(&path("/app/b"), &source, 0o755)
            .expect("adds");
        entries
            .add_file(&path("/app-a"), &source, 0o644)
            .expect("adds");
        entries.add_folder(&path("/tmp"), 0o1777).expect("adds");
        assert_eq!(
            listed(&written(
                &complete(entries),
                Owner {
                    uid: 7,
                    gid: 3_000_000
                }
            )),
            [
                "0644 7:3000000 app-a = x",
                "0755 7:3000000 app/b = x",
                "1777 7:3000000 tmp/",
                "0777 7:3000000 z -> app/b",
            ]
        );
    }

    #[test]
    fn single_entries_have_modes_and_owners_of_their_own() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("run"), "x").expect("writes");
        std::fs::write(folder.path().join("text"), "y").expect("writes");
        let mut entries = Entries::default();
        entries
            .add_file(&path("/app"), folder.path(), 0o644)
            .expect("adds");
        let mut archive = complete(entries);
        archive.set_mode(&path("/app/run"), 0o755).expect("sets");
        let owner = Owner { uid: 5, gid: 6 };
        archive.set_owner(&path("/app/text"), owner).expect("sets");
        assert_eq!(
            listed(&written(&archive, ROOT)),
            ["0755 0:0 app/run = x", "0644 5:6 app/text = y"]
        );
    }

    #[test]
    fn folders_become_entries_when_something_is_said_of_them() {
        let mut entries = Entries::default();
        let data = path("/srv/a/b/data");
        entries.add_folder(&data, 0o700).expect("adds");
        let mut archive = complete(entries);
        let owner = Owner { uid: 5, gid: 6 };
        archive.set_owner(&path("/srv/a"), owner).expect("sets");
        archive.set_mode(&path("/srv/a/b"), 0o750).expect("sets");
        archive.set_owner(&data, owner).expect("sets");
        assert_eq!(
            listed(&written(&archive, ROOT)),
            [
                "0755 5:6 srv/a/",
                "0750 0:0 srv/a/b/",
                "0700 5:6 srv/a/b/data/"
            ]
        );
        let error = archive.set_owner(&path("/sr"), owner).expect_err("none");
        assert_eq!(
            error.to_string(),
            "owner of `/sr`: the layer has no such entry"
        );
    }

    #[test]
    fn files_of_folders_are_taken_and_links_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("sub/empty/also")).expect("makes");
        std::fs::write(folder.path().join("sub/b"), "b").expect("writes");
        std::os::unix::fs::symlink("sub/b", folder.path().join("a")).expect("links");
        let mut entries = Entries::default();
        entries
            .add_file(&path("/data"), folder.path(), 0o444)
            .expect("adds");
        let sub = folder.path().join("sub/empty");
        entries
            .add_file(&path("/other/empty"), &sub, 0o444)
            .expect("adds");
        // It has been said of this one how it is.
        let kept = path("/kept");
        entries.add_folder(&kept, 0o700).expect("adds");
        entries.add_file(&kept, &sub, 0o444).expect("adds");
        // Nothing was said of it by the one who put files into it.
        entries.add_folder(&path("/data"), 0o700).expect("adds");
        assert_eq!(
            listed(&written(&complete(entries), ROOT)),
            [
                "0700 0:0 data/",
                "0444 0:0 data/a = b",
                "0444 0:0 data/sub/b = b",
                "0700 0:0 kept/",
                "0755 0:0 other/empty/",
            ]
        );
    }

    #[test]
    fn long_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = folder.path().join("source");
        std::fs::write(&source, "x").expect("writes");
        let split = format!("/{}/{}", "p".repeat(120), "n".repeat(90));
        let long = format!("/{}", "ü".repeat(140));
        let mut entries = Entries::default();
        entries
            .add_file(&path(&split), &source, 0o644)
            .expect("adds");
        entries
            .add_file(&path(&long), &source, 0o644)
            .expect("adds");
        entries
            .add_folder(&path(&format!("{long}d")), 0o755)
            .expect("adds");
        entries.add_symlink(&path("/link"), &long).expect("adds");
        let list = listed(&written(&complete(entries), ROOT));
        let has = |line: &str| assert!(list.iter().any(|entry| entry == line), "{list:?}");
        has(&format!("0644 0:0 {} = x", &split[1..]));
        has(&format!("0644 0:0 {} = x", &long[1..]));
        has(&format!("0755 0:0 {}d/", &long[1..]));
        has(&format!("0777 0:0 link -> {long}"));
    }

    #[test]
    fn conflicts_name_both_sides() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = folder.path().join("source");
        std::fs::write(&source, "x").expect("writes");
        let mut entries = Entries::default();
        entries.add_folder(&path("/a"), 0o755).expect("adds");
        entries
            .add_folder(&path("/a"), 0o755)
            .expect("the same again");
        assert_eq!(
            entries
                .add_folder(&path("/a"), 0o700)
                .expect_err("twice")
                .to_string(),
            "layer has `/a` twice: folder `/a` of mode 0755 and folder `/a` of mode 0700"
        );
        entries.add_symlink(&path("/l"), "/a").expect("adds");
        entries
            .add_file(&path("/l/b/c"), &source, 0o644)
            .expect("adds");
        let error = entries.complete().expect_err("below");
        assert_eq!(
            error.to_string(),
            "layer has `/l/b/c` below symlink to `/a`, which is no folder"
        );
        let missing = Entries::default().add_file(&path("/a"), Path::new("/nowhere/x"), 0o644);
        assert_eq!(
            missing.expect_err("missing").to_string(),
            "cannot read `/nowhere/x`"
        );
    }

    #[test]
    fn a_full_disk_is_said_of_the_output() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = folder.path().join("source");
        std::fs::write(&source, "x").expect("writes");
        let mut entries = Entries::default();
        entries.add_file(&path("/a"), &source, 0o644).expect("adds");
        let full: &mut [u8] = &mut [0; 600];
        let error = complete(entries)
            .write(ROOT, full, Path::new("out/blob"))
            .expect_err("full");
        assert_eq!(error.to_string(), "cannot write `out/blob`");
    }
}
