//! The bytes of a blob, for somebody who is no registry.

use crate::client::Quiet;
use crate::copy::Copy;
use crate::pools::innermost;
use crate::session::origin;
use crate::upload::open;
use crate::{Blob, Cause, Client, Place, Request};
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use std::path::Path;

impl Client {
    /// The bytes of a blob from `offset` on, wherever it is. What breaks off in the middle is not
    /// repeated: ask again, from there.
    ///
    /// # Errors
    /// A file that is not as the build said, or a registry that does not give it.
    pub async fn read(
        &self,
        blob: &Blob,
        offset: u64,
    ) -> Result<BoxStream<'static, Result<Bytes, Cause>>, Cause> {
        match &blob.place {
            Place::File(path) => {
                let bytes = open(path, blob, offset).await?;
                let broken = unread(path);
                Ok(bytes.map_err(broken).boxed())
            }
            Place::Memory(bytes) => {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                let rest = bytes.slice(offset.min(bytes.len())..);
                Ok(stream::iter([Ok(rest)]).boxed())
            }
            Place::Registry(source) => {
                let copy = Copy {
                    session: &self.session,
                    source,
                    blob,
                    progress: &Quiet::progress(),
                };
                let request = Request {
                    origin: origin(source).into(),
                    method: "GET".to_owned(),
                    path: format!("/v2/{}/blobs/{}", source.repository.path(), blob.digest),
                };
                let (digest, repository) = (blob.digest, source.repository.clone());
                let broken = move |error: reqwest::Error| Cause::Copy {
                    digest,
                    repository: repository.clone(),
                    cause: Box::new(Cause::Connection {
                        request: request.clone(),
                        reason: innermost(&error),
                    }),
                };
                Ok(copy.chunks(offset).await?.map_err(broken).boxed())
            }
        }
    }
}

fn unread(path: &Path) -> impl FnMut(std::io::Error) -> Cause + Send + use<> {
    let path = path.to_owned();
    move |source| Cause::File {
        path: path.clone(),
        source,
    }
}
