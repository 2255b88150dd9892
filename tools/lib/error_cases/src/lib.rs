//! Tests of errors, as a table: a case for each variant of a crate's error, and a failing test
//! for a variant without one.
//!
//! A case provokes its error through what `main` calls, and says what a user then reads and which
//! exit code a script then sees. What it did to its [`Folder`] is all that may have happened there:
//! an error writes nothing.
//!
//! ```
//! use windlass_error_cases::{Case, check};
//! use windlass_report::{Exit, Explain};
//!
//! // In the crate: `#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]`.
//! #[derive(Debug, thiserror::Error, strum::VariantNames, strum::IntoStaticStr)]
//! enum Error {
//!     #[error("cannot read `{0}`")]
//!     Read(String, #[source] std::io::Error),
//! }
//!
//! impl Explain for Error {
//!     fn exit(&self) -> Exit {
//!         Exit::Input
//!     }
//! }
//!
//! fn run(path: &str) -> Result<(), Error> {
//!     std::fs::read(path).map(drop).map_err(|error| Error::Read(path.to_owned(), error))
//! }
//!
//! const CASES: &[Case<Error>] = &[Case {
//!     variant: "Read",
//!     exit: Exit::Input,
//!     text: "error: cannot read `DIR/x.json`\n\
//!            cause: No such file or directory (os error 2)\n",
//!     provoke: |folder| run(&folder.path("x.json")),
//! }];
//!
//! use strum::VariantNames as _;
//! check(CASES, Error::VARIANTS, |error| error.into());
//! ```

mod folder;

pub use folder::Folder;

use std::collections::BTreeSet;
use windlass_report::{Exit, Explain, render};

/// One way to fail.
pub struct Case<E> {
    /// The variant that it is the case of. A variant may have several.
    pub variant: &'static str,
    /// The exit code.
    pub exit: Exit,
    /// All that a user reads, as [`Folder::shown`] shows it.
    pub text: &'static str,
    /// Makes the fault in a folder of the case's own, and runs into it. What is no file, such as
    /// a registry, it looks at itself.
    pub provoke: fn(&Folder) -> Result<(), E>,
}

/// Runs all cases, and compares the variants that they are of with those that there are.
/// `variant` tells which one an error is; of a nested enum, it may look inside.
///
/// # Panics
/// As [`hold`] and [`complete`] do.
pub fn check<E: Explain>(cases: &[Case<E>], variants: &[&str], variant: fn(&E) -> &'static str) {
    hold(cases, variant);
    complete(cases.iter().map(|case| case.variant), variants);
}

/// Runs all cases.
///
/// # Panics
/// With all that is not as the cases say.
pub fn hold<E: Explain>(cases: &[Case<E>], variant: fn(&E) -> &'static str) {
    let complaints: String = cases.iter().map(|case| complaint(case, variant)).collect();
    assert!(complaints.is_empty(), "\n{complaints}");
}

/// Compares the variants that have a case with those that there are. For errors of libraries,
/// which have no exit code of their own and so another table.
///
/// # Panics
/// If they are not the same.
pub fn complete<'a>(cases: impl IntoIterator<Item = &'a str>, variants: &[&str]) {
    let have: BTreeSet<&str> = cases.into_iter().collect();
    let want: BTreeSet<&str> = variants.iter().copied().collect();
    assert_eq!(have, want, "the variants with a case, and all there are");
}

/// What is not as the case says; empty if all is.
fn complaint<E: Explain>(case: &Case<E>, variant: fn(&E) -> &'static str) -> String {
    let folder = Folder::new();
    let complain = |what: &str, got: &str, want: &str| {
        format!(
            "case `{}`: {what}: got\n{got}\nwant\n{want}\n",
            case.variant
        )
    };
    let Err(error) = (case.provoke)(&folder) else {
        return complain("outcome", "no error", "an error");
    };
    let mut complaints = String::new();
    let mut compare = |what, got: &str, want: &str| {
        if got != want {
            complaints += &complain(what, got, want);
        }
    };
    compare("variant", variant(&error), case.variant);
    compare("text", &folder.shown(&render(&error)), case.text);
    compare(
        "exit code",
        &format!("{:?}", error.exit()),
        &format!("{:?}", case.exit),
    );
    compare("files that the case did not make", &folder.changes(), "");
    complaints
}

#[cfg(test)]
mod tests;
