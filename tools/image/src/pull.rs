//! `image pull`: what a registry says of an image goes into a lock; its layers stay where they are.

use crate::contents::digest_of;
use crate::lock::Lock;
use crate::output::parse;
use crate::platform::Platform;
use crate::select::{Candidate, best, is_config, is_index, is_manifest, platforms};
use crate::{Environment, Error};
use oci_spec::image::{Descriptor, ImageConfiguration, ImageIndex, ImageManifest, MediaType};
use std::collections::BTreeMap;
use std::path::PathBuf;
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

    /// A platform whose image is locked, if there is one. If none is given, they are those that the
    /// lock was made with; those of a new one are linux/amd64 and linux/arm64
    #[arg(long = "platform", value_name = "SYSTEM/PROCESSOR")]
    platforms: Vec<Platform>,

    /// Plain http although the registry is not this machine
    #[arg(long)]
    insecure: bool,
}

pub(crate) async fn run(args: &Args, environment: &Environment) -> Result<(), Error> {
    let path = environment.path(&args.lock);
    let mut asked = args.platforms.clone();
    let (image, insecure) = if let Some(image) = &args.image {
        if asked.is_empty() && path.is_file() {
            asked = Lock::read(&path)?.platforms;
        }
        (image.clone(), args.insecure)
    } else {
        let lock = Lock::read(&path)?;
        if asked.is_empty() {
            asked = lock.platforms;
        }
        (moved(&lock.image), lock.insecure || args.insecure)
    };
    let pull = Pull {
        client: crate::push::client(environment)?,
        target: Target {
            repository: image.repository().clone(),
            transport: Transport::from_insecure(insecure),
        },
        name: PathBuf::from(image.to_string()),
    };
    let lock = pull.lock(image, insecure, asked).await?;
    lock.write(&path)?;
    let (locked, written) = (&lock.image, args.lock.display());
    say(&format!("{locked} is locked in `{written}`"));
    Ok(())
}

/// What to look up for a lock: its tag, if it has one.
fn moved(image: &ImageReference) -> ImageReference {
    match image.tag() {
        Some(tag) => ImageReference::tagged(image.repository().clone(), tag.clone()),
        None => image.clone(),
    }
}

struct Pull {
    client: Client,
    target: Target,
    /// What the image is called, for messages.
    name: PathBuf,
}

impl Pull {
    async fn lock(
        &self,
        image: ImageReference,
        insecure: bool,
        asked: Vec<Platform>,
    ) -> Result<Lock, Error> {
        let found = self.client.manifest(&self.target, &image).await?;
        let mut lock = Lock {
            version: crate::lock::VERSION,
            image: image.with_digest(found.digest),
            insecure,
            platforms: asked,
            index: index_of(Vec::new()),
            documents: BTreeMap::new(),
        };
        let wanted = match &lock.platforms[..] {
            [] => Platform::of_nodes(),
            asked => asked.to_vec(),
        };
        let media_type = MediaType::from(&*found.media_type);
        let mut named = Vec::new();
        if is_index(&media_type) {
            let index: ImageIndex = parse(&self.name, &found.bytes)?;
            for descriptor in self.choose(&index, &wanted)? {
                let reference = self.target.repository.at(digest_of(&descriptor)?);
                let manifest = self.client.manifest(&self.target, &reference).await?;
                self.add(&mut lock, manifest).await?;
                named.push(descriptor);
            }
        } else if is_manifest(&media_type) {
            named.push(descriptor_of(media_type, &found.bytes));
            let own = self.add(&mut lock, found).await?;
            if !wanted.iter().any(|want| want.takes(&own)) {
                return Err(self.none_for(&wanted, &[own.to_string()]));
            }
        } else {
            let want = "that of an image manifest or of an index";
            return Err(self.wrong("media type", &media_type, want));
        }
        lock.index = index_of(named);
        Ok(lock)
    }

    /// The images of an index that are for the platforms, one for each that it has one for.
    fn choose(&self, index: &ImageIndex, wanted: &[Platform]) -> Result<Vec<Descriptor>, Error> {
        let candidates: Vec<_> = index.manifests().iter().filter_map(Candidate::of).collect();
        let mut chosen: Vec<Descriptor> = Vec::new();
        for want in wanted {
            let Some(found) = best(&self.name, &candidates, want)? else {
                continue;
            };
            if !chosen.contains(&found.descriptor) {
                chosen.push(found.descriptor.clone());
            }
        }
        if chosen.is_empty() {
            return Err(self.none_for(wanted, &platforms(&candidates)));
        }
        Ok(chosen)
    }

    /// Adds a manifest and its config, and says what they are for.
    async fn add(&self, lock: &mut Lock, manifest: Manifest) -> Result<Platform, Error> {
        let parsed: ImageManifest = parse(&self.name, &manifest.bytes)?;
        let media_type = parsed.config().media_type();
        if !is_config(media_type) {
            return Err(self.wrong("media type of its config", media_type, "that of an image's"));
        }
        let digest = digest_of(parsed.config())?;
        let config = self.client.config(&self.target, &digest).await?;
        let parsed: ImageConfiguration = parse(&self.name, &config)?;
        for (digest, bytes) in [(manifest.digest, manifest.bytes), (digest, config)] {
            let text = String::from_utf8(bytes).map_err(|_| Error::Value {
                what: "document of the image",
                got: digest.to_string(),
                want: "JSON, which is UTF-8",
            })?;
            lock.documents.insert(digest, text);
        }
        Ok(Platform::of(&parsed))
    }

    fn none_for(&self, wanted: &[Platform], got: &[String]) -> Error {
        let wanted: Vec<_> = wanted.iter().map(Platform::to_string).collect();
        Error::Platform {
            path: self.name.clone(),
            got: got.join(", "),
            want: wanted.join(", "),
        }
    }

    fn wrong(&self, what: &'static str, got: &MediaType, want: &'static str) -> Error {
        Error::Layout {
            path: self.name.clone(),
            what,
            got: got.to_string(),
            want,
        }
    }
}
