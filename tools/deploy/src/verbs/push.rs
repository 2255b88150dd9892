//! `push`: the images of the request in their registries, and nothing else. Asks no cluster.

use std::collections::BTreeSet;

use super::Context;
use crate::apply::Pushes;
use crate::desired::Desired;
use crate::error::Error;
use crate::plan::{Plan, Presence};
use crate::screen;
use crate::session::look_for_images;
use crate::store::Store;

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    let Context {
        journal, progress, ..
    } = *context;
    let mut desired = context.load_pinned()?;
    let environment = &desired.environment.name;
    if desired.images.is_empty() {
        let text = format!("environment `{environment}` has no image built here: nothing to push");
        progress.line(&text);
        return Ok(());
    }
    // Nothing is written to a cluster, so no object has a part in the plan.
    desired.objects.clear();
    // Whoever pushes images alone means them for others, who do not have this node.
    let store = Store::Registry(context.registry()?);
    let plan = push(context, &desired, &store).await?;
    if plan.is_some() {
        let done = screen::pushed_line(&journal.state(), journal.seconds());
        progress.line(&done);
    }
    Ok(())
}

/// Pushes the images that are not there, and says so; `None` if that was a dry run.
pub(super) async fn push(
    context: &Context<'_>,
    desired: &Desired,
    store: &Store,
) -> Result<Option<Plan>, Error> {
    let Context {
        request,
        options,
        journal,
        progress,
        ..
    } = *context;
    let registries: BTreeSet<String> = desired
        .images
        .iter()
        .map(|image| image.reference.repository().registry().to_string())
        .collect();
    progress.line(&screen::push_header(&desired.environment.name, &registries));
    let images = look_for_images(request, desired, store).await?;
    let absent = images.iter().enumerate();
    let absent = absent.filter(|(_, there)| **there == Presence::Absent);
    let plan = Plan {
        pushes: absent.map(|(at, _)| at).collect(),
        ..Plan::default()
    };
    desired.check_blobs(&plan.pushes)?;
    journal.begin(desired, &plan);
    let width = screen::name_width(desired);
    progress.line(&screen::push_line(plan.pushes.len(), images.len(), width));
    context.tell_details(desired, &plan);
    if options.dry_run() {
        return Ok(None);
    }
    pushes(context, desired, &plan, store).run().await?;
    Ok(Some(plan))
}

/// The pushes of a plan.
pub(super) fn pushes<'a>(
    context: &Context<'a>,
    desired: &'a Desired,
    plan: &'a Plan,
    store: &'a Store,
) -> Pushes<'a> {
    Pushes {
        desired,
        plan,
        store,
        journal: context.journal,
        progress: context.progress,
    }
}
