//! Where a path of an image leads to. Links are followed as in a container: inside the image.

use crate::contents::{Contents, Entry, Kind};
use std::collections::VecDeque;

/// How many symbolic links one path may have, as on Linux (`path_resolution(7)`).
const LINKS: usize = 40;

/// The mode of folders that no layer has an entry of.
const FOLDER_MODE: u32 = 0o755;

/// What is done with a path that is a symbolic link itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    /// What it points to is meant.
    Follow,
    /// The link is meant.
    Keep,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    Entry(&'a Entry),
    /// A folder that only the paths of others tell of.
    Folder,
}

impl Found<'_> {
    pub(crate) fn mode(self) -> u32 {
        match self {
            Self::Entry(entry) => entry.mode & 0o7777,
            Self::Folder => FOLDER_MODE,
        }
    }

    /// Whether it is a file that somebody can run.
    pub(crate) fn is_program(self) -> bool {
        match self {
            Self::Entry(entry) => {
                matches!(entry.kind, Kind::File(_) | Kind::Link(_)) && entry.mode & 0o111 != 0
            }
            Self::Folder => false,
        }
    }
}

impl Contents {
    /// What an absolute path leads to; `None` where that is nothing, or links go round.
    pub(crate) fn find(&self, path: &str, last: Last) -> Option<Found<'_>> {
        let parts = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
        let mut ahead: VecDeque<String> = parts(path).into();
        let (mut at, mut found, mut links) = (String::new(), Found::Folder, 0);
        while let Some(part) = ahead.pop_front() {
            if part == ".." {
                at.truncate(at.rfind('/').unwrap_or(0));
                found = self.at(&at)?;
            }
            if matches!(&*part, "" | "." | "..") {
                continue;
            }
            let here = format!("{at}/{part}");
            found = self.at(&here)?;
            match found {
                Found::Entry(Entry {
                    kind: Kind::Symlink(to),
                    ..
                }) if last == Last::Follow || !ahead.is_empty() => {
                    links += 1;
                    if links > LINKS {
                        return None;
                    }
                    if to.starts_with('/') {
                        at.clear();
                    }
                    found = self.at(&at)?;
                    for part in parts(to).into_iter().rev() {
                        ahead.push_front(part);
                    }
                }
                Found::Entry(entry) if entry.kind != Kind::Folder && !ahead.is_empty() => {
                    return None;
                }
                _ => at = here,
            }
        }
        Some(found)
    }

    /// What is at a path itself; that of the root is empty.
    fn at(&self, path: &str) -> Option<Found<'_>> {
        if let Some(entry) = self.entries.get(path) {
            return Some(Found::Entry(entry));
        }
        let below = format!("{path}/");
        let mut after = self.entries.range(below.clone()..);
        let is_folder = path.is_empty() || after.next()?.0.starts_with(&below);
        is_folder.then_some(Found::Folder)
    }
}
