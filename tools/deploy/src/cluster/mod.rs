//! One cluster: requests to its API server, and what its discovery says.
//!
//! **Architecture invariant:** everything public here reads. Writes are made by
//! [`crate::apply`] and [`crate::remove`] alone, through [`Cluster::send`].

use std::collections::HashMap;
use std::time::Duration;

use futures::{AsyncBufRead, Stream, StreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{GetParams, ListParams, LogParams};
use kube::api::{Portforwarder, PostParams};
use kube::api::{WatchEvent, WatchParams};
use kube::core::Request;
use kube::discovery::{Discovery, Scope};
use serde_json::{Value, json};
use windlass_k8s_object::{ApiVersion, Key, Kind, Object};

use crate::api_error::ApiError;

mod writes;

pub(crate) use writes::{
    Effect, apply_request, create_request, delete_request, release_request, update_request,
};

/// The one field manager of this project, on a laptop, a runner and in an agent.
pub const FIELD_MANAGER: &str = "windlass";

/// How many objects a page of a list has.
const PAGE: u32 = 500;

/// How requests are repeated that may succeed a little later.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// How often at most, the first time included.
    pub attempts: u32,
    /// The pause after the first time; doubled each time, at most [`Retry::CEILING`].
    pub pause: Duration,
}

impl Retry {
    const CEILING: Duration = Duration::from_secs(5);

    /// What a run uses: 8 times within about 15 s.
    pub const USUAL: Self = Self {
        attempts: 8,
        pause: Duration::from_millis(100),
    };

    fn pause_after(self, attempt: u32, error: &ApiError) -> Duration {
        let asked = Duration::from_secs(u64::from(error.retry_after()));
        let doubled = self.pause.saturating_mul(1 << attempt.min(10));
        doubled.min(Self::CEILING).max(asked)
    }
}

/// A kind as a cluster serves it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// The group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The name in URLs: `deployments`.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub reach: Reach,
}

/// Where the objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reach {
    /// In a namespace.
    Namespaced,
    /// In none.
    Cluster,
}

impl Resource {
    /// A kind of Kubernetes itself that every cluster serves.
    pub fn built_in(api_version: &str, kind: &str, plural: &str, reach: Reach) -> Self {
        Self {
            api_version: api_version.to_owned(),
            group: api_version
                .split_once('/')
                .map_or("", |(group, _)| group)
                .to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            reach,
        }
    }

    /// Pods.
    pub fn pods() -> Self {
        Self::built_in("v1", "Pod", "pods", Reach::Namespaced)
    }

    /// Claims of volumes.
    pub fn claims() -> Self {
        let plural = "persistentvolumeclaims";
        Self::built_in("v1", "PersistentVolumeClaim", plural, Reach::Namespaced)
    }

    /// Configuration, which inventories are too.
    pub fn config_maps() -> Self {
        Self::built_in("v1", "ConfigMap", "configmaps", Reach::Namespaced)
    }

    /// Leases.
    pub fn leases() -> Self {
        let version = "coordination.k8s.io/v1";
        Self::built_in(version, "Lease", "leases", Reach::Namespaced)
    }

    /// Namespaces.
    pub fn namespaces() -> Self {
        Self::built_in("v1", "Namespace", "namespaces", Reach::Cluster)
    }

    /// Nodes.
    pub fn nodes() -> Self {
        Self::built_in("v1", "Node", "nodes", Reach::Cluster)
    }

    /// A read of one object.
    pub(crate) fn get_request(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<http::Request<Vec<u8>>, ApiError> {
        let path = self.request(Some(namespace));
        path.get(name, &GetParams::default()).map_err(unmade)
    }

    fn request(&self, namespace: Option<&str>) -> Request {
        let root = if self.group.is_empty() { "api" } else { "apis" };
        let namespace = match (self.reach, namespace) {
            (Reach::Namespaced, Some(namespace)) => format!("namespaces/{namespace}/"),
            _ => String::new(),
        };
        Request::new(format!(
            "/{root}/{}/{namespace}{}",
            self.api_version, self.plural
        ))
    }
}

/// The kinds that a cluster serves.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// By `apiVersion` and kind.
    kinds: HashMap<(String, String), Resource>,
    /// The versions that the cluster likes best, by group and kind.
    preferred: HashMap<(String, String), String>,
}

impl Resources {
    /// The kind of an object; `None` if the cluster does not serve it.
    pub fn of(&self, api_version: &ApiVersion, kind: &Kind) -> Option<&Resource> {
        self.kinds
            .get(&(api_version.as_str().to_owned(), kind.as_str().to_owned()))
    }

