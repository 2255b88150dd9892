//! Files on their way to the disk: all of them or none, and none in the place of another.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::template::File;

/// Writes files below a folder, which is made where it is not there.
///
/// # Errors
/// [`Error::Exists`] where one is there; [`Error::Write`], and then no file or folder is left that was not there.
pub fn write(root: &Path, files: &[File]) -> Result<(), Error> {
    check(root, files)?;
    let mut made = Made::default();
    for file in files {
        made.file(root, file)?;
    }
    made.keep();
    Ok(())
}

/// Checks that nothing is in the way.
pub fn check(root: &Path, files: &[File]) -> Result<(), Error> {
    let mut there: Vec<String> = files
        .iter()
        .filter_map(|file| in_the_way(root, &file.path))
        .collect();
    there.dedup();
    if there.is_empty() {
        Ok(())
    } else {
        Err(Error::Exists { paths: there })
    }
}

/// What stands where a file is to be: one of its name, or one where its folder is to be.
fn in_the_way(root: &Path, path: &str) -> Option<String> {
    if fs::symlink_metadata(root.join(path)).is_ok() {
        return Some(path.to_owned());
    }
    // Bazel reads one of the two, and says nothing of the other.
    if let Some(folder) = path.strip_suffix("BUILD.bazel") {
        let other = format!("{folder}BUILD");
        if fs::symlink_metadata(root.join(&other)).is_ok() {
            return Some(other);
        }
    }
    let folders = Path::new(path).ancestors().skip(1);
    let is_no_folder = |folder: &&Path| {
        let folder = root.join(folder);
        fs::symlink_metadata(&folder).is_ok() && !folder.is_dir()
    };
    let found = folders.filter(is_no_folder).last()?;
    Some(found.display().to_string())
}

/// What a run has made, in order; it goes again if it is dropped.
#[derive(Default)]
struct Made(Vec<PathBuf>);

impl Made {
    fn file(&mut self, root: &Path, file: &File) -> Result<(), Error> {
        let path = root.join(&file.path);
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| Error::Write { path, source }
        };
        let folder = path.parent().unwrap_or(root);
        self.folder(folder).map_err(failed(folder))?;
        let mut options = fs::File::options();
        let opened = options.write(true).create_new(true).open(&path);
        let mut new = opened.map_err(failed(&path))?;
        self.0.push(path.clone());
        new.write_all(file.text.as_bytes()).map_err(failed(&path))
    }

    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(parent) = folder.parent() {
            self.folder(parent)?;
        }
        fs::create_dir(folder)?;
        self.0.push(folder.to_owned());
        Ok(())
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            // A folder that somebody has put something into stays.
            let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
        }
    }
}
