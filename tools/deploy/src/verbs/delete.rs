//! `delete`: none of the objects there, and none of what their groups had before. Takes only what is
//! the groups' own, pushes nothing, and needs neither namespaces nor kinds to be there, nor manifests
//! that would pass today's checks.

use super::Context;
use crate::apply::Written;
use crate::desired::{Checks, Desired};
use crate::error::Error;
use crate::lease::Passed;
use crate::plan::{Goal, Plan, Seen};
use crate::record::{Phase, Records};
use crate::remove::Remove;
use crate::screen;
use crate::session::{Ask, Session};

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    context.confirm()?;
    let desired = context.load(Checks::Place)?;
    let session = context.open(&desired.environment).await?;
    session.check_own_namespace().await?;
    let (seen, plan) = decide(context, &session, &desired).await?;
    context.tell(Goal::Delete, &desired, &plan);
    if context.options.dry_run() {
        return Ok(());
    }
    finish(context, &session, &desired, seen, plan).await
}

/// Carries out what was decided; decides again where somebody else may have changed something.
pub(super) async fn finish(
    context: &Context<'_>,
    session: &Session<'_>,
    desired: &Desired,
    mut seen: Seen,
    mut plan: Plan,
) -> Result<(), Error> {
    while session.take_leases(context, desired, &seen, &plan).await? == Passed::Waited {
        (seen, plan) = decide(context, session, desired).await?;
        context.tell(Goal::Delete, desired, &plan);
    }
    let done = tokio::select! {
        result = carry_out(context, session, desired, &seen, &plan) => result,
        id = context.leases.lost() => Err(session.lost(&id)),
    };
    done?;
    context.leases.release().await;
    if let Some(line) = screen::kept_line(&plan, desired, &session.place.kubectl) {
        context.progress.line(&line);
    }
    let journal = context.journal;
    let done = screen::done_line(Goal::Delete, &journal.state(), journal.seconds());
    context.progress.line(&done);
    Ok(())
}

/// Looks, and decides what to do. Nothing is written.
pub(super) async fn decide(
    context: &Context<'_>,
    session: &Session<'_>,
    desired: &Desired,
) -> Result<(Seen, Plan), Error> {
    let groups = session.remember(desired).await?;
    let objects = session
        .look(Ask::of(Goal::Delete), desired, &groups)
        .await?;
    let seen = Seen {
        objects,
        images: Vec::new(),
        groups,
    };
    let mut plan = session.plan(Goal::Delete, desired, &seen)?;
    session.check_access(desired, &plan).await?;
    session.name_claims(desired, &mut plan).await?;
    context.check_plan(&session.place, desired, &seen, &plan)?;
    Ok((seen, plan))
}

async fn carry_out(
    context: &Context<'_>,
    session: &Session<'_>,
    desired: &Desired,
    seen: &Seen,
    plan: &Plan,
) -> Result<(), Error> {
    let options = context.options;
    let remove = Remove {
        session,
        desired,
        plan,
        timeout: options.waits().then(|| options.timeout()),
        journal: context.journal,
    };
    remove.all().await?;
    let records = Records {
        session,
        desired,
        seen,
        plan,
    };
    let all: Vec<usize> = (0..desired.groups.len()).collect();
    records.settle(&all, &Written::default(), Phase::Done).await
}
