//! One run against one cluster: the connection, and what has to hold before anything is written.

mod find;
mod leases;
mod look;
mod preflight;
mod rehearse;
mod remember;
mod trust;

pub use look::{Ask, look_for_images};
pub use trust::trust_roots;

use std::time::SystemTime;

use kube::config::AuthInfo;
use windlass_api_client::{Needs, client};
use windlass_k8s_object::{Environment, Ownership};

use crate::api_error::ApiError;
use crate::claim::Takeover;
use crate::cli::Options;
use crate::cluster::{Cluster, Conflicts, Resources, Retry};
use crate::credentials::{Expired, expired};
use crate::desired::Desired;
use crate::environment::ProcessEnvironment;
use crate::error::{Error, Reason};
use crate::in_cluster;
use crate::kubeconfig;
use crate::plan::{Goal, Plan, PlanError, Seen, plan};
use crate::request::{DeployRequest, Verb, with_flags};

/// Requests to the API server, and objects on their way, at one time.
pub const CONCURRENCY: usize = 8;

/// Where a run goes.
#[derive(Clone, Debug)]
pub struct Place {
    /// The environment.
    pub environment: Environment,
    /// The kubeconfig context.
    pub context: String,
    /// Host and port of the API server.
    pub server: String,
    /// The uid of `kube-system`, if we may know it.
    pub id: Option<String>,
    /// What a user types for kubectl with this cluster, for hints.
    pub kubectl: String,
    /// What a user types for what is missing on it, for hints.
    pub setup: String,
}

/// A cluster that answers, and is the right one.
#[derive(Clone, Debug)]
pub struct Reached {
    /// The cluster.
    pub cluster: Cluster,
    /// The kubeconfig context.
    pub context: String,
    /// Host and port of the API server.
    pub server: String,
    /// The uid of `kube-system`, if we may know it.
    pub id: Option<String>,
    /// What a user types for kubectl with this cluster.
    pub kubectl: String,
}

/// A connection, and what the cluster serves.
pub struct Session<'a> {
    /// What is asked for.
    pub request: &'a DeployRequest,
    /// How.
    pub options: &'a Options,
    /// Where.
    pub place: Place,
    /// The cluster.
    pub cluster: Cluster,
    /// Its kinds, and those that the plan brings.
    pub resources: Resources,
}

/// The environment of a request, with the rules for `$USER` checked again: the build checks them
/// too, but a request can be older than the rules.
pub fn environment_of(request: &DeployRequest) -> Result<Environment, Error> {
    let environment = &request.environment;
    let ownership = if environment.personal {
        Ownership::Personal
    } else {
        Ownership::Shared
    };
    let forbidden = &request.forbidden_namespaces;
    Environment::try_new(
        &environment.name,
        &environment.namespace,
        ownership,
        forbidden,
    )
    .map_err(|source| Error::Environment {
        verb: request.verb,
        target: request.target.clone(),
        command: request.command(),
        source,
    })
}

/// How to connect.
pub struct Connection {
    /// The client.
    pub client: kube::Client,
    /// Host and port of the API server.
    pub server: String,
    /// What a user types for kubectl with this cluster.
    pub kubectl: String,
    /// Who we say we are.
    pub user: AuthInfo,
    /// Who this machine says we are.
    pub login: Option<String>,
    /// How requests are repeated.
    pub retry: Retry,
}

impl Connection {
    /// By the kubeconfig that has the request's context, or as the pod that this program runs in.
    pub async fn open(
        context: &str,
        options: &Options,
        environment: &ProcessEnvironment,
        needs: Needs,
    ) -> Result<Self, Error> {
        let found = if options.in_cluster {
            in_cluster::find(environment)?
        } else {
            kubeconfig::find(context, environment).await?
        };
        let kubeconfig::Found {
            config,
            kubectl,
            path,
        } = found;
        let server = host_and_port(&config.cluster_url);
        let user = config.auth_info.clone();
        // No request is made yet: what can fail is a key, a certificate or a program that it names.
        let client = client(config, needs).map_err(|error| {
            let reason = ApiError::from(error).to_string();
            let program = user.exec.as_ref().and_then(|exec| exec.command.as_ref());
            Error::Kubeconfig {
                path,
                source: Reason(match program {
                    Some(program) => format!("credentials by `{program}`: {reason}"),
                    None => reason,
                }),
            }
        })?;
        Ok(Self {
            client,
            server,
            kubectl,
            user,
            login: environment.user.clone(),
            retry: Retry::USUAL,
        })
    }

    /// Asks who answers, and refuses a cluster that has not all of these ids.
    ///
    /// # Errors
    /// Nobody answers, or another one than is wanted.
    pub async fn reach<'a>(
        self,
        context: &str,
        ids: impl Iterator<Item = &'a String>,
    ) -> Result<Reached, Error> {
        let reached = Reached {
            cluster: Cluster::new(self.client, self.retry),
            context: context.to_owned(),
            server: self.server,
            id: None,
            kubectl: self.kubectl,
        };
        let id = reached.cluster.identity().await;
        let id = id.map_err(|source| unreached(&reached, &self.user, source))?;
        for want in ids {
            if id.as_ref() != Some(want) {
                let got = id
                    .as_ref()
                    .map_or("nothing, you may not read it".into(), |id| {
                        format!("`{id}`")
                    });
                return Err(Error::Identity {
                    context: reached.context,
                    got,
                    want: want.clone(),
                });
            }
        }
        Ok(Reached { id, ..reached })
    }
}

