//! Files that are there as a whole or not at all: whoever reads one meanwhile, or after a crash,
//! has what was there before or all that is there now.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Who may read the one that is there; of a new one, whoever the process lets.
    AsBefore,
    /// Its owner alone.
    Owner,
}

/// Puts a new file in the place of the one that is there, if there is one. `fill` writes what is in
/// it. A link stays one: what it points to is replaced. A device or a pipe is written to.
///
/// Until it is whole, the new file is `<path>.part`. Of two that write it, one waits for the other;
/// what one has left that was killed, the next one removes.
///
/// # Errors
/// What `fill` says, or the operating system; what was there before is there still.
pub fn replace(
    path: &Path,
    readers: Readers,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let there = fs::metadata(path).ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        return fill(&mut File::options().write(true).open(path)?);
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut part = path.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut new = hold_new(&part, readers)?;
    let put = || {
        if let (Some(there), Readers::AsBefore) = (&there, readers) {
            new.set_permissions(there.permissions())?;
        }
        fill(&mut new)?;
        new.sync_all()?;
        fs::rename(&part, &path)
    };
    put().inspect_err(|_| {
        // What went wrong first is what the user has to know.
        let _ = fs::remove_file(&part);
    })
}

/// Opens the file at a path, and locks it against all others that hold it so: closing it lets them
/// go on. The lock is the kernel's, so it ends with this process, however that ends.
///
/// # Errors
/// What `open` says, or the operating system.
pub fn hold(path: &Path, open: impl Fn(&Path) -> io::Result<File>) -> io::Result<File> {
    let id = |data: &Metadata| (data.dev(), data.ino());
    loop {
        let file = open(path)?;
        file.lock()?;
        // While this one waited, another may have moved or replaced the file that it waited for.
        let there = fs::metadata(path).ok();
        if there.as_ref().map(id) == Some(id(&file.metadata()?)) {
            return Ok(file);
        }
    }
}

/// A file of our own that nobody else has written to.
fn hold_new(part: &Path, readers: Readers) -> io::Result<File> {
    let mode = match readers {
        // The process takes from it what its `umask` says.
        Readers::AsBefore => 0o666,
        Readers::Owner => 0o600,
    };
    let mut options = File::options();
    options.write(true).create(true).truncate(false).mode(mode);
    loop {
        let file = hold(part, |part| options.open(part))?;
        if file.metadata()?.len() == 0 {
            return Ok(file);
        }
        fs::remove_file(part)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    fn put(path: &Path, text: &str) -> io::Result<()> {
        replace(path, Readers::AsBefore, |file| {
            file.write_all(text.as_bytes())
        })
    }

    fn mode(path: &Path) -> u32 {
        let there = fs::metadata(path).expect("is there");
        there.permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_and_keeps_its_permissions() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a");
        put(&file, "one").expect("writes");
        // Whatever the umask is, it is that of any new file.
        fs::write(folder.path().join("b"), "").expect("writes");
        assert_eq!(mode(&file), mode(&folder.path().join("b")));
        fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("sets");
        put(&file, "two").expect("writes");
        assert_eq!(fs::read_to_string(&file).expect("reads"), "two");
        assert_eq!(mode(&file), 0o640);
        replace(&file, Readers::Owner, |_| Ok(())).expect("writes");
        assert_eq!(mode(&file), 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 2);
    }

    #[test]
    fn a_link_stays_one_and_a_device_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("a"), folder.path().join("link"));
        fs::write(&file, "one").expect("writes");
        std::os::unix::fs::symlink("a", &link).expect("links");
        put(&link, "two").expect("writes");
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&file).expect("reads"), "two");
        put(Path::new("/dev/null"), "two").expect("writes");
        assert!(!fs::metadata("/dev/null").expect("is there").is_file());
    }

    #[test]
    fn what_was_left_by_one_that_was_killed_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, part) = (folder.path().join("a"), folder.path().join("a.part"));
        fs::write(&part, "longer than two").expect("writes");
        fs::set_permissions(&part, Permissions::from_mode(0o644)).expect("sets");
        let write = |new: &mut File| new.write_all(b"two");
        replace(&file, Readers::Owner, write).expect("writes");
        assert_eq!(fs::read_to_string(&file).expect("reads"), "two");
        assert_eq!((mode(&file), part.exists()), (0o600, false));
    }

    #[test]
    fn two_that_write_wait_for_one_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = &folder.path().join("a");
        std::thread::scope(|scope| {
            for text in ["one", "two", "three", "four"] {
                scope.spawn(move || {
                    for _ in 0..50 {
                        put(file, &text.repeat(1000)).expect("writes");
                        let read = fs::read_to_string(file).expect("reads");
                        let word = ["one", "two", "three", "four"]
                            .into_iter()
                            .find(|word| read.starts_with(word));
                        assert_eq!(read, word.expect("a word").repeat(1000));
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1);
    }

    #[test]
    fn what_fails_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a");
        fs::write(&file, "one").expect("writes");
        let failed = replace(&file, Readers::AsBefore, |new| {
            new.write_all(b"tw")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(failed.expect_err("full").kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_to_string(&file).expect("reads"), "one");
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1);
        let nowhere = put(&folder.path().join("none/a"), "").expect_err("no folder");
        assert_eq!(
            nowhere.to_string(),
            "No such file or directory (os error 2)"
        );
    }
}
