//! Where a launcher finds its request and its files.
//!
//! A run target is a link to a tool; its request is the file `<target>.json` beside the link, and
//! the files that the request names are in the runfiles. Both are found through `argv[0]`, never
//! through `/proc/self/exe`, which would follow the link.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Why a launcher cannot find its files.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// The process was started without `argv[0]`, or by a name that PATH does not have.
    #[error("cannot find this program: got argv[0] {got}, want its path, or its name in PATH")]
    Called {
        /// What `argv[0]` was.
        got: String,
    },
    /// Neither beside the launcher nor in the environment.
    #[error("cannot find the runfiles of `{}`", launcher.display())]
    Missing {
        /// The launcher.
        launcher: PathBuf,
    },
}

/// The launcher that this process was started by, and its runfiles.
#[derive(Debug, Clone)]
pub struct Launcher {
    path: PathBuf,
    runfiles: PathBuf,
}

/// What this crate takes from the environment, read by `main` once.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `RUNFILES_DIR`: set where another target runs this one out of its own runfiles.
    pub runfiles_dir: Option<PathBuf>,
    /// `TEST_SRCDIR`: the same, set by Bazel for tests.
    pub test_srcdir: Option<PathBuf>,
    /// `PATH`, to look up an `argv[0]` without a slash.
    pub path: Option<std::ffi::OsString>,
}

impl Environment {
    /// Reads `RUNFILES_DIR`, `TEST_SRCDIR` and `PATH` of this process.
    pub fn read() -> Self {
        Self {
            runfiles_dir: std::env::var_os("RUNFILES_DIR").map(PathBuf::from),
            test_srcdir: std::env::var_os("TEST_SRCDIR").map(PathBuf::from),
            path: std::env::var_os("PATH"),
        }
    }
}

impl Launcher {
    /// Finds the launcher by `argv0` and its runfiles: `<launcher>.runfiles`, else what the
    /// environment names, else the runfiles folder that the launcher itself is in.
    pub fn find(argv0: Option<&OsStr>, environment: &Environment) -> Result<Self, Error> {
        let path = called(argv0, environment)?;
        let own = beside(&path, ".runfiles");
        let runfiles = if own.is_dir() {
            Some(own)
        } else {
            let around = path
                .ancestors()
                .find(|p| p.extension().is_some_and(|e| e == "runfiles"));
            environment
                .runfiles_dir
                .clone()
                .or_else(|| environment.test_srcdir.clone())
                .or_else(|| around.map(Path::to_path_buf))
        };
        match runfiles {
            Some(runfiles) => Ok(Self { path, runfiles }),
            None => Err(Error::Missing { launcher: path }),
        }
    }

    /// The launcher itself, an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The request's path: `<launcher>.json`.
    pub fn request(&self) -> PathBuf {
        request(&self.path)
    }

    /// The path of a runfile, from its path in the runfiles (`_main/services/client/x.json`).
    pub fn file(&self, runfile: &str) -> PathBuf {
        self.runfiles.join(runfile)
    }

    /// The folder of all runfiles.
    pub fn runfiles(&self) -> &Path {
        &self.runfiles
    }
}

/// The program that `argv0` calls, by an absolute path: of one that needs no runfiles, all there is
/// to find.
pub fn called(argv0: Option<&OsStr>, environment: &Environment) -> Result<PathBuf, Error> {
    let path = argv0.and_then(|name| {
        let name = PathBuf::from(name);
        if name.components().count() > 1 {
            return std::path::absolute(name).ok();
        }
        let path = environment.path.as_deref().unwrap_or_default();
        std::env::split_paths(path)
            .map(|folder| folder.join(&name))
            .find(|file| file.is_file())
    });
    path.ok_or_else(|| Error::Called {
        got: argv0.map_or("nothing".to_owned(), |name| format!("`{}`", name.display())),
    })
}

/// The request of a program: `<program>.json`.
pub fn request(program: &Path) -> PathBuf {
    beside(program, ".json")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantNames as _;

    #[test]
    fn request_is_beside_the_launcher() {
        let launcher = Launcher {
            path: "/out/x.apply".into(),
            runfiles: "/out/x.apply.runfiles".into(),
        };
        assert_eq!(launcher.request(), PathBuf::from("/out/x.apply.json"));
        assert_eq!(
            launcher.file("_main/a.json"),
            PathBuf::from("/out/x.apply.runfiles/_main/a.json")
        );
    }

    #[test]
    fn runfiles_of_the_caller_are_used() {
        let environment = Environment {
            runfiles_dir: Some("/r".into()),
            ..Environment::default()
        };
        let found = Launcher::find(Some(OsStr::new("/nowhere/x")), &environment);
        assert_eq!(found.expect("found").runfiles(), Path::new("/r"));
    }

    #[test]
    fn every_error_has_a_case() {
        let cases = [
            (
                "Called",
                None,
                "cannot find this program: got argv[0] nothing, want its path, or its name in PATH",
            ),
            (
                "Called",
                Some("x.apply"),
                "cannot find this program: got argv[0] `x.apply`, want its path, or its name in \
                 PATH",
            ),
            (
                "Missing",
                Some("/nowhere/x"),
                "cannot find the runfiles of `/nowhere/x`",
            ),
        ];
        for (variant, argv0, text) in cases {
            let found = Launcher::find(argv0.map(OsStr::new), &Environment::default());
            let error = found.expect_err("nothing is there");
            assert_eq!(
                (<&str>::from(&error), error.to_string()),
                (variant, text.to_owned())
            );
        }
        windlass_error_cases::complete(cases.map(|(variant, ..)| variant), Error::VARIANTS);
    }
}
