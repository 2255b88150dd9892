//! The few documents of an image, read from its registry: what is under it, without its layers.

use crate::client::{MANIFEST_TYPES, Quiet};
use crate::identity::Need;
use crate::{Cause, Client, Error, Target};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use windlass_oci_reference::{Digest, ImageReference};

/// The most bytes that a document may have (distribution specification, "Pushing Manifests": what
/// every registry takes).
pub(crate) const MOST: usize = 4 << 20;

/// A manifest or an index, as its registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its media type: the one that it says itself, else that of the answer.
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
        let (content_type, bytes) = self
            .document(target, &path, reference.digest())
            .await
            .map_err(|cause| Error::of_look_up(reference.clone(), cause))?;
        Ok(Manifest {
            media_type: media_type(&content_type, &bytes),
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

    /// A `Content-Type` and bytes, which must be those of the digest.
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
            let content_type = answer.header(CONTENT_TYPE.as_str()).unwrap_or_default();
            let request = answer.request().clone();
            let bytes = answer.bytes(MOST).await?;
            let found = Digest::of(&bytes);
            match digest.filter(|digest| **digest != found) {
                None => Ok((content_type, bytes)),
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

/// What a manifest is. Its own `mediaType` is of the bytes that its digest is of; a `Content-Type`
/// is what a server makes of them, and may have parameters (RFC 9110, section 8.3.1).
fn media_type(content_type: &str, manifest: &[u8]) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        media_type: Option<String>,
    }
    let own = serde_json::from_slice(manifest).ok();
    own.and_then(|Typed { media_type }| media_type)
        .unwrap_or_else(|| {
            let essence = content_type.split(';').next().unwrap_or_default();
            essence.trim().to_ascii_lowercase()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_says_itself_what_it_is() {
        let index = "application/vnd.oci.image.index.v1+json";
        let typed = format!(r#"{{"mediaType":"{index}"}}"#);
        for (content_type, manifest, want) in [
            ("application/json", &*typed, index),
            ("application/vnd.oci.image.manifest.v1+json", &typed, index),
            ("", &typed, index),
            (index, "{}", index),
            (index, r#"{"mediaType":null}"#, index),
            (
                "Application/vnd.oci.image.index.v1+JSON ; charset=utf-8",
                "{}",
                index,
            ),
            (
                "application/vnd.oci.image.index.v1+json;charset=utf-8",
                "no JSON",
                index,
            ),
            ("", "{}", ""),
        ] {
            assert_eq!(media_type(content_type, manifest.as_bytes()), want);
        }
    }
}
