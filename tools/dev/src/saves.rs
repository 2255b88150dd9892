//! What is saved, while something else goes on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::error::{Error, Limit, Reason};
use crate::sources::{Meaning, Sources};

/// So long nothing is saved before what was saved is built: editors save in several steps, and
/// several files at once.
const QUIET: Duration = Duration::from_millis(50);
/// But no longer than so many of these: somebody may always save something.
const TURNS: u32 = 20;

/// The folders that are watched, and what was saved in them.
pub struct Saves {
    watcher: RecommendedWatcher,
    events: UnboundedReceiver<notify::Result<Event>>,
    watched: BTreeSet<PathBuf>,
    changed: BTreeSet<PathBuf>,
    /// Whether the operating system could not say what has changed.
    is_lost: bool,
}

impl Saves {
    /// Watches nothing yet.
    pub fn start() -> Result<Self, Error> {
        let (sender, events) = unbounded_channel();
        let watcher = notify::recommended_watcher(move |event| {
            // Nobody listens any more when the process ends.
            let _ = sender.send(event);
        });
        Ok(Self {
            watcher: watcher.map_err(|error| refused(Path::new("."), &error))?,
            events,
            watched: BTreeSet::new(),
            changed: BTreeSet::new(),
            is_lost: false,
        })
    }

    /// Watches these folders, and no others. One that is not there is none: the build says so.
    pub fn watch(&mut self, folders: &BTreeSet<PathBuf>) -> Result<(), Error> {
        for gone in self.watched.difference(folders) {
            // It may have gone by itself.
            let _ = self.watcher.unwatch(gone);
        }
        self.watched.retain(|folder| folders.contains(folder));
        for folder in folders {
            if self.watched.contains(folder) || !folder.is_dir() {
                continue;
            }
            let watched = self.watcher.watch(folder, RecursiveMode::NonRecursive);
            watched.map_err(|error| refused(folder, &error))?;
            self.watched.insert(folder.clone());
        }
        Ok(())
    }

    /// Ends when something was saved that means something. It is kept for [`Saves::next`].
    pub async fn arrived(&mut self, sources: &Sources) {
        while self.meaning(sources) == Meaning::Nothing {
            self.changed.clear();
            match self.events.recv().await {
                Some(event) => self.note(event),
                // The watcher is ours, so it is there.
                None => std::future::pending().await,
            }
        }
    }

    /// Waits for a save, until the last one for a while, and says what all of them mean.
    pub async fn next(&mut self, sources: &Sources) -> Meaning {
        loop {
            self.arrived(sources).await;
            for _ in 0..TURNS {
                match tokio::time::timeout(QUIET, self.events.recv()).await {
                    Ok(Some(event)) => self.note(event),
                    Ok(None) | Err(_) => break,
                }
            }
            let meaning = self.meaning(sources);
            self.changed.clear();
            self.is_lost = false;
            if meaning != Meaning::Nothing {
                return meaning;
            }
        }
    }

    fn meaning(&self, sources: &Sources) -> Meaning {
        if self.is_lost {
            return Meaning::Ask;
        }
        let each = self.changed.iter();
        let meanings = each.map(|path| sources.meaning(path, path.exists()));
        meanings.max().unwrap_or(Meaning::Nothing)
    }

    fn note(&mut self, event: notify::Result<Event>) {
        let Ok(event) = event else {
            self.is_lost = true;
            return;
        };
        self.is_lost |= event.need_rescan();
        match event.kind {
            // Bazel reads, too.
            EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => return,
            EventKind::Remove(_) => {
                // A folder that is made again is another one, which nobody watches.
                for path in &event.paths {
                    if self.watched.remove(path) {
                        let _ = self.watcher.unwatch(path);
                    }
                }
            }
            _ => {}
        }
        self.changed.extend(event.paths);
    }
}

/// Why a folder is not watched.
pub(crate) fn refused(path: &Path, error: &notify::Error) -> Error {
    Error::Watch {
        path: path.to_owned(),
        source: Reason::of(error),
        limit: match error.kind {
            notify::ErrorKind::MaxFilesWatch => Limit::Reached,
            _ => Limit::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_error_cases::Folder;

    fn at(folder: &Folder, name: &str) -> PathBuf {
        folder.path(name).into()
    }

    /// Two files that are known, in folders that are watched.
    fn start(folder: &Folder) -> (Saves, Sources) {
        folder.file("a/one.txt", "1");
        folder.file("b/two.txt", "2");
        let sources = Sources::of(&at(folder, ""), "//a:one.txt\n//b:two.txt\n");
        let mut saves = Saves::start().expect("starts");
        saves.watch(sources.folders()).expect("watches");
        (saves, sources)
    }

    #[tokio::test]
    async fn saves_become_one() {
        let folder = Folder::new();
        let (mut saves, sources) = start(&folder);
        folder.file("a/one.txt", "3");
        // As editors do: another file takes its name.
        folder.file("b/.two.txt.new", "4");
        std::fs::rename(folder.path("b/.two.txt.new"), folder.path("b/two.txt")).expect("renamed");
        assert_eq!(saves.next(&sources).await, Meaning::Build);
        let none = tokio::time::timeout(QUIET, saves.next(&sources));
        assert!(none.await.is_err(), "nothing is left");
        folder.file("b/three.txt", "5");
        assert_eq!(saves.next(&sources).await, Meaning::Ask);
    }

    #[tokio::test]
    async fn what_has_arrived_is_kept() {
        let folder = Folder::new();
        let (mut saves, sources) = start(&folder);
        folder.file("a/one.txt", "3");
        saves.arrived(&sources).await;
        saves.arrived(&sources).await;
        assert_eq!(saves.next(&sources).await, Meaning::Build);
    }

    #[tokio::test]
    async fn a_folder_that_is_made_again_is_watched_again() {
        let folder = Folder::new();
        let (mut saves, sources) = start(&folder);
        std::fs::remove_dir_all(folder.path("a")).expect("removed");
        assert_eq!(saves.next(&sources).await, Meaning::Ask);
        folder.file("a/one.txt", "3");
        saves.watch(sources.folders()).expect("watches");
        folder.file("a/one.txt", "4");
        assert_eq!(saves.next(&sources).await, Meaning::Build);
    }
}
