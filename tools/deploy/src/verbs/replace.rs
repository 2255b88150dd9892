//! `replace`: `delete` and `create` as one plan and one run. All that can be checked is checked and
//! pushed before anything goes; the kinds that `delete` keeps are changed in place. A run that was
//! interrupted is taken up by the next `replace` or `apply`.

use super::{Context, apply};
use crate::error::Error;
use crate::plan::Goal;

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    context.confirm()?;
    apply::carry_out(context, Goal::Replace).await
}
