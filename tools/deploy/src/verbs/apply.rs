//! `apply`: all objects as described, and ready.

use super::Context;
use crate::cli::DryRun;
use crate::desired::Desired;
use crate::error::Error;
use crate::execute::Execution;
use crate::lease::Passed;
use crate::plan::{Goal, Plan, Seen};
use crate::proof;
use crate::screen;
use crate::session::{Ask, Session, look_for_images};
use crate::store::Store;

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    carry_out(context, Goal::Apply).await
}

/// Preflight, plan, push, write, wait: what `apply`, `create` and `replace` have in common.
pub(super) async fn carry_out(context: &Context<'_>, goal: Goal) -> Result<(), Error> {
    let mut desired = context.load_pinned()?;
    let claims = proof::claims(context.request, &desired, context.runfiles)?;
    if !context.options.waits() {
        // Nobody will know when what ran before has ended: both stay.
        for image in &mut desired.images {
            (image.push, image.tags) = (image.kept(), Vec::new());
        }
    }
    let mut session = context.open(&desired.environment).await?;
    session.check_foundation(&desired).await?;
    session.check_places(&desired)?;
    session.check_proofs(&claims).await?;
    session.sign_namespaces(&mut desired).await?;
    for note in session.check_references(&desired).await? {
        context.note(&note);
    }
    let store = Store::open(&session, &desired, context.registry()?).await?;
    let (mut seen, mut plan) = decide(context, &session, goal, &desired, &store).await?;
    context.tell(goal, &desired, &plan);
    if context.options.dry_run == Some(DryRun::Server) {
        for note in session.rehearse(&desired, &seen, &plan).await? {
            context.note(&note);
        }
    }
    if context.options.dry_run() {
        return Ok(());
    }
    while session.take_leases(context, &desired, &seen, &plan).await? == Passed::Waited {
        // Whoever held one may have changed what we have seen, of other groups as well.
        (seen, plan) = decide(context, &session, goal, &desired, &store).await?;
        context.tell(goal, &desired, &plan);
    }
    let execution = Execution {
        context,
        session: &session,
        desired: &desired,
        seen: &seen,
        plan: &plan,
        store: &store,
    };
    let done = tokio::select! {
        result = execution.run() => result,
        id = context.leases.lost() => Err(session.lost(&id)),
    };
    done?;
    // Who reads that it is done may begin with the same group.
    context.leases.release().await;
    finish(context, goal);
    Ok(())
}

/// Looks, and decides what to do. Nothing is written.
async fn decide(
    context: &Context<'_>,
    session: &Session<'_>,
    goal: Goal,
    desired: &Desired,
    store: &Store,
) -> Result<(Seen, Plan), Error> {
    let look = async {
        let groups = session.remember(desired).await?;
        let objects = session.look(Ask::of(goal), desired, &groups).await?;
        Ok((groups, objects))
    };
    let images = look_for_images(context.request, desired, store);
    let ((groups, objects), images) = futures::try_join!(look, images)?;
    let seen = Seen {
        objects,
        images,
        groups,
    };
    let mut plan = session.plan(goal, desired, &seen)?;
    if plan.count("replace") > 0 {
        context.confirm()?;
    }
    desired.check_blobs(&plan.pushes)?;
    session.check_access(desired, &plan).await?;
    session.name_claims(desired, &mut plan).await?;
    context.check_plan(&session.place, desired, &seen, &plan)?;
    Ok((seen, plan))
}

fn finish(context: &Context<'_>, goal: Goal) {
    let after = context.journal.seconds();
    let (done, next) = {
        let state = context.journal.state();
        (
            screen::done_line(goal, &state, after),
            screen::next_line(context.request, &state),
        )
    };
    context.progress.line(&done);
    if let Some(next) = next {
        context.progress.line(&next);
    }
}
