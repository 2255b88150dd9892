//! `worker`: the runner of the cluster applies the objects, and we look on. All that is written
//! from here is the request to it; whether that may be, the cluster decides.

use std::time::Duration;

use tokio::time::Instant;
use windlass_api_client::Needs;
use windlass_apply_request::{Phase, Printed, Spec, Status};
use windlass_k8s_object::Namespace;
use windlass_oci_reference::Digest;
use windlass_report::Exit;

use super::{Context, push};
use crate::ask::{AskError, Asked, Terms};
use crate::cluster::Cluster;
use crate::desired::load_image;
use crate::error::{Error, Reason};
use crate::request::WorkerRequest;
use crate::screen;
use crate::session::{Connection, Place, Reached};
use crate::store::Store;

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    let mut desired = context.load_pinned()?;
    let target = &context.request.target;
    let cluster = &context.request.cluster.context;
    let namespace = desired.environment.namespace().map(Namespace::as_str);
    let (Some(worker), Some(namespace)) = (&context.request.worker, namespace) else {
        return Err(Error::Worker(AskError::NoRunner {
            what: format!("environment `{}`", desired.environment.name),
            context: cluster.clone(),
            setup: String::new(),
        }));
    };
    let namespace = namespace.to_owned();
    let bundle = load_image(&worker.bundle, context.runfiles)?;
    let spec = Spec {
        target: target.clone(),
        bundle: bundle.reference.to_string(),
        timeout_seconds: context.options.timeout().as_secs().max(1),
    };
    // Nothing is written to a cluster from here, so no object has a part in the plan.
    desired.objects.clear();
    desired.images.push(bundle);

    let connection = Connection::open(
        cluster,
        context.options,
        context.environment,
        Needs::Requests,
    );
    let connection = connection.await?;
    let reached = Reached {
        cluster: Cluster::new(connection.client, connection.retry),
        context: cluster.clone(),
        server: connection.server.clone(),
        id: None,
        kubectl: connection.kubectl.clone(),
    };
    let place = Place {
        environment: desired.environment.clone(),
        context: cluster.clone(),
        server: connection.server,
        id: None,
        kubectl: connection.kubectl,
        setup: setup_of(worker),
    };
    let asked = Asked {
        reached: &reached,
        namespace: &namespace,
        name: windlass_apply_request::name_of(target, &unique(&context.environment.holder)),
    };
    asked.check(&connection.user, &place.setup).await?;
    context.progress.line(&screen::header(&place));

    let store = Store::Registry(context.registry()?);
    let Some(plan) = push::push(context, &desired, &store).await? else {
        return Ok(());
    };
    asked.ask(&spec).await?;
    let what = format!("{:7} {}", "asked", asked.show_command());
    context.progress.line(&what);
    follow(context, &asked, &spec).await?;
    // What these were on may have run until now.
    push::pushes(context, &desired, &plan, &store).tag().await?;
    let seconds = context.journal.seconds();
    let seconds = screen::seconds(Duration::from_secs_f64(seconds));
    let done = format!("done in {seconds}: applied by the runner of {cluster}");
    context.progress.line(&done);
    Ok(())
}

/// Shows what the runner says until it is done.
async fn follow(context: &Context<'_>, asked: &Asked<'_>, spec: &Spec) -> Result<(), Error> {
    let Terms {
        look,
        unheard,
        slack,
    } = context.environment.worker;
    let begun = Instant::now();
    let longest = Duration::from_secs(spec.timeout_seconds) + slack;
    let (mut printed, mut said) = (Printed::default(), String::new());
    loop {
        let status = asked.status().await?;
        for line in printed.new_lines(&status.log) {
            context.progress.line(&line);
        }
        if status.phase.is_over() {
            return Ok(over(&spec.target, &status)?);
        }
        if !status.message.is_empty() && status.message != said {
            context.note(&status.message);
            said.clone_from(&status.message);
        }
        let patience = match status.phase {
            Phase::Waiting => unheard,
            _ => longest,
        };
        if begun.elapsed() >= patience {
            return Err(asked.unanswered(patience).into());
        }
        tokio::time::sleep(look).await;
    }
}

/// How it has ended.
fn over(target: &str, status: &Status) -> Result<(), AskError> {
    let exit = match (status.phase, status.exit_code) {
        (Phase::Succeeded, _) => return Ok(()),
        (Phase::Refused, _) => Exit::Write,
        (_, None) => Exit::Rollout,
        (_, Some(code)) => Exit::from_code(code).unwrap_or(Exit::Failure),
    };
    Err(AskError::NotApplied {
        target: target.to_owned(),
        source: Reason(status.message.clone()),
        exit,
    })
}

/// What a user types to have a runner; empty where nobody has said.
fn setup_of(worker: &WorkerRequest) -> String {
    match worker.setup.as_str() {
        "" => String::new(),
        setup => format!("bazel run {setup}"),
    }
}

/// A word that no two runs have in common: made of who runs, on which machine, since when.
fn unique(holder: &str) -> String {
    Digest::of(holder.as_bytes()).hex()[..8].to_owned()
}
