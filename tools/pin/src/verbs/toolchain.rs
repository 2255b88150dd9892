//! `toolchain`: what compiles here, in the words that pins and attestations have for it.

use super::{Context, Outcome};
use crate::bazel::toolchain;
use crate::error::Error;

/// Runs the verb.
///
/// # Errors
/// See [`toolchain`].
pub fn run(context: &Context) -> Result<Outcome, Error> {
    let path = context.environment.path.clone().unwrap_or_default();
    let said = toolchain(context.checkout.root(), &path)?;
    Ok(Outcome {
        data: said + "\n",
        ..Outcome::default()
    })
}
