//! Where Bazel has the outputs of other revisions: one folder, which one run has at a time.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use windlass_interrupt::Interrupt;
use windlass_report::say;

use crate::error::Error;

/// The folder, in that of the checkout's own outputs: it goes with them by `bazel clean --expunge`.
const NAME: &str = "windlass-rendered";

/// How often a run that waits looks for the end of the other one.
const AGAIN: Duration = Duration::from_millis(200);

/// The folder, for as long as nobody else may have it.
#[derive(Debug)]
pub struct Outputs {
    /// The folder: Bazel makes it.
    pub folder: PathBuf,
    /// The operating system takes the lock back when the file is closed, however this process ends.
    _lock: File,
}

impl Outputs {
    /// Takes the folder in `output_base`; waits while another run has it, whose revisions would
    /// be mixed with those of this one.
    pub fn take(output_base: &Path, interrupt: &Interrupt) -> Result<Self, Error> {
        let folder = output_base.join(NAME);
        let path = output_base.join(format!("{NAME}.lock"));
        let lock = File::create(&path).map_err(Error::file("write", &path))?;
        let is_taken = || match lock.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(source)) => Err(Error::file("lock", &path)(source)),
        };
        if !is_taken()? {
            say("waiting for another run that renders revisions of this checkout");
            while !is_taken()? {
                if interrupt.is_set() {
                    return Err(Error::Interrupted);
                }
                std::thread::sleep(AGAIN);
            }
        }
        Ok(Self {
            folder,
            _lock: lock,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_has_the_folder_at_a_time() {
        let base = tempfile::tempdir().expect("a folder");
        let interrupt = Interrupt::default();
        let first = Outputs::take(base.path(), &interrupt).expect("nobody has it");
        let waits = interrupt.clone();
        let place = base.path().to_owned();
        let second = std::thread::spawn(move || Outputs::take(&place, &waits).map(drop));
        interrupt.set();
        let error = second.join().expect("ends").expect_err("the first has it");
        assert_eq!(
            error.to_string(),
            "interrupted while another run had the outputs"
        );
        drop(first);
        // A process that another test starts may have it until it is another program.
        Outputs::take(base.path(), &Interrupt::default()).expect("nobody has it any more");
    }
}
