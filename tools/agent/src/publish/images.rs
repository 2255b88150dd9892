//! The images that a commit builds: pushed, and those attested that are new.

use futures::future::try_join_all;
use windlass_attestation::{Envelope, Provenance, beside};
use windlass_oci_reference::{ImageReference, Repository, Tag};
use windlass_oci_registry::{Push, Statement, Target, Transport};
use windlass_pin::checkout::Package;
use windlass_pins::{Commit, Toolchain};

use super::error::Error;
use super::turn::Publisher;

/// An image of a service, as a commit builds it.
#[derive(Clone, Debug)]
pub(super) struct BuiltImage {
    pub(super) service: Package,
    pub(super) key: String,
    pub(super) push: Push,
}

/// What a publisher says of all that it builds of a commit.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) commit: Commit,
    pub(super) toolchain: Toolchain,
}

impl BuiltImage {
    /// The image, as pins name it.
    pub(super) fn reference(&self) -> ImageReference {
        let repository = self.push.target.repository.clone();
        ImageReference::at(repository, self.push.image.digest())
    }
}

impl Publisher<'_> {
    /// Where an image or a release goes.
    pub(super) fn target(&self, repository: Repository) -> Target {
        Target {
            repository,
            transport: Transport::from_insecure(self.request.insecure),
        }
    }

    /// Makes images be there; gives how many were not.
    pub(super) async fn push_images(&self, images: &[BuiltImage]) -> Result<usize, Error> {
        let pushes = images.iter().map(|image| async {
            let mut push = image.push.clone();
            // A local registry removes what no tag keeps.
            if push.target.is_plain_http() {
                push.add(Tag::kept(&push.image.digest()));
            }
            let pushed = self.client.push(&push, &self.progress).await;
            Ok::<_, Error>(usize::from(!pushed.map_err(Error::registry)?.is_noop()))
        });
        Ok(try_join_all(pushes).await?.into_iter().sum())
    }

    /// Says beside an image what it was built from, so that anybody may read it, and signed; gives the
    /// text of the latter.
    pub(super) async fn attest(&self, push: &Push, origin: &Origin) -> Result<String, Error> {
        let text = self.attest_release(push, origin).await?;
        let said = Statement::origin(Some(&self.arguments.source), origin.commit.as_str());
        let attached = self.client.attach(push, &said).await;
        attached.map_err(Error::registry)?;
        Ok(text)
    }

    /// Says it signed alone.
    pub(super) async fn attest_release(
        &self,
        push: &Push,
        origin: &Origin,
    ) -> Result<String, Error> {
        let digest = push.image.digest();
        let repository = &push.target.repository;
        let provenance = Provenance {
            name: repository.path().to_owned(),
            digest,
            source: self.arguments.source.clone(),
            commit: origin.commit.clone(),
            toolchain: origin.toolchain.clone(),
            builder: self.arguments.builder.clone(),
        };
        let envelope = Envelope::sign(&provenance, &self.signer);
        let envelope = envelope.map_err(|source| Error::Sign {
            image: repository.at(digest).to_string(),
            source,
        })?;
        let text = envelope.to_string();
        let statement = beside::statement(&text, &origin.commit);
        let attached = self.client.attach(push, &statement).await;
        attached.map_err(Error::registry)?;
        Ok(text)
    }
}
