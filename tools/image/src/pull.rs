//! `image pull`: what a registry says of an image goes into a lock; its layers stay where they are.

use crate::contents::digest_of;
use crate::lock::Lock;
use crate::output::parse;
use crate::platform::Platform;
use crate::select::{DOCKER_INDEX, is_of_no_platform};
use crate::{Environment, Error};
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest, MediaType};
use std::path::{Path, PathBuf};
use windlass_oci_reference::ImageReference;
use windlass_oci_registry::{Client, Manifest, Target, Transport, descriptor_of, index_of};
use windlass_report::say;

/// Locks a base image: writes its manifests and configs, and no layer, into a file to commit.
///
/// Without an image, the one that the lock names is looked up again: a tag may have moved.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: image pull ghcr.io/acme/base:v1 --lock base.lock.json")]
pub(crate) struct Args {
    /// The image, by tag or digest
    image: Option<ImageReference>,

    /// The file
    #[arg(long, value_name = "FILE")]
    lock: PathBuf,

    /// A platform whose image is locked, if there is one; each that nodes may have, if none is given
    #[arg(
        long = "platform",
        default_values = ["linux/amd64", "linux/arm64"],
        value_name = "SYSTEM/PROCESSOR"
    )]
    platforms: Vec<Platform>,

    /// Plain http although the registry is not this machine
    #[arg(long)]
    insecure: bool,
}

pub(crate) async fn run(args: &Args, environment: &Environment) -> Result<(), Error> {
    let path = environment.path(&args.lock);
    let (image, insecure) = if let Some(image) = &args.image {
        (image.clone(), args.insecure)
    } else {
        let lock = Lock::read(&path)?;
        (moved(&lock.image), lock.insecure || args.insecure)
    };
    let pull = Pull {
        client: crate::push::client(environment)?,
        target: Target {
            repository: image.repository().clone(),
            transport: Transport::from_insecure(insecure),
        },
        path: &path,
        platforms: &args.platforms,
    };
    let lock = pull.lock(&image, insecure).await?;
    lock.write(&path)?;
    say(&format!(
        "{} is locked in `{}`",
        lock.image,
        args.lock.display()
    ));
    Ok(())
}

/// What to look up for a lock: its tag, if it has one.
fn moved(image: &ImageReference) -> ImageReference {
    match image.tag() {
        Some(tag) => ImageReference::tagged(image.repository().clone(), tag.clone()),
        None => image.clone(),
    }
}

struct Pull<'a> {
    client: Client,
    target: Target,
    /// Where the lock is, for messages.
    path: &'a Path,
    platforms: &'a [Platform],
}

impl Pull<'_> {
    async fn lock(&self, image: &ImageReference, insecure: bool) -> Result<Lock, Error> {
        let found = self.client.manifest(&self.target, image).await?;
        let locked = image.clone().with_digest(found.digest);
        let mut named = Vec::new();
        let mut documents = Vec::new();
        if is_index(&found.media_type) {
            let index: ImageIndex = parse(self.path, &found.bytes)?;
            for descriptor in self.wanted(image, &index)? {
                let reference = self.target.repository.at(digest_of(descriptor)?);
                documents.push(self.client.manifest(&self.target, &reference).await?);
                named.push(descriptor.clone());
            }
        } else {
            let media_type = MediaType::from(found.media_type.as_str());
            named.push(descriptor_of(media_type, &found.bytes));
            documents.push(found);
        }
        let mut lock = Lock::new(locked, insecure, index_of(named));
        for manifest in documents {
            self.add(&mut lock, manifest).await?;
        }
        Ok(lock)
    }

    /// The images of an index that are for the platforms.
    fn wanted<'a>(
        &self,
        image: &ImageReference,
        index: &'a ImageIndex,
    ) -> Result<Vec<&'a Descriptor>, Error> {
        let platform = |descriptor: &Descriptor| descriptor.platform().as_ref().map(Platform::from);
        let known = || {
            let images = index.manifests().iter();
            images.filter(|image| !is_of_no_platform(image))
        };
        let wanted = known().filter(|descriptor| {
            let own = platform(descriptor);
            let mut platforms = self.platforms.iter();
            platforms.any(|want| own.as_ref().is_some_and(|own| want.takes(own)))
        });
        let wanted: Vec<_> = wanted.collect();
        if !wanted.is_empty() {
            return Ok(wanted);
        }
        let words = |platforms: Vec<String>| platforms.join(", ");
        let got = known().filter_map(|image| Some(platform(image)?.to_string()));
        let want = self.platforms.iter().map(Platform::to_string);
        Err(Error::Platform {
            path: image.to_string().into(),
            got: words(got.collect()),
            want: words(want.collect()),
        })
    }

    /// Adds a manifest and its config.
    async fn add(&self, lock: &mut Lock, manifest: Manifest) -> Result<(), Error> {
        let parsed: ImageManifest = parse(self.path, &manifest.bytes)?;
        let digest = digest_of(parsed.config())?;
        let config = self.client.config(&self.target, &digest).await?;
        for (digest, bytes) in [(manifest.digest, manifest.bytes), (digest, config)] {
            let text = String::from_utf8(bytes).map_err(|_| Error::Value {
                what: "document of the image",
                got: digest.to_string(),
                want: "JSON, which is UTF-8",
            })?;
            lock.documents.insert(digest, text);
        }
        Ok(())
    }
}

fn is_index(media_type: &str) -> bool {
    media_type == DOCKER_INDEX || MediaType::from(media_type) == MediaType::ImageIndex
}
