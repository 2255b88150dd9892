//! `roles`: the rights that applying the objects takes, on stdout. Asks no cluster.

use super::Context;
use crate::desired::Checks;
use crate::error::Error;
use crate::roles::roles;

/// Runs the verb.
pub fn run(context: &Context<'_>) -> Result<(), Error> {
    let desired = context.load(Checks::All)?;
    context.print(&roles(context.request, &desired).to_string())
}
