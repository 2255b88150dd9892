//! `resolve`: prints the objects as `apply` writes them. Asks no cluster and no registry.
//!
//! The output is a stream of JSON documents, prerequisites first, that
//! `kubectl apply --server-side -f -` takes. The one thing that `apply` adds is the annotation
//! `windlass.dev/owner` of a personal namespace, which only the API server can tell.

use std::fmt::Write as _;

use super::Context;
use crate::desired::Desired;
use crate::error::Error;
use crate::order::Stage;
use crate::session::environment_of;

/// Runs the verb.
pub fn run(context: &Context<'_>) -> Result<(), Error> {
    let environment = environment_of(context.request)?;
    let desired = Desired::load(context.request, environment, context.runfiles)?;
    windlass_report::print(text(&desired).as_bytes()).map_err(Error::Output)
}

fn text(desired: &Desired) -> String {
    let mut objects: Vec<_> = desired
        .objects
        .iter()
        .map(|desired| &desired.object)
        .collect();
    objects.sort_by_key(|object| Stage::of(object));
    let mut text = String::new();
    for object in objects {
        let _ = writeln!(text, "{:#}", object.document());
    }
    text
}
