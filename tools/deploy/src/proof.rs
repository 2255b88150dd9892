//! Proof of pinned images: who says which commit each was built from, and whether the cluster
//! trusts them. It is the files of the request that are looked at, and the trust roots of the
//! cluster; no registry is asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use windlass_attestation::{
    Envelope, EnvelopeError, Mismatch, TrustError, TrustRoots, VerifyError,
};
use windlass_k8s_object::images;
use windlass_oci_reference::{Digest, ImageReference};
use windlass_pins::{FileError, Lock, Pin};

use crate::desired::Desired;
use crate::error::Error;
use crate::request::{DeployRequest, Proof, ProofRequest};

/// Why an image is not proven.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum ProofError {
    /// An attestation cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A file of pins cannot be used.
    #[error(transparent)]
    Pins(#[from] FileError),
    /// No pin says where an image of the project is from.
    #[error("no pin names it: an image that stands in a manifest by its digest has no commit")]
    NoPin,
    /// The checkout has no attestation of an image.
    #[error("its attestation is missing: there is no `{path}`")]
    Missing {
        /// Where it would be in the checkout.
        path: String,
        /// The command that writes it.
        fetch: String,
    },
    /// What stands there is none.
    #[error("its attestation `{path}` does not hold")]
    Envelope {
        /// The file.
        path: String,
        /// Why.
        source: EnvelopeError,
    },
    /// Nobody trusts it.
    #[error("its attestation `{path}` is not to be trusted")]
    Verify {
        /// The file.
        path: String,
        /// Why.
        source: VerifyError,
    },
    /// It is of something else.
    #[error("its attestation `{path}` is not of the pin")]
    Mismatch {
        /// The file.
        path: String,
        /// In what.
        source: Mismatch,
    },
    /// The cluster trusts nobody.
    #[error("{context} trusts nobody: there is no {place}")]
    NoRoots {
        /// The context.
        context: String,
        /// What is missing.
        place: String,
        /// What makes it.
        create: String,
    },
    /// It is not clear whom the cluster trusts.
    #[error("trust roots of {context} do not hold: {place}")]
    Roots {
        /// The context.
        context: String,
        /// Where they stand.
        place: String,
        /// Why.
        source: TrustError,
        /// What shows them.
        show: String,
    },
}

impl ProofError {
    /// What to type.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { fetch, .. } => Some(fetch.clone()),
            Self::NoRoots { create, .. } => Some(create.clone()),
            Self::Roots { show, .. } => Some(show.clone()),
            _ => None,
        }
    }
}

/// A pinned image that a run needs, and what is to prove it.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The image, as manifests have it.
    image: ImageReference,
    pin: Pin,
    /// Where its attestation is in the checkout, if it is.
    path: String,
    /// What it holds; `None` where there is none.
    text: Option<String>,
}

/// The images that a run has to prove; none where the environment requires no proof.
///
/// # Errors
/// An image of the project that no pin names, and files that cannot be read.
pub fn claims(
    request: &DeployRequest,
    desired: &Desired,
    runfiles: &Path,
) -> Result<Vec<Claim>, Error> {
    if request.environment.proof == Proof::None {
        return Ok(Vec::new());
    }
    let mut known: BTreeMap<Digest, (Pin, &ProofRequest)> = BTreeMap::new();
    for proof in &request.proofs {
        let pins = pins_of(request, proof, runfiles);
        let pins = pins.map_err(|source| {
            refused(
                &request.environment.name,
                &format!("`{}`", proof.label),
                source,
            )
        })?;
        known.extend(pins.into_iter().map(|pin| (*pin.digest(), (pin, proof))));
    }
    let mut claims = BTreeMap::new();
    for image in images_of(desired) {
        let Some(digest) = image.digest().copied() else {
            continue;
        };
        let failed = |source| refused(&request.environment.name, &quoted(&image), source);
        if let Some((pin, proof)) = known.get(&digest) {
            let claim = Claim::of(image.clone(), pin, proof, runfiles).map_err(failed)?;
            claims.insert(digest, claim);
        } else if is_of(&request.project, &image) {
            return Err(failed(ProofError::NoPin));
        }
    }
    Ok(claims.into_values().collect())
}

