//! The house rules that a program can check. `bazel test //tools/tidy:tidy_test` runs it over the
//! checkout; each finding names file, line, rule and what to do.
//!
//! Formatters and clippy are tests of their own; here is what they do not know.

mod cargo;
mod errors;
mod functions;
mod pages;
mod text;

use std::fmt;
use std::path::{Path, PathBuf};

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, from the checkout's root.
    pub path: PathBuf,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong, and what to do.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.text)
    }
}

/// Why the checkout cannot be read.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// A file that git names cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
    /// git does not list the checkout's files.
    #[error("cannot list the files of `{}` by git", root.display())]
    Git {
        /// The checkout.
        root: PathBuf,
        /// What the operating system says of git, or git itself.
        #[source]
        source: std::io::Error,
    },
}

impl windlass_report::Explain for Error {
    fn exit(&self) -> windlass_report::Exit {
        windlass_report::Exit::Failure
    }
}

/// A text file of the checkout.
#[derive(Debug, Clone)]
pub struct Source {
    /// From the checkout's root.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// Reads every text file that git tracks or would track. Files with a NUL byte are left out.
pub fn read(root: &Path) -> Result<Vec<Source>, Error> {
    let git = |source: std::io::Error| Error::Git {
        root: root.into(),
        source,
    };
    let output = std::process::Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .map_err(git)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(git(std::io::Error::other(said.trim().to_owned())));
    }
    let mut sources = Vec::new();
    for name in String::from_utf8_lossy(&output.stdout)
        .split('\0')
        .filter(|name| !name.is_empty())
    {
        let path = root.join(name);
        if !path.is_file() {
            continue; // deleted and not yet committed, or a link to a folder
        }
        let bytes = std::fs::read(&path).map_err(|source| Error::Read { path, source })?;
        if let Ok(text) = String::from_utf8(bytes)
            && !text.contains('\0')
        {
            sources.push(Source {
                path: name.into(),
                text,
            });
        }
    }
    Ok(sources)
}

/// Checks all files. Pure; findings are sorted.
pub fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = sources.iter().flat_map(text::check).collect();
    findings.extend(sources.iter().flat_map(functions::check));
    findings.extend(cargo::check(sources));
    findings.extend(errors::check(sources));
    findings.extend(pages::check(sources));
    findings.sort();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantNames as _;
    use windlass_error_cases::{Case, check};
    use windlass_report::Exit;

    const CASES: &[Case<Error>] = &[
        Case {
            variant: "Git",
            exit: Exit::Failure,
            text: "error: cannot list the files of `DIR/checkout` by git\n\
                   cause: No such file or directory (os error 2)\n",
            provoke: |folder| read(Path::new(&folder.path("checkout"))).map(drop),
        },
        Case {
            variant: "Git",
            exit: Exit::Failure,
            text: "error: cannot list the files of `DIR/checkout` by git\n\
                   cause: fatal: invalid gitfile format: DIR/checkout/.git\n",
            provoke: |folder| {
                folder.file("checkout/.git", "not one");
                read(Path::new(&folder.path("checkout"))).map(drop)
            },
        },
        Case {
            variant: "Read",
            exit: Exit::Failure,
            text: "error: cannot read `DIR/file`\n\
                   cause: Input/output error (os error 5)\n",
            provoke: |folder| {
                let root = folder.folder("");
                let made = std::process::Command::new("git")
                    .args(["init", "--quiet", &root])
                    .status();
                assert!(made.expect("git starts").success());
                // A process's memory begins with what is no memory.
                let file = Path::new(&root).join("file");
                std::os::unix::fs::symlink("/proc/self/mem", file).expect("links");
                folder.keep();
                read(Path::new(root.trim_end_matches('/'))).map(drop)
            },
        },
    ];

    #[test]
    fn every_error_has_a_case() {
        check(CASES, Error::VARIANTS, |error| error.into());
    }
}
