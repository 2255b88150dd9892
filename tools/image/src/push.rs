//! `image push`: images to their repositories, as request files say; all of them in one go.

use crate::bars::Bars;
use crate::output::read_request;
use crate::size::in_words;
use crate::{Environment, Error};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use windlass_oci_reference::Tag;
use windlass_oci_registry::{
    Client, DockerConfig, Progress, Push, PushRequest, Pushed, Settings, Statement,
    to_canonical_json,
};
use windlass_report::say;

/// The version of what is said of a push.
const VERSION: u32 = 1;

/// Pushes images as requests say; prints their references by digest.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The requests, as JSON: one for each image
    #[arg(required = true, value_name = "REQUEST")]
    pub(crate) requests: Vec<PathBuf>,

    /// The directory that paths in the requests are relative to
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) root: PathBuf,

    #[command(flatten)]
    pub(crate) options: Options,
}

/// What is said of all images of a push.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// A tag to move to each image, besides those of its request
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<Tag>,

    /// Where the source of the images is. With --revision it is put beside each image, not into it
    #[arg(long, requires = "revision", value_name = "URL")]
    source: Option<String>,

    /// The commit that the images were built from
    #[arg(long, value_name = "COMMIT")]
    revision: Option<String>,

    /// How it is said what was done
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    output: OutputFormat,
}

/// What goes to stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum OutputFormat {
    /// The references of the images that are there, a line each.
    #[default]
    Text,
    /// One JSON document: what became of each image.
    Json,
}

/// What a push did, for programs.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    /// In the order of the requests.
    images: Vec<Outcome<'a>>,
}

/// What became of one image.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    label: &'a str,
    /// What to pull it by.
    reference: String,
    tags: &'a [Tag],
    /// Also where nothing could be put beside it then.
    #[serde(flatten)]
    pushed: Option<&'a Pushed>,
    /// The error as stderr shows it.
    error: Option<String>,
}

impl<'a> Outcome<'a> {
    fn new(push: &'a Push, done: &'a Done) -> Self {
        let error = done.error.as_ref();
        Self {
            label: &push.label,
            reference: push.target.repository.at(push.image.digest()).to_string(),
            tags: &push.tags,
            pushed: done.pushed.as_ref(),
            error: error.map(|error| windlass_report::render(error)),
        }
    }
}

/// How far one image has come.
struct Done {
    /// What it took, if it is there.
    pushed: Option<Pushed>,
    /// What failed, the push or what comes after it.
    error: Option<windlass_oci_registry::Error>,
}

impl Done {
    /// Pushes an image, and puts beside it where it comes from.
    async fn of(
        client: &Client,
        push: &Push,
        origin: Option<&Statement>,
        progress: &Arc<dyn Progress>,
    ) -> Self {
        let pushed = match client.push(push, progress).await {
            Ok(pushed) => Some(pushed),
            Err(error) => {
                let (pushed, error) = (None, Some(error));
                return Self { pushed, error };
            }
        };
        let error = match origin {
            Some(origin) => client.attach(push, origin).await.err(),
            None => None,
        };
        Self { pushed, error }
    }
}

pub(crate) async fn run(args: &Args, environment: &Environment) -> Result<(), Error> {
    let options = &args.options;
    let mut images = Vec::new();
    for request in &args.requests {
        let mut push = load(&environment.path(request), &environment.path(&args.root))?;
        for tag in &options.tags {
            push.add(tag.clone());
        }
        images.push(push);
    }
    let shows_bars = environment.is_terminal && options.output == OutputFormat::Text;
    let client = client(environment)?;
    let bars = Arc::new(Bars::new(shows_bars));
    let progress: Arc<dyn Progress> = bars.clone();
    let origin = options.origin();
    let pushes = images
        .iter()
        .map(|push| Done::of(&client, push, origin.as_ref(), &progress));
    // Whatever becomes of one, the others are pushed.
    let results = futures::future::join_all(pushes).await;
    bars.clear();
    for pushed in results.iter().filter_map(|done| done.pushed.as_ref()) {
        say(&summary(pushed));
    }
    let result = result(options.output, &images, &results);
    windlass_report::print(result.as_bytes()).map_err(|source| Error::Write {
        path: "stdout".into(),
        source,
    })?;
    let mut errors = results.into_iter().filter_map(|done| done.error);
    let Some(first) = errors.next() else {
        return Ok(());
    };
    for error in errors {
        say(&windlass_report::render(&error));
    }
    Err(first.into())
}

