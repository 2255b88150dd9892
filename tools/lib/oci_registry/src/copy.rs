//! A blob that goes from one registry to another: a layer of a base image.

use crate::identity::Need;
use crate::session::{Answer, Failure, Session};
use crate::upload::told;
use crate::{Blob, Cause, Progress, Target};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use reqwest::header::{CONTENT_LENGTH, RANGE};
use reqwest::{Body, Method, StatusCode};
use std::sync::Arc;

/// A blob of a repository, on its way to another registry.
pub(crate) struct Copy<'a> {
    pub(crate) session: &'a Session,
    pub(crate) source: &'a Target,
    pub(crate) blob: &'a Blob,
    pub(crate) progress: &'a Arc<dyn Progress>,
}

impl Copy<'_> {
    /// The bytes of the blob from `offset` on, as a body.
    pub(crate) async fn body(&self, offset: u64) -> Result<Body, Failure> {
        let chunks = self.chunks(offset).await?;
        Ok(told(chunks, self.blob.digest, self.progress))
    }

    /// The bytes of the blob from `offset` on, as they arrive.
    pub(crate) async fn chunks(
        &self,
        offset: u64,
    ) -> Result<impl Stream<Item = reqwest::Result<Bytes>> + Send + 'static + use<>, Cause> {
        let asked = || self.ask(offset);
        // The request that waits for these bytes has a permit already.
        let answered = self.session.repeat(self.progress, asked).await;
        let (answer, skip) = answered.map_err(|cause| Cause::Copy {
            digest: self.blob.digest,
            repository: self.source.repository.clone(),
            cause: Box::new(cause),
        })?;
        Ok(without_first(answer.into_stream(), skip))
    }

    /// Asks for the bytes; the number says how many of the answer's first are not wanted.
    async fn ask(&self, offset: u64) -> Result<(Answer, u64), Failure> {
        let name = self.source.repository.path();
        let path = format!("/v2/{name}/blobs/{}", self.blob.digest);
        let mut call = self
            .session
            .call(Need::pull(self.source), Method::GET, &path)?;
        if offset > 0 {
            call = call.header(RANGE, &format!("bytes={offset}-"));
        }
        let answer = call.send().await?;
        let skip = match answer.status() {
            StatusCode::PARTIAL_CONTENT => 0,
            StatusCode::OK => offset,
            _ => return Err(answer.unexpected().await),
        };
        let want = self.blob.size - (offset - skip);
        let length = answer.header(CONTENT_LENGTH.as_str());
        match length {
            Some(length) if length != want.to_string() => {
                let got = format!("{length} bytes");
                Err(answer.wrong(&got, "as many as the manifest says"))
            }
            _ => Ok((answer, skip)),
        }
    }
}

/// A stream that has lost its first bytes.
fn without_first<E>(
    chunks: impl Stream<Item = Result<Bytes, E>>,
    mut skip: u64,
) -> impl Stream<Item = Result<Bytes, E>> {
    let trimmed = chunks.map_ok(move |mut chunk| {
        let gone = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
        skip -= gone as u64;
        chunk.split_off(gone)
    });
    trimmed.filter(|chunk| {
        let keeps = chunk.as_ref().map_or(true, |chunk| !chunk.is_empty());
        std::future::ready(keeps)
    })
}
