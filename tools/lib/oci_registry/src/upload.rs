//! One blob on its way to one repository (distribution specification, "Pushing blobs").

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, TryStreamExt as _};
use memmap2::Mmap;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use reqwest::{Body, Method, StatusCode};
use tokio::sync::Mutex;
use windlass_oci_reference::{Digest, Repository};

use crate::copy::Copy;
use crate::identity::Need;
use crate::session::{Answer, Call, Failure, Location, Session};
use crate::{Blob, Cause, Event, Place, Progress, Target};

/// How much of a file is sent at a time.
const CHUNK: usize = 256 * 1024;

/// Whether a blob had to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It had.
    Now,
    /// It was there, or was taken over from another repository.
    Before,
}

/// What came of having a blob taken over from another repository.
enum Mounted {
    /// It is there.
    Done,
    /// Instead, an upload has begun.
    Begun(Location),
    /// Nothing.
    No,
}

/// One blob, and where it goes.
pub(crate) struct Upload<'a> {
    pub(crate) session: &'a Session,
    pub(crate) target: &'a Target,
    pub(crate) blob: &'a Blob,
    pub(crate) progress: &'a Arc<dyn Progress>,
}

impl Upload<'_> {
    /// Makes the repository have the blob; `from` is one of the same registry that has it.
    ///
    /// What fails in a way that may pass is begun again with a look: after a lost answer the blob may
    /// be there. An upload of many bytes goes on where a lost connection has left it.
    pub(crate) async fn ensure(&self, from: Option<&Repository>) -> Result<Sent, Cause> {
        let left = Mutex::new(None);
        let attempt = || self.attempt(from, &left);
        self.session.persist(self.progress, attempt).await
    }

    async fn attempt(
        &self,
        from: Option<&Repository>,
        left: &Mutex<Option<Location>>,
    ) -> Result<Sent, Failure> {
        let (digest, size) = (self.blob.digest, self.blob.size);
        let mounted = self.mount(from).await?;
        if matches!(mounted, Mounted::Done) || self.is_there().await? {
            self.progress.event(Event::BlobExists { digest, size });
            return Ok(Sent::Before);
        }
        let mut left = left.lock().await;
        let resumed = match &*left {
            Some(location) => self.resume(location).await?,
            None => None,
        };
        let (location, offset) = match (resumed, mounted) {
            (Some(resumed), _) => resumed,
            (None, Mounted::Begun(location)) => (location, 0),
            (None, _) => (self.begin().await?, 0),
        };
        self.progress.event(Event::BlobStarted {
            digest,
            size,
            from: offset,
        });
        if size < self.session.settings().resumable {
            let body = self.body(0).await?;
            self.put(&location, size, body).await?;
        } else {
            *left = Some(location.clone());
            let location = self.patch(&location, offset).await?;
            *left = Some(location.clone());
            self.put(&location, 0, Body::default()).await?;
        }
        self.progress.event(Event::BlobDone { digest, size });
        Ok(Sent::Now)
    }

    /// Has the registry take the blob from another repository of its own. One that does not do that,
    /// or not for us, is no failure: the blob is sent.
    async fn mount(&self, from: Option<&Repository>) -> Result<Mounted, Failure> {
        let Some(from) = from else {
            return Ok(Mounted::No);
        };
        let digest = self.blob.digest.to_string();
        let pairs = [("mount", digest.as_str()), ("from", from.path())];
        let need = Need::mount(self.target, from);
        let call = || Ok(self.post(need.clone())?.query(&pairs));
        let Some(answer) = self.session.offer(&need, call).await? else {
            return Ok(Mounted::No);
        };
        match answer.status() {
            StatusCode::CREATED => Ok(Mounted::Done),
            StatusCode::ACCEPTED => Ok(answer.location(true).map_or(Mounted::No, Mounted::Begun)),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(answer.unexpected().await)
            }
            _ => Ok(Mounted::No),
        }
    }

    async fn is_there(&self) -> Result<bool, Failure> {
        let name = self.target.repository.path();
        let path = format!("/v2/{name}/blobs/{}", self.blob.digest);
        let call = self.session.call(self.target, Method::HEAD, &path)?;
        let answer = call.send().await?;
        match answer.status() {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(answer.unexpected().await),
        }
    }

    /// Begins an upload.
    async fn begin(&self) -> Result<Location, Failure> {
        let answer = self.post(self.target.into())?.send().await?;
        match answer.status() {
            StatusCode::ACCEPTED => answer.location(true),
            _ => Err(answer.unexpected().await),
        }
    }

    fn post(&self, need: Need) -> Result<Call, Failure> {
        let name = self.target.repository.path();
        let path = format!("/v2/{name}/blobs/uploads/");
        let call = self.session.call(need, Method::POST, &path)?;
        Ok(call.header(CONTENT_LENGTH, "0"))
    }

    /// Where an upload that broke off goes on, and from which byte; `None` if it has to be begun
    /// anew.
    async fn resume(&self, location: &Location) -> Result<Option<(Location, u64)>, Failure> {
        let answer = self.call_at(Method::GET, location)?.send().await?;
        match answer.status() {
            StatusCode::NO_CONTENT => {
                let range = answer.header(RANGE.as_str());
                let last = range.as_deref().and_then(last_byte);
                // `0-0` is said of no byte as well as of one.
                match last.filter(|last| *last > 0 && *last < self.blob.size) {
                    Some(last) => {
                        let next = answer.location(location.is_registry());
                        Ok(Some((next.unwrap_or_else(|_| location.clone()), last + 1)))
                    }
                    None => Ok(None),
                }
            }
            status if status.is_server_error() => Err(answer.unexpected().await),
            _ => Ok(None),
        }
    }

    /// Sends the bytes from `offset` on; gives back where the upload is ended.
    async fn patch(&self, location: &Location, offset: u64) -> Result<Location, Failure> {
        let size = self.blob.size;
        if offset == size {
            return Ok(location.clone());
        }
        let body = self.body(offset).await?;
        let call = self.call_at(Method::PATCH, location)?;
        let call = call.header(CONTENT_RANGE, &format!("{offset}-{}", size - 1));
        let answer = send(call, size - offset, body).await?;
        match answer.status() {
            StatusCode::ACCEPTED => answer.location(location.is_registry()),
            // It is gone, or was not as far as it seemed.
            StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE if offset > 0 => {
                Err(answer.unexpected().await.passing())
            }
            _ => Err(answer.unexpected().await),
        }
    }

    /// The bytes of the blob from `offset` on.
    async fn body(&self, offset: u64) -> Result<Body, Failure> {
        match &self.blob.place {
            Place::File(path) => {
                let chunks = open(path, self.blob, offset).await?;
                Ok(told(chunks, self.blob.digest, self.progress))
            }
            Place::Memory(bytes) => {
                let offset = usize::try_from(offset).expect("it is within what is here");
                Ok(Body::from(bytes.slice(offset..)))
            }
            Place::Registry(source) => {
                let copy = Copy {
                    session: self.session,
                    source,
                    blob: self.blob,
                    progress: self.progress,
                };
                copy.body(offset).await
            }
        }
    }

    async fn put(&self, location: &Location, length: u64, body: Body) -> Result<(), Failure> {
        let location = location.with_digest(&self.blob.digest);
        let call = self.call_at(Method::PUT, &location)?;
        let answer = send(call, length, body).await?;
        match answer.status() {
            StatusCode::CREATED => Ok(()),
            _ => Err(answer.unexpected().await),
        }
    }

    fn call_at(&self, method: Method, location: &Location) -> Result<Call, Failure> {
        self.session.call_at(self.target, method, location)
    }
}

