//! The files that a source may import, and how an import finds one of them.
//!
//! A *place* is where a file stands in the tree that imports see: its path below the root of the
//! repository, generated files included (Bazel's `short_path`), such as
//! `services/client/client.jsonnet`; files of other repositories are at `../<repository>/...`.

use std::collections::BTreeMap;
use std::error::Error as _;

use jrsonnet_evaluator::SourcePath;
use jrsonnet_evaluator::error::ErrorKind;
use jrsonnet_gcmodule::Acyclic;

use crate::Cause;

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq, Acyclic)]
pub enum Content {
    /// A file, by its path for this process.
    File(String),
    /// The text itself: code from an attribute of the target.
    Text(String),
}

/// All files that may be imported, and the names they can be imported by.
#[derive(Debug, Clone, Default, Acyclic)]
pub struct Sources {
    places: BTreeMap<String, Content>,
    names: BTreeMap<String, String>,
    search: Vec<String>,
}

impl Sources {
    /// Puts a file at a place.
    ///
    /// # Errors
    /// Another one is there already: the same file as source and as output of a rule, say.
    pub fn add(&mut self, place: &str, content: Content) -> Result<(), Cause> {
        match self.places.get(place) {
            Some(there) if *there != content => Err(Cause::PlaceTwice {
                place: place.to_owned(),
                first: there.shown(place),
                second: content.shown(place),
            }),
            _ => {
                self.places.insert(place.to_owned(), content);
                Ok(())
            }
        }
    }

