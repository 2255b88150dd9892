//! The push pipeline.

use crate::credentials::DockerConfig;
use crate::identity::Need;
use crate::session::Session;
use crate::upload::{Sent, Upload};
use crate::{Blob, Cause, Error, Event, Image, Place, Progress, Retry, Target};
use futures::FutureExt as _;
use futures::future::{BoxFuture, try_join_all};
use oci_spec::image::MediaType;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use windlass_oci_reference::{Digest, Tag};

/// What one registry is asked for when a manifest is looked for.
pub(crate) const MANIFEST_TYPES: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";

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
    /// From how many bytes on a blob is sent so that its upload goes on after a cut: one request
    /// more.
    pub resumable: u64,
    /// Who we are.
    pub credentials: DockerConfig,
    /// How long a program may take to say who we are; it may ask a person.
    pub helper_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 4,
            retry: Retry::default(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_mins(2),
            resumable: 8 << 20,
            credentials: DockerConfig::default(),
            helper_timeout: Duration::from_secs(30),
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
    /// Tags to move to it as well.
    pub tags: Vec<Tag>,
}

impl Push {
    /// Adds a tag, if it is not there yet: each is looked for and moved once.
    pub fn add(&mut self, tag: Tag) {
        if !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
    }
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
    /// Manifests that were written: one for each tag that was not on the image; without tags, the
    /// image's own if it was not there. Those of an index count, too.
    pub manifests: usize,
}

impl Pushed {
    /// Of an image of which nothing is done yet.
    pub fn empty(digest: Digest) -> Self {
        Self {
            digest,
            uploaded_blobs: 0,
            existing_blobs: 0,
            uploaded_bytes: 0,
            skipped_bytes: 0,
            manifests: 0,
        }
    }

    /// Of an image that is there.
    fn nothing(image: &Image) -> Self {
        let mut pushed = Self::empty(image.digest());
        for blob in image.all_blobs() {
            pushed.count(blob.size, Sent::Before);
        }
        pushed
    }

    /// Counts a blob of so many bytes.
    pub fn count(&mut self, size: u64, sent: Sent) {
        match sent {
            Sent::Now => {
                self.uploaded_blobs += 1;
                self.uploaded_bytes += size;
            }
            Sent::Before => {
                self.existing_blobs += 1;
                self.skipped_bytes += size;
            }
        }
    }

    /// Counts what was done for a part of it.
    fn add(&mut self, part: &Self) {
        self.uploaded_blobs += part.uploaded_blobs;
        self.existing_blobs += part.existing_blobs;
        self.uploaded_bytes += part.uploaded_bytes;
        self.skipped_bytes += part.skipped_bytes;
        self.manifests += part.manifests;
    }

    /// Whether the registry was as it is now before the push.
    pub fn is_noop(&self) -> bool {
        self.uploaded_blobs == 0 && self.manifests == 0
    }
}

