//! A turn: one look at the branch, and all that follows from it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use windlass_attestation::Signer;
use windlass_oci_registry::{Client, DockerConfig, Progress, Settings, Silent};
use windlass_pin::checkout::Checkout;
use windlass_pin::git::Git;
use windlass_pin::pins_file::Change;
use windlass_pin::request::{EnvironmentRequest as PinEnvironment, Images, PinRequest};
use windlass_pin::verbs::Context;
use windlass_pins::Commit;

use super::Arguments;
use super::bazel::Bazel;
use super::checkout::Workspace;
use super::error::Error;
use super::images::{BuiltImage, Origin};
use super::releases::Release;
use crate::environment::Environment;
use crate::remote::has_password;
use crate::request::{AgentRequest, EnvironmentRequest};

/// What publishes.
pub(super) struct Publisher<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) request: &'a AgentRequest,
    pub(super) environment: &'a Environment,
    /// The environment that follows the branch.
    pub(super) env: &'a EnvironmentRequest,
    pub(super) remote: String,
    /// What is kept between turns.
    pub(super) folder: PathBuf,
    /// The workspace, from the root of the repository.
    pub(super) prefix: String,
    pub(super) signer: Signer,
    pub(super) client: Client,
    pub(super) progress: Arc<dyn Progress>,
    /// Locked by the kernel: the lock ends with this process, however that ends.
    _held: File,
}

/// What a turn has done, and what went wrong.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// What the branch was.
    pub(super) head: Option<String>,
    /// What it is now: that, or a commit of pins.
    pub(super) commit: Option<String>,
    /// How many images were pushed.
    pub(super) pushed: usize,
    /// The pins that changed.
    pub(super) pins: Vec<Change>,
    pub(super) releases: Vec<Release>,
    pub(super) errors: Vec<Error>,
}

impl<'a> Publisher<'a> {
    /// Looks at all that a turn needs, before the first.
    pub(super) fn new(
        arguments: &'a Arguments,
        request: &'a AgentRequest,
        environment: &'a Environment,
    ) -> Result<Self, Error> {
        let workspace = environment.workspace.as_ref().ok_or(Error::NoWorkspace)?;
        let env = request.environment(&arguments.env);
        let env = env.ok_or_else(|| Error::UnknownEnvironment {
            got: arguments.env.clone(),
            want: request.names(),
        })?;
        let path = |path: &Path| below(environment, path);
        let program = arguments.sign_with.as_deref().map(path);
        let signer = Signer::of(&arguments.key, program, environment.ssh_agent.clone());
        let signer = signer.map_err(|id| Error::Key {
            got: id.to_string(),
        })?;
        let git = Git::new(workspace, environment.path.clone());
        let remote = if let Some(remote) = &arguments.remote {
            local(&path(Path::new(remote)), remote)
        } else {
            let url = git.ask("find the remote", &["remote", "get-url", "origin"])?;
            local(&workspace.join(&url), &url)
        };
        if has_password(&remote) {
            return Err(Error::Password);
        }
        let own = environment
            .state
            .as_ref()
            .map(|state| state.join("publish"));
        let folder = arguments.state.as_deref().map(path).or(own);
        let folder = folder.ok_or(Error::NoState)?;
        Ok(Self {
            arguments,
            request,
            environment,
            env,
            remote,
            prefix: git.ask("find the repository", &["rev-parse", "--show-prefix"])?,
            signer,
            client: Client::new(Settings {
                credentials: DockerConfig::find(&environment.registries)?,
                ..Settings::default()
            }),
            progress: Arc::new(Silent),
            _held: hold(&folder)?,
            folder,
        })
    }

