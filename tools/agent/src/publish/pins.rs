//! The pins of the environment that follows the branch: what changes in them, and the commit that says
//! so.

use windlass_attestation::{Envelope, Provenance};
use windlass_pin::attestations::path_of;
use windlass_pin::checks::{Asks, Checks, Entry};
use windlass_pin::deliver::{Delivery, Message, lines};
use windlass_pin::git::{Text, short};
use windlass_pin::pins_file::Change;
use windlass_pin::verbs::Context;
use windlass_pins::{Lock, Pin, Time, Who};

use super::checkout::Workspace;
use super::error::Error;
use super::images::{BuiltImage, Origin};
use super::turn::Publisher;

/// What becomes of the pin of an image.
#[derive(Clone, Debug)]
enum Fate {
    /// It is what the commit builds.
    Stays,
    /// It becomes one that another environment has of the same image, with all that proves it.
    Joins(Change),
    /// It becomes a new one, which nothing proves yet.
    New(Change),
}

/// Changed pins, and the files that go with them.
#[derive(Clone, Debug, Default)]
pub(super) struct Pinned {
    pub(super) changes: Vec<Change>,
    files: Vec<Text>,
}

impl Publisher<'_> {
    /// What is to change so that the environment runs what the commit builds. What is new is attested.
    pub(super) async fn pins(
        &self,
        context: &Context,
        images: &[BuiltImage],
        origin: &Origin,
    ) -> Result<Pinned, Error> {
        let checks = Checks::new(context, Asks::Nobody)?;
        let mut pinned = Pinned::default();
        for image in images {
            match self.fate(context, &checks, image, origin)? {
                Fate::Stays => {}
                Fate::Joins(change) => pinned.changes.push(change),
                Fate::New(change) => {
                    let text = self.attest(&image.push, origin).await?;
                    let path = path_of(&image.service, &image.push.image.digest());
                    pinned.changes.push(change);
                    pinned.files.push(Text { path, text });
                }
            }
        }
        Ok(pinned)
    }

    fn fate(
        &self,
        context: &Context,
        checks: &Checks<'_>,
        image: &BuiltImage,
        origin: &Origin,
    ) -> Result<Fate, Error> {
        let environments = context.request.pinned_names();
        let file = context.checkout.pins_file(&image.service)?;
        let lock = file.read(&environments)?;
        let entry = |env: &str| Entry {
            service: image.service.clone(),
            env: env.to_owned(),
            key: image.key.clone(),
        };
        let own = &*self.env.name;
        let reference = image.reference();
        let change = |new: Pin| Change {
            entry: entry(own),
            file: file.clone(),
            old: lock.get(own, &image.key).cloned(),
            new: Some(new),
        };
        // Its own first: of an image that several have, what is known stays.
        let others = environments.iter().filter(|env| **env != own);
        for env in [own].into_iter().chain(others.copied()) {
            let Some(pin) = pin_of(&lock, env, image) else {
                continue;
            };
            if !holds(context, checks, &entry(env), pin)? {
                continue;
            }
            let moved = pin.moved_to(reference.repository());
            let is_own = lock.get(own, &image.key) == Some(&moved);
            return Ok(if is_own {
                Fate::Stays
            } else {
                Fate::Joins(change(moved))
            });
        }
        let mut pin = Pin::try_new(reference).expect("it has a digest");
        pin.commit = Some(origin.commit.clone());
        pin.toolchain = Some(origin.toolchain.clone());
        pin.time = Some(now());
        pin.who = self.who(context)?;
        Ok(Fate::New(change(pin)))
    }

    /// Who publishes.
    fn who(&self, context: &Context) -> Result<Option<Who>, Error> {
        if let Some(who) = &self.arguments.who {
            return Ok(Some(who.clone()));
        }
        let what = "find out who commits";
        let said = context.git().ask(what, &["var", "GIT_COMMITTER_IDENT"])?;
        // `CI <ci@example.com> 1764430000 +0000`
        let address = said.split(['<', '>']).nth(1).unwrap_or_default();
        Ok(address.parse().ok())
    }

    /// Commits changed pins, and pushes that; gives the commit.
    pub(super) fn commit(
        &self,
        context: &Context,
        workspace: &Workspace,
        pinned: &Pinned,
    ) -> Result<String, Error> {
        let delivery = Delivery {
            commit: true,
            branch: None,
            diff: false,
        };
        let base = delivery.base(context)?;
        let message = Message {
            subject: self.subject(&pinned.changes, &workspace.head),
            lines: lines(&pinned.changes),
        };
        let Pinned { changes, files } = pinned;
        delivery.bring(&base, changes, files, &message, context)?;
        let commit = workspace.git.head()?;
        self.push(workspace, &commit)?;
        Ok(commit)
    }

    fn subject(&self, changes: &[Change], head: &str) -> String {
        let (env, head) = (&self.env.name, short(head));
        let mut services: Vec<_> = changes.iter().map(|it| &it.entry.service).collect();
        services.dedup();
        match services.as_slice() {
            [only] => format!("{}: {env} runs commit {head}", only.name()),
            several => format!("{env} runs commit {head}, of {} services", several.len()),
        }
    }
}

/// The pin that an environment has of this very image.
fn pin_of<'a>(lock: &'a Lock, env: &str, image: &BuiltImage) -> Option<&'a Pin> {
    let pin = lock.get(env, &image.key);
    pin.filter(|pin| *pin.digest() == image.push.image.digest())
}

/// Whether a pin says of its image what is proven: a commit of the branch, in a file that is beside the
/// pin. Whose word that is, and whether it counts, is known to clusters.
fn holds(context: &Context, checks: &Checks<'_>, entry: &Entry, pin: &Pin) -> Result<bool, Error> {
    if pin.commit.is_none() || checks.commit(entry, pin)?.is_some() {
        return Ok(false);
    }
    let path = path_of(&entry.service, pin.digest());
    let Some(text) = context.checkout.text(&path)? else {
        return Ok(false);
    };
    let said = Envelope::parse(&text).ok();
    let said = said.and_then(|envelope| Provenance::parse(&envelope.payload).ok());
    Ok(said.is_some_and(|said| said.check(pin).is_ok()))
}

/// The time, to the second.
pub(super) fn now() -> Time {
    let now = jiff::Timestamp::now();
    let now = jiff::Timestamp::from_second(now.as_second()).unwrap_or(now);
    now.to_string().parse().expect("a time of day is one")
}
