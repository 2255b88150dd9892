//! The release of a commit: where its tag says, if somebody whom the cluster trusts says so, too.

use windlass_attestation::{Envelope, EnvelopeError, TrustRoots, VerifyError, beside};
use windlass_oci_reference::{Digest, ImageReference, Tag};
use windlass_oci_registry::{Cause, Client};
use windlass_pins::Commit;

use super::bundle::{BundleError, Layer, last_layer};
use super::error::Error;
use super::folder::Folder;
use super::task::ReleaseTarget;

/// Why nobody who is trusted says that an image is the release of a commit.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum ReleaseProofError {
    /// Nobody says anything of this commit.
    #[error("it has no attestation of this commit")]
    Missing,
    /// What is said is no attestation.
    #[error("its attestation does not hold")]
    Envelope(#[source] EnvelopeError),
    /// Nobody trusts who says it.
    #[error("its attestation is not to be trusted")]
    Verify(#[source] VerifyError),
    /// It is said of something else.
    #[error("{what}: its attestation is of `{got}`, want `{want}`")]
    Other {
        /// What of it.
        what: &'static str,
        /// What it says.
        got: String,
        /// What is asked.
        want: String,
    },
}

/// A release, and what is in it.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its target.
    pub target: String,
    /// The image.
    pub image: ImageReference,
    /// Its last layer.
    pub layer: Layer,
    /// The bytes of that.
    pub content: Vec<u8>,
}

/// Where releases of one commit are looked for.
#[derive(Clone, Copy)]
pub struct Finder<'a> {
    /// Who asks registries.
    pub client: &'a Client,
    /// What is kept.
    pub folder: &'a Folder,
    /// Whom the cluster trusts.
    pub roots: &'a TrustRoots,
    /// The commit.
    pub commit: &'a Commit,
}

/// A release as it is kept: nothing of it is believed before it is checked again.
struct Kept {
    manifest: Vec<u8>,
    envelope: Vec<u8>,
    content: Vec<u8>,
}

impl Finder<'_> {
    /// The release of a target; `None` if there is none yet. What was found before is not asked for
    /// again: a registry that is down stops nobody from putting back what has drifted.
    ///
    /// # Errors
    /// There is one, and nobody who is trusted says so; or the registry does not answer.
    pub async fn find(&self, target: &ReleaseTarget) -> Result<Option<Release>, Error> {
        let name = Digest::of(target.label.as_bytes()).short();
        if let Some(release) = self.kept(target, &name) {
            return Ok(Some(release));
        }
        let Some(manifest) = self.manifest(target).await? else {
            return Ok(None);
        };
        let image = target.repository().at(Digest::of(&manifest));
        let envelope = self.proof(target, &image).await?;
        let layer = last_layer(&manifest).map_err(|source| broken(&image, source))?;
        let read = self.client.config(&target.source, &layer.digest).await;
        let content = read.map_err(|error| Error::Registry(Box::new(error)))?;
        for (end, bytes) in [
            ("manifest", &manifest),
            ("envelope", &envelope),
            ("layer", &content),
        ] {
            let name = format!("{name}.{end}");
            self.folder.keep_release(self.commit, &name, bytes)?;
        }
        Ok(Some(Release {
            target: target.label.clone(),
            image,
            layer,
            content,
        }))
    }

    /// The release as it was found before, if it still is one: whom the cluster trusts may have changed.
    fn kept(&self, target: &ReleaseTarget, name: &str) -> Option<Release> {
        let file = |end: &str| self.folder.kept(self.commit, &format!("{name}.{end}"));
        let kept = Kept {
            manifest: file("manifest")?,
            envelope: file("envelope")?,
            content: file("layer")?,
        };
        let image = target.repository().at(Digest::of(&kept.manifest));
        self.prove(&kept.envelope, &image).ok()?;
        let layer = last_layer(&kept.manifest).ok()?;
        (Digest::of(&kept.content) == layer.digest).then_some(Release {
            target: target.label.clone(),
            image,
            layer,
            content: kept.content,
        })
    }

    /// What the commit's tag is on; `None` if there is no such tag.
    async fn manifest(&self, target: &ReleaseTarget) -> Result<Option<Vec<u8>>, Error> {
        let tag: Tag = self.commit.as_str().parse().expect("a hash is a tag");
        let tagged = ImageReference::tagged(target.repository().clone(), tag);
        match self.client.manifest(&target.source, &tagged).await {
            Ok(manifest) => Ok(Some(manifest.bytes)),
            Err(error) if matches!(error.cause(), Cause::Status { status: 404, .. }) => Ok(None),
            Err(error) => Err(Error::Registry(Box::new(error))),
        }
    }

    /// The attestation that proves an image: of those that are said to be of this commit, or do not say
    /// of which, the newest that does.
    async fn proof(
        &self,
        target: &ReleaseTarget,
        image: &ImageReference,
    ) -> Result<Vec<u8>, Error> {
        let digest = image.digest().expect("it is named by its digest");
        let mut refusal = ReleaseProofError::Missing;
        let proves = |text: String| match self.prove(text.as_bytes(), image) {
            Ok(()) => Some(text),
            // That of the newest says more than that of an old key.
            Err(error) => {
                if matches!(refusal, ReleaseProofError::Missing) {
                    refusal = error;
                }
                None
            }
        };
        let source = &target.source;
        let proof = beside::newest(self.client, source, digest, Some(self.commit), proves).await;
        if let Some(text) = proof.map_err(|error| Error::Registry(Box::new(error)))? {
            return Ok(text.into_bytes());
        }
        Err(Error::Unproven {
            image: Box::new(image.clone()),
            commit: self.commit.clone(),
            source: Box::new(refusal),
        })
    }

    /// Whether an attestation says that an image is the release.
    fn prove(&self, envelope: &[u8], image: &ImageReference) -> Result<(), ReleaseProofError> {
        let text = String::from_utf8_lossy(envelope);
        let envelope = Envelope::parse(&text).map_err(ReleaseProofError::Envelope)?;
        let said = self.roots.verify(&envelope);
        let said = said.map_err(ReleaseProofError::Verify)?;
        let digest = image.digest().expect("it is named by its digest");
        for (what, got, want) in [
            ("digest", said.digest.to_string(), digest.to_string()),
            (
                "repository",
                said.name,
                image.repository().path().to_owned(),
            ),
            ("commit", said.commit.to_string(), self.commit.to_string()),
        ] {
            if got != want {
                return Err(ReleaseProofError::Other { what, got, want });
            }
        }
        Ok(())
    }
}

/// The error of a release that is proven and of no use.
pub fn broken(image: &ImageReference, source: BundleError) -> Error {
    Error::Bundle {
        image: Box::new(image.clone()),
        source: Box::new(source),
    }
}
