//! `promote`: what one environment runs becomes what another one runs.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use windlass_pins::Pin;

use super::{Context, Outcome};
use crate::attestations;
use crate::checkout::Package;
use crate::checks::{Asks, Checks, Entry};
use crate::deliver::{self, Delivery, Message, in_short, lines};
use crate::error::Error;
use crate::pins_file::{Change, PinsFile};
use crate::request::EnvironmentRequest;
use crate::selection::Selection;

/// How many images are asked of at a time.
pub(crate) const AT_ONCE: usize = 8;

/// What to promote.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The environment whose pins are taken.
    #[arg(long, value_name = "NAME")]
    pub from: String,
    /// The environment that gets them.
    #[arg(long, value_name = "NAME")]
    pub to: String,
    /// Which services.
    #[command(flatten)]
    pub selection: Selection,
    /// Ask no registry: whether it has the images, and who published them, is not looked at.
    #[arg(long)]
    pub digest_only: bool,
    /// Where the pins go.
    #[command(flatten)]
    pub delivery: Delivery,
}

/// Runs the verb.
///
/// # Errors
/// See [`Error`]; all files are as they were.
pub async fn run(arguments: &Arguments, context: &Context) -> Result<Outcome, Error> {
    let Arguments { from, to, .. } = arguments;
    let (source, target) = (context.request.pinned(from)?, context.request.pinned(to)?);
    if from == to {
        return Err(Error::SameEnvironment { env: to.clone() });
    }
    let base = arguments.delivery.base(context)?;
    let services = arguments.selection.services(context)?;
    base.require_clean(&files_of(&services, context)?)?;
    let (changes, mut notes) = changes(source, target, &services, context)?;
    if changes.is_empty() {
        notes.push("nothing to promote; nothing was written".to_owned());
        return Ok(noted(notes));
    }
    let checks = Checks::new(context, Asks::unless(arguments.digest_only))?.of(from);
    let pins = changes.iter().filter_map(|it| Some((it, it.new.as_ref()?)));
    let required = stream::iter(pins).map(|(it, pin)| checks.require(&it.entry, pin));
    // In the order of the services, so that of several faults always the same one is told.
    required.buffered(AT_ONCE).try_collect::<()>().await?;
    let files = attestations::of(&changes, &checks, context).await?;
    let message = Message {
        subject: subject(from, to, &changes),
        lines: lines(&changes),
    };
    let diffs = arguments.selection.diffs(to, &services_of(&changes));
    let brought = arguments
        .delivery
        .bring(&base, &changes, &files, &message, context)?;
    notes.extend(deliver::notes(&changes, diffs, brought));
    let difference = arguments.delivery.difference(&base, context);
    Ok(Outcome::changed(notes, difference))
}

/// The lock files of services.
pub(super) fn files_of(services: &[Package], context: &Context) -> Result<Vec<PinsFile>, Error> {
    let files = services.iter();
    files
        .map(|service| context.checkout.pins_file(service))
        .collect()
}

pub(super) fn noted(notes: Vec<String>) -> Outcome {
    Outcome {
        notes,
        ..Outcome::default()
    }
}

/// The services of changes, each once.
pub(super) fn services_of(changes: &[Change]) -> Vec<Package> {
    let mut services: Vec<_> = changes.iter().map(|it| it.entry.service.clone()).collect();
    services.dedup();
    services
}

fn subject(from: &str, to: &str, changes: &[Change]) -> String {
    match services_of(changes).as_slice() {
        [only] => format!("{}: {to} runs what {from} runs", only.name()),
        several => format!("{to} runs what {from} runs, of {} services", several.len()),
    }
}

/// What is to change, and notes of what is not.
fn changes(
    from: &EnvironmentRequest,
    to: &EnvironmentRequest,
    services: &[Package],
    context: &Context,
) -> Result<(Vec<Change>, Vec<String>), Error> {
    let environments = context.request.pinned_names();
    let (mut changes, mut notes) = (Vec::new(), Vec::new());
    for service in services {
        let file = context.checkout.pins_file(service)?;
        let lock = file.read(&environments)?;
        let pins = lock.pins(&from.name);
        if pins.is_empty() {
            notes.push(format!("{service} {}: unpinned", from.name));
        }
        for (key, pin) in pins {
            let entry = Entry {
                service: service.clone(),
                env: to.name.clone(),
                key: key.clone(),
            };
            let old = lock.get(&to.name, key).cloned();
            let new = Some(moved(from, to, key, pin, context));
            if old == new {
                let said = in_short(new.as_ref());
                notes.push(format!("{entry}: {said}, as before"));
                continue;
            }
            let file = file.clone();
            changes.push(Change {
                entry,
                file,
                old,
                new,
            });
        }
    }
    Ok((changes, notes))
}

/// The pin as another environment has it: that may have a registry of its own. An image that is
/// elsewhere than the constants say stays there.
fn moved(
    from: &EnvironmentRequest,
    to: &EnvironmentRequest,
    key: &str,
    pin: &Pin,
    context: &Context,
) -> Pin {
    let own = |environment| context.request.repository(environment, key).ok();
    match (own(from), own(to)) {
        (Some(there), Some(here)) if *pin.image().repository() == there => pin.moved_to(&here),
        _ => pin.clone(),
    }
}
