//! `logs`: what the pods of the objects say, on stdout. Reads only.

use std::io::ErrorKind;

use super::Context;
use crate::desired::Checks;
use crate::error::{Error, Reason};
use crate::logs::Logs;
use crate::pods::{accesses, needed, pod_accesses};
use crate::request::Verb;
use crate::session::Session;
use crate::watch::{Store, Watched};

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    let desired = context.load(Checks::All)?;
    let watched = needed(&desired);
    if watched.is_empty() {
        return Err(Error::Absent {
            target: context.request.target.clone(),
            what: "object that makes pods".to_owned(),
            source: Reason::want_one_of(&[]),
        });
    }
    let session = context.open(&desired.environment).await?;
    session.check_own_namespace().await?;
    let reads: &[&str] = if context.options.follow {
        &["list", "watch"]
    } else {
        &["list"]
    };
    let mut rights = accesses(&watched, reads);
    rights.extend(pod_accesses(&watched, "log", &["get"]));
    session.check_rights(rights).await?;
    let logs = Logs {
        cluster: &session.cluster,
        context: &session.place.context,
        desired: &desired,
        options: context.options,
        progress: context.progress,
        colour: context.environment.colour,
        target: &context.request.target,
        status: &context.request.command_of(Verb::Status),
    };
    let shown = if context.options.follow {
        logs.follow(watched).await
    } else {
        logs.show(&read(&session, &watched).await?).await
    };
    match shown {
        // Whoever read the lines, as `head` does, has enough of them.
        Err(Error::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        shown => shown,
    }
}

/// Reads all that is watched once.
pub(super) async fn read(session: &Session<'_>, watched: &[Watched]) -> Result<Store, Error> {
    let mut store = Store::default();
    for one in watched {
        let namespace = one.namespace.as_deref();
        let list = session
            .cluster
            .list(&one.resource, namespace, &one.selector);
        let list = list.await.map_err(session.unreadable(&one.what()))?;
        store.add(list, &one.resource, namespace);
    }
    Ok(store)
}
