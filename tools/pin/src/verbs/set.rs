//! `set`: one pin, of an image that is in its registry.

use std::path::{Path, PathBuf};

use windlass_oci_reference::{ImageReference, Repository, Tag};
use windlass_oci_registry::{Client, DockerConfig, Settings, Target, Transport};
use windlass_pins::{Commit, Lock, Pin, Toolchain};

use super::{Context, Outcome};
use crate::checkout::Package;
use crate::cli::COMMAND;
use crate::environment::Environment;
use crate::error::Error;
use crate::request::{EnvironmentRequest, PinRequest};

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
    /// Where the image is, if that is not where the constants say.
    #[arg(long, value_name = "REPOSITORY")]
    pub repository: Option<String>,
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
    let target = target(arguments, &context.request, environment, &key, &pin)?;
    look(arguments, context, &pin, &target).await?;
    let (old, new) = file.change(&environments, |lock| {
        let old = lock.get(&arguments.env, &key).cloned();
        let new = with_origin(pin, arguments, old.as_ref());
        lock.set(&arguments.env, &key, new.clone());
        (old, new)
    })?;
    let path = from(&context.environment, file.shown());
    Ok(Outcome {
        notes: notes(arguments, &key, old.as_ref(), &new, &path),
        ..Outcome::default()
    })
}

/// What was done, and what to type next.
fn notes(
    arguments: &Arguments,
    key: &str,
    old: Option<&Pin>,
    new: &Pin,
    path: &Path,
) -> Vec<String> {
    let Arguments { service, env, .. } = arguments;
    let said = in_short(new);
    let before = match old {
        Some(old) if old == new => {
            return vec![format!(
                "{service} {env} {key}: {said}, as before; nothing was written"
            )];
        }
        Some(old) => in_short(old),
        None => "unpinned".to_owned(),
    };
    let (digest, path) = (new.digest().short(), path.display());
    vec![
        format!("{service} {env} {key}: {before} -> {said}"),
        format!("next: bazel run {service}:{env}-shallow.diff"),
        format!("      git commit -m \"{key}: {env} runs {digest}\" {path}"),
    ]
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

/// Where the image is, which must be where the constants or the user say.
fn target(
    arguments: &Arguments,
    request: &PinRequest,
    environment: &EnvironmentRequest,
    key: &str,
    pin: &Pin,
) -> Result<Target, Error> {
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
    let got = pin.image().repository().clone();
    let want = said.unwrap_or(own);
    if got != want {
        return Err(Error::OtherRepository {
            key: key.to_owned(),
            command: command(arguments, key, pin, Some(&got)),
            got: got.to_string(),
            want: want.to_string(),
        });
    }
    // What the constants say of their registry says nothing of another.
    let insecure = request.insecure && *got.registry() == environment.registry;
    Ok(Target {
        repository: got,
        transport: Transport::from_insecure(insecure),
    })
}

/// Asks the registry for the image. A local one removes what tags have moved off (ADR 16): there it
/// must have the tag that never moves.
async fn look(
    arguments: &Arguments,
    context: &Context,
    pin: &Pin,
    target: &Target,
) -> Result<(), Error> {
    let client = Client::new(Settings {
        credentials: DockerConfig::find(&context.environment.registries)?,
        ..Settings::default()
    });
    let failed = |error| Error::Registry(Box::new(error));
    let digest = pin.digest();
    let kept = target.is_plain_http().then(|| Tag::kept(digest));
    if let Some(tag) = &kept
        && client
            .is_tagged(target, tag, digest)
            .await
            .map_err(failed)?
    {
        return Ok(());
    }
    let is_there = client.head(target, digest).await.map_err(failed)?;
    let repository = pin.image().repository();
    let registry = repository.registry().to_string();
    let image = format!("{}@{digest}", repository.path());
    let built = context.request.built_name();
    let command = built.map(|env| format!("bazel run {}:{env}-shallow.push", arguments.service));
    match kept {
        None if is_there => Ok(()),
        Some(tag) if is_there => Err(Error::NotKept {
            registry,
            image,
            tag: tag.to_string(),
            command,
        }),
        _ => Err(Error::NotPushed {
            registry,
            image,
            command,
        }),
    }
}

/// The pin with where it is from: as given, else as known of the same image.
fn with_origin(mut pin: Pin, arguments: &Arguments, old: Option<&Pin>) -> Pin {
    let known = old.filter(|old| old.digest() == pin.digest());
    let commit = known.and_then(|old| old.commit.clone());
    let toolchain = known.and_then(|old| old.toolchain.clone());
    pin.commit = arguments.commit.clone().or(commit);
    pin.toolchain = arguments.toolchain.clone().or(toolchain);
    pin
}

/// `localhost:31000/demo/client@sha256:1f0c2a3b4c5d (commit 3f9c21a03f9c)`.
fn in_short(pin: &Pin) -> String {
    let digest = pin.digest().short();
    let image = format!("{}@sha256:{digest}", pin.image().repository());
    match &pin.commit {
        Some(commit) => format!("{image} (commit {})", commit.short()),
        None => image,
    }
}

/// What to type for another key, or another repository.
fn command(arguments: &Arguments, key: &str, pin: &Pin, repository: Option<&Repository>) -> String {
    let Arguments { service, env, .. } = arguments;
    let image = pin.image();
    let mut words = vec![format!(
        "{COMMAND} set --service {service} --env {env} --image {key}={image}"
    )];
    words.extend(repository.map(|repository| format!("--repository {repository}")));
    let (commit, toolchain) = (&arguments.commit, &arguments.toolchain);
    words.extend(commit.iter().map(|commit| format!("--commit {commit}")));
    words.extend(toolchain.iter().map(|text| format!("--toolchain '{text}'")));
    words.join(" ")
}

/// A path of the checkout as it is typed where the user stands.
fn from(environment: &Environment, path: &Path) -> PathBuf {
    let stands = environment.workspace.as_ref().and_then(|root| {
        let folder = environment.working_directory.as_ref()?;
        folder.strip_prefix(root).ok()
    });
    let up = stands.map_or(0, |folder| folder.components().count());
    std::iter::repeat_n("..", up)
        .collect::<PathBuf>()
        .join(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Images;

    #[test]
    fn plain_http_only_for_the_registry_of_the_constants() {
        let environment = EnvironmentRequest {
            name: "prod".to_owned(),
            images: Images::Pinned,
            registry: "registry.example:5000".parse().expect("a registry"),
        };
        let request = PinRequest {
            version: 1,
            project: "demo".to_owned(),
            insecure: true,
            environments: vec![environment.clone()],
        };
        for (repository, transport) in [
            ("registry.example:5000/demo/client", Transport::PlainHttp),
            ("ghcr.io/acme/client", Transport::Safe),
        ] {
            let arguments = Arguments {
                service: "//services/client".parse().expect("a label"),
                env: "prod".to_owned(),
                image: String::new(),
                commit: None,
                toolchain: None,
                repository: Some(repository.to_owned()),
            };
            let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
            let image = format!("{repository}@sha256:{digest}").parse();
            let pin = Pin::try_new(image.expect("an image")).expect("a digest");
            let target = target(&arguments, &request, &environment, "client", &pin);
            assert_eq!(target.expect("it is said").transport, transport);
        }
    }
}
