//! `apply`: all objects as described, and ready.

use serde_json::Value;

use super::Context;
use crate::apply::Apply;
use crate::desired::Desired;
use crate::error::Error;
use crate::groups::Groups;
use crate::plan::{Goal, Live, Plan, Seen};
use crate::screen;
use crate::session::{Connection, Session, environment_of};
use crate::wait::{Status, Wait};

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    let (desired, connection) = prepare(context).await?;
    carry_out(context, Goal::Apply, desired, connection).await
}

/// Reads what the request names, then connects: a mistake in a file needs no cluster to be told.
pub(super) async fn prepare(context: &Context<'_>) -> Result<(Desired, Connection), Error> {
    let environment = environment_of(context.request)?;
    let desired = Desired::load(context.request, environment, context.runfiles)?;
    desired.check_pinned()?;
    Ok((desired, context.connect().await?))
}

/// Preflight, plan, push, write, wait.
pub async fn carry_out(
    context: &Context<'_>,
    goal: Goal,
    mut desired: Desired,
    connection: Connection,
) -> Result<(), Error> {
    let Context {
        request,
        options,
        journal,
        progress,
        ..
    } = *context;
    let environment = desired.environment.clone();
    let mut session = Session::start(request, options, environment, connection).await?;
    journal.state().place = Some(session.place.clone());
    progress.line(&screen::header(&session.place));
    session.check_foundation(&desired).await?;
    session.sign_namespaces(&mut desired).await?;
    let registry = context.registry()?;
    let seen = session.look(goal, &desired, &registry).await?;
    let plan = session.plan(goal, &desired, &seen)?;
    session.check_access(&desired, &plan).await?;
    journal.begin(&desired, &plan);
    progress.line(&screen::plan_line(
        goal,
        &plan,
        screen::name_width(&desired),
    ));
    if options.dry_run || options.verbose {
        for line in screen::plan_details(&plan, &desired) {
            progress.line(&line);
        }
    }
    if options.dry_run {
        return Ok(());
    }
    let apply = Apply {
        session: &session,
        desired: &desired,
        plan: &plan,
        registry: &registry,
        journal,
        progress,
    };
    let written = apply.run().await?;
    if options.wait {
        wait(
            context,
            &session,
            &desired,
            &plan,
            &last_seen(&seen, written),
        )
        .await?;
    }
    finish(context, goal);
    Ok(())
}

/// Each object as it was last seen: as it was written, else as it was found.
fn last_seen(
    seen: &Seen,
    mut written: std::collections::HashMap<usize, Value>,
) -> Vec<Option<Value>> {
    let found = |live: &Live| match live {
        Live::Found { object, .. } => Some(object.clone()),
        Live::Missing => None,
    };
    let last = |(at, live)| written.remove(&at).or_else(|| found(live));
    seen.objects.iter().enumerate().map(last).collect()
}

async fn wait(
    context: &Context<'_>,
    session: &Session<'_>,
    desired: &Desired,
    plan: &Plan,
    last: &[Option<Value>],
) -> Result<(), Error> {
    let Context {
        journal,
        progress,
        options,
        ..
    } = *context;
    let mut groups = Groups::new(desired, journal.seconds());
    // A run that changes nothing and finds all ready has nothing to say about groups.
    let mut worth_telling = !plan.is_empty();
    let width = screen::name_width(desired);
    let show = |statuses: &[Status]| {
        worth_telling |= !statuses.iter().all(Status::is_current);
        let now = journal.seconds();
        let look = groups.look(desired, statuses, now);
        {
            let mut state = journal.state();
            state.statuses = statuses.to_vec();
            state.ready_after = groups.ready_after().to_vec();
        }
        if worth_telling {
            let line = |line: &screen::GroupLine| screen::group_line(line, width);
            let lines = |lines: &[screen::GroupLine]| lines.iter().map(line).collect();
            let (ready, open): (Vec<String>, Vec<String>) = (lines(&look.ready), lines(&look.open));
            progress.update(&ready, open, now);
        }
    };
    let wait = Wait {
        cluster: &session.cluster,
        context: &session.place.context,
        resources: &session.resources,
        kubectl: &session.place.kubectl,
        desired,
        timeout: options.timeout,
    };
    wait.until_ready(last, show).await
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
