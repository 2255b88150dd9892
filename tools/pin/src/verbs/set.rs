//! `set`: one pin, of an image that is in its registry.

use windlass_oci_reference::{ImageReference, Repository};
use windlass_pins::{Commit, Lock, Pin, Time, Toolchain, Who};

use super::{Context, Outcome};
use crate::attestations;
use crate::checkout::Package;
use crate::checks::{Asks, Checks, Entry, refuse};
use crate::cli::COMMAND;
use crate::deliver::{Delivery, Message, in_short, notes};
use crate::error::Error;
use crate::pins_file::Change;
use crate::request::{EnvironmentRequest, PinRequest};
use crate::typed::word;

/// What to pin.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The service: `//services/client`.
    #[arg(long, value_name = "LABEL")]
    pub service: Package,
    /// The environment that is to run it.
    #[arg(long, value_name = "NAME")]
    pub env: String,
    /// The image, by digest: `client=localhost:31000/demo/client@sha256:...`. Without a key, the
    /// last part of its repository is meant, or the only image that the service has pins of.
    #[arg(long, value_name = "[KEY=]REFERENCE")]
    pub image: String,
    /// The commit that it was built from. Without one, a new image has none noted.
    #[arg(long, value_name = "SHA")]
    pub commit: Option<Commit>,
    /// What compiled it: versions and flags.
    #[arg(long, value_name = "TEXT")]
    pub toolchain: Option<Toolchain>,
    /// When it was published, in UTC: `2026-11-29T15:23:33Z`.
    #[arg(long, value_name = "TIME")]
    pub time: Option<Time>,
    /// Who published it.
    #[arg(long, value_name = "TEXT")]
    pub who: Option<Who>,
    /// Where the image is, if that is not where the constants say.
    #[arg(long, value_name = "REPOSITORY")]
    pub repository: Option<String>,
    /// Ask no registry: whether it has the image is not looked at.
    #[arg(long)]
    pub digest_only: bool,
}

/// Runs the verb.
///
/// # Errors
/// See [`Error`]; the file is as it was.
pub async fn run(arguments: &Arguments, context: &Context) -> Result<Outcome, Error> {
    let environment = context.request.pinned(&arguments.env)?;
    let environments = context.request.pinned_names();
    let (key, pin) = parse(&arguments.image)?;
    let file = context.checkout.pins_file(&arguments.service)?;
    let lock = file.read(&environments)?;
    let key = key.map_or_else(|| meant(arguments, &pin, &lock), Ok)?;
    in_its_place(arguments, &context.request, environment, &key, &pin)?;
    let entry = Entry {
        service: arguments.service.clone(),
        env: arguments.env.clone(),
        key,
    };
    let old = lock.get(&entry.env, &entry.key).cloned();
    let new = with_origin(pin, arguments, old.as_ref());
    let checks = Checks::new(context, Asks::unless(arguments.digest_only))?;
    refuse(&entry, checks.place(&entry, &new)?)?;
    refuse(&entry, checks.look(&entry, &new).await?)?;
    refuse(&entry, checks.commit(&entry, &new)?)?;
    if old.as_ref() == Some(&new) {
        let said = in_short(Some(&new));
        return Ok(Outcome {
            notes: vec![format!("{entry}: {said}, as before; nothing was written")],
            ..Outcome::default()
        });
    }
    let message = Message {
        subject: format!("{}: {} runs {}", entry.key, entry.env, new.digest().short()),
        lines: Vec::new(),
    };
    let change = Change {
        entry,
        file,
        old,
        new: Some(new),
    };
    let changes = [change];
    let files = attestations::of(&changes, &checks, context).await?;
    let checkout = Delivery::checkout();
    let base = checkout.base(context)?;
    let brought = checkout.bring(&base, &changes, &files, &message, context)?;
    let Arguments { service, env, .. } = arguments;
    let target = format!("{service}:{env}-shallow.diff");
    let diffs = vec![format!("bazel run {}", word(&target))];
    Ok(Outcome {
        notes: notes(&changes, diffs, brought),
        ..Outcome::default()
    })
}

