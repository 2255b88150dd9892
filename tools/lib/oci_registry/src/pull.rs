//! The few documents of an image, read from its registry: what is under it, without its layers.

use crate::client::{MANIFEST_TYPES, Quiet};
use crate::identity::Need;
use crate::{Cause, Client, Error, Target};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use windlass_oci_reference::{Digest, ImageReference};

/// The most bytes that a document may have (distribution specification, "Pushing Manifests": what
/// every registry takes).
pub(crate) const MOST: usize = 4 << 20;

/// A manifest or an index, as its registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its media type.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Byte for byte.
    pub bytes: Vec<u8>,
}

impl Client {
    /// The manifest that a reference names; by its digest where it has one.
    pub async fn manifest(
        &self,
        target: &Target,
        reference: &ImageReference,
    ) -> Result<Manifest, Error> {
        let name = match (reference.digest(), reference.tag()) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.to_string(),
            (None, None) => unreachable!("a reference has one of them"),
        };
        let path = format!("/v2/{}/manifests/{name}", target.repository.path());
        let (media_type, bytes) = self
            .document(target, &path, reference.digest())
            .await
            .map_err(|cause| Error::of_look_up(reference.clone(), cause))?;
        Ok(Manifest {
            media_type,
            digest: Digest::of(&bytes),
            bytes,
        })
    }

    /// The config that a manifest names.
    pub async fn config(&self, target: &Target, digest: &Digest) -> Result<Vec<u8>, Error> {
        let path = format!("/v2/{}/blobs/{digest}", target.repository.path());
        let document = self.document(target, &path, Some(digest)).await;
        let failed = |cause| Error::of_look_up(target.repository.at(*digest), cause);
        let (_, bytes) = document.map_err(failed)?;
        Ok(bytes)
    }

    /// A media type and bytes, which must be those of the digest.
    async fn document(
        &self,
        target: &Target,
        path: &str,
        digest: Option<&Digest>,
    ) -> Result<(String, Vec<u8>), Cause> {
        let ask = || async {
            let call = self.session.call(Need::pull(target), Method::GET, path)?;
            let answer = call.header(ACCEPT, MANIFEST_TYPES).send().await?;
            if answer.status() != StatusCode::OK {
                return Err(answer.unexpected().await);
            }
            let media_type = answer.header(CONTENT_TYPE.as_str()).unwrap_or_default();
            let request = answer.request().clone();
            let bytes = answer.bytes(MOST).await?;
            let found = Digest::of(&bytes);
            match digest.filter(|digest| **digest != found) {
                None => Ok((media_type, bytes)),
                Some(_) => Err(Cause::Answer {
                    request,
                    got: format!("content of digest {found}"),
                    want: "that of the digest that was asked for",
                }
                .into()),
            }
        };
        self.session.persist(&Quiet::progress(), ask).await
    }
}
