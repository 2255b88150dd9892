//! Everything that can go wrong, as a user reads it.

use std::io;
use std::path::{Path, PathBuf};

use windlass_jsonnet::Cause;
use windlass_report::{Exit, Explain};

/// Why a check failed.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// The arguments of an action, or those that a test hands to the renderer.
    #[error("cannot read the arguments")]
    Arguments(#[source] windlass_param_file::Error),
    /// The launcher or its runfiles are not where they should be.
    #[error("cannot find the files of the test")]
    Files(#[source] windlass_runfiles::Error),
    /// The file beside the launcher.
    #[error("cannot read request `{}`", path.display())]
    Request {
        /// The request.
        path: PathBuf,
        /// Not there, not JSON, or not of this version.
        source: windlass_versioned::Error,
    },
    /// A file that is read or written.
    #[error("cannot {what} `{}`", path.display())]
    File {
        /// What was tried, after "cannot".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// What a target may import contradicts itself.
    #[error("cannot check the deps of `{label}`")]
    Sources {
        /// The target.
        label: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// Deps that nothing imports.
    #[error("`{label}` has deps that no import reaches: {}", list(unused))]
    Unused {
        /// The target.
        label: String,
        /// Its deps.
        unused: Vec<String>,
    },
    /// A source that was to render, and does not.
    #[error("`{label}`: got an error, want a value")]
    NoValue {
        /// The test.
        label: String,
        /// The error.
        said: Vec<String>,
    },
    /// A source that was to fail, and renders.
    #[error("`{label}`: got a value, want an error")]
    NoError {
        /// The test.
        label: String,
        /// The value.
        output: Vec<String>,
    },
    /// The output is not as the golden.
    #[error("`{label}`: `{golden}` is not what is rendered")]
    Differs {
        /// The test.
        label: String,
        /// The golden.
        golden: String,
        /// What is in which of them, line by line.
        diff: Vec<String>,
        /// The target that writes the golden anew.
        update: Option<String>,
    },
    /// The output is not as the golden's regular expression.
    #[error("`{label}`: the regular expression of `{golden}` does not match")]
    NoMatch {
        /// The test.
        label: String,
        /// The golden.
        golden: String,
        /// What is in it.
        pattern: Vec<String>,
        /// The output.
        output: Vec<String>,
    },
    /// The golden has no regular expression.
    #[error("cannot read the regular expression of `{golden}`")]
    Regex {
        /// The golden.
        golden: String,
        /// Why.
        source: regex::Error,
    },
    /// The golden has no value to compare with.
    #[error("cannot read the value of `{golden}`")]
    Golden {
        /// The golden.
        golden: String,
        /// Why, as a user reads it.
        said: Vec<String>,
    },
    /// A golden is to be written, and nobody said where the checkout is.
    #[error("cannot write `{golden}`: got no BUILD_WORKSPACE_DIRECTORY, want `bazel run`")]
    Workspace {
        /// The golden.
        golden: String,
    },
    /// A program cannot be started.
    #[error("cannot start `{}` for `{label}`", program.display())]
    Start {
        /// The test.
        label: String,
        /// The program.
        program: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The formatter does not read a file.
    #[error("`{label}`: cannot format `{file}`")]
    Program {
        /// The test.
        label: String,
        /// The file.
        file: String,
        /// What the formatter says.
        said: Vec<String>,
    },
    /// Files are not formatted.
    #[error("`{label}`: not formatted: {}", list(files))]
    Format {
        /// The test.
        label: String,
        /// The files.
        files: Vec<String>,
        /// What the formatter would change.
        diff: Vec<String>,
    },
    /// The linter has something to say.
    #[error("`{label}`: the linter found something")]
    Lint {
        /// The test.
        label: String,
        /// What it says.
        said: Vec<String>,
    },
}

impl Error {
    /// What becomes of an error of the operating system about a file.
    pub fn file(what: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::File { what, path, source }
    }
}

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        match self {
            Self::Sources { cause, .. } => cause.evidence(),
            Self::Unused { unused, .. } => {
                let first = unused.first().map_or("...", String::as_str);
                vec![format!(
                    "  one that has to stay says why: keep_deps = {{\"{first}\": \"...\"}}"
                )]
            }
            Self::NoValue { said, .. }
            | Self::Golden { said, .. }
            | Self::Program { said, .. }
            | Self::Lint { said, .. } => said.clone(),
            Self::NoError { output, .. } => output.clone(),
            Self::Differs { diff, .. } | Self::Format { diff, .. } => diff.clone(),
            Self::NoMatch {
                pattern, output, ..
            } => {
                let mut lines = vec!["  want".to_owned()];
                lines.extend_from_slice(pattern);
                if !output.is_empty() {
                    lines.push("  got".to_owned());
                    lines.extend_from_slice(output);
                }
                lines
            }
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unused { label, unused } => {
                let unused = unused.join(" ");
                Some(format!("buildozer 'remove deps {unused}' {label}"))
            }
            Self::Differs { update, .. } => {
                update.as_ref().map(|target| format!("bazel run {target}"))
            }
            Self::Golden { .. } => Some("canonicalize_golden = False".to_owned()),
            Self::Format { files, .. } => Some(format!("jsonnetfmt -i {}", files.join(" "))),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Arguments(_) | Self::Workspace { .. } => Exit::Usage,
            Self::Files(_) | Self::File { .. } | Self::Start { .. } => Exit::Failure,
            _ => Exit::Input,
        }
    }
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