/// Parses `KEY=REFERENCE` or `REFERENCE`. Not by clap, which would repeat the credentials of a
/// pasted address.
fn parse(text: &str) -> Result<(Option<String>, Pin), Error> {
    let (key, reference) = match text.split_once('=') {
        Some((key, reference)) => (Some(key.to_owned()), reference),
        None => (None, text),
    };
    let reference: ImageReference = reference.parse().map_err(|source| Error::Reference {
        flag: "--image",
        source,
    })?;
    match Pin::try_new(reference.clone()) {
        Some(pin) => Ok((key, pin)),
        None => Err(Error::NoDigest {
            got: reference.to_string(),
        }),
    }
}

/// What an image is to the service, where nobody says it.
fn meant(arguments: &Arguments, pin: &Pin, lock: &Lock) -> Result<String, Error> {
    let repository = pin.image().repository();
    let last = repository.path().rsplit('/').next().unwrap_or_default();
    let keys = lock.images();
    match keys.as_slice() {
        [] => Ok(last.to_owned()),
        keys if keys.contains(&last) => Ok(last.to_owned()),
        [only] => Ok((*only).to_owned()),
        [first, ..] => Err(Error::WhichImage {
            got: repository.to_string(),
            command: command(arguments, first, pin, None),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        }),
    }
}

/// Refuses an image that is not where the constants or the user say.
fn in_its_place(
    arguments: &Arguments,
    request: &PinRequest,
    environment: &EnvironmentRequest,
    key: &str,
    pin: &Pin,
) -> Result<(), Error> {
    let own = request
        .repository(environment, key)
        .map_err(|source| Error::Key {
            key: key.to_owned(),
            source,
        })?;
    let said = arguments.repository.as_ref().map(|text| text.parse());
    let said: Option<Repository> = said.transpose().map_err(|source| Error::Reference {
        flag: "--repository",
        source,
    })?;
    let got = pin.image().repository();
    let want = said.unwrap_or(own);
    if *got == want {
        return Ok(());
    }
    // A protected environment runs nothing else.
    let may = !environment.protected;
    Err(Error::OtherRepository {
        key: key.to_owned(),
        command: may.then(|| command(arguments, key, pin, Some(got))),
        got: got.to_string(),
        want: want.to_string(),
    })
}

/// The pin with where it is from: as given, else as known of the same image.
fn with_origin(mut pin: Pin, arguments: &Arguments, old: Option<&Pin>) -> Pin {
    let known = old.filter(|old| old.digest() == pin.digest());
    let commit = known.and_then(|old| old.commit.clone());
    let toolchain = known.and_then(|old| old.toolchain.clone());
    let time = known.and_then(|old| old.time.clone());
    let who = known.and_then(|old| old.who.clone());
    pin.commit = arguments.commit.clone().or(commit);
    pin.toolchain = arguments.toolchain.clone().or(toolchain);
    pin.time = arguments.time.clone().or(time);
    pin.who = arguments.who.clone().or(who);
    pin
}

/// What to type for another key, or another repository.
fn command(arguments: &Arguments, key: &str, pin: &Pin, repository: Option<&Repository>) -> String {
    let Arguments { service, env, .. } = arguments;
    let image = pin.image();
    let mut words = vec![format!(
        "{COMMAND} set --service {} --env {env} --image {}",
        word(&service.to_string()),
        word(&format!("{key}={image}"))
    )];
    words.extend(repository.map(|repository| format!("--repository {repository}")));
    let Arguments {
        commit,
        toolchain,
        time,
        who,
        ..
    } = arguments;
    words.extend(commit.iter().map(|commit| format!("--commit {commit}")));
    words.extend(
        toolchain
            .iter()
            .map(|text| format!("--toolchain {}", word(text.as_str()))),
    );
    words.extend(time.iter().map(|time| format!("--time {time}")));
    words.extend(
        who.iter()
            .map(|text| format!("--who {}", word(text.as_str()))),
    );
    words.join(" ")
}
