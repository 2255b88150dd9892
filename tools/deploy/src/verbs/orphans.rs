//! `orphans`: what services that this checkout does not describe have left in an environment. Lists
//! it, and deletes it where `--delete` is given. Another checkout may describe them: where other
//! people's things are, the environment has to be named again.

use std::fmt::Write as _;

use super::{Context, delete};
use crate::cluster::{Resource, Selector};
use crate::desired::{Desired, ENVIRONMENT_LABEL, Group, SETUP_NAMESPACE};
use crate::error::Error;
use crate::inventory::ID_LABEL;
use crate::orphans::{Known, described};
use crate::plan::{Action, Goal, Plan};
use crate::request::with_flags;
use crate::session::{Session, environment_of};
use windlass_k8s_object::Namespace;

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    let options = context.options;
    if options.delete && !context.request.environment.personal {
        context.confirm_anyway()?;
    }
    let environment = environment_of(context.request)?;
    let workspace = context.environment.workspace.as_ref();
    let unknown = |source| Error::Query { source };
    let workspace = workspace.ok_or_else(|| {
        let reason = "BUILD_WORKSPACE_DIRECTORY is not set: want `bazel run`";
        unknown(crate::error::Reason(reason.to_owned()))
    })?;
    let session = context.open(&environment).await?;
    session.check_own_namespace().await?;
    let mut orphans = known(context, &session).await?;
    if !orphans.is_empty() {
        let described = described(workspace).await.map_err(unknown)?;
        orphans.retain(|known| !described.has(known));
    }
    let desired = Desired {
        environment,
        groups: orphans.into_iter().map(group).collect(),
        objects: Vec::new(),
        images: Vec::new(),
    };
    let (seen, plan) = delete::decide(context, &session, &desired).await?;
    context.print(&text(&desired, &plan))?;
    context.tell(Goal::Delete, &desired, &plan);
    if options.delete && !options.dry_run() {
        return delete::finish(context, &session, &desired, seen, plan).await;
    }
    if plan.deleted() > 0 {
        let next = with_flags(&context.request.run_command(), "--delete");
        let line = format!("next: {next}");
        context.progress.line(&line);
    }
    Ok(())
}

/// The groups of the project that the environment's namespace remembers.
async fn known(context: &Context<'_>, session: &Session<'_>) -> Result<Vec<Known>, Error> {
    let environment = &session.place.environment;
    let namespace = environment.namespace();
    let namespace = namespace.map_or(SETUP_NAMESPACE, Namespace::as_str);
    let selector = Selector {
        labels: Some(format!(
            "{ID_LABEL},{ENVIRONMENT_LABEL}={}",
            environment.name
        )),
        fields: None,
    };
    let kind = Resource::config_maps();
    let list = session.cluster.list(&kind, Some(namespace), &selector);
    let list = list.await.map_err(session.unreadable(&"inventories"))?;
    let items = list["items"].as_array().into_iter().flatten();
    let project = &context.request.project;
    let known = items.filter_map(Known::of);
    Ok(known
        .filter(|group| group.is_of(project, &environment.name))
        .collect())
}

fn group(known: Known) -> Group {
    Group {
        name: known.id.clone(),
        id: known.id,
        label: known.target,
        deps: Vec::new(),
        inventory: Some(known.inventory),
    }
}

/// The groups, each with what it has left.
fn text(desired: &Desired, plan: &Plan) -> String {
    let mut text = String::new();
    for (at, group) in desired.groups.iter().enumerate() {
        let _ = writeln!(text, "{} ({})", group.label, group.id);
        for prune in plan.prunes.iter().filter(|prune| prune.group == at) {
            let stays = match prune.action {
                Action::Keep { .. } => "  (stays: data or other objects would go with it)",
                Action::Gone => "  (not there any more)",
                _ => "",
            };
            let _ = writeln!(text, "  {}{stays}", prune.key.plain());
        }
    }
    text
}