    /// The kind of an object that is known by its name only.
    pub fn of_key(&self, key: &Key) -> Option<&Resource> {
        let kind = key.kind.as_str().to_owned();
        let version = self.preferred.get(&(key.group.clone(), kind.clone()))?;
        self.kinds.get(&(version.clone(), kind))
    }

    /// Adds a kind. Of several versions of one, those that come first are preferred.
    pub fn add(&mut self, resource: Resource) {
        let Resource {
            group,
            kind,
            api_version,
            ..
        } = &resource;
        let preferred = self.preferred.entry((group.clone(), kind.clone()));
        preferred.or_insert_with(|| api_version.clone());
        let key = (api_version.clone(), kind.clone());
        self.kinds.insert(key, resource);
    }

    /// Adds the kinds that a `CustomResourceDefinition` will bring.
    pub fn add_definition(&mut self, definition: &Object) {
        let spec = &definition.document()["spec"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let reach = if spec["scope"] == "Cluster" {
            Reach::Cluster
        } else {
            Reach::Namespaced
        };
        for version in spec["versions"].as_array().into_iter().flatten() {
            let group = text(&spec["group"]);
            self.add(Resource {
                api_version: format!("{group}/{}", text(&version["name"])),
                group,
                kind: text(&spec["names"]["kind"]),
                plural: text(&spec["names"]["plural"]),
                reach,
            });
        }
    }
}

/// A connection to one API server.
#[derive(Clone)]
pub struct Cluster {
    client: kube::Client,
    retry: Retry,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client holds credentials.
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}

impl Cluster {
    /// A cluster behind a client.
    pub fn new(client: kube::Client, retry: Retry) -> Self {
        Self { client, retry }
    }

    /// The same cluster, asked by somebody who repeats requests in their own way.
    #[must_use]
    pub fn asking_once(&self) -> Self {
        let mut once = self.clone();
        once.retry.attempts = 1;
        once
    }

