//! Images: what one is made of, and that it is there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures::future::try_join_all;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tonic::Code;
use windlass_oci_reference::{Digest, ImageReference};
use windlass_oci_registry::{Client as Registry, Image, Push, Pushed, Retry, Sent};

use crate::connection::{Connection, Failure, Lease, Outlook};
use crate::content::{Part, Source, Writer};
use crate::wire::{
    CREATE_IMAGE, CREATE_LEASE, DELETE_LEASE, Descriptor, Empty, GET_IMAGE, GetImageRequest, INFO,
    Image as Named, InfoRequest, LeaseRequest, OneImage, UPDATE_IMAGE,
};
use crate::{Cause, Error};

/// What the part of containerd that Kubernetes talks to puts on images that it has taken over.
const TAKEN: &str = "io.cri-containerd.image";

/// How long a lease lasts that nobody gives back.
const LEASED: Duration = Duration::from_hours(1);

/// Blobs on their way at one time, over all images.
const CONCURRENCY: usize = 4;

/// How a [`Client`] behaves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What is repeated, and when.
    pub retry: Retry,
    /// How long it may take until Kubernetes knows of an image; it is told at once.
    pub taken_within: Duration,
    /// How long another process may take that writes the same.
    pub busy_within: Duration,
    /// How long containerd may take to answer: it may have to write a large layer to disk.
    pub answer_within: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retry: Retry::default(),
            taken_within: Duration::from_secs(10),
            busy_within: Duration::from_mins(10),
            answer_within: Duration::from_mins(2),
        }
    }
}

/// Between two looks whether somebody else has done with it.
const BUSY: Duration = Duration::from_millis(100);

/// The containerd of one node. Clones share its connection.
#[derive(Clone)]
pub struct Client {
    socket: PathBuf,
    connection: Connection,
    registry: Registry,
    settings: Settings,
    permits: Arc<Semaphore>,
    /// Blobs that are being written: containerd refuses a second write of one.
    writes: Arc<Mutex<HashMap<Digest, Arc<tokio::sync::Mutex<()>>>>>,
}

