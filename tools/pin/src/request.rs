//! The constants that this tool is bound to: the JSON file beside the launcher, written by
//! `rules/private/pin_tool.bzl`.

use std::path::Path;

use serde::Deserialize;
use windlass_nearest::one_of;
use windlass_oci_reference::{ParseError, Registry, Repository};

use crate::error::Error;

/// The version of the schema that this tool reads.
pub const VERSION: u32 = 3;

/// What a repository deploys to, as far as pins go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinRequest {
    /// The schema's version, [`VERSION`].
    pub version: u32,
    /// The first part of every image's repository.
    pub project: String,
    /// Whether the registries are spoken to by plain http though they are not this machine.
    pub insecure: bool,
    /// The branch whose commits protected environments run: `main`.
    pub main_branch: String,
    /// The environments, in the order of ENVS.
    pub environments: Vec<EnvironmentRequest>,
}

/// One environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRequest {
    /// Its name: `prod`.
    pub name: String,
    /// Where its images come from.
    pub images: Images,
    /// Where they are.
    pub registry: Registry,
    /// Whether it runs no image of an unknown commit.
    pub protected: bool,
    /// Whether it runs no image that is not proven.
    pub proven: bool,
}

/// Where the images of an environment come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Images {
    /// From head, each time.
    Built,
    /// From the lock file.
    Pinned,
}

impl PinRequest {
    /// Reads and checks the request.
    pub fn read(path: &Path) -> Result<Self, Error> {
        windlass_versioned::read(path, VERSION).map_err(|source| Error::Request {
            path: path.to_owned(),
            source,
        })
    }

    /// The names of the environments that have pins.
    pub fn pinned_names(&self) -> Vec<&str> {
        self.names(Images::Pinned).collect()
    }

    /// An environment whose images are built, for hints.
    pub fn built_name(&self) -> Option<&str> {
        self.names(Images::Built).next()
    }

    fn names(&self, images: Images) -> impl Iterator<Item = &str> {
        self.environments
            .iter()
            .filter(move |environment| environment.images == images)
            .map(|environment| environment.name.as_str())
    }

    /// An environment that has pins.
    ///
    /// # Errors
    /// There is none of this name, or its images are built.
    pub fn pinned(&self, name: &str) -> Result<&EnvironmentRequest, Error> {
        let found = self.environments.iter().find(|found| found.name == name);
        let want = || one_of(name, &self.pinned_names());
        match found {
            Some(found) if found.images == Images::Pinned => Ok(found),
            Some(_) => Err(Error::BuiltEnvironment {
                got: name.to_owned(),
                want: want(),
            }),
            None => Err(Error::UnknownEnvironment {
                got: name.to_owned(),
                want: want(),
            }),
        }
    }

    /// Where the image of a key is by the constants: `localhost:31000/demo/client`.
    pub fn repository(
        &self,
        environment: &EnvironmentRequest,
        key: &str,
    ) -> Result<Repository, ParseError> {
        let path = format!("{}/{key}", self.project);
        Repository::new(environment.registry.clone(), &path)
    }
}
