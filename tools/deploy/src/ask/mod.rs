//! A request to the runner of a cluster: made once, and looked at until it is over.
//!
//! **Architecture invariant:** beside [`crate::apply`], [`crate::remove`], [`crate::record`] and
//! [`crate::lease`] this is the only module that writes to a cluster, and it writes one request.

mod error;

pub use error::AskError;

use std::time::Duration;

use kube::config::AuthInfo;
use serde_json::json;
use windlass_apply_request::{API_VERSION, GROUP, KIND, PLURAL, Spec, Status};

use crate::api_error::ApiError;
use crate::cluster::{Access, Reach, Resource, create_request};
use crate::error::Error;
use crate::session::{Reached, unreached};

/// How long the runner is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How often its status is looked at.
    pub look: Duration,
    /// How long a request may wait for a runner.
    pub unheard: Duration,
    /// How long all may take beside the apply itself: the runner gives up before.
    pub slack: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(1),
            unheard: Duration::from_mins(2),
            slack: Duration::from_mins(15),
        }
    }
}

/// One request.
pub struct Asked<'a> {
    /// The cluster.
    pub reached: &'a Reached,
    /// The namespace of the environment.
    pub namespace: &'a str,
    /// What the request is called.
    pub name: String,
}

impl Asked<'_> {
    fn resource() -> Resource {
        Resource::built_in(API_VERSION, KIND, PLURAL, Reach::Namespaced)
    }

    /// Checks that there is a runner that we may ask; `setup` is what makes one.
    pub async fn check(&self, user: &AuthInfo, setup: &str) -> Result<(), Error> {
        let kind = Self::resource();
        let may = |verb| Access {
            verb,
            group: GROUP.to_owned(),
            plural: PLURAL.to_owned(),
            subresource: "",
            namespace: Some(self.namespace.to_owned()),
            name: None,
        };
        let request = kind.get_request(self.namespace, &self.name);
        // This is how we learn whether anybody answers: it is not repeated.
        let once = self.reached.cluster.asking_once();
        let mut missing = match once
            .send(&request.map_err(|error| self.unreadable(error))?)
            .await
        {
            Ok(_) => Vec::new(),
            // Of an object that is not there, it says the name.
            Err(ApiError::Status {
                code: 404, message, ..
            }) if message.contains(&self.name) => Vec::new(),
            Err(error) if error.is_not_found() => {
                return Err(Error::Worker(AskError::NoRunner {
                    what: format!("namespace `{}`", self.namespace),
                    context: self.reached.context.clone(),
                    setup: setup.to_owned(),
                }));
            }
            Err(ApiError::Status { code: 403, .. }) => vec![may("get")],
            Err(error @ ApiError::Status { code, .. }) if code != 401 => {
                return Err(self.unreadable(error));
            }
            Err(error) => return Err(unreached(self.reached, user, error)),
        };
        let create = may("create");
        let allowed = self.reached.cluster.may(&create).await;
        if !allowed.map_err(|error| self.unreadable(error))? {
            missing.push(create);
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::Access {
            context: self.reached.context.clone(),
            missing,
            kubectl: self.reached.kubectl.clone(),
        })
    }

    /// Makes the request. An answer that was lost is no reason to make a second one: the name is
    /// taken then, and by nobody else.
    pub async fn ask(&self, spec: &Spec) -> Result<(), AskError> {
        let object = json!({
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": spec,
        });
        let request = create_request(&Self::resource(), self.namespace, &object);
        let answer = match request {
            Ok(request) => self.reached.cluster.send(&request).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(_) | Err(ApiError::Status { code: 409, .. }) => Ok(()),
            Err(source) => Err(AskError::Ask {
                target: spec.target.clone(),
                context: self.reached.context.clone(),
                source: Box::new(source),
            }),
        }
    }

    /// How far it is.
    pub async fn status(&self) -> Result<Status, Error> {
        let found = self
            .reached
            .cluster
            .get(&Self::resource(), Some(self.namespace), &self.name)
            .await;
        let unreadable = |source: ApiError| Error::Watch {
            what: format!("{KIND} `{}/{}`", self.namespace, self.name),
            context: self.reached.context.clone(),
            source: Box::new(source),
        };
        let gone = || ApiError::Other {
            reason: "somebody has deleted it".to_owned(),
        };
        let found = found
            .map_err(unreadable)?
            .ok_or_else(|| unreadable(gone()))?;
        let status = found.get("status").cloned().unwrap_or_else(|| json!({}));
        serde_json::from_value(status).map_err(|error| {
            unreadable(ApiError::Other {
                reason: format!("its status: {error}"),
            })
        })
    }

    /// What a user types to see it.
    pub fn show_command(&self) -> String {
        format!(
            "{} -n {} get applyrequest {} -o yaml",
            self.reached.kubectl, self.namespace, self.name
        )
    }

    /// The runner has not done it in time.
    pub fn unanswered(&self, after: Duration) -> AskError {
        AskError::Unanswered {
            request: self.name.clone(),
            context: self.reached.context.clone(),
            after,
            show: self.show_command(),
        }
    }

    fn unreadable(&self, source: ApiError) -> Error {
        Error::Read {
            what: format!("{PLURAL} in `{}`", self.namespace),
            context: self.reached.context.clone(),
            source: Box::new(source),
        }
    }
}
