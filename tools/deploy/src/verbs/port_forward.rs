//! `port-forward`: local ports that lead to the pods behind Services, until Ctrl-C. Changes nothing.

use std::collections::BTreeSet;

use super::Context;
use super::logs::read;
use crate::cluster::{Reach, Resource, Selector};
use crate::desired::{Checks, Desired};
use crate::error::{Error, Reason};
use crate::forward::ports::{Forward, Service, forwards, name_of, services, uppermost};
use crate::forward::{Forwarding, listen};
use crate::pods::{accesses, pod_accesses};
use crate::request::{Verb, with_flags};
use crate::screen;
use crate::session::Session;
use crate::watch::{Need, Watched, Watcher};

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    let desired = context.load(Checks::All)?;
    let meant = meant(context, &desired)?;
    let session = context.open(&desired.environment).await?;
    session.check_own_namespace().await?;
    let places = namespaces(&desired, &meant);
    let watch = |resource: &Resource| -> Vec<Watched> {
        let one = |namespace: &String| Watched {
            resource: resource.clone(),
            namespace: Some(namespace.clone()),
            selector: Selector::default(),
            need: Need::Must,
        };
        places.iter().map(one).collect()
    };
    let resource = Resource::built_in("v1", "Service", "services", Reach::Namespaced);
    let (pods, all) = (watch(&Resource::pods()), watch(&resource));
    let mut rights = accesses(&pods, &["list", "watch"]);
    rights.extend(accesses(&all, &["list"]));
    // The request is a GET; the API server wants the right to create too.
    rights.extend(pod_accesses(&pods, "portforward", &["create", "get"]));
    session.check_rights(rights).await?;
    let services = live(context, &session, &desired, &meant, &all).await?;
    for other in services.iter().flat_map(|service| &service.others) {
        context.progress.line(&screen::note_line(other));
    }
    let forwards = chosen(context, &services)?;
    let other = |forward: &Forward| {
        let port = forward.port.number;
        let service = &services[forward.service].name;
        let command = context.request.command();
        with_flags(&command, &format!("--service={service} --port=:{port}"))
    };
    let forwarding = Forwarding {
        cluster: &session.cluster,
        context: &session.place.context,
        progress: context.progress,
        all: listen(&services, &forwards, other).await?,
    };
    let none = Error::NoPods {
        target: context.request.target.clone(),
        state: "ready",
        hint: context.request.command_of(Verb::Status),
    };
    let watcher = Watcher::start(&session.cluster, pods);
    forwarding.run(watcher, none).await
}

/// The Services that are meant, as places among the desired objects.
fn meant(context: &Context<'_>, desired: &Desired) -> Result<Vec<usize>, Error> {
    let wanted = &context.options.service;
    let absent = |what: String, names: &[String]| Error::Absent {
        target: context.request.target.clone(),
        what,
        source: Reason::want_one_of(names),
    };
    if wanted.is_empty() {
        let found = uppermost(desired);
        return match found.as_slice() {
            [] => Err(absent("Service".to_owned(), &[])),
            _ => Ok(found),
        };
    }
    let mut found = Vec::new();
    for name in wanted {
        let own = services(desired).filter(|at| name_of(desired, *at).1 == name);
        let before = found.len();
        found.extend(own);
        if found.len() == before {
            let names = services(desired).map(|at| name_of(desired, at).1.to_owned());
            let mut names: Vec<String> = names.collect();
            names.sort_unstable();
            names.dedup();
            return Err(absent(format!("Service `{name}`"), &names));
        }
    }
    // The first one named gets its own number as the local port.
    let mut seen = BTreeSet::new();
    found.retain(|at| seen.insert(*at));
    Ok(found)
}

fn namespaces(desired: &Desired, meant: &[usize]) -> Vec<String> {
    let all = meant.iter().map(|at| name_of(desired, *at).0.to_owned());
    let mut all: Vec<String> = all.collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The Services as they are in the cluster.
async fn live(
    context: &Context<'_>,
    session: &Session<'_>,
    desired: &Desired,
    meant: &[usize],
    watched: &[Watched],
) -> Result<Vec<Service>, Error> {
    let store = read(session, watched).await?;
    let one = |at: &usize| {
        let (namespace, name) = name_of(desired, *at);
        let live = store.get("v1", "Service", namespace, name)?;
        Some(Service::of(live))
    };
    let found: Vec<Service> = meant.iter().filter_map(one).collect();
    let missing = meant.len() - found.len();
    if missing == 0 {
        return Ok(found);
    }
    Err(Error::NotReady {
        missing,
        open: 0,
        of: meant.len(),
        hint: context.request.command_of(Verb::Apply),
    })
}

/// The ports of these Services that are forwarded.
fn chosen(context: &Context<'_>, services: &[Service]) -> Result<Vec<Forward>, Error> {
    let absent = |what: String| {
        let ports = services.iter().flat_map(|service| {
            let name = &service.name;
            let ports = service.ports.iter();
            ports.map(move |port| format!("{name}:{}", port.number))
        });
        let ports: Vec<String> = ports.collect();
        Error::Absent {
            target: context.request.target.clone(),
            what,
            source: Reason::want_one_of(&ports),
        }
    };
    let forwards = forwards(services, &context.options.port);
    match forwards {
        Err(port) => Err(absent(format!("port `{port}`"))),
        Ok(none) if none.is_empty() => Err(absent("port that can be forwarded".to_owned())),
        Ok(forwards) => Ok(forwards),
    }
}