/// Checks that each claim is proven by somebody whom the cluster trusts.
///
/// # Errors
/// The first that is not.
pub fn check(request: &DeployRequest, claims: &[Claim], roots: &TrustRoots) -> Result<(), Error> {
    for claim in claims {
        let image = quoted(&claim.image);
        claim
            .check(roots)
            .map_err(|source| refused(&request.environment.name, &image, source))?;
    }
    Ok(())
}

/// The error of a run that ends for want of proof.
pub fn refused(environment: &str, what: &str, source: ProofError) -> Error {
    Error::Unproven {
        environment: environment.to_owned(),
        what: what.to_owned(),
        source: Box::new(source),
    }
}

impl Claim {
    fn of(
        image: ImageReference,
        pin: &Pin,
        proof: &ProofRequest,
        runfiles: &Path,
    ) -> Result<Self, ProofError> {
        let name = format!("{}.json", pin.digest().hex());
        let is_its = |path: &&String| path.rsplit('/').next() == Some(&name);
        let there = proof.attestations.iter().find(is_its);
        let text = there.map(|path| read(runfiles, path)).transpose()?;
        Ok(Self {
            image,
            pin: pin.clone(),
            path: format!("{}/{name}", folder_of(proof)),
            text,
        })
    }

    fn check(&self, roots: &TrustRoots) -> Result<(), ProofError> {
        let path = self.path.clone();
        let Some(text) = &self.text else {
            let (folder, _) = path.rsplit_once('/').unwrap_or_default();
            return Err(ProofError::Missing {
                fetch: format!(
                    "bazel run @windlass//tools/image -- attestation {} --out-dir {folder}",
                    self.pin.image()
                ),
                path,
            });
        };
        let envelope = match Envelope::parse(text) {
            Ok(envelope) => envelope,
            Err(source) => return Err(ProofError::Envelope { path, source }),
        };
        match roots.verify(&envelope) {
            Ok(provenance) => provenance
                .check(&self.pin)
                .map_err(|source| ProofError::Mismatch { path, source }),
            Err(source) => Err(ProofError::Verify { path, source }),
        }
    }
}

/// `services/client/attestations`, of `//services/client:prod-pins`.
fn folder_of(proof: &ProofRequest) -> String {
    let package = proof.label.split(':').next().unwrap_or_default();
    match package.split_once("//") {
        Some((_, "")) | None => "attestations".to_owned(),
        Some((_, package)) => format!("{package}/attestations"),
    }
}

/// The pins of the environment that a file has.
fn pins_of(
    request: &DeployRequest,
    proof: &ProofRequest,
    runfiles: &Path,
) -> Result<Vec<Pin>, ProofError> {
    let lock = Lock::read(&runfiles.join(&proof.pins), Path::new(&proof.pins))?;
    let own = lock
        .environments()
        .find(|(name, _)| *name == request.environment.name);
    let pins = own.into_iter().flat_map(|(_, pins)| pins);
    Ok(pins.map(|(_, pin)| pin.clone()).collect())
}

fn read(runfiles: &Path, path: &str) -> Result<String, ProofError> {
    std::fs::read_to_string(runfiles.join(path)).map_err(|source| ProofError::Read {
        path: path.into(),
        source,
    })
}

/// The images that the pods of the objects run.
fn images_of(desired: &Desired) -> impl Iterator<Item = ImageReference> {
    let objects = desired.objects.iter();
    let images = objects.flat_map(|object| images::list(object.object.document()));
    images.filter_map(|(_, image)| image.parse().ok())
}

fn quoted(image: &ImageReference) -> String {
    format!("image `{image}`")
}

/// Whether an image is one that the project builds.
fn is_of(project: &str, image: &ImageReference) -> bool {
    let first = image.repository().path().split('/').next();
    !project.is_empty() && first == Some(project)
}
