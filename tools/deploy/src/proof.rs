//! Proof of pinned images: who says which commit each was built from, and whether the cluster
//! trusts them. It is the files of the request that are looked at, and the trust roots of the
//! cluster; no registry is asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use windlass_attestation::{
    Envelope, EnvelopeError, Mismatch, TrustError, TrustRoots, VerifyError,
};
use windlass_k8s_object::images;
use windlass_oci_reference::{Digest, ImageReference, ParseError, Repository};
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
    /// An image of the project may be another one tomorrow.
    #[error("no pin names it: an image without a digest is whatever the registry says")]
    NoDigest,
    /// Nobody can tell whose image it is.
    #[error("it is not clear whose it is")]
    Unclear(#[source] ParseError),
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
/// An image of the project that no pin names, one that may be anybody's, and files that cannot be
/// read.
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
    for text in images_of(&request.project, desired) {
        let failed = |source| refused(&request.environment.name, &quoted(&text), source);
        let image = match text.parse::<ImageReference>() {
            Ok(image) => image,
            // A repository of the project, of which the tag stands elsewhere or nowhere.
            Err(_) if is_of(&request.project, &text) => return Err(failed(ProofError::NoDigest)),
            Err(error) => return Err(failed(ProofError::Unclear(error))),
        };
        let pinned = image.digest().and_then(|digest| known.get(digest));
        if let Some((pin, proof)) = pinned {
            let claim = Claim::of(image, pin, proof, runfiles).map_err(failed)?;
            claims.insert(*pin.digest(), claim);
        } else if is_of(&request.project, &text) {
            return Err(failed(match image.digest() {
                Some(_) => ProofError::NoPin,
                None => ProofError::NoDigest,
            }));
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
        let image = quoted(&claim.image.to_string());
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

/// The images that the objects name. Where a custom kind has them nobody knows, so all that it says
/// counts that is an image of the project.
fn images_of<'a>(project: &'a str, desired: &'a Desired) -> impl Iterator<Item = String> + 'a {
    desired.objects.iter().flat_map(move |object| {
        let document = object.object.document();
        let mut images: Vec<String> = images::list(document).into_iter().map(|it| it.1).collect();
        images.extend(mounted(document));
        if is_custom(object.object.key().group.as_str()) {
            let mut texts = Vec::new();
            texts_of(document, &mut texts);
            let own = texts.into_iter().filter(|text| is_of(project, text));
            images.extend(own.map(str::to_owned));
        }
        images
    })
}

/// The images that the pods of an object mount.
fn mounted(document: &Value) -> Vec<String> {
    let pod = images::pod_spec(document);
    let volumes = pod.and_then(|(_, pod)| pod["volumes"].as_array());
    let images = volumes.into_iter().flatten().filter_map(|volume| {
        let reference = volume["image"]["reference"].as_str()?;
        Some(reference.to_owned())
    });
    images.collect()
}

/// Whether a group is none of Kubernetes' own: those have no dot, or end so.
fn is_custom(group: &str) -> bool {
    group.contains('.') && !group.ends_with(".k8s.io")
}

/// All texts in a document, without the names of fields.
fn texts_of<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(values) => values.iter().for_each(|value| texts_of(value, texts)),
        Value::Object(fields) => fields.values().for_each(|value| texts_of(value, texts)),
        _ => {}
    }
}

fn quoted(image: &str) -> String {
    format!("image `{image}`")
}

/// Whether a text is an image that the project builds, or a repository of these: `<project>/<name>`,
/// in any registry.
fn is_of(project: &str, text: &str) -> bool {
    let image = text
        .parse()
        .map(|it: ImageReference| it.repository().clone());
    let Ok(repository) = image.or_else(|_| text.parse::<Repository>()) else {
        return false;
    };
    let first = repository.path().split_once('/');
    !project.is_empty() && first.is_some_and(|(first, _)| first == project)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_the_project() {
        let digest = Digest::of(b"abc");
        for text in [
            &format!("localhost:31000/demo/client@{digest}"),
            "localhost:31000/demo/client:v1",
            "mirror.example/demo/bundles/client",
        ] {
            assert!(is_of("demo", text), "{text}");
        }
        for text in [
            "",
            "demo",
            // A name in a namespace, a database, an address.
            "demo/client",
            "db:5432/demo",
            "http://localhost:31000/demo/client",
            "localhost:31000/third_party/demo/client:v1",
            "localhost:31000/demonstration/client:v1",
        ] {
            assert!(!is_of("demo", text), "{text}");
        }
        assert!(!is_of("", "localhost:31000/demo/client:v1"));
    }

    #[test]
    fn what_kubernetes_has_itself_is_not_custom() {
        for group in ["", "apps", "policy", "networking.k8s.io"] {
            assert!(!is_custom(group), "{group}");
        }
        for group in ["stable.example.com", "jobset.x-k8s.io"] {
            assert!(is_custom(group), "{group}");
        }
    }
}
