//! One file per verb. They differ in their goal; the plan and what carries it out are the same.

pub mod apply;
pub mod create;
pub mod delete;
pub mod resolve;

use std::path::Path;

use windlass_oci_registry::{Client as Registry, DockerConfig, Settings, docker_config_path};

use crate::cli::Options;
use crate::environment::ProcessEnvironment;
use crate::error::{Error, Reason};
use crate::journal::Journal;
use crate::progress::Progress;
use crate::request::DeployRequest;
use crate::session::Connection;

/// Everything that a verb is given.
pub struct Context<'a> {
    /// What is asked for.
    pub request: &'a DeployRequest,
    /// How.
    pub options: &'a Options,
    /// Where the files of the request are.
    pub runfiles: &'a Path,
    /// The environment of the process.
    pub environment: &'a ProcessEnvironment,
    /// Where it is noted.
    pub journal: &'a Journal,
    /// Where it is shown.
    pub progress: &'a Progress,
}

impl Context<'_> {
    /// Connects to the cluster of the request.
    pub async fn connect(&self) -> Result<Connection, Error> {
        Connection::open(&self.request.cluster.context, self.environment).await
    }

    /// A client for the registries of the request, with the credentials that Docker has.
    ///
    /// # Errors
    /// Docker's configuration is there and cannot be used. Without one there are no credentials,
    /// and a registry that wants some says so.
    pub fn registry(&self) -> Result<Registry, Error> {
        let home = self.environment.home.clone().map(Into::into);
        let path = docker_config_path(self.environment.docker_config.clone(), home);
        let credentials = path.map_or_else(|| Ok(DockerConfig::default()), |path| read(&path))?;
        Ok(Registry::new(Settings {
            credentials,
            ..Settings::default()
        }))
    }
}

fn read(path: &Path) -> Result<DockerConfig, Error> {
    let unusable = |reason| Error::DockerConfig {
        path: path.to_owned(),
        source: Reason(reason),
    };
    match std::fs::read_to_string(path) {
        Ok(text) => DockerConfig::parse(&text).map_err(|error| {
            // serde_json's own text quotes values, and these are secrets.
            let (line, column) = (error.line(), error.column());
            unusable(format!(
                "line {line}, column {column}: want JSON as `docker login` writes it"
            ))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(DockerConfig::default()),
        Err(error) => Err(unusable(error.to_string())),
    }
}
