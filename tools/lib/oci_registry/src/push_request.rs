//! One image and where it goes: the JSON file beside a target that pushes.

use crate::{Image, ImageError, ImageFiles, Push, Target, Transport};
use serde::Deserialize;
use std::path::Path;
use windlass_oci_reference::{Repository, Tag};

/// One image and where it goes, as `rules/private/image_push.bzl` writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushRequest {
    /// [`PushRequest::VERSION`].
    pub version: u32,
    /// `push`; a run target finds out by it what it is.
    #[serde(default)]
    pub verb: Option<String>,
    /// The image's label, for messages.
    pub label: String,
    /// Where it goes: `localhost:31000/demo/client`.
    pub repository: Repository,
    /// Plain http although the registry is not this machine.
    #[serde(default)]
    pub insecure: bool,
    /// Tags to move to it as well.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Where its files are.
    pub files: ImageFiles,
}

impl PushRequest {
    /// The only version of such a file.
    pub const VERSION: u32 = 1;

    /// Reads the files that it names, which are below `root`.
    pub fn load(&self, root: &Path) -> Result<Push, ImageError> {
        let mut push = Push {
            label: self.label.clone(),
            target: Target {
                repository: self.repository.clone(),
                transport: Transport::from_insecure(self.insecure),
            },
            image: Image::load(&self.files.below(root))?,
            tags: Vec::new(),
        };
        for tag in &self.tags {
            push.add(tag.clone());
        }
        Ok(push)
    }
}
