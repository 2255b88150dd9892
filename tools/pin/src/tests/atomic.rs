//! Several lock files: all of them change, or none.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io;
use std::path::{Path, PathBuf};

use windlass_pins::Pin;

use super::{digest, entry, lock};
use crate::checks::Entry;
use crate::error::Error;
use crate::pins_file::{Change, Disk, Files, Held, PinsFile};

const SERVICES: [&str; 3] = ["client", "redis", "server"];

/// A disk that fails once.
struct Failing {
    /// After so many calls that went well.
    after: usize,
    calls: Cell<usize>,
}

impl Failing {
    fn call(&self, call: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let number = self.calls.replace(self.calls.get() + 1);
        if number == self.after {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        call()
    }
}

impl Disk for Failing {
    fn write(&self, path: &Path, text: &str, permissions: Permissions) -> io::Result<()> {
        self.call(|| {
            // A full disk has taken a part.
            std::fs::write(path, &text[..text.len() / 2])?;
            Files.write(path, text, permissions)
        })
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(|| Files.link(from, to))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(|| Files.rename(from, to))
    }
}

fn pin(text: &str) -> Pin {
    let image = format!("localhost:31000/demo/client@{}", digest(text));
    Pin::try_new(image.parse().expect("an image")).expect("a digest")
}

/// Three services whose `dev` is to run `new`.
fn services(root: &Path) -> Vec<Change> {
    let change = |name: &&str| {
        let shown = PathBuf::from(format!("services/{name}/pins.json"));
        let path = root.join(&shown);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes folders");
        let old = entry(&pin("old").image().to_string(), &[]);
        std::fs::write(path, lock(&[("dev", &[("client", old)])])).expect("writes");
        Change {
            entry: Entry {
                service: format!("//services/{name}").parse().expect("a label"),
                env: "dev".to_owned(),
                key: "client".to_owned(),
            },
            file: PinsFile::new(root, shown),
            old: Some(pin("old")),
            new: Some(pin("new")),
        }
    };
    SERVICES.iter().map(change).collect()
}

/// All files below a folder, and what is in them.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    for name in SERVICES {
        let folder = folder.join("services").join(name);
        for file in std::fs::read_dir(folder).expect("lists") {
            let path = file.expect("lists").path();
            let text = std::fs::read_to_string(&path).expect("reads");
            files.insert(path, text);
        }
    }
    files
}

fn held(changes: &[Change]) -> Held {
    Held::take(changes, &["dev"]).expect("takes")
}

#[test]
fn a_disk_that_fails_anywhere_leaves_all_as_it_was() {
    // Of each file a new one, a second name of the old one, and the exchange.
    const CALLS: usize = 3 * SERVICES.len();
    for after in 0..CALLS {
        let folder = tempfile::tempdir().expect("a folder");
        let changes = services(folder.path());
        let before = files(folder.path());
        let disk = Failing {
            after,
            calls: Cell::new(0),
        };
        let error = held(&changes).replace_on(&disk, || panic!("not all is written"));
        let error = error.expect_err("the disk fails");
        assert!(matches!(error, Error::Write { .. }), "{after}: {error}");
        assert_eq!(files(folder.path()), before, "{after}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let changes = services(folder.path());
    let disk = Failing {
        after: CALLS,
        calls: Cell::new(0),
    };
    held(&changes)
        .replace_on(&disk, || Ok(()))
        .expect("that is all that it does");
    let texts = files(folder.path());
    assert_eq!(texts.len(), SERVICES.len());
    assert!(texts.values().all(|text| text.contains(&digest("new"))));
}

#[test]
fn so_does_a_folder_in_the_way_of_each_file() {
    for name in SERVICES {
        let folder = tempfile::tempdir().expect("a folder");
        let changes = services(folder.path());
        let before = files(folder.path());
        let in_the_way = folder
            .path()
            .join(format!("services/{name}/pins.json.part"));
        std::fs::create_dir(&in_the_way).expect("makes a folder");
        let error = held(&changes).replace(|| Ok(())).expect_err("fails");
        let text = windlass_report::render(&error);
        let want = format!(
            "error: cannot write `services/{name}/pins.json`\n\
             cause: Is a directory (os error 21)\n"
        );
        assert_eq!(text, want);
        std::fs::remove_dir(in_the_way).expect("it is still there");
        assert_eq!(files(folder.path()), before);
    }
}

#[test]
fn so_does_what_comes_last() {
    let folder = tempfile::tempdir().expect("a folder");
    let changes = services(folder.path());
    let before = files(folder.path());
    let last = || {
        let new = files(folder.path());
        assert!(new.values().any(|text| text.contains(&digest("new"))));
        Err(Error::NoWorkspace)
    };
    let error = held(&changes).replace(last).expect_err("fails");
    assert!(matches!(error, Error::NoWorkspace));
    assert_eq!(files(folder.path()), before);
}

#[test]
fn one_that_is_not_as_it_was_stops_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let changes = services(folder.path());
    let other = entry(&pin("other").image().to_string(), &[]);
    let path = folder.path().join("services/server/pins.json");
    std::fs::write(path, lock(&[("dev", &[("client", other)])])).expect("writes");
    let before = files(folder.path());
    let error = Held::take(&changes, &["dev"]).expect_err("is refused");
    assert_eq!(
        error.to_string(),
        "pin `//services/server dev client` has been changed meanwhile; nothing was written"
    );
    assert_eq!(files(folder.path()), before);
}

#[test]
fn what_somebody_left_beside_a_file_is_not_written_through() {
    let folder = tempfile::tempdir().expect("a folder");
    let changes = services(folder.path());
    let precious = folder.path().join("precious");
    std::fs::write(&precious, "mine").expect("writes");
    for name in ["pins.json.part", "pins.json.old"] {
        let path = folder.path().join("services/client").join(name);
        std::os::unix::fs::symlink(&precious, path).expect("links");
    }
    held(&changes).replace(|| Ok(())).expect("writes");
    let text = std::fs::read_to_string(precious).expect("reads");
    assert_eq!(text, "mine");
    let texts = files(folder.path());
    assert_eq!(texts.len(), SERVICES.len());
    assert!(texts.values().all(|text| text.contains(&digest("new"))));
}

#[test]
fn services_that_share_a_file_do_not_wait_for_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut changes = services(folder.path());
    changes.truncate(2);
    let shared = folder.path().join("services/client/pins.json");
    let link = folder.path().join("services/redis/pins.json");
    std::fs::remove_file(&link).expect("removes");
    std::os::unix::fs::symlink(&shared, &link).expect("links");
    // Of the same pin, the first to say it is followed.
    let error = Held::take(&changes, &["dev"]).expect_err("it is what the first made of it");
    assert!(matches!(error, Error::Changed { .. }), "{error}");
    "redis".clone_into(&mut changes[1].entry.key);
    changes[1].old = None;
    held(&changes).replace(|| Ok(())).expect("writes");
    assert!(link.is_symlink());
    let text = std::fs::read_to_string(shared).expect("reads");
    assert_eq!(text.matches(&digest("new")).count(), 2);
}
