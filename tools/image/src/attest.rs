//! `image attest`: says of an image that is in its registry what it was built from, has that signed,
//! and puts it beside the image and into a file.

use crate::output::replace;
use crate::{Environment, Error};
use std::path::{Path, PathBuf};
use windlass_attestation::provenance::{WHOLE, whole};
use windlass_attestation::{Envelope, Key, Provenance, Signer, beside};
use windlass_oci_reference::{Digest, ImageReference};
use windlass_oci_registry::{Subject, Target, Transport};
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

/// A commit that a pin can be compared with.
pub(crate) fn commit(text: &str) -> Result<Commit, String> {
    whole(text).ok_or_else(|| format!("want {WHOLE}"))
}

impl Args {
    fn signer(&self, environment: &Environment) -> Result<Signer, Error> {
        let program = self.sign_with.as_ref();
        let program = program.map(|program| environment.path(program));
        let signer = Signer::of(&self.key, program, environment.agent.clone());
        signer.map_err(|id| Error::Value {
            what: "--key",
            got: id.to_string(),
            want: "the line of its .pub file: a program cannot be asked for it",
        })
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
    let statement = beside::statement(&text, &args.revision);
    client.attach(subject, &statement).await?;
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
    let path = folder.join(beside::file_name(image));
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
