//! One run against one cluster: the connection, and what has to hold before anything is written.

use std::collections::BTreeSet;

use futures::{StreamExt as _, TryStreamExt as _};
use windlass_k8s_object::{Environment, Namespace, Ownership, PERSONAL_ANNOTATION, Scope};

use crate::api_error::ApiError;
use crate::cli::Options;
use crate::cluster::{Access, Cluster, Conflicts, Reach, Resource, Resources, Retry};
use crate::desired::{Desired, OWNER_ANNOTATION};
use crate::environment::ProcessEnvironment;
use crate::error::{Error, Reason};
use crate::kubeconfig;
use crate::plan::{Action, Goal, Live, Plan, PlanError, Presence, Seen, plan};
use crate::request::{DeployRequest, Rollout};

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
    if environment.rollout == Rollout::Gated {
        return Err(Error::Gated {
            environment: environment.name.clone(),
        });
    }
    let forbidden = &request.forbidden_namespaces;
    Environment::try_new(
        &environment.name,
        &environment.namespace,
        ownership,
        forbidden,
    )
    .map_err(|source| Error::Environment {
        verb: request.verb.as_str(),
        target: request.target.clone(),
        command: request.command(),
        source,
    })
}

/// How to connect; a test has its own.
pub struct Connection {
    /// The client.
    pub client: kube::Client,
    /// Host and port of the API server.
    pub server: String,
    /// What a user types for kubectl with this cluster.
    pub kubectl: String,
    /// How requests are repeated.
    pub retry: Retry,
}

impl Connection {
    /// By the kubeconfig that has the request's context.
    pub async fn open(context: &str, environment: &ProcessEnvironment) -> Result<Self, Error> {
        let kubeconfig::Found { config, kubectl } = kubeconfig::find(context, environment).await?;
        let server = config
            .cluster_url
            .authority()
            .map(ToString::to_string)
            .unwrap_or_default();
        let client = kube::Client::try_from(config).map_err(|error| Error::Reach {
            context: context.to_owned(),
            server: server.clone(),
            source: Reason(ApiError::from(error).to_string()),
        })?;
        Ok(Self {
            client,
            server,
            kubectl,
            retry: Retry::USUAL,
        })
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
        let context = request.cluster.context.clone();
        let Connection {
            client,
            server,
            kubectl,
            retry,
        } = connection;
        let cluster = Cluster::new(client, retry);
        let id = cluster.identity().await.map_err(|source| match source {
            ApiError::Connection { reason } => Error::Reach {
                context: context.clone(),
                server: server.clone(),
                source: Reason(format!("{server}: {reason}")),
            },
            source => Error::Read {
                what: "namespace `kube-system`".to_owned(),
                context: context.clone(),
                source: Box::new(source),
            },
        })?;
        for want in request.cluster.id.iter().chain(&options.cluster_id) {
            if id.as_ref() != Some(want) {
                let got = id
                    .as_ref()
                    .map_or("nothing, you may not read it".into(), |id| {
                        format!("`{id}`")
                    });
                return Err(Error::Identity {
                    context,
                    got,
                    want: want.clone(),
                });
            }
        }
        let resources = cluster.discover().await.map_err(|source| Error::Read {
            what: "the kinds that it serves".to_owned(),
            context: context.clone(),
            source: Box::new(source),
        })?;
        let place = Place {
            environment,
            context,
            server,
            id,
            kubectl,
        };
        Ok(Self {
            request,
            options,
            place,
            cluster,
            resources,
        })
    }

    fn unreadable(&self, what: &impl ToString) -> impl FnOnce(ApiError) -> Error {
        let (what, context) = (what.to_string(), self.place.context.clone());
        move |source| Error::Read {
            what,
            context,
            source: Box::new(source),
        }
    }

    /// Checks that the kinds and namespaces of the objects are there, or are brought by them.
    pub async fn check_foundation(&mut self, desired: &Desired) -> Result<(), Error> {
        for object in &desired.objects {
            if object.object.kind().as_str() == "CustomResourceDefinition" {
                self.resources.add_definition(&object.object);
            }
        }
        for object in &desired.objects {
            let object = &object.object;
            if self
                .resources
                .of(object.api_version(), object.kind())
                .is_none()
            {
                return Err(Error::KindMissing {
                    object: Box::new(object.key().clone()),
                    api_version: object.api_version().as_str().to_owned(),
                    context: self.place.context.clone(),
                    setup: self.request.setup_command(),
                });
            }
        }
        let namespaces = desired.namespaces();
        let kind = Resource::namespaces();
        for namespace in &namespaces {
            let name = namespace.as_str();
            let found = self.cluster.get(&kind, None, name).await;
            let found = found.map_err(self.unreadable(&format!("namespace `{name}`")))?;
            let Some(found) = found else {
                return Err(Error::NamespaceMissing {
                    namespace: name.to_owned(),
                    context: self.place.context.clone(),
                    setup: self.request.setup_command(),
                });
            };
            if self.place.environment.namespace() == Some(namespace) {
                self.check_owner(name, &found).await?;
            }
        }
        Ok(())
    }

