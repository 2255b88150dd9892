//! The push pipeline.

use crate::credentials::DockerConfig;
use crate::session::{Failure, Session};
use crate::{Blob, Cause, Error, Event, Image, Progress, Retry, Target};
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Body, Method, StatusCode};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use windlass_oci_reference::{Digest, Tag};

/// What one registry is asked for when a manifest is looked for.
const MANIFEST_TYPES: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";

/// How much of a file is read and sent at a time.
const CHUNK: usize = 256 * 1024;

/// How a [`Client`] behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Requests at one time, over all images.
    pub connections: usize,
    /// What is repeated, and when.
    pub retry: Retry,
    /// How long a registry may take to accept a connection.
    pub connect_timeout: Duration,
    /// How long a connection may be silent in the middle of an answer.
    pub read_timeout: Duration,
    /// Who we are.
    pub credentials: DockerConfig,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 4,
            retry: Retry::default(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_mins(2),
            credentials: DockerConfig::default(),
        }
    }
}

/// One image on its way.
#[derive(Clone, Debug)]
pub struct Push {
    /// The label that errors name it by.
    pub label: String,
    /// Where it goes.
    pub target: Target,
    /// What goes there.
    pub image: Image,
    /// A tag to move to it as well.
    pub tag: Option<Tag>,
}

/// What a push did. Sizes are in bytes; the manifest counts as neither blob nor byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pushed {
    /// The image.
    pub digest: Digest,
    /// Blobs that were sent.
    pub uploaded_blobs: usize,
    /// Blobs that were there.
    pub existing_blobs: usize,
    /// Bytes that were sent.
    pub uploaded_bytes: u64,
    /// Bytes that did not have to be.
    pub skipped_bytes: u64,
    /// Manifests that were written: 0, or 1, or 2 with a tag.
    pub manifests: usize,
}

impl Pushed {
    /// Whether the registry was as it is now before the push.
    pub fn is_noop(&self) -> bool {
        self.uploaded_blobs == 0 && self.manifests == 0
    }
}

/// A connection pool for all registries of one run. Clones share it.
#[derive(Clone)]
pub struct Client {
    session: Arc<Session>,
}

/// Whether a blob had to be sent.
enum Sent {
    Now(u64),
    Before(u64),
}

