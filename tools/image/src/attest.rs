//! `image attest`: says of an image that is in its registry what it was built from, has that signed,
//! and puts it beside the image and into a file.

use crate::output::replace;
use crate::{Environment, Error};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use windlass_attestation::envelope::MEDIA_TYPE;
use windlass_attestation::provenance::{PREDICATE, WHOLE, whole};
use windlass_attestation::{Envelope, KeyError, KeyId, Provenance, PublicKey, Signer};
use windlass_oci_reference::{Digest, ImageReference};
use windlass_oci_registry::{Content, Statement, Subject, Target, Transport};
use windlass_pins::{Commit, Toolchain};
use windlass_report::say;

/// Says what an image was built from, signed: beside it in its registry, and in a file to commit.
///
/// The private key is never read: ssh-agent signs, or a program that asks a key service.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: image attest ghcr.io/acme/client@sha256:... --out-dir \
                        services/client/attestations --source git+https://git.example/shop \
                        --revision $(git rev-parse HEAD) --toolchain 'rustc 1.97.1, \
                        --config=release' --builder https://ci.example/publisher --key SHA256:..."
)]
pub(crate) struct Args {
    /// The image, by digest
    image: ImageReference,

    /// The folder that the file goes to, which is called for the image: `<its SHA-256>.json`
    #[arg(long, value_name = "DIR")]
    out_dir: PathBuf,

    /// Where the source of the image is
    #[arg(long, value_name = "URI")]
    source: String,

    /// The commit that it was built from: the whole hash
    #[arg(long, value_name = "COMMIT", value_parser = commit)]
    revision: Commit,

    /// What compiled it: versions and flags
    #[arg(long, value_name = "TEXT")]
    toolchain: Toolchain,

    /// Who built it
    #[arg(long, value_name = "URI")]
    builder: String,

    /// The key: its fingerprint, as `ssh-add -l` prints it, or the line of its .pub file
    #[arg(long, value_name = "KEY")]
    key: Key,

    /// A program that signs instead of ssh-agent: it reads what is to be signed, and prints the
    /// signature of ed25519 in base64. --key must be the line of the .pub file then
    #[arg(long, value_name = "PROGRAM")]
    sign_with: Option<PathBuf>,

    /// Plain http although the registry is not this machine
    #[arg(long)]
    insecure: bool,
}

/// A public key, or enough to find it by.
#[derive(Clone, Debug)]
enum Key {
    Id(KeyId),
    Public(PublicKey),
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.starts_with("SHA256:") {
            text.parse().map(Self::Id)
        } else {
            text.parse().map(Self::Public)
        }
    }
}

/// A commit that a pin can be compared with.
fn commit(text: &str) -> Result<Commit, String> {
    whole(text).ok_or_else(|| format!("want {WHOLE}"))
}

impl Args {
    fn signer(&self, environment: &Environment) -> Result<Signer, Error> {
        match (&self.sign_with, &self.key) {
            (None, key) => Ok(Signer::Agent {
                socket: environment.agent.clone(),
                key: match key {
                    Key::Id(id) => id.clone(),
                    Key::Public(key) => key.id(),
                },
            }),
            (Some(program), Key::Public(key)) => Ok(Signer::Program {
                program: environment.path(program),
                key: *key,
            }),
            (Some(_), Key::Id(id)) => Err(Error::Value {
                what: "--key",
                got: id.to_string(),
                want: "the line of its .pub file: a program cannot be asked for it",
            }),
        }
    }

    fn provenance(&self, digest: Digest) -> Provenance {
        Provenance {
            name: self.image.repository().path().to_owned(),
            digest,
            source: self.source.clone(),
            commit: self.revision.clone(),
            toolchain: self.toolchain.clone(),
            builder: self.builder.clone(),
        }
    }
}

pub(crate) async fn run(args: &Args, environment: &Environment) -> Result<(), Error> {
    let digest = digest_of(&args.image)?;
    let signer = args.signer(environment)?;
    let client = crate::push::client(environment)?;
    let target = Target {
        repository: args.image.repository().clone(),
        transport: Transport::from_insecure(args.insecure),
    };
    let manifest = client.manifest(&target, &args.image).await?;
    let failed = |source| Error::Sign {
        image: args.image.to_string(),
        source,
    };
    let envelope = Envelope::sign(&args.provenance(digest), &signer).map_err(failed)?;
    let text = envelope.to_string();
    let subject = Subject::of(args.image.to_string(), target, &manifest);
    client.attach(subject, &statement(&text)).await?;
    let path = write(&args.out_dir, &digest, &text, environment)?;
    let (name, path) = (digest.short(), path.display());
    say(&format!(
        "image sha256:{name}: its attestation is beside it, and in `{path}`"
    ));
    Ok(())
}

/// Writes the attestation of an image into a folder; gives the file, as the user names it.
pub(crate) fn write(
    folder: &Path,
    image: &Digest,
    text: &str,
    environment: &Environment,
) -> Result<PathBuf, Error> {
    let path = folder.join(format!("{}.json", image.hex()));
    let folder = environment.path(folder);
    std::fs::create_dir_all(&folder).map_err(|source| Error::Write {
        path: folder,
        source,
    })?;
    replace(&environment.path(&path), text.as_bytes())?;
    Ok(path)
}

/// The digest of an image: a tag may be on another image tomorrow.
pub(crate) fn digest_of(image: &ImageReference) -> Result<Digest, Error> {
    image.digest().copied().ok_or_else(|| Error::Value {
        what: "image",
        got: image.to_string(),
        want: "one with a digest, as `image push` prints it",
    })
}

/// The envelope as a registry keeps it.
fn statement(envelope: &str) -> Statement {
    let predicate = ("in-toto.io/predicate-type".to_owned(), PREDICATE.to_owned());
    Statement {
        artifact_type: MEDIA_TYPE.to_owned(),
        annotations: BTreeMap::from([predicate]),
        content: Some(Content {
            media_type: MEDIA_TYPE.to_owned(),
            bytes: envelope.as_bytes().to_vec(),
        }),
    }
}
