//! The folder that a case works in.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, FileType};
use std::path::{Path, PathBuf};

/// What stands at a path: its kind, and a file's bytes or a link's target.
type Entries = BTreeMap<PathBuf, (FileType, Vec<u8>)>;

/// A folder of one case's own; removed with it.
pub struct Folder {
    root: tempfile::TempDir,
    /// What the case itself has put there.
    made: RefCell<Entries>,
    /// Texts that differ from run to run, and what they are shown as.
    words: RefCell<Vec<(String, &'static str)>>,
}

impl Folder {
    /// An empty one, which is removed when it is dropped.
    #[expect(clippy::new_without_default, reason = "it makes something on the disk")]
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let words = vec![(root.path().display().to_string(), "DIR")];
        Self {
            root,
            made: RefCell::default(),
            words: RefCell::new(words),
        }
    }

    /// The path of something in the folder, there or not.
    pub fn path(&self, name: &str) -> String {
        self.root.path().join(name).display().to_string()
    }

    /// Makes a file, and says where. Folders that it is in are made as well.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.root.path().join(name);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("makes folders");
        fs::write(&path, content).expect("writes");
        self.keep_one(&path);
        self.path(name)
    }

    /// Makes an empty folder, and says where.
    pub fn folder(&self, name: &str) -> String {
        let path = self.root.path().join(name);
        fs::create_dir_all(&path).expect("makes folders");
        self.keep_one(&path);
        self.path(name)
    }

    /// A command line as tables hold it: words, with `DIR` for this folder.
    pub fn args(&self, line: &str) -> Vec<OsString> {
        let dir = self.root.path().display().to_string();
        let words = line.split_whitespace();
        words.map(|word| word.replace("DIR", &dir).into()).collect()
    }

    /// Takes all that is there now for made by the case.
    pub fn keep(&self) {
        self.made.replace(self.entries());
    }

    /// Takes a path and the folders that it is in for made by the case, and nothing else: what an
    /// error wrote before may be there as well.
    fn keep_one(&self, path: &Path) {
        let mut made = self.made.borrow_mut();
        for path in path
            .ancestors()
            .take_while(|path| *path != self.root.path())
        {
            made.insert(self.below(path), content(path));
        }
    }

    fn below(&self, path: &Path) -> PathBuf {
        let below = path.strip_prefix(self.root.path());
        below.expect("it is in the folder").to_owned()
    }

    /// Shows `text`, which differs from run to run, as `word` from here on: a port, say.
    pub fn show_as(&self, text: &str, word: &'static str) {
        self.words.borrow_mut().push((text.to_owned(), word));
    }

    /// A text as tables hold it: with `DIR` for this folder, and the words of [`Self::show_as`].
    pub fn shown(&self, text: &str) -> String {
        let words = self.words.borrow();
        words
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    /// What is there and the case did not make, is changed, or is gone; one a line.
    pub(crate) fn changes(&self) -> String {
        let (made, there) = (self.made.borrow(), self.entries());
        let differs = |path: &&PathBuf| made.get(*path) != there.get(*path);
        let mut paths: Vec<&PathBuf> = made.keys().chain(there.keys()).filter(differs).collect();
        paths.sort();
        paths.dedup();
        let lines = paths.iter().map(|path| format!("{}\n", path.display()));
        lines.collect()
    }

    fn entries(&self) -> Entries {
        let mut entries = Entries::new();
        read(self.root.path(), &mut entries);
        entries
            .into_iter()
            .map(|(path, content)| (self.below(&path), content))
            .collect()
    }
}

/// All that is below a folder. Links are not followed.
fn read(folder: &Path, entries: &mut Entries) {
    for entry in fs::read_dir(folder).expect("lists") {
        let path = entry.expect("lists").path();
        let content = content(&path);
        if content.0.is_dir() {
            read(&path, entries);
        }
        entries.insert(path, content);
    }
}

/// What stands at a path. What is neither file nor link is not opened: a pipe would wait for a
/// writer.
fn content(path: &Path) -> (FileType, Vec<u8>) {
    let kind = fs::symlink_metadata(path).expect("there").file_type();
    let bytes = if kind.is_file() {
        fs::read(path).expect("reads")
    } else if kind.is_symlink() {
        let target = fs::read_link(path).expect("reads");
        target.into_os_string().into_encoded_bytes()
    } else {
        Vec::new()
    };
    (kind, bytes)
}