/// A connection pool for all registries of one run. Clones share it.
#[derive(Clone)]
pub struct Client {
    pub(crate) session: Arc<Session>,
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
            .persist(&Quiet::progress(), || async {
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
        let (need, name) = (Need::pull(target), digest.to_string());
        let found = self.manifest_digest(&need, &name, &Quiet::progress()).await;
        let failed = |cause| Error::of_look_up(target.repository.at(*digest), cause);
        Ok(found.map_err(failed)?.is_some())
    }

    /// Whether a tag is on an image.
    pub async fn is_tagged(
        &self,
        target: &Target,
        tag: &Tag,
        digest: &Digest,
    ) -> Result<bool, Error> {
        let (need, quiet) = (Need::pull(target), Quiet::progress());
        let found = self.manifest_digest(&need, tag.as_str(), &quiet).await;
        let failed = |cause| Error::of_look_up(target.repository.at(*digest), cause);
        Ok(found.map_err(failed)? == Some(digest.to_string()))
    }

    /// Whether a push has nothing to do: its tags are on the image, or, without tags, it is there.
    pub async fn is_pushed(&self, push: &Push) -> Result<bool, Error> {
        let digest = push.image.digest();
        if push.tags.is_empty() {
            return self.head(&push.target, &digest).await;
        }
        let right = self.right_tags(push, &Quiet::progress()).await;
        let failed = |cause| Error::of_look_up(push.target.repository.at(digest), cause);
        Ok(!right.map_err(failed)?.contains(&false))
    }

    /// Makes the image be in its registry, and says what that took.
    pub async fn push(&self, push: &Push, progress: &Arc<dyn Progress>) -> Result<Pushed, Error> {
        self.push_inner(push, progress)
            .await
            .map_err(|cause| Error::of_push(push, cause))
    }

    async fn push_inner(&self, push: &Push, progress: &Arc<dyn Progress>) -> Result<Pushed, Cause> {
        let Push {
            target,
            image,
            tags,
            ..
        } = push;
        let right = self.right_tags(push, progress).await?;
        // A tag that is right already answers for the digest too.
        let is_there = right.contains(&true) || self.has(target, image, progress).await?;
        let mut pushed = if is_there {
            Pushed::nothing(image)
        } else if tags.is_empty() {
            self.send(target, image, progress).await?
        } else {
            // A tag brings the manifest as well.
            self.send_parts(target, image, progress).await?
        };
        for (tag, is_right) in tags.iter().zip(right) {
            if !is_right {
                self.put_image(target, image, tag.as_str(), progress)
                    .await?;
                pushed.manifests += 1;
            }
        }
        let digest = image.digest();
        progress.event(if pushed.is_noop() {
            Event::ImageExists { digest }
        } else {
            Event::ManifestDone { digest }
        });
        Ok(pushed)
    }

    /// Which of the tags of a push are on its image already.
    async fn right_tags(
        &self,
        push: &Push,
        progress: &Arc<dyn Progress>,
    ) -> Result<Vec<bool>, Cause> {
        let digest = push.image.digest().to_string();
        let need = Need::from(&push.target);
        let looks = push.tags.iter().map(|tag| async {
            let there = self.manifest_digest(&need, tag.as_str(), progress).await?;
            Ok::<_, Cause>(there.as_deref() == Some(digest.as_str()))
        });
        try_join_all(looks).await
    }

    /// Whether the repository has an image by its digest.
    async fn has(
        &self,
        target: &Target,
        image: &Image,
        progress: &Arc<dyn Progress>,
    ) -> Result<bool, Cause> {
        let (need, digest) = (Need::from(target), image.digest().to_string());
        let there = self.manifest_digest(&need, &digest, progress).await?;
        Ok(there.is_some())
    }

    /// Sends an image that is not there: all that its manifest names, and then that, by its digest.
    async fn send(
        &self,
        target: &Target,
        image: &Image,
        progress: &Arc<dyn Progress>,
    ) -> Result<Pushed, Cause> {
        let mut pushed = self.send_parts(target, image, progress).await?;
        let digest = image.digest().to_string();
        self.put_image(target, image, &digest, progress).await?;
        pushed.manifests += 1;
        Ok(pushed)
    }

    /// Sends what the manifest of an image names: blobs, and of an index its images.
    fn send_parts<'a>(
        &'a self,
        target: &'a Target,
        image: &'a Image,
        progress: &'a Arc<dyn Progress>,
    ) -> BoxFuture<'a, Result<Pushed, Cause>> {
        let sent = async move {
            let mut pushed = Pushed::empty(image.digest());
            let images = image.manifests().iter().map(|image| async move {
                if self.has(target, image, progress).await? {
                    return Ok(Pushed::nothing(image));
                }
                self.send(target, image, progress).await
            });
            for part in try_join_all(images).await? {
                pushed.add(&part);
            }
            let blobs = image.blobs().iter();
            let sent = blobs.map(|blob| self.ensure_blob(target, blob, progress));
            for (blob, sent) in image.blobs().iter().zip(try_join_all(sent).await?) {
                pushed.count(blob.size, sent);
            }
            Ok(pushed)
        };
        sent.boxed()
    }

    /// The digest that the registry knows a manifest by, `None` if it has none of this name. One that
    /// does not say it (it SHOULD: distribution specification, "Checking if content exists in the
    /// registry") is asked for the manifest itself.
    pub(crate) async fn manifest_digest(
        &self,
        need: &Need,
        name: &str,
        progress: &Arc<dyn Progress>,
    ) -> Result<Option<String>, Cause> {
        let path = format!("/v2/{}/manifests/{name}", need.target().repository.path());
        let look = || async {
            let call = self
                .session
                .call(need.clone(), Method::HEAD, &path)?
                .header(ACCEPT, MANIFEST_TYPES);
            let answer = call.send().await?;
            match answer.status() {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND => return Ok(None),
                _ => return Err(answer.unexpected().await),
            }
            if let Some(said) = answer.header("docker-content-digest") {
                return Ok(Some(said));
            }
            if name.parse::<Digest>().is_ok() {
                return Ok(Some(name.to_owned()));
            }
            let call = self.session.call(need.clone(), Method::GET, &path)?;
            let answer = call.header(ACCEPT, MANIFEST_TYPES).send().await?;
            match answer.status() {
                StatusCode::OK => {
                    let manifest = answer.bytes(crate::pull::MOST).await?;
                    Ok(Some(Digest::of(&manifest).to_string()))
                }
                StatusCode::NOT_FOUND => Ok(None),
                _ => Err(answer.unexpected().await),
            }
        };
        self.session.persist(progress, look).await
    }

    /// Makes the repository have a blob. Each blob is sent to a registry once: who needs it in another
    /// repository waits until it is there, and has it taken over.
    pub(crate) async fn ensure_blob(
        &self,
        target: &Target,
        blob: &Blob,
        progress: &Arc<dyn Progress>,
    ) -> Result<Sent, Cause> {
        let repository = &target.repository;
        let places = self.session.places(repository.registry(), &blob.digest);
        let mut places = places.lock().await;
        if places.contains(repository) {
            return Ok(Sent::Before);
        }
        let upload = Upload {
            session: &self.session,
            target,
            blob,
            progress,
        };
        // One that is still where its base image is may be in this registry too.
        let source = match &blob.place {
            Place::Registry(source) => Some(&source.repository),
            Place::File(_) | Place::Memory(_) => None,
        };
        let source = source
            .filter(|source| source.registry() == repository.registry() && *source != repository);
        let sent = upload.ensure(places.first().or(source)).await?;
        places.push(repository.clone());
        Ok(sent)
    }

    /// Puts an image's manifest or index by a digest or a tag.
    async fn put_image(
        &self,
        target: &Target,
        image: &Image,
        name: &str,
        progress: &Arc<dyn Progress>,
    ) -> Result<(), Cause> {
        let (media_type, bytes) = (image.media_type(), image.manifest());
        self.put_manifest(target, media_type, bytes, name, progress)
            .await?;
        Ok(())
    }

    /// Puts a manifest; says whether the registry lists it as what is said of another one.
    pub(crate) async fn put_manifest(
        &self,
        target: &Target,
        media_type: &MediaType,
        bytes: &[u8],
        name: &str,
        progress: &Arc<dyn Progress>,
    ) -> Result<bool, Cause> {
        let path = format!("/v2/{}/manifests/{name}", target.repository.path());
        let put = || async {
            let call = self.session.call(target, Method::PUT, &path)?;
            let call = call.header(CONTENT_TYPE, media_type.as_ref());
            let answer = call.body(bytes.to_vec().into()).send().await?;
            match answer.status() {
                StatusCode::CREATED => Ok(answer.header("oci-subject").is_some()),
                _ => Err(answer.unexpected().await),
            }
        };
        self.session.persist(progress, put).await
    }
}

/// For requests that are no push.
pub(crate) struct Quiet;

impl Quiet {
    pub(crate) fn progress() -> Arc<dyn Progress> {
        Arc::new(crate::Silent)
    }
}
