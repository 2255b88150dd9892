//! What an agent is told to do, once: constants and flags together.

use std::path::PathBuf;
use std::time::Duration;

use windlass_oci_reference::Repository;
use windlass_oci_registry::{Target, Transport};

use super::{Arguments, Error};
use crate::environment::Environment;
use crate::release;
use crate::remote::has_password;
use crate::request::{AgentRequest, EnvironmentRequest};

/// What an agent is told to do.
#[derive(Clone, Debug)]
pub struct Task {
    /// The environment.
    pub environment: EnvironmentRequest,
    /// The first part of every repository.
    pub project: String,
    /// The branch that says what runs.
    pub branch: String,
    /// The file that says what is not to be applied.
    pub pause_file: String,
    /// The environments that it may name.
    pub environments: Vec<String>,
    /// Where the repository is.
    pub remote: String,
    /// What is applied, in this order.
    pub targets: Vec<ReleaseTarget>,
    /// What is kept between turns.
    pub folder: PathBuf,
    /// Between two looks.
    pub interval: Duration,
    /// After how long what has been applied is applied again.
    pub drift: Duration,
    /// How long one target may take to be ready.
    pub timeout: Duration,
    /// How long git may take.
    pub git_timeout: Duration,
    /// What becomes of a branch that has lost what was applied.
    pub rewrites: Rewrites,
}

/// What becomes of a branch that has lost what was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewrites {
    /// Nothing is applied.
    Refused,
    /// It is said.
    Taken,
}

/// One target, and where its releases are.
#[derive(Clone, Debug)]
pub struct ReleaseTarget {
    /// Its name.
    pub label: String,
    /// Where its releases are.
    pub source: Target,
}

impl ReleaseTarget {
    /// The repository of its releases.
    pub fn repository(&self) -> &Repository {
        &self.source.repository
    }
}

impl Task {
    /// Puts constants and flags together.
    ///
    /// # Errors
    /// They do not say what to do.
    pub fn new(
        arguments: &Arguments,
        request: &AgentRequest,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let name = &arguments.env;
        let Some(env) = request.environment(name) else {
            return Err(Error::UnknownEnvironment {
                got: name.clone(),
                want: request.names(),
            });
        };
        if has_password(&arguments.remote) {
            return Err(Error::Password);
        }
        let labels = if arguments.target.is_empty() {
            &env.targets
        } else {
            &arguments.target
        };
        if labels.is_empty() {
            return Err(Error::NoTarget {
                environment: name.clone(),
            });
        }
        let target = |label: &String| {
            let repository = release::repository(&env.registry, &request.project, label);
            let label = release::canonical(label);
            match repository {
                Ok(repository) => Ok(ReleaseTarget {
                    source: Target {
                        repository,
                        transport: Transport::from_insecure(request.insecure),
                    },
                    label,
                }),
                Err(source) => Err(Error::Target { label, source }),
            }
        };
        let folder = arguments.state.clone().or_else(|| {
            let all = environment.state.as_ref()?;
            Some(all.join(name))
        });
        let folder = folder.ok_or(Error::NoFolder)?;
        let stood = environment.working_directory.clone().unwrap_or_default();
        Ok(Self {
            environment: env.clone(),
            project: request.project.clone(),
            branch: request.main_branch.clone(),
            pause_file: request.pause_file.clone(),
            environments: request
                .environments
                .iter()
                .map(|env| env.name.clone())
                .collect(),
            remote: arguments.remote.clone(),
            targets: labels.iter().map(target).collect::<Result<_, _>>()?,
            folder: stood.join(folder),
            interval: arguments.interval,
            drift: arguments.drift,
            timeout: arguments.timeout,
            git_timeout: arguments.git_timeout,
            rewrites: if arguments.allow_rewrite || !env.protected {
                Rewrites::Taken
            } else {
                Rewrites::Refused
            },
        })
    }
}
