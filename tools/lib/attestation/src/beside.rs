//! Attestations beside their images: referrers in a registry (OCI 1.1), and files in a checkout that are
//! called for the image.

use std::collections::BTreeMap;

use oci_spec::image::Descriptor;
use windlass_oci_reference::Digest;
use windlass_oci_registry::{Cause, Client, Content, Error, Statement, Target};
use windlass_pins::Commit;

use crate::envelope::MEDIA_TYPE;
use crate::provenance::PREDICATE;

/// The annotation that says of which commit an attestation speaks, so that of several the right one is
/// read. It is not signed, and nobody believes it.
pub const REVISION: &str = "org.opencontainers.image.revision";

/// The name of the file that has the attestation of an image.
pub fn file_name(image: &Digest) -> String {
    format!("{}.json", image.hex())
}

/// An envelope of an image of this commit, as a registry keeps it.
pub fn statement(envelope: &str, commit: &Commit) -> Statement {
    let annotations = [
        ("in-toto.io/predicate-type", PREDICATE),
        (REVISION, commit.as_str()),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Statement {
        artifact_type: MEDIA_TYPE.to_owned(),
        annotations: BTreeMap::from(annotations.map(owned)),
        content: Some(Content {
            media_type: MEDIA_TYPE.to_owned(),
            bytes: envelope.as_bytes().to_vec(),
        }),
    }
}

/// Looks through the envelopes beside an image, the newest first, until `pick` makes something of one:
/// through those of one commit, as far as they are annotated, or all. None of them is verified, and
/// each is given byte for byte.
///
/// What is gone, or is not what it is called, is passed over: anybody may put anything there, and it
/// hides nothing that is good.
///
/// # Errors
/// The registry does not say; if it does not say it of some, then nothing else was picked.
pub async fn newest<T>(
    client: &Client,
    target: &Target,
    image: &Digest,
    commit: Option<&Commit>,
    mut pick: impl FnMut(String) -> Option<T>,
) -> Result<Option<T>, Error> {
    let is_wanted = |referrer: &&Descriptor| {
        let annotations = referrer.annotations().as_ref();
        let of = annotations.and_then(|annotations| annotations.get(REVISION));
        of.is_none_or(|of| commit.is_none_or(|commit| of == commit.as_str()))
    };
    let referrers = client.referrers(target, image, Some(MEDIA_TYPE)).await?;
    let mut unsaid = None;
    for referrer in referrers.iter().rev().filter(is_wanted) {
        let content = match client.content(target, referrer).await {
            Ok(content) => content,
            Err(error) => {
                if !is_broken(&error) {
                    unsaid.get_or_insert(error);
                }
                continue;
            }
        };
        let text = content.and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some(picked) = text.and_then(&mut pick) {
            return Ok(Some(picked));
        }
    }
    unsaid.map_or(Ok(None), Err)
}

/// Whether the registry has said of something that it is gone, or given something else.
fn is_broken(error: &Error) -> bool {
    matches!(
        error.cause(),
        Cause::Status { status: 404, .. } | Cause::Answer { .. }
    )
}