/// A URL's authority without its userinfo, which holds a password where it is there.
fn host_and_port(url: &http::Uri) -> String {
    let Some(authority) = url.authority() else {
        return String::new();
    };
    match authority.port() {
        Some(port) => format!("{}:{port}", authority.host()),
        None => authority.host().to_owned(),
    }
}

impl<'a> Session<'a> {
    /// Connects, and checks that it is the right cluster.
    pub async fn start(
        request: &'a DeployRequest,
        options: &'a Options,
        environment: Environment,
        connection: Connection,
    ) -> Result<Self, Error> {
        let ids = request.cluster.id.iter().chain(&options.cluster_id);
        let setup = request.setup_command(connection.login.as_deref());
        let Reached {
            cluster,
            context,
            server,
            id,
            kubectl,
        } = connection.reach(&request.cluster.context, ids).await?;
        let place = Place {
            environment,
            context,
            server,
            id,
            kubectl,
            setup,
        };
        let resources = cluster.discover().await.map_err(|source| Error::Read {
            what: "the kinds that it serves".to_owned(),
            context: place.context.clone(),
            source: Box::new(source),
        })?;
        Ok(Self {
            request,
            options,
            place,
            cluster,
            resources,
        })
    }

    pub(crate) fn unreadable(&self, what: &impl ToString) -> impl FnOnce(ApiError) -> Error {
        let (what, context) = (what.to_string(), self.place.context.clone());
        move |source| Error::Read {
            what,
            context,
            source: Box::new(source),
        }
    }

    /// What a user types to take things of others.
    fn adopt_command(&self) -> String {
        with_flags(&self.request.command_of(Verb::Apply), "--adopt")
    }

    /// What a user types to take fields of others.
    pub fn force_command(&self) -> String {
        // `create` and `diff` show the conflict; these two can do something about it.
        let verb = match self.request.verb {
            Verb::Replace => Verb::Replace,
            _ => Verb::Apply,
        };
        let command = self.request.command_of(verb);
        let environment = &self.request.environment;
        let again = if verb == Verb::Replace && environment.protected {
            format!(" --yes-really={}", environment.name)
        } else {
            String::new()
        };
        with_flags(&command, &format!("--force-conflicts{again}"))
    }

    /// What happens to fields of others.
    pub fn conflicts(&self) -> Conflicts {
        if self.options.force_conflicts {
            Conflicts::Force
        } else {
            Conflicts::Report
        }
    }

    /// Decides what to do.
    pub fn plan(&self, goal: Goal, desired: &Desired, seen: &Seen) -> Result<Plan, Error> {
        self.plan_by(goal, self.options.takeover(), desired, seen)
    }

    /// Decides what to do with things of others as `takeover` says, whatever the user has asked for.
    pub fn plan_by(
        &self,
        goal: Goal,
        takeover: Takeover,
        desired: &Desired,
        seen: &Seen,
    ) -> Result<Plan, Error> {
        plan(goal, takeover, desired, seen).map_err(|error| match error {
            PlanError::Exists(objects) => Error::Exists {
                objects,
                apply: self.request.command_of(Verb::Apply),
            },
            PlanError::Foreign(objects) => Error::Foreign {
                verb: self.request.verb,
                objects,
                adopt: self.adopt_command(),
            },
            PlanError::Claims(objects) => Error::Claims {
                objects,
                apply: self.request.command_of(Verb::Apply),
            },
            PlanError::Conflicts(conflicts) => Error::Conflicts {
                conflicts,
                force: self.force_command(),
            },
            PlanError::Immutable(object, source) => Error::Immutable {
                object: Box::new(object),
                source,
                replace: self.request.command_of(Verb::Replace),
            },
            PlanError::Refused(object, doing, source) => Error::Refused {
                doing,
                object,
                source,
            },
        })
    }
}

/// Why the first request to a cluster failed: nobody is there, somebody has let a certificate
/// expire, or the server does not know us.
pub(crate) fn unreached(reached: &Reached, user: &AuthInfo, source: ApiError) -> Error {
    let Reached {
        context,
        server,
        kubectl,
        ..
    } = reached;
    let (context, kubectl) = (context.clone(), kubectl.clone());
    let ours = source.is_unauthorized();
    match (source, expired(user, SystemTime::now()).filter(|_| ours)) {
        (ApiError::Expired { at }, _) => Error::ServerExpired {
            context,
            server: server.clone(),
            expired: at,
        },
        (source, Some(Expired { what, at })) => Error::CredentialsExpired {
            context,
            what,
            expired: at,
            source: Box::new(source),
            kubectl,
        },
        (source @ ApiError::Status { code: 401, .. }, None) => Error::Unauthorized {
            context,
            source: Box::new(source),
            kubectl,
        },
        (ApiError::Connection { reason }, None) => Error::Reach {
            context,
            server: server.clone(),
            source: Reason(format!("{server}: {reason}")),
        },
        (source, None) => Error::Read {
            what: "namespace `kube-system`".to_owned(),
            context,
            source: Box::new(source),
        },
    }
}
