//! `diff`: what `apply` would change, on stdout. Decided as `apply` decides it, by the API server's
//! dry run; writes nothing, pushes nothing and asks no registry.

use super::Context;
use crate::claim::Takeover;
use crate::desired::Desired;
use crate::diff::{diff, pruned_text, text};
use crate::error::Error;
use crate::plan::{Goal, Live, Plan, Seen};
use crate::request::Verb;
use crate::screen;
use crate::session::{Ask, Session};

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    let mut desired = context.load_pinned()?;
    let mut session = context.open(&desired.environment).await?;
    session.check_own_namespace().await?;
    tell_what_is_missing(context, &mut session, &desired).await?;
    session.check_places(&desired)?;
    session.sign_namespaces(&mut desired).await?;
    let groups = session.remember(&desired).await?;
    let seen = Seen {
        objects: session
            .look(Ask::of(Goal::Apply), &desired, &groups)
            .await?,
        images: Vec::new(),
        groups,
    };
    let planned = session.plan(Goal::Apply, &desired, &seen);
    let owned = match &planned {
        Err(Error::Conflicts { conflicts, .. }) => conflicts.as_slice(),
        _ => &[],
    };
    let shown = settle(&session, &desired, seen).await;
    // With a conflict or a refusal there is no plan to carry out, but one to look at.
    let plan = intended(&session, &desired, &shown)?;
    let diffs = diff(&desired, &shown.objects, &plan.actions, owned);
    let colour = context.environment.colour;
    let pruned = pruned_text(&plan, colour);
    context.print(&(text(&diffs, &desired, colour) + &pruned))?;
    if session.plan(Goal::Apply, &desired, &shown).is_ok() {
        let width = screen::name_width(&desired);
        context.progress.line(&screen::diff_line(&plan, width));
    }
    context.journal.begin(&desired, &plan);
    context.journal.state().diffs = diffs;
    let differing = plan.sent() + plan.pruned();
    planned?;
    if context.options.exit_code && differing > 0 {
        return Err(Error::Differs {
            objects: differing,
            apply: context.request.command_of(Verb::Apply),
        });
    }
    Ok(())
}

/// What `apply` refuses to begin without; for a look it is enough to know.
async fn tell_what_is_missing(
    context: &Context<'_>,
    session: &mut Session<'_>,
    desired: &Desired,
) -> Result<(), Error> {
    match session.check_foundation(desired).await {
        Err(Error::NamespaceMissing {
            namespace, setup, ..
        }) => {
            let note = format!("namespace `{namespace}` is missing: {setup} makes it");
            context.note(&note);
        }
        Err(Error::KindMissing {
            api_version,
            object,
            setup,
            ..
        }) => {
            let kind = object.kind.as_str();
            let note = format!("kind {kind} of `{api_version}` is missing: {setup} brings it");
            context.note(&note);
        }
        Err(error) => return Err(error),
        Ok(()) => {}
    }
    Ok(())
}

/// What `apply` would try: of what the server refuses, nobody knows the fields.
fn intended(session: &Session<'_>, desired: &Desired, shown: &Seen) -> Result<Plan, Error> {
    let mut tried = shown.clone();
    for live in &mut tried.objects {
        if let Live::Found { dry_run, .. } = live {
            dry_run.take_if(|result| result.is_err());
        }
    }
    session.plan_by(Goal::Apply, Takeover::Adopt, desired, &tried)
}

/// What was seen, with the fields of others taken: so a conflict shows both values.
async fn settle(session: &Session<'_>, desired: &Desired, seen: Seen) -> Seen {
    let mut objects = Vec::new();
    for (wanted, live) in desired.objects.iter().zip(seen.objects) {
        let is_conflict = match &live {
            Live::Found {
                dry_run: Some(Err(error)),
                ..
            } => !error.conflicts().is_empty(),
            _ => false,
        };
        objects.push(if is_conflict {
            session.look_forced(wanted, live).await
        } else {
            live
        });
    }
    Seen {
        objects,
        images: seen.images,
        groups: seen.groups,
    }
}
