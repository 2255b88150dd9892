//! What the tool can do, a file each: `Arguments`, and `run` that gives an [`Outcome`].

pub mod list;
pub mod promote;
pub mod rebuild;
pub mod rollback;
pub mod set;
pub mod toolchain;
pub mod verify;

use crate::checkout::Checkout;
use crate::environment::Environment;
use crate::error::Error;
use crate::git::Git;
use crate::request::PinRequest;

/// What every verb works with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The constants.
    pub request: PinRequest,
    /// The checkout.
    pub checkout: Checkout,
    /// The environment of the process.
    pub environment: Environment,
}

/// What a verb has to say.
#[derive(Debug, Default)]
pub struct Outcome {
    /// For stdout.
    pub data: String,
    /// Lines for stderr.
    pub notes: Vec<String>,
    /// Why the run fails though it has something to say.
    pub failure: Option<Error>,
}

impl Outcome {
    /// That of pins that have changed: notes, and what it does to manifests, if that was to be told.
    fn changed(notes: Vec<String>, difference: Result<String, Error>) -> Self {
        let (data, failure) = match difference {
            Ok(data) => (data, None),
            Err(error) => (String::new(), Some(error)),
        };
        Self {
            data,
            notes,
            failure,
        }
    }
}

impl Context {
    /// git in the checkout.
    pub fn git(&self) -> Git {
        Git::new(self.checkout.root(), self.environment.path.clone())
    }
}

/// Lines of cells as columns, two spaces apart.
fn columns<const WIDTH: usize>(lines: &[[String; WIDTH]]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max();
    let widths: Vec<usize> = (0..WIDTH).filter_map(width).collect();
    let mut text = String::new();
    for line in lines {
        let padded = line.iter().zip(&widths);
        let padded: Vec<_> = padded
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text += padded.join("  ").trim_end();
        text.push('\n');
    }
    text
}