async fn send(call: Call, length: u64, body: Body) -> Result<Answer, Failure> {
    let call = call
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(CONTENT_LENGTH, &length.to_string());
    call.body(body).send().await
}

/// The last byte of a range: `0-1023`, `bytes=0-1023`.
fn last_byte(range: &str) -> Option<u64> {
    let range = range.strip_prefix("bytes=").unwrap_or(range);
    range.strip_prefix("0-")?.parse().ok()
}

/// A file from a byte on, in chunks. What is on disk must be as long as the build said; who gets it
/// checks the rest.
pub(crate) async fn open(
    path: &Path,
    blob: &Blob,
    offset: u64,
) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static, Cause> {
    let read = path.to_owned();
    let mapped = tokio::task::spawn_blocking(move || mapped(&read)).await;
    let ended = |_| Err(io::Error::other("the thread that reads has ended"));
    let bytes = mapped.unwrap_or_else(ended).map_err(|source| Cause::File {
        path: path.to_owned(),
        source,
    })?;
    let got = bytes.len() as u64;
    if got != blob.size {
        let path = path.to_owned();
        let want = blob.size;
        return Err(Cause::FileSize { path, got, want });
    }
    let offset = usize::try_from(offset).expect("it is within what is mapped");
    Ok(futures::stream::unfold(
        bytes.slice(offset..),
        |mut rest| async move {
            let chunk = rest.split_to(rest.len().min(CHUNK));
            (!chunk.is_empty()).then_some((Ok(chunk), rest))
        },
    ))
}

/// A body that tells what of it is on its way.
pub(crate) fn told<E>(
    chunks: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    digest: Digest,
    progress: &Arc<dyn Progress>,
) -> Body
where
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    let progress = Arc::clone(progress);
    Body::wrap_stream(chunks.inspect_ok(move |chunk| {
        progress.event(Event::BlobSent {
            digest,
            bytes: chunk.len() as u64,
        });
    }))
}

/// A file as it is in the page cache: sent from there. By plain http it is copied once, into the
/// socket.
fn mapped(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    // SAFETY: the mapping must not change or shrink while it is there. Blobs are outputs of the
    // build, which are replaced and not written to.
    #[expect(
        unsafe_code,
        reason = "twice the processor time without it, for each byte"
    )]
    let mapping = unsafe { Mmap::map(&file) }?;
    Ok(Bytes::from_owner(mapping))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_registries_write_them() {
        for (text, last) in [
            ("0-1023", Some(1023)),
            ("bytes=0-7", Some(7)),
            ("0-0", Some(0)),
            ("5-7", None),
            ("0-", None),
            ("", None),
        ] {
            assert_eq!(last_byte(text), last, "{text}");
        }
    }
}
