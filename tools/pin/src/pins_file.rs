//! Lock files of services: read, and changed by one writer at a time, all of them or none.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use windlass_pins::{FileError, Lock, Pin};
use windlass_whole_file::{Readers, hold, replace};

use crate::checks::Entry;
use crate::error::Error;
use crate::git::Text;

/// A service's `pins.json`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PinsFile {
    path: PathBuf,
    shown: PathBuf,
}

/// A pin that is to become another. `None` is no pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of which image.
    pub entry: Entry,
    /// The lock file that has it.
    pub file: PinsFile,
    /// What it was when it was decided what it is to be.
    pub old: Option<Pin>,
    /// What it is to be.
    pub new: Option<Pin>,
}

impl PinsFile {
    pub(crate) fn new(root: &Path, shown: PathBuf) -> Self {
        let path = root.join(&shown);
        Self { path, shown }
    }

    /// The path, from the checkout's root.
    pub fn shown(&self) -> &Path {
        &self.shown
    }

    /// The path as git knows it, from the checkout's root: without links.
    pub fn tracked(&self) -> PathBuf {
        let tracked = || {
            let folders = self.shown.components().count();
            let root = self.path.ancestors().nth(folders)?.canonicalize().ok()?;
            let whole = self.path.canonicalize().ok()?;
            Some(whole.strip_prefix(root).ok()?.to_owned())
        };
        tracked().unwrap_or_else(|| self.shown.clone())
    }

    /// Reads the file, which may have pins of these environments only.
    pub fn read(&self, environments: &[&str]) -> Result<Lock, Error> {
        let lock = Lock::read(&self.path, &self.shown)?;
        self.check(&lock, environments)?;
        Ok(lock)
    }

    fn check(&self, lock: &Lock, environments: &[&str]) -> Result<(), FileError> {
        let checked = lock.check_environments(environments);
        checked.map_err(FileError::unheld(&self.shown))
    }

    fn unread(&self) -> impl FnOnce(io::Error) -> FileError {
        FileError::unread(&self.shown)
    }

    fn unwritten(&self) -> impl FnOnce(io::Error) -> Error {
        let path = self.shown.clone();
        move |source| Error::Write { path, source }
    }
}

/// Lock files with what is to change in them. While this lives, no other run changes them.
#[derive(Debug)]
pub struct Held {
    files: Vec<HeldFile>,
}

#[derive(Debug)]
struct HeldFile {
    file: PinsFile,
    /// What it is without links: a link stays one, and what it points to is replaced.
    path: PathBuf,
    /// Open, and locked by the kernel: the lock ends with this process, however that ends.
    held: File,
    text: String,
}

impl Held {
    /// Takes the files that are to change, in the order of their paths without links, so that of two runs one
    /// waits and none for ever; and makes the changes in memory.
    ///
    /// # Errors
    /// A file is not as it was when the changes were decided on, or holds no pins.
    pub fn take(changes: &[Change], environments: &[&str]) -> Result<Self, Error> {
        let mut files = BTreeMap::new();
        for Change { file, .. } in changes {
            let path = fs::canonicalize(&file.path).map_err(file.unread())?;
            // Links to one file are one file.
            files.entry(path).or_insert_with(Vec::new).push(file);
        }
        let take = |(path, names): (PathBuf, Vec<&PinsFile>)| {
            let file = names[0];
            let mut held = hold(&path, |path| File::open(path)).map_err(file.unread())?;
            let mut before = String::new();
            held.read_to_string(&mut before).map_err(file.unread())?;
            let mut lock = Lock::parse(&before).map_err(FileError::unheld(&file.shown))?;
            file.check(&lock, environments)?;
            for change in changes.iter().filter(|it| names.contains(&&it.file)) {
                edit(&mut lock, change)?;
            }
            Ok(HeldFile {
                file: file.clone(),
                path,
                held,
                text: lock.to_string(),
            })
        };
        let files: Result<_, Error> = files.into_iter().map(take).collect();
        Ok(Self { files: files? })
    }

    /// The files as git knows them, and what they are to hold.
    pub fn texts(&self) -> impl Iterator<Item = Text> {
        self.files.iter().map(|file| Text {
            path: file.file.tracked(),
            text: file.text.clone(),
        })
    }

    /// Puts the new files in the places of the old ones, and then does `last`. If something
    /// fails, `last` included, all files are as they were.
    pub fn replace(self, last: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        self.replace_on(&Files, last)
    }