    /// One request, repeated while that may help.
    pub(crate) async fn send(&self, request: &http::Request<Vec<u8>>) -> Result<Value, ApiError> {
        let mut attempt = 0;
        loop {
            match self.send_once(request).await {
                Err(error) if error.is_transient() && attempt + 1 < self.retry.attempts => {
                    tokio::time::sleep(self.retry.pause_after(attempt, &error)).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn send_once(&self, request: &http::Request<Vec<u8>>) -> Result<Value, ApiError> {
        let answer = windlass_api_client::ask(&self.client, request.clone());
        answer.await.map_err(ApiError::from)
    }

    /// The uid of the namespace `kube-system`, which is the identity of a cluster; `None` if we
    /// may not read it. Asked once, not repeated: this is how we learn whether anybody answers.
    pub async fn identity(&self) -> Result<Option<String>, ApiError> {
        let path = Resource::namespaces().request(None);
        let request = path
            .get("kube-system", &GetParams::default())
            .map_err(unmade)?;
        match self.send_once(&request).await {
            Ok(namespace) => Ok(namespace["metadata"]["uid"].as_str().map(str::to_owned)),
            Err(ApiError::Status { code: 403, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The kinds that the cluster serves: two requests.
    pub async fn discover(&self) -> Result<Resources, ApiError> {
        let discovery = Discovery::new(self.client.clone()).run_aggregated().await?;
        let mut resources = Resources::default();
        for group in discovery.groups() {
            for version in group.versions() {
                for (kind, capabilities) in group.versioned_resources(version) {
                    let reach = match capabilities.scope {
                        Scope::Cluster => Reach::Cluster,
                        Scope::Namespaced => Reach::Namespaced,
                    };
                    resources.add(Resource {
                        api_version: kind.api_version,
                        group: kind.group,
                        kind: kind.kind,
                        plural: kind.plural,
                        reach,
                    });
                }
            }
        }
        Ok(resources)
    }

    /// One object; `None` if it is not there.
    pub async fn get(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, ApiError> {
        let path = resource.request(namespace);
        let request = path.get(name, &GetParams::default()).map_err(unmade)?;
        match self.send(&request).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What the object would be after a write, by a server-side dry run.
    pub async fn dry_run(
        &self,
        resource: &Resource,
        object: &Object,
        conflicts: Conflicts,
    ) -> Result<Value, ApiError> {
        let request = apply_request(resource, object, conflicts, Effect::DryRun)?;
        self.send(&request).await
    }

    /// What would come of making an object, by a server-side dry run. Its fields are looked at
    /// before its name: 409 means that only the name is taken.
    pub async fn dry_run_creation(
        &self,
        resource: &Resource,
        object: &Object,
    ) -> Result<Value, ApiError> {
        let parameters = PostParams {
            dry_run: true,
            field_manager: Some(FIELD_MANAGER.to_owned()),
        };
        let key = object.key();
        let namespace = key.namespace.as_ref();
        let path = resource.request(namespace.map(windlass_k8s_object::Namespace::as_str));
        let body = object.document().to_string().into_bytes();
        let request = path.create(&parameters, body).map_err(unmade)?;
        self.send(&request).await
    }

    /// Whether the server would delete exactly the object that was seen, by a server-side dry run.
    pub async fn dry_run_deletion(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
        uid: &str,
    ) -> Result<(), ApiError> {
        let request = delete_request(resource, namespace, name, uid, Effect::DryRun)?;
        match self.send(&request).await {
            Err(error) if !error.is_gone() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The objects of a kind, with the version of the list to watch from.
    pub async fn list(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        selector: &Selector,
    ) -> Result<Value, ApiError> {
        let parameters = ListParams {
            label_selector: selector.labels.clone(),
            field_selector: selector.fields.clone(),
            ..ListParams::default()
        };
        let request = resource
            .request(namespace)
            .list(&parameters)
            .map_err(unmade)?;
        self.send(&request).await
    }

    /// Calls `take` with each object of a kind, page by page: what is not kept takes no room.
    pub async fn list_each(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        labels: Option<&str>,
        mut take: impl FnMut(Value),
    ) -> Result<(), ApiError> {
        let mut parameters = ListParams::default().limit(PAGE);
        parameters.label_selector = labels.map(str::to_owned);
        loop {
            let request = resource.request(namespace).list(&parameters);
            let mut page = self.send(&request.map_err(unmade)?).await?;
            for item in typed_items(&mut page, resource) {
                take(item);
            }
            match page["metadata"]["continue"].as_str() {
                None | Some("") => return Ok(()),
                Some(token) => parameters = parameters.continue_token(token),
            }
        }
    }

    /// What changes after a list, until the server ends the stream.
    pub async fn watch(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        selector: &Selector,
        from: &str,
    ) -> Result<impl Stream<Item = Result<WatchEvent<Value>, ApiError>> + use<>, ApiError> {
        let parameters = WatchParams {
            label_selector: selector.labels.clone(),
            field_selector: selector.fields.clone(),
            ..WatchParams::default()
        };
        let request = resource
            .request(namespace)
            .watch(&parameters, from)
            .map_err(unmade)?;
        let events = self.client.request_events::<Value>(request).await?;
        Ok(events.map(|event| event.map_err(ApiError::from)))
    }

    /// The last lines of a container's log: of its last run if that failed, else of this one.
    pub async fn log(&self, pod: &ContainerOf<'_>, lines: u32) -> Result<String, ApiError> {
        let ContainerOf {
            namespace,
            pod,
            container,
        } = pod;
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/log");
        let mut result = Ok(String::new());
        for previous in [true, false] {
            let query = format!("container={container}&tailLines={lines}&previous={previous}");
            let request = http::Request::get(format!("{path}?{query}")).body(Vec::new());
            let request = request.map_err(unmade)?;
            result = self
                .client
                .request_text(request)
                .await
                .map_err(ApiError::from);
            if result.as_ref().is_ok_and(|text| !text.is_empty()) {
                break;
            }
        }
        result
    }

    /// A container's log as it comes.
    pub async fn log_stream(
        &self,
        of: &ContainerOf<'_>,
        parameters: &LogParams,
    ) -> Result<impl AsyncBufRead + use<>, ApiError> {
        let path = Resource::pods().request(Some(of.namespace));
        let request = path.logs(of.pod, parameters).map_err(unmade)?;
        Ok(self.client.request_stream(request).await?)
    }

    /// A connection to a port of a pod, through the API server.
    pub async fn forward(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
    ) -> Result<Portforwarder, ApiError> {
        let pods = Api::<Pod>::namespaced(self.client.clone(), namespace);
        Ok(pods.portforward(pod, &[port]).await?)
    }

    /// Who the API server takes us for.
    pub async fn whoami(&self) -> Result<String, ApiError> {
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let answer = self.review(path, &review).await?;
        match answer["status"]["userInfo"]["username"].as_str() {
            None | Some("") => Err(ApiError::Other {
                reason: "user name: got nothing, want a name".to_owned(),
            }),
            Some(name) => Ok(name.to_owned()),
        }
    }

    /// Whether we may do something.
    pub async fn may(&self, access: &Access) -> Result<bool, ApiError> {
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": access.verb, "group": access.group, "resource": access.plural,
                "subresource": access.subresource,
                "namespace": access.namespace.as_deref().unwrap_or_default(),
                "name": access.name.as_deref().unwrap_or_default(),
            }},
        });
        let answer = self.review(path, &review).await?;
        Ok(answer["status"]["allowed"] == true)
    }

    async fn review(&self, path: &str, review: &Value) -> Result<Value, ApiError> {
        let request = http::Request::post(path)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(review.to_string().into_bytes());
        self.send(&request.map_err(unmade)?).await
    }
}

/// Which objects of a kind are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Selector {
    /// A label selector.
    pub labels: Option<String>,
    /// A field selector.
    pub fields: Option<String>,
}

/// One container of a pod.
#[derive(Clone, Copy, Debug)]
pub struct ContainerOf<'a> {
    /// The pod's namespace.
    pub namespace: &'a str,
    /// The pod.
    pub pod: &'a str,
    /// The container.
    pub container: &'a str,
}

/// Something that we may be allowed to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// `get`, `create`, `patch`, `delete`, `list`, `watch`.
    pub verb: &'static str,
    /// The group.
    pub group: String,
    /// The name of the kind in URLs.
    pub plural: String,
    /// The part of an object: `log`, `portforward`; empty for the object itself.
    pub subresource: &'static str,
    /// The namespace; `None` for objects that are in none.
    pub namespace: Option<String>,
    /// The object; `None` for all of the kind.
    pub name: Option<String>,
}

impl Access {
    /// The same to all objects of the kind.
    #[must_use]
    pub fn to_all(&self) -> Self {
        Self {
            name: None,
            ..self.clone()
        }
    }
}

/// What happens to fields that another manager owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflicts {
    /// The request is refused and names them.
    Report,
    /// They become ours.
    Force,
}

/// The items of a list, each with the kind that lists leave out.
pub(crate) fn typed_items(list: &mut Value, resource: &Resource) -> Vec<Value> {
    let Some(items) = list.get_mut("items").and_then(Value::as_array_mut) else {
        return Vec::new();
    };
    let mut items = std::mem::take(items);
    for item in &mut items {
        item["kind"] = Value::String(resource.kind.clone());
        item["apiVersion"] = Value::String(resource.api_version.clone());
    }
    items
}

fn unmade(error: impl std::error::Error) -> ApiError {
    ApiError::Other {
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_kinds() {
        let get = |resource: &Resource, namespace| {
            let request = resource.request(namespace).get("x", &GetParams::default());
            request.expect("request").uri().to_string()
        };
        assert_eq!(
            get(&Resource::pods(), Some("alice")),
            "/api/v1/namespaces/alice/pods/x"
        );
        assert_eq!(get(&Resource::namespaces(), None), "/api/v1/namespaces/x");
        let sets = Resource::built_in("apps/v1", "StatefulSet", "statefulsets", Reach::Namespaced);
        assert_eq!(
            get(&sets, Some("a")),
            "/apis/apps/v1/namespaces/a/statefulsets/x"
        );
    }

    #[test]
    fn a_definition_brings_its_kinds() {
        let definition = Object::from_document(json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "crontabs.stable.example.com"},
            "spec": {"group": "stable.example.com", "scope": "Namespaced",
                     "names": {"kind": "CronTab", "plural": "crontabs"},
                     "versions": [{"name": "v1"}, {"name": "v2"}]},
        }));
        let mut resources = Resources::default();
        resources.add_definition(&definition.expect("object"));
        let version = ApiVersion::try_new("stable.example.com/v2").expect("version");
        let kind = Kind::try_new("CronTab").expect("kind");
        assert_eq!(
            resources.of(&version, &kind).expect("known").plural,
            "crontabs"
        );
    }

    #[test]
    fn pauses_double_up_to_a_ceiling_and_follow_the_server() {
        let lost = ApiError::Connection {
            reason: String::new(),
        };
        let pauses: Vec<_> = (0..7)
            .map(|n| Retry::USUAL.pause_after(n, &lost).as_millis())
            .collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000]);
        let busy = ApiError::Status {
            code: 429,
            reason: String::new(),
            message: String::new(),
            fields: Vec::new(),
            retry_after: 7,
        };
        assert_eq!(Retry::USUAL.pause_after(0, &busy).as_secs(), 7);
    }
}
