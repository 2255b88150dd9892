//! `apply`: all objects as described, and ready.

use serde_json::Value;

use super::Context;
use crate::apply::{Apply, Pushes, Written};
use crate::desired::Desired;
use crate::error::Error;
use crate::follow::Follow;
use crate::plan::{Goal, Live, Plan, Seen};
use crate::remove::Remove;
use crate::screen;
use crate::session::{Ask, Session, check_rollout, look_for_images};
use crate::wait::Wait;

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    carry_out(context, Goal::Apply).await
}

/// Preflight, plan, push, write, wait: what `apply`, `create` and `replace` have in common.
pub(super) async fn carry_out(context: &Context<'_>, goal: Goal) -> Result<(), Error> {
    let Context {
        request, options, ..
    } = *context;
    check_rollout(request)?;
    let mut desired = context.load_pinned()?;
    let mut session = context.open(&desired.environment).await?;
    session.check_foundation(&desired).await?;
    session.check_places(&desired)?;
    session.sign_namespaces(&mut desired).await?;
    for note in session.check_references(&desired).await? {
        context.note(&note);
    }
    let registry = context.registry()?;
    let (objects, images) = futures::try_join!(
        session.look(Ask::of(goal), &desired),
        look_for_images(request, &desired, &registry)
    )?;
    let seen = Seen { objects, images };
    let mut plan = session.plan(goal, &desired, &seen)?;
    desired.check_blobs(&plan.pushes)?;
    session.check_access(&desired, &plan).await?;
    session.name_claims(&desired, &mut plan).await?;
    context.tell(goal, &desired, &plan);
    if options.dry_run {
        return Ok(());
    }
    let pushes = Pushes {
        desired: &desired,
        plan: &plan,
        registry: &registry,
        journal: context.journal,
        progress: context.progress,
    };
    let written = write(context, &session, &desired, &plan, &pushes).await?;
    if options.waits() {
        let last = last_seen(&seen, written);
        wait(context, &session, &desired, &plan, &last).await?;
    }
    finish(context, goal);
    Ok(())
}

/// Pushes and writes. Where something has to go first, all images are pushed before it goes: a
/// registry that is down must not leave people with nothing.
async fn write(
    context: &Context<'_>,
    session: &Session<'_>,
    desired: &Desired,
    plan: &Plan,
    pushes: &Pushes<'_>,
) -> Result<Written, Error> {
    let journal = context.journal;
    let apply = Apply {
        session,
        desired,
        plan,
        journal,
    };
    if !plan.removes_first() {
        return apply.run(pushes).await;
    }
    pushes.run().await?;
    let remove = Remove {
        session,
        desired,
        plan,
        // Whatever the options say: until the old one is gone, the new one cannot be made.
        timeout: Some(context.options.timeout()),
        journal,
    };
    remove.run().await?;
    apply.write().await
}

/// Each object as it was last seen: as it was written, else as it was found.
fn last_seen(seen: &Seen, mut written: Written) -> Vec<Option<Value>> {
    let last = |(at, live): (usize, &Live)| written.remove(&at).or_else(|| live.object().cloned());
    seen.objects.iter().enumerate().map(last).collect()
}

async fn wait(
    context: &Context<'_>,
    session: &Session<'_>,
    desired: &Desired,
    plan: &Plan,
    last: &[Option<Value>],
) -> Result<(), Error> {
    let mut follow = Follow::new(context, desired, plan);
    let wait = Wait {
        cluster: &session.cluster,
        context: &session.place.context,
        resources: &session.resources,
        kubectl: &session.place.kubectl,
        desired,
        timeout: context.options.timeout(),
    };
    let result = wait
        .until_ready(last, |statuses| follow.show(statuses))
        .await;
    context.progress.settle();
    result
}

fn finish(context: &Context<'_>, goal: Goal) {
    let after = context.journal.seconds();
    let (done, next) = {
        let state = context.journal.state();
        (
            screen::done_line(goal, &state, after),
            screen::next_line(context.request.verb, &state),
        )
    };
    context.progress.line(&done);
    if let Some(next) = next {
        context.progress.line(&next);
    }
}
