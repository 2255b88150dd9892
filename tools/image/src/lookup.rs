//! Where a path of an image leads to. Links are followed as in a container: inside the image.

use crate::contents::{Contents, Entry, Kind};
use std::collections::VecDeque;

/// How many symbolic links one path may have, as on Linux (`path_resolution(7)`).
const LINKS: usize = 40;

/// The mode of the root where no layer has an entry of it.
const ROOT_MODE: u32 = 0o755;

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
    /// The root, of which no layer has an entry.
    Root,
}

impl Found<'_> {
    pub(crate) fn mode(self) -> u32 {
        match self {
            Self::Entry(entry) => entry.mode & 0o7777,
            Self::Root => ROOT_MODE,
        }
    }

    /// Whether it is a file that somebody can run.
    pub(crate) fn is_program(self) -> bool {
        match self {
            Self::Entry(entry) => {
                matches!(entry.kind, Kind::File(_) | Kind::Link(_)) && entry.mode & 0o111 != 0
            }
            Self::Root => false,
        }
    }
}

impl Contents {
    /// What an absolute path leads to; `None` where that is nothing, or links go round.
    pub(crate) fn find(&self, path: &str, last: Last) -> Option<Found<'_>> {
        let mut ahead = parts(path);
        let (mut at, mut found, mut links) = (String::new(), Found::Root, 0);
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
                    follow(to, &mut at, &mut ahead);
                    found = self.at(&at)?;
                }
                Found::Entry(entry) if entry.kind != Kind::Folder && !ahead.is_empty() => {
                    return None;
                }
                _ => at = here,
            }
        }
        Some(found)
    }

    /// Where what is put into a folder goes, and the links that are there by now and lead there.
    /// Where they go round, nothing unpacks the image, and it stays at the last.
    pub(crate) fn real_folder(&self, path: &str) -> (String, Vec<String>) {
        let mut ahead = parts(path);
        let (mut at, mut links) = (String::new(), Vec::new());
        while let Some(part) = ahead.pop_front() {
            match &*part {
                "" | "." => continue,
                ".." => {
                    at.truncate(at.rfind('/').unwrap_or(0));
                    continue;
                }
                _ => {}
            }
            let here = format!("{at}/{part}");
            match self.entries.get(&here).map(|entry| &entry.kind) {
                Some(Kind::Symlink(to)) if links.len() < LINKS => {
                    links.push(here);
                    follow(to, &mut at, &mut ahead);
                }
                _ => at = here,
            }
        }
        (at, links)
    }

    /// What is at a path itself; that of the root is empty.
    fn at(&self, path: &str) -> Option<Found<'_>> {
        let key = if path.is_empty() { "/" } else { path };
        match self.entries.get(key) {
            Some(entry) => Some(Found::Entry(entry)),
            None => path.is_empty().then_some(Found::Root),
        }
    }
}

fn parts(path: &str) -> VecDeque<String> {
    path.split('/').map(str::to_owned).collect()
}

/// Puts what a link points to before what is still ahead.
fn follow(to: &str, at: &mut String, ahead: &mut VecDeque<String>) {
    if to.starts_with('/') {
        at.clear();
    }
    for part in parts(to).into_iter().rev() {
        ahead.push_front(part);
    }
}
