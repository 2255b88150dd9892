//! `delete`: none of the objects there. Takes only what this project wrote, pushes nothing, and
//! needs neither namespaces nor kinds to be there.

use windlass_oci_registry::{Client as Registry, Settings};

use super::Context;
use crate::desired::Desired;
use crate::error::Error;
use crate::plan::Goal;
use crate::remove::Remove;
use crate::screen;
use crate::session::{Connection, Session, environment_of};

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    let request = context.request;
    let environment = environment_of(request)?;
    let confirmed = context.options.yes_really.as_deref() == Some(environment.name.as_str());
    if request.environment.protected && !confirmed {
        let command = request.command();
        return Err(Error::Protected {
            environment: environment.name,
            command,
        });
    }
    let mut desired = Desired::load(request, environment, context.runfiles)?;
    // What goes needs no images.
    desired.images.clear();
    desired
        .objects
        .iter_mut()
        .for_each(|object| object.images.clear());
    let connection = context.connect().await?;
    carry_out(context, &desired, connection).await
}

/// Plan, delete, wait.
pub async fn carry_out(
    context: &Context<'_>,
    desired: &Desired,
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
    let session = Session::start(request, options, environment, connection).await?;
    journal.state().place = Some(session.place.clone());
    progress.line(&screen::header(&session.place));
    session.check_own_namespace().await?;
    // Without images nothing is asked of a registry, so nobody's credentials are read.
    let registry = Registry::new(Settings::default());
    let seen = session.look(Goal::Delete, desired, &registry).await?;
    let plan = session.plan(Goal::Delete, desired, &seen)?;
    session.check_access(desired, &plan).await?;
    journal.begin(desired, &plan);
    progress.line(&screen::plan_line(
        Goal::Delete,
        &plan,
        screen::name_width(desired),
    ));
    if options.dry_run || options.verbose {
        for line in screen::plan_details(&plan, desired) {
            progress.line(&line);
        }
    }
    if options.dry_run {
        return Ok(());
    }
    Remove {
        session: &session,
        desired,
        plan: &plan,
        journal,
    }
    .run()
    .await?;
    if let Some(line) = screen::kept_line(&plan, desired, &session.place.kubectl) {
        progress.line(&line);
    }
    let done = screen::done_line(Goal::Delete, &journal.state(), journal.seconds());
    progress.line(&done);
    Ok(())
}
