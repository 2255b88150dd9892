//! `image attestation`: what is said of an image in its registry, into a file to commit.

use crate::attest::{commit, digest_of, write};
use crate::{Environment, Error};
use std::path::PathBuf;
use windlass_attestation::{Envelope, KeyId, beside};
use windlass_oci_reference::ImageReference;
use windlass_oci_registry::{Target, Transport};
use windlass_pins::Commit;
use windlass_report::say;

/// Writes the attestation that is beside an image in its registry into a file.
///
/// It is not verified: who trusts it is said in a cluster. Of several, the last is taken.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: image attestation ghcr.io/acme/client@sha256:... --out-dir \
                        services/client/attestations"
)]
pub(crate) struct Args {
    /// The image, by digest
    image: ImageReference,

    /// The folder that the file goes to, which is called for the image: `<its SHA-256>.json`
    #[arg(long, value_name = "DIR")]
    out_dir: PathBuf,

    /// Only one that this key has signed, as its fingerprint
    #[arg(long, value_name = "KEY")]
    key: Option<KeyId>,

    /// Only one of this commit: the whole hash
    #[arg(long, value_name = "COMMIT", value_parser = commit)]
    revision: Option<Commit>,

    /// Plain http although the registry is not this machine
    #[arg(long)]
    insecure: bool,
}

pub(crate) async fn run(args: &Args, environment: &Environment) -> Result<(), Error> {
    let digest = digest_of(&args.image)?;
    let client = crate::push::client(environment)?;
    let target = Target {
        repository: args.image.repository().clone(),
        transport: Transport::from_insecure(args.insecure),
    };
    let is_asked = |envelope: &Envelope| {
        let mut signatures = envelope.signatures.iter();
        let key = args.key.as_ref();
        key.is_none_or(|key| signatures.any(|signature| signature.key == *key))
    };
    let asked = |text: String| {
        let envelope = Envelope::parse(&text).ok()?;
        is_asked(&envelope).then_some(text)
    };
    let newest = beside::newest(&client, &target, &digest, args.revision.as_ref(), asked);
    let Some(text) = newest.await? else {
        let quoted = |key: &KeyId| format!("`{key}`");
        return Err(Error::NoAttestation {
            registry: target.repository.registry().to_string(),
            image: format!("{}@{digest}", target.repository.path()),
            key: args.key.as_ref().map_or("anybody".to_owned(), quoted),
        });
    };
    let path = write(&args.out_dir, &digest, &text, environment)?;
    let (name, path) = (digest.short(), path.display());
    say(&format!(
        "image sha256:{name}: its attestation is in `{path}`"
    ));
    Ok(())
}
