//! The folder that a case works in.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// What stands at a path: a file's bytes, or `None` for what is no file.
type Entries = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// A folder of one case's own; removed with it.
pub struct Folder {
    root: tempfile::TempDir,
    /// What the case itself has put there.
    made: RefCell<Entries>,
    /// Texts that differ from run to run, and what they are shown as.
    words: RefCell<Vec<(String, &'static str)>>,
}

impl Folder {
    pub(crate) fn new() -> Self {
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
        self.keep();
        self.path(name)
    }

    /// Makes an empty folder, and says where.
    pub fn folder(&self, name: &str) -> String {
        fs::create_dir_all(self.root.path().join(name)).expect("makes folders");
        self.keep();
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
        let root = self.root.path();
        let below = |path: PathBuf| path.strip_prefix(root).map(Path::to_owned);
        entries
            .into_iter()
            .map(|(path, content)| (below(path).expect("it is in the folder"), content))
            .collect()
    }
}

/// All that is below a folder. Links are not followed, and what is no file is not opened: a pipe
/// would wait for a writer.
fn read(folder: &Path, entries: &mut Entries) {
    for entry in fs::read_dir(folder).expect("lists") {
        let entry = entry.expect("lists");
        let kind = entry.file_type().expect("there");
        let content = kind
            .is_file()
            .then(|| fs::read(entry.path()).expect("reads"));
        if kind.is_dir() {
            read(&entry.path(), entries);
        }
        entries.insert(entry.path(), content);
    }
}