    /// A personal namespace that says whose it is, is theirs alone.
    pub async fn check_owner(
        &self,
        name: &str,
        namespace: &serde_json::Value,
    ) -> Result<(), Error> {
        let owner = namespace["metadata"]["annotations"][OWNER_ANNOTATION].as_str();
        let (Some(owner), Scope::Personal(_)) = (owner, &self.place.environment.scope) else {
            return Ok(());
        };
        let user = self.whoami().await?;
        if user == owner {
            return Ok(());
        }
        Err(self.foreign(name, owner, &user))
    }

    /// For `delete`: the namespace may be missing, but not somebody else's.
    pub async fn check_own_namespace(&self) -> Result<(), Error> {
        let Some(namespace) = self.place.environment.namespace() else {
            return Ok(());
        };
        let name = namespace.as_str();
        let found = self.cluster.get(&Resource::namespaces(), None, name).await;
        match found.map_err(self.unreadable(&format!("namespace `{name}`")))? {
            Some(found) => self.check_owner(name, &found).await,
            None => Ok(()),
        }
    }

    fn foreign(&self, name: &str, owner: &str, user: &str) -> Error {
        Error::Owner {
            namespace: name.to_owned(),
            context: self.place.context.clone(),
            owner: owner.to_owned(),
            user: user.to_owned(),
            command: self.request.command(),
        }
    }

    async fn whoami(&self) -> Result<String, Error> {
        self.cluster
            .whoami()
            .await
            .map_err(self.unreadable(&"who you are"))
    }

    /// Writes the owner on the personal namespaces that setup makes. One that is somebody else's
    /// is refused, so that nobody takes it over by setting `$USER`.
    pub async fn sign_namespaces(&self, desired: &mut Desired) -> Result<(), Error> {
        let mut user = None;
        for object in &mut desired.objects {
            let object = &mut object.object;
            let is_namespace =
                object.key().group.is_empty() && object.kind().as_str() == "Namespace";
            if !is_namespace || object.annotation(PERSONAL_ANNOTATION) != Some("true") {
                continue;
            }
            let user = match &mut user {
                Some(user) => user,
                none => none.insert(self.whoami().await?),
            };
            let name = object.key().name.as_str().to_owned();
            let found = self.cluster.get(&Resource::namespaces(), None, &name).await;
            let found = found.map_err(self.unreadable(object.key()))?;
            let owner = found.as_ref().and_then(|namespace| {
                namespace["metadata"]["annotations"][OWNER_ANNOTATION].as_str()
            });
            if let Some(owner) = owner
                && owner != user
            {
                return Err(self.foreign(&name, owner, user));
            }
            object.set_annotation(OWNER_ANNOTATION, user);
        }
        Ok(())
    }

