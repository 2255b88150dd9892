//! `create`: as `apply`, but refused before any write if one of the objects exists.

use super::{Context, apply};
use crate::error::Error;
use crate::plan::Goal;

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    apply::carry_out(context, Goal::Create).await
}