impl Client {
    /// A client that has not connected to anything yet. Layers of base images are read from where
    /// they are by `registry`.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(socket: &Path, registry: Registry, settings: Settings) -> Self {
        Self {
            socket: socket.to_owned(),
            connection: Connection::new(socket, settings.answer_within),
            registry,
            settings,
            permits: Arc::new(Semaphore::new(CONCURRENCY)),
            writes: Arc::default(),
        }
    }

    /// Whether the node has an image, and all that it is made of.
    ///
    /// # Errors
    /// Nobody answers, or refuses to.
    pub async fn has(&self, name: &ImageReference, image: &Image) -> Result<bool, Error> {
        self.is_there(name, image).await.map_err(|failure| {
            let silent = failure.is_silence();
            let cause = Box::new(failure.cause);
            if silent {
                let socket = self.socket.clone();
                return Error::Reach { socket, cause };
            }
            let image = Box::new(name.clone());
            Error::LookUp { image, cause }
        })
    }

    /// Makes the node have an image under the name that manifests call it by, and says what that
    /// took.
    ///
    /// # Errors
    /// A blob cannot be read, or containerd does not take it. What has arrived by then is not sent
    /// again.
    pub async fn push(&self, push: &Push) -> Result<Pushed, Error> {
        let name = push.target.repository.at(push.image.digest());
        let pushed = self.bring(&name, &push.image).await;
        pushed.map_err(|cause| Error::Push {
            label: push.label.clone(),
            cause: Box::new(cause),
        })
    }

    async fn bring(&self, name: &ImageReference, image: &Image) -> Result<Pushed, Cause> {
        let lease = self.repeat(|| self.lease(image)).await?;
        let writer = Writer {
            connection: &self.connection,
            registry: &self.registry,
            lease: &lease,
        };
        let mut pushed = Pushed::empty(image.digest());
        let blobs = blobs(image);
        let sent = self.write_all(&writer, &blobs).await?;
        for (blob, sent) in blobs.iter().zip(sent) {
            pushed.count(blob.size, sent);
        }
        let manifests: Vec<_> = image
            .manifests()
            .iter()
            .chain([image])
            .map(manifest)
            .collect();
        let sent = self.write_all(&writer, &manifests).await?;
        pushed.manifests = sent.iter().filter(|sent| **sent == Sent::Now).count();
        self.repeat(|| self.name(name, image)).await?;
        self.await_taken(name).await?;
        // The image keeps it now. A lease that is left expires.
        let request = LeaseRequest {
            id: lease.id.clone(),
            labels: HashMap::new(),
        };
        let deleted = self.connection.ask::<_, Empty>(DELETE_LEASE, request, None);
        let _ = deleted.await;
        Ok(pushed)
    }

    async fn is_there(&self, name: &ImageReference, image: &Image) -> Result<bool, Failure> {
        // One that Kubernetes does not know of yet is not there: it would pull it.
        let named = self.named(name).await?;
        let named = named.filter(|named| named.labels.contains_key(TAKEN));
        let target = named.and_then(|named| named.target);
        let own = image.digest().to_string();
        if target.is_none_or(|target| target.digest != own) {
            return Ok(false);
        }
        let blobs = image.all_blobs().map(|blob| blob.digest);
        let manifests = image.manifests().iter().chain([image]).map(Image::digest);
        let looks = blobs
            .chain(manifests)
            .map(|digest| self.has_content(digest));
        Ok(!try_join_all(looks).await?.contains(&false))
    }

    async fn has_content(&self, digest: Digest) -> Result<bool, Failure> {
        let digest = digest.to_string();
        let info = self
            .connection
            .ask::<_, Empty>(INFO, InfoRequest { digest }, None);
        match info.await {
            Ok(Empty {}) => Ok(true),
            Err(failure) if failure.is(Code::NotFound) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// What an image name stands for; `None` if for nothing.
    async fn named(&self, name: &ImageReference) -> Result<Option<Named>, Failure> {
        let name = name.to_string();
        let found = self
            .connection
            .ask(GET_IMAGE, GetImageRequest { name }, None);
        match found.await {
            Ok(OneImage { image }) => Ok(image),
            Err(failure) if failure.is(Code::NotFound) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Keeps what is written from now on.
    async fn lease(&self, image: &Image) -> Result<Lease, Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_nanos();
        let (digest, process) = (image.digest().short(), std::process::id());
        let id = format!("windlass-{digest}-{process}-{now}");
        let expires = jiff::Timestamp::now() + LEASED;
        let labels = [("containerd.io/gc.expire".to_owned(), expires.to_string())];
        let request = LeaseRequest {
            id: id.clone(),
            labels: labels.into(),
        };
        self.connection
            .ask::<_, Empty>(CREATE_LEASE, request, None)
            .await?;
        Ok(Lease { id })
    }

    /// Writes parts that need not wait for one another.
    async fn write_all(&self, writer: &Writer<'_>, parts: &[Part<'_>]) -> Result<Vec<Sent>, Cause> {
        try_join_all(parts.iter().map(|part| self.write(writer, part))).await
    }

    /// Writes a part. One that two images of this run share is sent once: who comes second waits.
    async fn write(&self, writer: &Writer<'_>, part: &Part<'_>) -> Result<Sent, Cause> {
        let write = {
            let mut begun = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(begun.entry(part.digest).or_default())
        };
        let _alone = write.lock().await;
        // Never closed, so this waits for a permit and does not fail.
        let _permit = self.permits.acquire().await;
        self.repeat(|| writer.write(part)).await
    }

    /// Gives the image its name.
    async fn name(&self, name: &ImageReference, image: &Image) -> Result<(), Failure> {
        let named = || OneImage {
            image: Some(Named {
                name: name.to_string(),
                labels: HashMap::new(),
                target: Some(Descriptor {
                    media_type: image.media_type().to_string(),
                    digest: image.digest().to_string(),
                    size: image.manifest().len() as u64,
                }),
            }),
        };
        let created = self.connection.ask::<_, Empty>(CREATE_IMAGE, named(), None);
        match created.await {
            Err(failure) if failure.is(Code::AlreadyExists) => {
                let updated = self.connection.ask::<_, Empty>(UPDATE_IMAGE, named(), None);
                updated.await.map(drop)
            }
            created => created.map(drop),
        }
    }

    /// Waits until Kubernetes knows of the image: one that it does not know, it would pull.
    async fn await_taken(&self, name: &ImageReference) -> Result<(), Cause> {
        let within = self.settings.taken_within;
        let until = Instant::now() + within;
        loop {
            let named = self.repeat(|| self.named(name)).await?;
            if named.is_some_and(|named| named.labels.contains_key(TAKEN)) {
                return Ok(());
            }
            if Instant::now() >= until {
                let seconds = within.as_secs();
                return Err(Cause::Unseen { seconds });
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Repeats `tried` until it succeeds, fails for good, or has failed too often. Who is busy with the
    /// same is waited for.
    async fn repeat<T, Fut>(&self, tried: impl Fn() -> Fut) -> Result<T, Cause>
    where
        Fut: Future<Output = Result<T, Failure>>,
    {
        let (mut failed, begun) = (0, Instant::now());
        loop {
            let failure = match tried().await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            if failure.outlook == Outlook::Busy && begun.elapsed() < self.settings.busy_within {
                tokio::time::sleep(BUSY).await;
                continue;
            }
            let wait = self.settings.retry.pause(failed, None);
            let wait = wait.filter(|_| failure.outlook == Outlook::Passing);
            let Some(wait) = wait else {
                return Err(failure.cause);
            };
            failed += 1;
            tokio::time::sleep(wait).await;
        }
    }
}

/// The blobs of an image, each once.
fn blobs(image: &Image) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for blob in image.all_blobs() {
        if parts.iter().all(|part| part.digest != blob.digest) {
            parts.push(Part {
                digest: blob.digest,
                size: blob.size,
                bytes: Source::Blob(blob),
                labels: HashMap::new(),
            });
        }
    }
    parts
}

/// The manifest or the index, and what the collector is to keep for it.
fn manifest(image: &Image) -> Part<'_> {
    let blobs = image.blobs().iter().map(|blob| blob.digest);
    let manifests = image.manifests().iter().map(Image::digest);
    let needs = blobs.chain(manifests).enumerate();
    let label = |(at, digest): (usize, Digest)| {
        (
            format!("containerd.io/gc.ref.content.{at}"),
            digest.to_string(),
        )
    };
    Part {
        digest: image.digest(),
        size: image.manifest().len() as u64,
        bytes: Source::Memory(Bytes::copy_from_slice(image.manifest())),
        labels: needs.map(label).collect(),
    }
}
