//! What is said of an image, beside it and not in it (distribution specification 1.1, "Pushing
//! Manifests with Subject" and "Listing Referrers").
//!
//! A registry that lists referrers says so when it takes one. For others the list is kept here, as
//! an index under the tag `sha256-<digest>`. What counts as said is what is listed: a manifest that
//! an interrupted run has put is none yet.

use crate::client::Quiet;
use crate::document::{descriptor_of, index_of, to_canonical_json};
use crate::identity::Need;
use crate::{Blob, Cause, Client, Error, Manifest, Place, Push, Target};
use bytes::Bytes;
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest, ImageManifestBuilder, MediaType};
use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};
use std::collections::{BTreeMap, HashMap};
use windlass_oci_reference::Digest;

/// The type of the statement that says where an image comes from: what `image push --revision`
/// says, and what the revisions of pins are compared with.
pub const ORIGIN: &str = "application/vnd.windlass.origin.v1";

/// The content of a blob that there is nothing in (image specification, "Guidance for an empty
/// descriptor").
const EMPTY: &[u8] = b"{}";

/// What registries answer that list no referrers: by the specification, and by being older than it.
const NO_LISTS: &[StatusCode] = &[
    StatusCode::NOT_FOUND,
    StatusCode::BAD_REQUEST,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::NOT_ACCEPTABLE,
];

/// Something that is said of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What kind of statement it is: a media type.
    pub artifact_type: String,
    /// What it says, by the names of the image specification ("Annotations").
    pub annotations: BTreeMap<String, String>,
    /// What it says besides, as a document of its own.
    pub content: Option<Content>,
}

impl Statement {
    /// Of which commit an image was built, and where its source is, if somebody says that.
    pub fn origin(source: Option<&str>, revision: &str) -> Self {
        let said = source.map(|source| ("source", source));
        let said = said.into_iter().chain([("revision", revision)]);
        Self {
            artifact_type: ORIGIN.to_owned(),
            content: None,
            annotations: said
                .map(|(name, value)| (format!("org.opencontainers.image.{name}"), value.to_owned()))
                .collect(),
        }
    }
}

/// A document that is said of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its media type.
    pub media_type: String,
    /// Byte for byte.
    pub bytes: Vec<u8>,
}

/// An image that something is said of.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What errors call it: a label or a reference.
    label: String,
    /// Where it is.
    target: Target,
    /// What names it.
    descriptor: Descriptor,
    digest: Digest,
}

impl Subject {
    /// An image as its registry has it.
    pub fn of(label: String, target: Target, manifest: &Manifest) -> Self {
        let media_type = MediaType::from(manifest.media_type.as_str());
        Self {
            label,
            target,
            descriptor: descriptor_of(media_type, &manifest.bytes),
            digest: manifest.digest,
        }
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }
}

impl From<&Push> for Subject {
    fn from(push: &Push) -> Self {
        let media_type = push.image.media_type().clone();
        Self {
            label: push.label.clone(),
            target: push.target.clone(),
            descriptor: descriptor_of(media_type, push.image.manifest()),
            digest: push.image.digest(),
        }
    }
}

impl Client {
    /// Puts a statement beside an image that is there, if it is not listed yet; gives its digest.
    pub async fn attach(
        &self,
        subject: impl Into<Subject>,
        statement: &Statement,
    ) -> Result<Digest, Error> {
        let subject = subject.into();
        let attached = self.attach_inner(&subject, statement).await;
        attached.map_err(|cause| Error::of_attach(&subject, cause))
    }

    async fn attach_inner(
        &self,
        subject: &Subject,
        statement: &Statement,
    ) -> Result<Digest, Cause> {
        let manifest = manifest(subject, statement);
        let own = descriptor_of(MediaType::ImageManifest, &manifest);
        let digest = Digest::of(&manifest);
        let name = digest.to_string();
        let progress = Quiet::progress();
        let target = &subject.target;
        let listed = self.listed(&target.into(), &subject.digest).await?;
        if has(&listed, &own) {
            return Ok(digest);
        }
        let content = statement.content.iter().map(|content| &*content.bytes);
        for bytes in [EMPTY].into_iter().chain(content) {
            let blob = Blob {
                digest: Digest::of(bytes),
                size: bytes.len() as u64,
                place: Place::Memory(Bytes::copy_from_slice(bytes)),
            };
            self.ensure_blob(target, &blob, &progress).await?;
        }
        let media_type = MediaType::ImageManifest;
        let is_listed = self
            .put_manifest(target, &media_type, &manifest, &name, &progress)
            .await?;
        if !is_listed {
            self.list(subject, own, statement).await?;
        }
        Ok(digest)
    }

    /// Adds a referrer to the list of an image in a registry that keeps none. Two who do so at once
    /// may lose one of the two: the specification knows no better way.
    async fn list(
        &self,
        subject: &Subject,
        mut own: Descriptor,
        statement: &Statement,
    ) -> Result<(), Cause> {
        own.set_artifact_type(Some(MediaType::from(statement.artifact_type.as_str())));
        own.set_annotations(Some(annotations(statement)));
        let target = &subject.target;
        let mut index = self.kept_list(&target.into(), &subject.digest).await?;
        if has(&index, &own) {
            return Ok(());
        }
        let mut known = index.manifests().clone();
        known.push(own);
        index.set_manifests(known);
        let (bytes, name) = (to_canonical_json(&index), tag(&subject.digest));
        let (media_type, progress) = (MediaType::ImageIndex, Quiet::progress());
        self.put_manifest(target, &media_type, &bytes, &name, &progress)
            .await?;
        Ok(())
    }