impl Options {
    /// What is said of where images come from.
    fn origin(&self) -> Option<Statement> {
        let revision = self.revision.as_ref()?;
        Some(Statement::origin(self.source.as_deref(), revision))
    }
}

/// What speaks to all registries of a run.
pub(crate) fn client(environment: &Environment) -> Result<Client, Error> {
    // Err only where a provider is installed, and then there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Client::new(Settings {
        credentials: DockerConfig::find(&environment.registries)?,
        ..Settings::default()
    }))
}

/// Reads a request, and the files that it names.
fn load(path: &Path, root: &Path) -> Result<Push, Error> {
    let request: PushRequest = read_request(path, PushRequest::VERSION)?;
    request.load(root).map_err(|source| Error::Image {
        label: request.label.clone(),
        source,
    })
}

/// What goes to stdout: the references of the images that are there, or all that is known.
fn result(format: OutputFormat, images: &[Push], results: &[Done]) -> String {
    let images = images.iter().zip(results);
    match format {
        OutputFormat::Text => images
            .filter_map(|(push, done)| {
                let reference = push.target.repository.at(done.pushed.as_ref()?.digest);
                Some(format!("{reference}\n"))
            })
            .collect(),
        OutputFormat::Json => {
            let document = to_canonical_json(&Document {
                version: VERSION,
                images: images
                    .map(|(push, done)| Outcome::new(push, done))
                    .collect(),
            });
            format!("{}\n", String::from_utf8_lossy(&document))
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
    let size = in_words(pushed.uploaded_bytes);
    format!(
        "image sha256:{name}: {} of {blobs} blobs sent, {size}",
        pushed.uploaded_blobs
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_oci_registry::{Image, ImageFiles, ORIGIN, Target, Transport};
    use windlass_oci_registry_fake::{Fault, Registry, What};

    /// An image without layers, and where it goes.
    fn push(folder: &Path, registry: &Registry, name: &str) -> Push {
        let args = |text: &str| {
            let text = format!(
                "image {}",
                text.replace("DIR", &folder.display().to_string())
            );
            text.split_whitespace().map(Into::into).collect::<Vec<_>>()
        };
        let parts = ["config", "manifest", "descriptor"];
        let outputs = parts.map(|part| format!(" --{part}-out DIR/{name}.{part}"));
        let made = crate::cli::run(
            args(&format!(
                "manifest --os linux --architecture amd64 --label=name={name}{}",
                outputs.concat()
            )),
            Environment::default(),
        );
        futures::executor::block_on(made).expect("makes");
        let [config, manifest, descriptor] =
            parts.map(|part| folder.join(format!("{name}.{part}")));
        let files = ImageFiles {
            manifest,
            descriptor,
            config: Some(config),
            ..ImageFiles::default()
        };
        let repository = format!("{}/demo/{name}", registry.name());
        Push {
            label: format!("//{name}:image"),
            target: Target {
                repository: repository.parse().expect("a repository"),
                transport: Transport::Safe,
            },
            image: Image::load(&files).expect("loads"),
            tags: vec!["v1".parse().expect("a tag")],
        }
    }

    #[tokio::test]
    async fn what_became_of_each_image_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let refused = Fault {
            request: "HEAD /v2/demo/b",
            times: 1,
            what: What::Status(403, "", ""),
        };
        let unsaid = Fault {
            request: "GET /v2/demo/c/referrers/",
            times: 1,
            what: What::Status(403, "", ""),
        };
        let registry = Registry::start(vec![refused, unsaid]).await;
        let images = ["a", "b", "c"].map(|name| push(folder.path(), &registry, name));
        let client = client(&Environment::default()).expect("a client");
        let silent: Arc<dyn Progress> = Arc::new(windlass_oci_registry::Silent);
        let options = Options {
            revision: Some("1f0c".to_owned()),
            ..Options::default()
        };
        let origin = options.origin();
        let pushes = images
            .iter()
            .map(|push| Done::of(&client, push, origin.as_ref(), &silent));
        let results = futures::future::join_all(pushes).await;
        let [a, b, c] = images.each_ref().map(|push| push.image.digest());
        let at = registry.name();
        assert_eq!(
            result(OutputFormat::Text, &images, &results),
            format!("{at}/demo/a@{a}\n{at}/demo/c@{c}\n")
        );
        let size = images[0].image.blobs()[0].size;
        let document: serde_json::Value =
            serde_json::from_str(&result(OutputFormat::Json, &images, &results)).expect("JSON");
        assert_eq!(
            document,
            serde_json::json!({"version": 1, "images": [
                {"label": "//a:image", "reference": format!("{at}/demo/a@{a}"), "tags": ["v1"],
                 "digest": a, "uploadedBlobs": 1, "existingBlobs": 0, "uploadedBytes": size,
                 "skippedBytes": 0, "manifests": 1, "error": null},
                {"label": "//b:image", "reference": format!("{at}/demo/b@{b}"), "tags": ["v1"],
                 "error": format!("error: cannot push image `//b:image` to `{at}/demo/b`\n\
                                   cause: HEAD /v2/demo/b/manifests/v1: 403 FORBIDDEN\n")},
                {"label": "//c:image", "reference": format!("{at}/demo/c@{c}"), "tags": ["v1"],
                 "digest": c, "uploadedBlobs": 1, "existingBlobs": 0, "uploadedBytes": size,
                 "skippedBytes": 0, "manifests": 1,
                 "error": format!("error: cannot put a statement beside image `//c:image` in \
                                   `{at}/demo/c`\n\
                                   cause: GET /v2/demo/c/referrers/{c}: 403 FORBIDDEN\n")},
            ]})
        );
    }

    #[tokio::test]
    async fn a_run_target_pushes_what_stands_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = Registry::start(vec![]).await;
        let push = push(folder.path(), &registry, "a");
        let request = serde_json::json!({
            "version": 1, "verb": "push", "label": push.label, "repository": push.target.repository,
            "insecure": false, "tags": ["v1", "v1"],
            "files": {"manifest": "a.manifest", "config": "a.config",
                      "descriptor": "a.descriptor", "layers": [], "layout": null,
                      "source": null, "manifests": []},
        });
        let launcher = folder.path().join("push");
        std::fs::write(folder.path().join("push.json"), request.to_string()).expect("writes");
        let environment = || Environment {
            runfiles: windlass_runfiles::Environment {
                runfiles_dir: Some(folder.path().to_owned()),
                ..windlass_runfiles::Environment::default()
            },
            ..Environment::default()
        };
        let run = |arguments: &[&str]| {
            let arguments = arguments.iter().map(Into::into);
            let args: Vec<std::ffi::OsString> = [launcher.clone().into()]
                .into_iter()
                .chain(arguments)
                .collect();
            crate::cli::run(args, environment())
        };
        run(&["--tag", "v1.2"]).await.expect("pushes");
        for tag in ["v1", "v1.2"] {
            let there = registry.manifest("demo/a", tag).expect(tag);
            assert_eq!(there, push.image.manifest());
        }
        registry.requests();
        run(&[]).await.expect("pushes");
        assert_eq!(registry.requests(), ["HEAD /v2/demo/a/manifests/v1"]);
        let twice = ["--tag", "v2", "--tag=v1", "--tag=v2"];
        run(&twice).await.expect("pushes");
        let requests = registry.requests();
        let of = |tag: &str| {
            let ends = format!("/manifests/{tag}");
            requests.iter().filter(|line| line.ends_with(&ends)).count()
        };
        // A look, and where the tag was not there, a manifest.
        assert_eq!((of("v1"), of("v2")), (1, 2), "{requests:?}");

        run(&["--revision", "1f0c", "--source", "https://git.example/a"])
            .await
            .expect("pushes");
        let client = client(&Environment::default()).expect("a client");
        let image = push.image.digest();
        let referrers = client.referrers(&push.target, &image, Some(ORIGIN));
        let referrers = referrers.await.expect("lists");
        let said = referrers[0].annotations().as_ref().expect("says something");
        assert_eq!(said["org.opencontainers.image.revision"], "1f0c");
        assert_eq!(
            said["org.opencontainers.image.source"],
            "https://git.example/a"
        );
    }
}
