//! What proves the images of changed pins: a file for each, in the folder `attestations` beside the
//! pins. Where the checkout has none, it is taken from the registry.

use std::collections::BTreeMap;
use std::path::PathBuf;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use windlass_attestation::beside::file_name;
use windlass_oci_reference::Digest;
use windlass_pins::Pin;

use crate::checkout::Package;
use crate::checks::{Checks, Entry};
use crate::error::Error;
use crate::git::Text;
use crate::pins_file::Change;
use crate::verbs::Context;
use crate::verbs::promote::AT_ONCE;

/// The folder beside the pins that has them.
const FOLDER: &str = "attestations";

/// The file of an image, from the checkout's root.
pub fn path_of(service: &Package, image: &Digest) -> PathBuf {
    service.folder().join(FOLDER).join(file_name(image))
}

/// The files of the images that pins are to name, each once. It is not verified who signed them: whom
/// a cluster trusts is known there. Where no registry is asked, there is nothing to take along.
///
/// # Errors
/// An environment requires proof, and there is none of an image.
pub async fn of(
    changes: &[Change],
    checks: &Checks<'_>,
    context: &Context,
) -> Result<Vec<Text>, Error> {
    if !checks.asks() {
        return Ok(Vec::new());
    }
    let mut images: BTreeMap<PathBuf, (&Entry, &Pin)> = BTreeMap::new();
    for Change { entry, new, .. } in changes {
        if let Some(pin) = new {
            images.insert(path_of(&entry.service, pin.digest()), (entry, pin));
        }
    }
    let texts = stream::iter(images).map(|(path, (entry, pin))| async move {
        let there = context.checkout.text(&path)?;
        let text = match there {
            Some(text) => Some(text),
            None => checks.attestation(entry, pin).await?,
        };
        Ok::<_, Error>(text.map(|text| Text { path, text }))
    });
    let texts: Vec<Option<Text>> = texts.buffered(AT_ONCE).try_collect().await?;
    Ok(texts.into_iter().flatten().collect())
}