    /// Checks that an environment with a namespace stays in it, and that setup says for each object
    /// where it lives. The build checks the kinds of Kubernetes itself; which namespace a custom
    /// kind lives in, if any, only the cluster can tell.
    fn check_reach(&self, desired: &Desired) -> Result<(), Error> {
        for object in &desired.objects {
            let object = &object.object;
            let Some(resource) = self.resources.of(object.api_version(), object.kind()) else {
                continue;
            };
            let key = object.key();
            match (resource.reach, self.place.environment.namespace()) {
                (Reach::Cluster, Some(_)) => {
                    return Err(Error::ClusterScoped {
                        object: Box::new(key.clone()),
                        environment: self.place.environment.name.clone(),
                    });
                }
                (Reach::Namespaced, None) if key.namespace.is_none() => {
                    return Err(Error::NamespaceUnset {
                        object: Box::new(key.clone()),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads what is there, within the reach of the environment: each object, what a write would make of it, and which images the
    /// registries have.
    pub async fn look(
        &self,
        goal: Goal,
        desired: &Desired,
        registry: &windlass_oci_registry::Client,
    ) -> Result<Seen, Error> {
        self.check_reach(desired)?;
        let setup = self.request.setup_command();
        let images = futures::stream::iter(&desired.images).map(|image| {
            let setup = setup.clone();
            async move {
                let digest = image.push.image.digest();
                match registry.head(&image.push.target, &digest).await {
                    Ok(true) => Ok(Presence::Present),
                    Ok(false) => Ok(Presence::Absent),
                    Err(error) => {
                        // A registry that is not there says so better than one request of it.
                        registry
                            .ping(&image.push.target)
                            .await
                            .map_err(|error| Error::registry(&error, &setup))?;
                        Err(Error::registry(&error, &setup))
                    }
                }
            }
        });
        let images = images.buffered(CONCURRENCY).try_collect::<Vec<_>>();
        let objects = futures::stream::iter(&desired.objects);
        let objects = objects.map(|object| self.look_at(goal, &object.object));
        let objects = objects.buffered(CONCURRENCY).try_collect::<Vec<_>>();
        let (images, objects) = futures::try_join!(images, objects)?;
        Ok(Seen { objects, images })
    }

    async fn look_at(
        &self,
        goal: Goal,
        object: &windlass_k8s_object::Object,
    ) -> Result<Live, Error> {
        let key = object.key();
        let Some(resource) = self.resources.of(object.api_version(), object.kind()) else {
            return Ok(Live::Missing);
        };
        let namespace = key.namespace.as_ref().map(Namespace::as_str);
        // What changes between the two reads would look like a change of ours: read again.
        for _ in 0..5 {
            let live = match self
                .cluster
                .get(resource, namespace, key.name.as_str())
                .await
            {
                Ok(live) => live,
                Err(source) => return Err(self.unreadable(key)(source)),
            };
            let Some(live) = live else {
                return Ok(Live::Missing);
            };
            if goal != Goal::Apply {
                return Ok(Live::Found {
                    object: live,
                    dry_run: None,
                });
            }
            let dry_run = self
                .cluster
                .dry_run(resource, object, self.conflicts())
                .await;
            let version =
                |object: &serde_json::Value| object["metadata"]["resourceVersion"].clone();
            match dry_run {
                Ok(result) if version(&result) != version(&live) => {}
                dry_run => {
                    return Ok(Live::Found {
                        object: live,
                        dry_run: Some(dry_run),
                    });
                }
            }
        }
        // It changes all the time. The write itself will tell.
        let live = self
            .cluster
            .get(resource, namespace, key.name.as_str())
            .await;
        let live = live.map_err(self.unreadable(key))?;
        Ok(live.map_or(Live::Missing, |object| Live::Found {
            object,
            dry_run: None,
        }))
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
        plan(goal, desired, seen).map_err(|error| match error {
            PlanError::Exists(objects) => Error::Exists {
                objects,
                apply: format!("bazel run {}.apply", self.request.target),
            },
            PlanError::Conflicts(conflicts) => {
                let force = format!("{} -- --force-conflicts", self.request.command());
                Error::Conflicts { conflicts, force }
            }
            PlanError::Refused(object, source) => Error::Refused { object, source },
        })
    }

    /// Checks that we may make every write of a plan: one review for each verb, kind and
    /// namespace.
    pub async fn check_access(&self, desired: &Desired, plan: &Plan) -> Result<(), Error> {
        let wanted: BTreeSet<Access> = desired
            .objects
            .iter()
            .zip(&plan.actions)
            .flat_map(|(object, action)| self.accesses(&object.object, action))
            .collect();
        let reviews = futures::stream::iter(wanted).map(|access| async move {
            let may = self.cluster.may(&access).await;
            may.map(|may| (access, may))
                .map_err(self.unreadable(&"what you may do"))
        });
        let answers: Vec<(Access, bool)> = reviews.buffered(CONCURRENCY).try_collect().await?;
        let missing: Vec<Access> = answers
            .into_iter()
            .filter(|(_, may)| !may)
            .map(|(access, _)| access)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::Access {
            context: self.place.context.clone(),
            missing,
        })
    }

    /// What a write needs. Server-side apply is a patch, and a creation where nothing is there.
    fn accesses(&self, object: &windlass_k8s_object::Object, action: &Action) -> Vec<Access> {
        let Some(resource) = self.resources.of(object.api_version(), object.kind()) else {
            return Vec::new();
        };
        let verbs: &[&'static str] = match action {
            Action::Create => &["create", "patch"],
            Action::Change { .. } => &["patch"],
            Action::Delete { .. } => &["delete"],
            Action::Same | Action::Gone | Action::Keep { .. } => &[],
        };
        let namespace = object.key().namespace.as_ref();
        let namespace = namespace.filter(|_| resource.reach == Reach::Namespaced);
        let access = |verb: &&'static str| Access {
            verb,
            group: resource.group.clone(),
            plural: resource.plural.clone(),
            namespace: namespace.map(|namespace| namespace.as_str().to_owned()),
        };
        verbs.iter().map(access).collect()
    }
}
