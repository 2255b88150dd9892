//! `resolve`: prints the objects as `apply` writes them. Asks no cluster and no registry.
//!
//! The output is a stream of JSON documents, prerequisites first, that
//! `kubectl apply --server-side -f -` takes. The one thing that `apply` adds is the annotation
//! `windlass.dev/owner` of a personal namespace, which only the API server can tell.

use std::fmt::Write as _;

use super::Context;
use crate::desired::{Checks, Desired};
use crate::error::Error;
use crate::order::Stage;

/// Runs the verb.
pub fn run(context: &Context<'_>) -> Result<(), Error> {
    let desired = context.load(Checks::All)?;
    context.print(&text(&desired))
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
