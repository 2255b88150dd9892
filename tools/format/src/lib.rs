//! Formats a checkout with the formatters of the toolbox.

use std::convert::Infallible;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use windlass_report::{Exit, Explain};

/// Why nothing was formatted.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// The program was not started by `bazel run`, which says where the checkout is.
    #[error("no checkout to format")]
    Checkout,
    /// The toolbox is not there, or is no program.
    #[error("cannot start `{}`", program.display())]
    Start {
        /// What enters the toolbox.
        program: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

impl Explain for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Checkout => Some("bazel run //:format".to_owned()),
            Self::Start { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Checkout => Exit::Usage,
            Self::Start { .. } => Exit::Failure,
        }
    }
}

/// Becomes the formatters, in the toolbox of the checkout.
pub fn run(checkout: Option<PathBuf>) -> Result<Infallible, Error> {
    let toolbox = checkout.ok_or(Error::Checkout)?.join("toolbox");
    let program = toolbox.join("enter");
    let source = Command::new(&program)
        .arg(toolbox.join("format"))
        .arg("fix")
        .exec();
    Err(Error::Start { program, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantNames as _;
    use windlass_error_cases::{Case, check};

    const CASES: &[Case<Error>] = &[
        Case {
            variant: "Checkout",
            exit: Exit::Usage,
            text: "error: no checkout to format\n\
                   hint: bazel run //:format\n",
            provoke: |_| run(None).map(|never| match never {}),
        },
        Case {
            variant: "Start",
            exit: Exit::Failure,
            text: "error: cannot start `DIR/toolbox/enter`\n\
                   cause: No such file or directory (os error 2)\n",
            provoke: |folder| {
                let checkout = folder.folder("");
                run(Some(checkout.into())).map(|never| match never {})
            },
        },
    ];

    #[test]
    fn every_error_has_a_case() {
        check(CASES, Error::VARIANTS, |error| error.into());
    }
}
