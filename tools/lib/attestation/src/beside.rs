//! Attestations beside their images: referrers in a registry (OCI 1.1), and files in a checkout that are
//! called for the image.

use std::collections::BTreeMap;

use oci_spec::image::Descriptor;
use windlass_oci_reference::Digest;
use windlass_oci_registry::{Client, Content, Error, Statement, Target};
use windlass_pins::Commit;

use crate::envelope::{Envelope, MEDIA_TYPE};
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

/// The envelopes beside an image, with their texts, byte for byte: those of one commit, as far as they
/// are annotated, or all. None of them is verified.
///
/// # Errors
/// The registry does not say.
pub async fn envelopes(
    client: &Client,
    target: &Target,
    image: &Digest,
    commit: Option<&Commit>,
) -> Result<Vec<(String, Envelope)>, Error> {
    let is_wanted = |referrer: &Descriptor| {
        let annotations = referrer.annotations().as_ref();
        let of = annotations.and_then(|annotations| annotations.get(REVISION));
        of.is_none_or(|of| commit.is_none_or(|commit| of == commit.as_str()))
    };
    let mut referrers = client.referrers(target, image, Some(MEDIA_TYPE)).await?;
    referrers.retain(is_wanted);
    let mut found = Vec::new();
    for referrer in referrers {
        let content = client.content(target, &referrer).await?;
        let text = content.and_then(|bytes| String::from_utf8(bytes).ok());
        // Anybody may put anything there.
        found.extend(text.and_then(|text| {
            let envelope = Envelope::parse(&text).ok()?;
            Some((text, envelope))
        }));
    }
    Ok(found)
}
