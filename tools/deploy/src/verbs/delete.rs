//! `delete`: none of the objects there. Takes only what this project wrote, pushes nothing, and
//! needs neither namespaces nor kinds to be there, nor manifests that would pass today's checks.

use super::Context;
use crate::desired::Checks;
use crate::error::Error;
use crate::plan::{Goal, Seen};
use crate::remove::Remove;
use crate::screen;
use crate::session::Ask;

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    let Context {
        options,
        journal,
        progress,
        ..
    } = *context;
    context.confirm()?;
    let desired = context.load(Checks::Place)?;
    let session = context.open(&desired.environment).await?;
    session.check_own_namespace().await?;
    let seen = Seen {
        objects: session.look(Ask::of(Goal::Delete), &desired).await?,
        images: Vec::new(),
    };
    let mut plan = session.plan(Goal::Delete, &desired, &seen)?;
    session.check_access(&desired, &plan).await?;
    session.name_claims(&desired, &mut plan).await?;
    context.tell(Goal::Delete, &desired, &plan);
    if options.dry_run {
        return Ok(());
    }
    let remove = Remove {
        session: &session,
        desired: &desired,
        plan: &plan,
        timeout: options.waits().then(|| options.timeout()),
        journal,
    };
    remove.run().await?;
    if let Some(line) = screen::kept_line(&plan, &desired, &session.place.kubectl) {
        progress.line(&line);
    }
    let done = screen::done_line(Goal::Delete, &journal.state(), journal.seconds());
    progress.line(&done);
    Ok(())
}