    /// What is said of an image, by the registry's own list or by the one that is kept for it.
    async fn listed(&self, need: &Need, subject: &Digest) -> Result<ImageIndex, Cause> {
        let name = need.target().repository.path();
        let path = format!("/v2/{name}/referrers/{subject}");
        match self.index(need, &path, NO_LISTS).await? {
            Some(index) => Ok(index),
            None => self.kept_list(need, subject).await,
        }
    }

    /// The list that is kept under a tag; empty if there is none.
    async fn kept_list(&self, need: &Need, subject: &Digest) -> Result<ImageIndex, Cause> {
        let name = need.target().repository.path();
        let path = format!("/v2/{name}/manifests/{}", tag(subject));
        let there = self.index(need, &path, &[StatusCode::NOT_FOUND]).await?;
        Ok(there.unwrap_or_else(|| index_of(Vec::new())))
    }

    /// What is said of an image: the referrers of one type, or of all.
    pub async fn referrers(
        &self,
        target: &Target,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, Error> {
        let index = self.listed(&Need::pull(target), subject).await;
        let index = index.map_err(|cause| {
            let image = target.repository.at(*subject);
            Error::of_look_up(image, cause)
        })?;
        let mut referrers = index.manifests().clone();
        // Registries may leave the choice to us.
        referrers.retain(|referrer| {
            let own = referrer.artifact_type().as_ref();
            artifact_type.is_none_or(|want| own.is_some_and(|own| own.as_ref() == want))
        });
        Ok(referrers)
    }

    /// The documents of one type that are said of an image, in the order of the list. What has no
    /// document is passed over: anybody may say something.
    pub async fn contents(
        &self,
        target: &Target,
        subject: &Digest,
        artifact_type: &str,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let referrers = self.referrers(target, subject, Some(artifact_type));
        let mut contents = Vec::new();
        for referrer in referrers.await? {
            contents.extend(self.content(target, &referrer).await?);
        }
        Ok(contents)
    }

    /// The document of one referrer; `None` if it has none.
    pub async fn content(
        &self,
        target: &Target,
        referrer: &Descriptor,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Ok(name) = referrer.digest().to_string().parse() else {
            return Ok(None);
        };
        let manifest = self.manifest(target, &target.repository.at(name)).await?;
        let manifest: Option<ImageManifest> = serde_json::from_slice(&manifest.bytes).ok();
        let layers = manifest.as_ref().map_or(&[][..], |it| it.layers());
        if let [layer] = layers
            && let Ok(name) = layer.digest().to_string().parse()
        {
            return self.config(target, &name).await.map(Some);
        }
        Ok(None)
    }

    /// An index; `None` if the answer is one of those that say that there is none.
    async fn index(
        &self,
        need: &Need,
        path: &str,
        none: &[StatusCode],
    ) -> Result<Option<ImageIndex>, Cause> {
        let ask = || async {
            let call = self.session.call(need.clone(), Method::GET, path)?;
            let call = call.header(ACCEPT, MediaType::ImageIndex.as_ref());
            let answer = call.send().await?;
            match answer.status() {
                StatusCode::OK => {}
                status if none.contains(&status) => return Ok(None),
                _ => return Err(answer.unexpected().await),
            }
            let request = answer.request().clone();
            let bytes = answer.bytes(crate::pull::MOST).await?;
            let index = serde_json::from_slice(&bytes).map_err(|error| Cause::Answer {
                request,
                got: error.to_string(),
                want: "an index",
            })?;
            Ok(Some(index))
        };
        self.session.persist(&Quiet::progress(), ask).await
    }
}

/// Whether a list has a referrer.
fn has(list: &ImageIndex, referrer: &Descriptor) -> bool {
    let mut known = list.manifests().iter();
    known.any(|known| known.digest() == referrer.digest())
}

/// A manifest that says something of an image, and nothing else.
fn manifest(subject: &Subject, statement: &Statement) -> Vec<u8> {
    let empty = descriptor_of(MediaType::EmptyJSON, EMPTY);
    let layer = match &statement.content {
        Some(Content { media_type, bytes }) => {
            descriptor_of(MediaType::from(media_type.as_str()), bytes)
        }
        None => empty.clone(),
    };
    let manifest: ImageManifest = ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .artifact_type(MediaType::from(statement.artifact_type.as_str()))
        .config(empty)
        .layers([layer])
        .subject(subject.descriptor.clone())
        .annotations(annotations(statement))
        .build()
        .expect("all required fields are set");
    to_canonical_json(&manifest)
}

fn annotations(statement: &Statement) -> HashMap<String, String> {
    let annotations = statement.annotations.iter();
    annotations
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The tag under which the referrers of an image are listed.
fn tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}