    /// A path as people mean it: `bazel run` starts us in a folder of its own.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        below(self.environment, path)
    }

    /// One turn.
    pub(super) async fn turn(&self) -> Turn {
        self.turn_if(|_| true).await.unwrap_or_default()
    }

    /// One turn, if what the branch is now is of interest.
    pub(super) async fn turn_if(&self, is_due: impl FnOnce(&str) -> bool) -> Option<Turn> {
        let mut turn = Turn::default();
        let workspace = match self.check_out(is_due) {
            Ok(workspace) => workspace?,
            Err(error) => {
                turn.errors.push(error);
                return Some(turn);
            }
        };
        turn.head = Some(workspace.head.clone());
        if let Err(error) = self.go_on(&workspace, &mut turn).await {
            turn.errors.push(error);
        }
        Some(turn)
    }

    async fn go_on(&self, workspace: &Workspace, turn: &mut Turn) -> Result<(), Error> {
        let path = self.environment.path.clone();
        let flags = &self.arguments.bazel_flags;
        let bazel = Bazel::new(&workspace.root, path.clone(), flags, &workspace.head);
        let toolchain = match &self.arguments.toolchain {
            Some(toolchain) => toolchain.clone(),
            None => bazel.toolchain()?,
        };
        let origin = |commit: &str| Origin {
            commit: parsed(commit),
            toolchain: toolchain.clone(),
        };
        let built = origin(&workspace.head);
        let is_followed = match self.follow(workspace, &bazel, &built, turn).await {
            Ok(()) => true,
            Err(error) if error.is_of_commit() => {
                turn.errors.push(error);
                false
            }
            Err(error) => return Err(error),
        };
        let commit = turn.commit.get_or_insert(workspace.head.clone()).clone();
        let bazel = Bazel::new(&workspace.root, path, flags, &commit);
        // What a commit builds that is no good is only what one environment would have run.
        let environments = self.request.environments.iter();
        let environments = environments.filter(|it| is_followed || it.name != self.env.name);
        for environment in environments {
            match self.release(environment, &bazel, &origin(&commit)).await {
                Ok(releases) => turn.releases.extend(releases),
                Err(error) if error.is_of_commit() => turn.errors.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Has the environment that follows the branch run what the commit builds.
    async fn follow(
        &self,
        workspace: &Workspace,
        bazel: &Bazel<'_>,
        origin: &Origin,
        turn: &mut Turn,
    ) -> Result<(), Error> {
        let context = self.context(workspace)?;
        let services = context.checkout.services(&workspace.git)?;
        let targets = bazel.images(&services, &self.request.project)?;
        if !self.arguments.test.is_empty() {
            bazel.test(&self.arguments.test)?;
        }
        let labels: Vec<_> = targets.iter().map(|target| target.label.clone()).collect();
        let pushes = bazel.pushes(&labels, "its images do not build")?;
        let mut images = Vec::new();
        for (target, mut push) in targets.into_iter().zip(pushes) {
            let environment = context.request.pinned(&self.env.name)?;
            let at = context.request.repository(environment, &target.key);
            let at = at.map_err(|source| Error::Repository {
                target: target.key.clone(),
                source,
            })?;
            push.target = self.target(at);
            images.push(BuiltImage {
                service: target.service,
                key: target.key,
                push,
            });
        }
        turn.pushed = self.push_images(&images).await?;
        let pinned = self.pins(&context, &images, origin).await?;
        if !pinned.changes.is_empty() {
            turn.commit = Some(self.commit(&context, workspace, &pinned)?);
            turn.pins = pinned.changes;
        }
        Ok(())
    }

    /// The clone, as the library of pins works with it.
    fn context(&self, workspace: &Workspace) -> Result<Context, Error> {
        let environment = windlass_pin::environment::Environment {
            workspace: Some(workspace.root.clone()),
            path: self.environment.path.clone(),
            registries: self.environment.registries.clone(),
            runfiles: self.environment.runfiles.clone(),
            ..windlass_pin::environment::Environment::default()
        };
        let environments = self.request.environments.iter();
        let environments = environments.map(|environment| PinEnvironment {
            name: environment.name.clone(),
            images: Images::Pinned,
            registry: environment.registry.clone(),
            protected: environment.protected,
            proven: false,
        });
        Ok(Context {
            request: PinRequest {
                version: windlass_pin::request::VERSION,
                project: self.request.project.clone(),
                insecure: self.request.insecure,
                main_branch: self.request.main_branch.clone(),
                environments: environments.collect(),
            },
            checkout: Checkout::of(&environment)?,
            environment,
        })
    }
}

/// A remote that may be a folder, as it is found from elsewhere.
fn local(folder: &Path, remote: &str) -> String {
    let folder = folder.canonicalize().ok().filter(|it| it.is_dir());
    folder.map_or_else(|| remote.to_owned(), |it| it.display().to_string())
}

/// The hash of a commit, which git has said.
fn parsed(commit: &str) -> Commit {
    commit.parse().expect("git says hashes")
}

fn below(environment: &Environment, path: &Path) -> PathBuf {
    match &environment.working_directory {
        Some(folder) => folder.join(path),
        None => path.to_owned(),
    }
}

/// Takes a folder for this process alone.
fn hold(folder: &Path) -> Result<File, Error> {
    let failed = |source| Error::State {
        path: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let held = File::open(folder).map_err(failed)?;
    match held.try_lock() {
        Ok(()) => Ok(held),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Busy {
            path: folder.to_owned(),
        }),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}
