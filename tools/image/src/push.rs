//! `image push`: images to their repositories, as request files say; all of them in one go.

use crate::output::read_json;
use crate::{Environment, Error};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use windlass_oci_reference::{Repository, Tag};
use windlass_oci_registry::{
    Client, DockerConfig, Event, Image, ImageFiles, Progress, Push, Pushed, Settings, Target,
    Transport, docker_config_path,
};
use windlass_report::say;

/// The only version of a request.
const VERSION: u32 = 1;

/// Pushes images as requests say; prints their references by digest.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The requests, as JSON: one for each image
    #[arg(required = true, value_name = "REQUEST")]
    requests: Vec<PathBuf>,

    /// The directory that paths in the requests are relative to
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
}

/// One image and where it goes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageRequest {
    /// 1.
    version: u32,
    /// The image's label, for messages.
    label: String,
    /// Where it goes: `localhost:31000/demo/client`.
    repository: Repository,
    /// Plain http although the registry is not this machine.
    #[serde(default)]
    insecure: bool,
    /// Tags to move to it as well.
    #[serde(default)]
    tags: Vec<Tag>,
    /// Where its files are.
    files: ImageFiles,
}

pub(crate) async fn run(args: &Args, environment: Environment) -> Result<(), Error> {
    let load = |path: &PathBuf| load(path, &args.root);
    let images: Vec<Push> = args.requests.iter().map(load).collect::<Result<_, _>>()?;

    let client = client(environment)?;
    let progress: Arc<dyn Progress> = Arc::new(Lines);
    let pushes = images.iter().map(|push| client.push(push, &progress));
    // Whatever becomes of one, the others are pushed.
    let results = futures::future::join_all(pushes).await;
    let mut first = None;
    for (push, result) in images.iter().zip(results) {
        match result {
            Ok(done) => tell(push, &done)?,
            Err(error) if first.is_none() => first = Some(error),
            Err(error) => say(&windlass_report::render(&error)),
        }
    }
    first.map_or(Ok(()), |error| Err(error.into()))
}

/// What speaks to all registries of a run.
pub(crate) fn client(environment: Environment) -> Result<Client, Error> {
    // Err only where a provider is installed, and then there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Client::new(Settings {
        credentials: credentials(environment)?,
        ..Settings::default()
    }))
}

/// Reads a request, and the files that it names.
fn load(path: &Path, root: &Path) -> Result<Push, Error> {
    let request: ImageRequest = read_json(path)?;
    if request.version != VERSION {
        let got = request.version.to_string();
        return Err(Error::Value {
            what: "version of the request",
            got,
            want: "1",
        });
    }
    let image = Image::load(&request.files.below(root)).map_err(|source| Error::Image {
        label: request.label.clone(),
        source,
    })?;
    let target = Target {
        repository: request.repository,
        transport: Transport::from_insecure(request.insecure),
    };
    Ok(Push {
        label: request.label,
        target,
        image,
        tags: request.tags,
    })
}

fn tell(push: &Push, pushed: &Pushed) -> Result<(), Error> {
    say(&summary(pushed));
    let reference = push.target.repository.at(pushed.digest);
    windlass_report::print(format!("{reference}\n").as_bytes()).map_err(|source| Error::Write {
        path: "stdout".into(),
        source,
    })
}

/// Docker's configuration where there is one.
fn credentials(environment: Environment) -> Result<DockerConfig, Error> {
    let Some(path) = docker_config_path(environment.docker_config, environment.home) else {
        return Ok(DockerConfig::default());
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => DockerConfig::parse(&text).map_err(|source| Error::Parse { path, source }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(DockerConfig::default()),
        Err(source) => Err(Error::Read { path, source }),
    }
}

/// What is worth a line while it happens.
struct Lines;

impl Progress for Lines {
    fn event(&self, event: Event) {
        if let Event::Retry { cause, wait } = event {
            say(&format!("again in {:.1} s: {cause}", wait.as_secs_f32()));
        }
    }
}

/// `image sha256:1f0c: 1 of 3 blobs sent, 4.1 MB`.
fn summary(pushed: &Pushed) -> String {
    let name = pushed.digest.short();
    if pushed.is_noop() {
        return format!("image sha256:{name}: already there, nothing sent");
    }
    let blobs = pushed.uploaded_blobs + pushed.existing_blobs;
    let megabytes = megabytes(pushed.uploaded_bytes);
    format!(
        "image sha256:{name}: {} of {blobs} blobs sent, {megabytes} MB",
        pushed.uploaded_blobs
    )
}

/// Millions of bytes with one digit behind the point.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes.saturating_add(50_000) / 100_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}
