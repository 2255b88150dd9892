//! The programs of the cluster and the images that it starts with, built once for all clusters of
//! a user and kept in the cache.

use std::fs::{File, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use windlass_report::say;

use crate::environment::Environment;
use crate::error::Error;
use crate::request::Target;
use crate::state;

/// How long a step of the build may be silent.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// Where the programs of this request are or will be.
pub fn path(target: &Target, environment: &Environment) -> Result<PathBuf, Error> {
    if let Some(path) = environment.programs() {
        return Ok(path);
    }
    let script = target.programs.join("name");
    let output = Command::new(&script)
        .output()
        .map_err(Error::io("run", &script))?;
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || name.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr)
            .lines()
            .map(str::to_owned)
            .collect();
        return Err(Error::Program {
            what: "name the programs of the cluster".to_owned(),
            tail: said,
        });
    }
    Ok(environment.cache().join(name))
}

/// The programs, which must be there.
pub fn find(target: &Target, environment: &Environment) -> Result<PathBuf, Error> {
    let path = path(target, environment)?;
    if path.is_dir() {
        Ok(path)
    } else {
        Err(Error::ProgramsMissing { path })
    }
}

/// The programs, built where they are missing: beside their place, and renamed when complete. Two
/// callers wait for one another. An interrupted build goes on from Go's own caches.
pub fn build(target: &Target, environment: &Environment) -> Result<PathBuf, Error> {
    let path = path(target, environment)?;
    if path.is_dir() {
        return Ok(path);
    }
    if environment.programs().is_some() {
        return Err(Error::ProgramsMissing { path });
    }
    let cache = environment.cache();
    std::fs::create_dir_all(&cache).map_err(Error::io("make", &cache))?;
    let lock = path.with_extension("lock");
    let file = File::create(&lock).map_err(Error::io("open", &lock))?;
    let lock_held = state::lock(file, &lock, || {
        say("another caller builds the programs: waiting");
    })?;
    if path.is_dir() {
        return Ok(path);
    }
    let part = path.with_extension("part");
    remove(&part)?;
    let source = part.join("source");
    copy(&target.programs, &source)?;
    say("building Kubernetes and what it needs from Go modules: about 7 minutes, once");
    run(
        &source.join("build"),
        &part,
        &path.with_extension("log"),
        &lock_held,
    )?;
    remove(&source)?;
    std::fs::rename(&part, &path).map_err(Error::io("rename", &part))?;
    let _ = std::fs::remove_file(&lock);
    Ok(path)
}

/// Runs the build with a line for each step, and a sign of life in long ones; all else goes to the
/// log. The build has the lock as its stdin: should this process be killed, the next caller waits
/// until what is left of the build has ended.
fn run(script: &Path, out: &Path, log: &Path, lock: &File) -> Result<(), Error> {
    let file = File::create(log).map_err(Error::io("open", log))?;
    let lock = lock.try_clone().map_err(Error::io("open", log))?;
    let mut build = Command::new(script)
        .arg(out)
        .stdin(lock)
        .stdout(Stdio::piped())
        .stderr(file)
        .spawn()
        .map_err(Error::io("run", script))?;
    if let Some(stdout) = build.stdout.take() {
        let (sender, steps) = mpsc::channel();
        thread::spawn(move || {
            for step in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(step);
            }
        });
        loop {
            match steps.recv_timeout(SIGN_OF_LIFE) {
                Ok(step) => say(&format!("  {step}")),
                Err(RecvTimeoutError::Timeout) => {
                    say(&format!("  ... {}", state::last_lines(log, 1).join("")));
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }
    let ended = build.wait().map_err(Error::io("run", script))?;
    if ended.success() {
        return Ok(());
    }
    Err(Error::Build {
        log: log.to_path_buf(),
        tail: state::last_lines(log, 12),
    })
}

/// Removes a folder and what is in it; one that is not there is fine.
pub fn remove(folder: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", folder)(error))
        }
        _ => Ok(()),
    }
}

/// Copies a folder as files: runfiles are links, and what runs must not change under it when
/// somebody edits the sources.
pub fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(to).map_err(Error::io("make", to))?;
    for entry in std::fs::read_dir(from)
        .map_err(Error::io("read", from))?
        .flatten()
    {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
            continue;
        }
        let data = std::fs::read(&source).map_err(Error::io("read", &source))?;
        std::fs::write(&target, data).map_err(Error::io("write", &target))?;
        let mode = std::fs::metadata(&source).map_or(0o644, |data| data.permissions().mode());
        std::fs::set_permissions(&target, Permissions::from_mode(mode | 0o200))
            .map_err(Error::io("write", &target))?;
    }
    Ok(())
}

/// Whether two folders hold the same files with the same bytes.
pub fn same(one: &Path, other: &Path) -> bool {
    let names = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        names.sort();
        names
    };
    let all = names(one);
    all == names(other)
        && all.iter().all(|name| {
            let (one, other) = (one.join(name), other.join(name));
            match (one.is_dir(), other.is_dir()) {
                (true, true) => same(&one, &other),
                (false, false) => std::fs::read(one).ok() == std::fs::read(other).ok(),
                _ => false,
            }
        })
}