    pub(crate) fn replace_on(
        self,
        disk: &dyn Disk,
        last: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        // What can fail for want of space is done for all of them first. The new files are held, too: who
        // waits for one would have names beside it that are removed below.
        let mut new = Vec::new();
        let prepared = self.files.iter().try_for_each(|file| {
            file.prepare(disk)?;
            new.push(file.hold_new()?);
            Ok(())
        });
        let replaced = prepared.and_then(|()| {
            let mut done = Vec::new();
            let moved = self.files.iter().try_for_each(|file| {
                disk.rename(&file.beside(), &file.path)
                    .map_err(file.file.unwritten())?;
                done.push(file);
                Ok(())
            });
            moved.and_then(|()| last()).inspect_err(|_| {
                for file in done {
                    // A name for a name: this needs no space.
                    let _ = disk.rename(&file.kept(), &file.path);
                }
            })
        });
        for file in &self.files {
            // What is not there need not be removed, and what stays is in nobody's way.
            let _ = fs::remove_file(file.beside());
            let _ = fs::remove_file(file.kept());
        }
        replaced
    }
}

/// Has the checkout have files; gives the paths of those that it did not have. Each is there as a whole or
/// not at all.
///
/// # Errors
/// The disk does not take one; those that were new are gone again.
pub fn add(root: &Path, files: &[Text]) -> Result<Vec<PathBuf>, Error> {
    let mut added = Vec::new();
    for Text { path, text } in files {
        let whole = root.join(path);
        let is_new = !whole.exists();
        if fs::read_to_string(&whole).is_ok_and(|there| there == *text) {
            continue;
        }
        let put = || {
            fs::create_dir_all(whole.parent().unwrap_or(root))?;
            replace(&whole, Readers::AsBefore, |file| {
                file.write_all(text.as_bytes())
            })
        };
        if let Err(source) = put() {
            take_back(root, &added);
            return Err(Error::Write {
                path: path.clone(),
                source,
            });
        }
        added.extend(is_new.then(|| path.clone()));
    }
    Ok(added)
}

/// Takes added files away again.
pub fn take_back(root: &Path, added: &[PathBuf]) {
    for path in added {
        // What went wrong first is what the user has to know.
        let _ = fs::remove_file(root.join(path));
    }
}

impl HeldFile {
    /// The name of the new file, beside the old one. Only who holds that one uses it, so it is
    /// free, or left by somebody who was killed.
    fn beside(&self) -> PathBuf {
        self.path.with_extension("json.part")
    }

    /// A second name of the old file, under which it can be had back.
    fn kept(&self) -> PathBuf {
        self.path.with_extension("json.old")
    }

    /// Locks the new file, which nobody has seen yet.
    fn hold_new(&self) -> Result<File, Error> {
        let new = File::open(self.beside()).and_then(|new| new.lock().map(|()| new));
        new.map_err(self.file.unwritten())
    }

    fn prepare(&self, disk: &dyn Disk) -> Result<(), Error> {
        let prepare = || {
            let permissions = self.held.metadata()?.permissions();
            disk.write(&self.beside(), &self.text, permissions)?;
            remove(&self.kept())?;
            disk.link(&self.path, &self.kept())
        };
        prepare().map_err(self.file.unwritten())
    }
}

/// What is done to files; a test fails each of it in turn.
pub(crate) trait Disk {
    /// Makes a file, and waits until the disk has it.
    fn write(&self, path: &Path, text: &str, permissions: Permissions) -> io::Result<()>;
    /// Gives a file a second name.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file another name, and takes that from the one that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
}

/// The file system.
pub(crate) struct Files;

impl Disk for Files {
    fn write(&self, path: &Path, text: &str, permissions: Permissions) -> io::Result<()> {
        // What is there may be a link to anything.
        remove(path)?;
        let mut new = File::create_new(path)?;
        new.set_permissions(permissions)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        // Some file systems have no second names.
        fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
}

/// Takes a file away, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn edit(lock: &mut Lock, change: &Change) -> Result<(), Error> {
    let Entry { env, key, .. } = &change.entry;
    if lock.get(env, key) != change.old.as_ref() {
        return Err(Error::Changed {
            entry: change.entry.clone(),
        });
    }
    match &change.new {
        Some(pin) => lock.set(env, key, pin.clone()),
        None => lock.remove(env, key),
    };
    Ok(())
}
