//! The writing of outputs.

use std::fs;
use std::io::{self, ErrorKind};
use std::panic::resume_unwind;
use std::path::Path;
use std::thread::ScopedJoinHandle;

use crate::evaluate::Output;
use crate::limits::processors;
use crate::{Cause, Error};

/// Files that are worth a thread.
const LEAST: usize = 256;

/// Writes all outputs, if all could be rendered. A file that says the same already is left as it
/// is, so that what looks at times has nothing to do.
pub fn write(label: &str, files: Result<Vec<Output>, Cause>) -> Result<(), Error> {
    let files = all(label, files)?;
    if files.len() <= LEAST {
        return write_each(&files);
    }
    let share = files.len().div_ceil(processors()).max(LEAST);
    std::thread::scope(|scope| {
        let writers: Vec<_> = files
            .chunks(share)
            .map(|files| scope.spawn(|| write_each(files)))
            .collect();
        let mut written = writers.into_iter().map(ScopedJoinHandle::join);
        written.try_for_each(|written| written.unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

fn write_each(files: &[Output]) -> Result<(), Error> {
    for (path, text) in files {
        if !holds(path, text) {
            write_one(path, text).map_err(|source| Error::Write {
                path: path.clone(),
                source,
            })?;
        }
    }
    Ok(())
}

/// Only in a folder of outputs may it be that there is no folder.
fn write_one(path: &Path, text: &str) -> io::Result<()> {
    match fs::write(path, text) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(path, text)
        }
        done => done,
    }
}

/// The outputs of a target, or the error that there are none.
pub fn all(label: &str, files: Result<Vec<Output>, Cause>) -> Result<Vec<Output>, Error> {
    files.map_err(|cause| Error::Render {
        label: label.to_owned(),
        cause,
    })
}

fn holds(path: &Path, text: &str) -> bool {
    let same_length = fs::metadata(path).is_ok_and(|found| found.len() == text.len() as u64);
    same_length && fs::read(path).is_ok_and(|found| found == text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_the_same_is_not_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.json");
        let write = |text: &str| {
            write("//a", Ok(vec![(path.clone(), text.to_owned())])).expect("writes");
            fs::metadata(&path)
                .expect("is there")
                .modified()
                .expect("has a time")
        };
        write("1\n");
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        let file = fs::File::options().write(true).open(&path).expect("opens");
        file.set_modified(long_ago).expect("sets");
        assert_eq!(write("1\n"), long_ago);
        assert_ne!(write("2\n"), long_ago);
        assert_eq!(fs::read_to_string(&path).expect("reads"), "2\n");
    }
}