impl Client {
    /// A client that has not connected to anything yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            session: Arc::new(Session::new(settings)),
        }
    }

    /// Whether there is a registry at all, and one that speaks the distribution API. One that
    /// wants credentials counts.
    pub async fn ping(&self, target: &Target) -> Result<(), Error> {
        let found = self
            .session
            .persist(target, &Quiet::progress(), || async {
                let call = self.session.call(target, Method::GET, "/v2/")?;
                let answer = call.send_unauthorized().await?;
                match answer.status() {
                    StatusCode::OK | StatusCode::UNAUTHORIZED => Ok(()),
                    _ => Err(answer.unexpected().await),
                }
            })
            .await;
        let registry = target.repository.registry();
        found.map_err(|cause| Error::Reach {
            registry: registry.clone(),
            cause: Box::new(cause),
        })
    }

    /// Whether the registry has the manifest, and with it the whole image.
    pub async fn head(&self, target: &Target, digest: &Digest) -> Result<bool, Error> {
        let found = self
            .manifest_digest(target, &digest.to_string(), &Quiet::progress())
            .await;
        let image = || Box::new(target.repository.at(*digest));
        Ok(found
            .map_err(|cause| Error::LookUp {
                image: image(),
                cause: Box::new(cause),
            })?
            .is_some())
    }

    /// Makes the image be in its registry, and says what that took.
    pub async fn push(&self, push: &Push, progress: &Arc<dyn Progress>) -> Result<Pushed, Error> {
        self.push_inner(push, progress)
            .await
            .map_err(|cause| Error::Push {
                label: push.label.clone(),
                repository: push.target.repository.clone(),
                cause: Box::new(cause),
            })
    }

    async fn push_inner(&self, push: &Push, progress: &Arc<dyn Progress>) -> Result<Pushed, Cause> {
        let Push {
            target, image, tag, ..
        } = push;
        let digest = image.digest();
        let mut pushed = Pushed {
            digest,
            uploaded_blobs: 0,
            existing_blobs: image.blobs().len(),
            uploaded_bytes: 0,
            skipped_bytes: image.blobs().iter().map(|blob| blob.size).sum(),
            manifests: 0,
        };
        let by_digest = digest.to_string();
        let name = tag.as_ref().map_or(by_digest.as_str(), Tag::as_str);
        // A tag that is right already answers for the digest too.
        let mut there = self.manifest_digest(target, name, progress).await?;
        if there.as_deref() == Some(by_digest.as_str()) || (tag.is_none() && there.is_some()) {
            progress.event(Event::ImageExists { digest });
            return Ok(pushed);
        }
        if tag.is_some() {
            there = self.manifest_digest(target, &by_digest, progress).await?;
        }
        if there.is_none() {
            let blobs = image
                .blobs()
                .iter()
                .map(|blob| self.ensure_blob(target, blob, progress));
            pushed.existing_blobs = 0;
            pushed.skipped_bytes = 0;
            for sent in futures::future::try_join_all(blobs).await? {
                match sent {
                    Sent::Now(size) => {
                        pushed.uploaded_blobs += 1;
                        pushed.uploaded_bytes += size;
                    }
                    Sent::Before(size) => {
                        pushed.existing_blobs += 1;
                        pushed.skipped_bytes += size;
                    }
                }
            }
            self.put_manifest(target, image, &by_digest, progress)
                .await?;
            pushed.manifests += 1;
        }
        if let Some(tag) = tag {
            self.put_manifest(target, image, tag.as_str(), progress)
                .await?;
            pushed.manifests += 1;
        }
        progress.event(Event::ManifestDone { digest });
        Ok(pushed)
    }

    /// The digest that the registry knows a manifest by, `None` if it has none of this name.
    async fn manifest_digest(
        &self,
        target: &Target,
        name: &str,
        progress: &Arc<dyn Progress>,
    ) -> Result<Option<String>, Cause> {
        let path = format!("/v2/{}/manifests/{name}", target.repository.path());
        let look = || async {
            let call = self
                .session
                .call(target, Method::HEAD, &path)?
                .header(ACCEPT, MANIFEST_TYPES);
            let answer = call.send().await?;
            match answer.status() {
                StatusCode::OK => {
                    let said = answer.header("docker-content-digest");
                    Ok(Some(said.unwrap_or_default()))
                }
                StatusCode::NOT_FOUND => Ok(None),
                _ => Err(answer.unexpected().await),
            }
        };
        self.session.persist(target, progress, look).await
    }

    /// HEAD, and if need be POST and PUT. Repeated from the HEAD on: after a lost connection the
    /// blob may be there.
    async fn ensure_blob(
        &self,
        target: &Target,
        blob: &Blob,
        progress: &Arc<dyn Progress>,
    ) -> Result<Sent, Cause> {
        let name = target.repository.path();
        let head = format!("/v2/{name}/blobs/{}", blob.digest);
        let post = format!("/v2/{name}/blobs/uploads/");
        let (digest, size) = (blob.digest, blob.size);
        let ensure = || async {
            let answer = self
                .session
                .call(target, Method::HEAD, &head)?
                .send()
                .await?;
            match answer.status() {
                StatusCode::OK => {
                    progress.event(Event::BlobExists { digest, size });
                    return Ok(Sent::Before(size));
                }
                StatusCode::NOT_FOUND => {}
                _ => return Err(answer.unexpected().await),
            }
            let body = open(blob, Arc::clone(progress)).await?;
            let call = self.session.call(target, Method::POST, &post)?;
            let answer = call.header(CONTENT_LENGTH, "0").send().await?;
            if answer.status() != StatusCode::ACCEPTED {
                return Err(answer.unexpected().await);
            }
            let Some(location) = answer.header(LOCATION.as_str()) else {
                return Err(answer.wrong("no Location", "a Location to upload to"));
            };
            progress.event(Event::BlobStarted { digest, size });
            let call = self.session.call_at(target, &answer, &location, &digest)?;
            let answer = call
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(CONTENT_LENGTH, &size.to_string())
                .body(body)
                .send()
                .await?;
            if answer.status() != StatusCode::CREATED {
                return Err(answer.unexpected().await);
            }
            progress.event(Event::BlobDone { digest, size });
            Ok(Sent::Now(size))
        };
        self.session.persist(target, progress, ensure).await
    }

    async fn put_manifest(
        &self,
        target: &Target,
        image: &Image,
        name: &str,
        progress: &Arc<dyn Progress>,
    ) -> Result<(), Cause> {
        let path = format!("/v2/{}/manifests/{name}", target.repository.path());
        let put = || async {
            let call = self.session.call(target, Method::PUT, &path)?;
            let call = call.header(CONTENT_TYPE, image.media_type());
            let answer = call.body(image.manifest().to_vec().into()).send().await?;
            match answer.status() {
                StatusCode::CREATED => Ok(()),
                _ => Err(answer.unexpected().await),
            }
        };
        self.session.persist(target, progress, put).await
    }
}

/// For requests that are no push.
struct Quiet;

impl Quiet {
    fn progress() -> Arc<dyn Progress> {
        Arc::new(crate::Silent)
    }
}

/// The blob as a body that reads while it is sent. What is on disk must be as long as the build
/// said; the registry checks the rest.
async fn open(blob: &Blob, progress: Arc<dyn Progress>) -> Result<Body, Failure> {
    let unreadable = |source| Cause::File {
        path: blob.path.clone(),
        source,
    };
    let file = tokio::fs::File::open(&blob.path)
        .await
        .map_err(unreadable)?;
    let got = file.metadata().await.map_err(unreadable)?.len();
    if got != blob.size {
        let path = blob.path.clone();
        return Err(Cause::FileSize {
            path,
            got,
            want: blob.size,
        }
        .into());
    }
    let digest = blob.digest;
    let chunks = futures::stream::try_unfold(file, move |mut file| {
        let progress = Arc::clone(&progress);
        async move {
            let mut chunk = Vec::with_capacity(CHUNK);
            (&mut file)
                .take(CHUNK as u64)
                .read_to_end(&mut chunk)
                .await?;
            if chunk.is_empty() {
                return Ok::<_, std::io::Error>(None);
            }
            progress.event(Event::BlobSent {
                digest,
                bytes: chunk.len() as u64,
            });
            Ok(Some((chunk, file)))
        }
    });
    Ok(Body::wrap_stream(chunks))
}