    /// Lets the file at `place` be imported as `name` from everywhere.
    ///
    /// # Errors
    /// Another file has the name.
    pub fn add_name(&mut self, name: &str, place: &str) -> Result<(), Cause> {
        match self.names.insert(name.to_owned(), place.to_owned()) {
            Some(other) if other != place => Err(Cause::NameTwice {
                name: name.to_owned(),
                first: other,
                second: place.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Adds a folder that imports are looked up in, after those added before.
    pub fn add_search(&mut self, folder: &str) {
        self.search.push(folder.to_owned());
    }

    /// The place that `import 'what'` means in the file at `from`: beside that file, then a
    /// file with that import name, then from the root of its repository, then in the search
    /// folders.
    pub fn find(&self, from: &str, what: &str) -> Option<&str> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let at = |folder: &str| {
            let place = join(folder, what)?;
            self.places
                .get_key_value(&place)
                .map(|(place, _)| place.as_str())
        };
        at(folder)
            .or_else(|| self.names.get(what).map(String::as_str))
            .or_else(|| at(root(from)))
            .or_else(|| self.search.iter().find_map(|folder| at(folder)))
    }

    /// The size of all files, in bytes; nothing of one that cannot be looked at.
    pub fn size(&self) -> u64 {
        let size = |content: &Content| match content {
            Content::File(path) => std::fs::metadata(path).map_or(0, |file| file.len()),
            Content::Text(text) => text.len() as u64,
        };
        self.places.values().map(size).sum()
    }

    /// Places of Jsonnet code: not JSON, not text.
    pub fn code(&self) -> impl Iterator<Item = &str> {
        let is_code = |place: &&String| {
            let ending = place.rsplit_once('.').map(|(_, ending)| ending);
            ending.is_some_and(|ending| matches!(ending, "jsonnet" | "libsonnet"))
        };
        self.places.keys().filter(is_code).map(String::as_str)
    }

    /// Places that end in the same file name as `what`: what was perhaps meant.
    pub fn namesakes(&self, what: &str) -> Vec<&str> {
        let file = |path: &str| path.rsplit('/').next().map(str::to_owned);
        self.places
            .keys()
            .map(String::as_str)
            .filter(|place| file(place) == file(what))
            .collect()
    }

    /// How a place is written in messages: as a path that can be opened.
    pub fn shown(&self, place: &str) -> String {
        self.places
            .get(place)
            .map_or_else(|| place.to_owned(), |content| content.shown(place))
    }

    /// What stands at a place.
    ///
    /// # Errors
    /// Nothing does.
    pub fn declared(&self, place: &str) -> Result<&Content, Cause> {
        self.places.get(place).ok_or_else(|| Cause::Undeclared {
            place: place.to_owned(),
        })
    }

    /// The bytes at a place.
    ///
    /// # Errors
    /// Nothing is there, or it cannot be read.
    pub fn read(&self, place: &str) -> Result<Vec<u8>, Cause> {
        match self.declared(place)? {
            Content::Text(text) => Ok(text.clone().into_bytes()),
            Content::File(path) => std::fs::read(path).map_err(|source| Cause::Read {
                path: path.clone(),
                source,
            }),
        }
    }
}

impl Content {
    fn shown(&self, place: &str) -> String {
        match self {
            Self::File(path) => path.clone(),
            Self::Text(_) => place.to_owned(),
        }
    }
}

/// A cause as the evaluator takes it: in one line.
pub fn refused(cause: &Cause) -> jrsonnet_evaluator::Error {
    let text = match cause.source() {
        Some(source) => format!("{cause}: {source}"),
        None => cause.to_string(),
    };
    ErrorKind::ImportIo(text).into()
}

/// The place that the evaluator's name stands for; the root's for anything that is not a file.
pub fn place_of(path: &SourcePath) -> String {
    path.path()
        .map(|path| path.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The root of the repository that a place is in: `../windlass` of `../windlass/jsonnet/a.json`.
fn root(place: &str) -> &str {
    let Some(rest) = place.strip_prefix("../") else {
        return "";
    };
    rest.find('/')
        .map_or(place, |end| &place[..end + "../".len()])
}

/// `folder/what` without `.` and `..`; `None` for an absolute path.
fn join(folder: &str, what: &str) -> Option<String> {
    if what.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(what.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(places: &[&str]) -> Sources {
        let mut sources = Sources::default();
        for place in places {
            sources
                .add(place, Content::File((*place).to_owned()))
                .expect("one file each");
        }
        sources
    }

    #[test]
    fn the_folder_of_the_file_comes_first() {
        let sources = sources(&["a/x.libsonnet", "x.libsonnet"]);
        assert_eq!(
            sources.find("a/a.jsonnet", "x.libsonnet"),
            Some("a/x.libsonnet")
        );
        assert_eq!(
            sources.find("b/b.jsonnet", "x.libsonnet"),
            Some("x.libsonnet")
        );
        assert_eq!(
            sources.find("a/a.jsonnet", "../x.libsonnet"),
            Some("x.libsonnet")
        );
    }

    #[test]
    fn a_library_finds_its_own_repository_before_ours() {
        let sources = sources(&["../lib~/jsonnet/k.libsonnet", "jsonnet/k.libsonnet"]);
        let from = "../lib~/other/o.libsonnet";
        assert_eq!(
            sources.find(from, "jsonnet/k.libsonnet"),
            Some("../lib~/jsonnet/k.libsonnet")
        );
    }

    #[test]
    fn names_and_search_folders_are_found_from_everywhere() {
        let mut sources = sources(&["../windlass~/jsonnet/k8s.libsonnet", "vendor/y.libsonnet"]);
        sources
            .add_name(
                "windlass/k8s.libsonnet",
                "../windlass~/jsonnet/k8s.libsonnet",
            )
            .expect("free name");
        sources.add_search("vendor");
        assert_eq!(
            sources.find("a/a.jsonnet", "windlass/k8s.libsonnet"),
            Some("../windlass~/jsonnet/k8s.libsonnet")
        );
        assert_eq!(
            sources.find("a/a.jsonnet", "y.libsonnet"),
            Some("vendor/y.libsonnet")
        );
    }

    #[test]
    fn what_is_not_declared_is_not_found_though_it_exists() {
        let sources = sources(&["a/a.jsonnet"]);
        assert_eq!(sources.find("a/a.jsonnet", "/etc/passwd"), None);
        assert_eq!(
            sources.find("a/a.jsonnet", "../../../../../etc/passwd"),
            None
        );
        assert_eq!(sources.find("a/a.jsonnet", "b.libsonnet"), None);
    }

    #[test]
    fn one_name_for_two_files_is_an_error_that_names_both() {
        let mut sources = sources(&["a/x.libsonnet", "b/x.libsonnet"]);
        sources
            .add_name("lib/x.libsonnet", "a/x.libsonnet")
            .expect("free name");
        sources
            .add_name("lib/x.libsonnet", "a/x.libsonnet")
            .expect("the same file");
        let error = sources
            .add_name("lib/x.libsonnet", "b/x.libsonnet")
            .expect_err("taken");
        assert_eq!(
            error.to_string(),
            "two files can be imported as `lib/x.libsonnet`: `a/x.libsonnet` and `b/x.libsonnet`"
        );
    }

    #[test]
    fn one_place_for_two_files_is_an_error_that_names_both() {
        let mut sources = sources(&["a/x.json"]);
        let other = Content::File("bazel-out/bin/a/x.json".to_owned());
        let error = sources.add("a/x.json", other).expect_err("taken");
        assert_eq!(
            error.to_string(),
            "two files at `a/x.json`: `a/x.json` and `bazel-out/bin/a/x.json`"
        );
    }
}
