//! How objects stand: there or not, ready or why not, with which images. For `status`; pure but
//! for [`around`], which reads the pods of what is not ready.

use serde::Serialize;
use serde_json::Value;
use windlass_k8s_object::{Key, Namespace, images};

use crate::cluster::{Resource, Selector};
use crate::desired::{Desired, DesiredObject, UNPINNED_ANNOTATION};
use crate::diff::plain_name;
use crate::explain::{Explanation, gather};
use crate::groups::Groups;
use crate::plan::Live;
use crate::problem::{Revision, failed_creations, problems, replica_sets};
use crate::ready::{Readiness, Surroundings, endpoint_slices, storage_classes};
use crate::screen::{group_now, name_width};
use crate::session::Session;
use crate::wait::{Status, unread};
use crate::watch::Store;

/// How one object stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Whether it is there.
    pub exists: bool,
    /// Its pods; `null` for kinds that make none.
    pub pods: Option<Pods>,
    /// Why it is not ready; `null` if it is, or is not there.
    pub reason: Option<String>,
    /// What keeps it from being ready: the pod, the container, log lines, the last event.
    pub evidence: Vec<String>,
    /// Image fields that hold another image than they should.
    pub images: Vec<ImageDiffers>,
    #[serde(skip)]
    status: Status,
}

/// How many pods an object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pods {
    /// How many are ready.
    pub ready: u64,
    /// How many there should be.
    pub of: u64,
}

/// An image field that holds another image than it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageDiffers {
    /// The field, as the manifest has it: `spec.template.spec.containers[0].image`.
    pub field: String,
    /// What it should hold.
    pub want: String,
    /// What it holds; `null` if it is not there.
    pub live: Option<String>,
}

impl Standing {
    /// How an object stands, as far as it and what was read around it tell.
    pub fn of(desired: &DesiredObject, live: &Live, around: Surroundings<'_>) -> Self {
        let Some(object) = live.object() else {
            return Self {
                exists: false,
                pods: None,
                reason: None,
                evidence: Vec::new(),
                images: Vec::new(),
                status: Status {
                    readiness: Readiness::InProgress("missing".to_owned()),
                    replicas: None,
                },
            };
        };
        let status = Status::of(object, &desired.policy.ready_when, around);
        Self {
            exists: true,
            pods: status.replicas.map(|(ready, of)| Pods { ready, of }),
            reason: match &status.readiness {
                Readiness::Current => None,
                Readiness::InProgress(says) | Readiness::Failed(says) => Some(says.clone()),
            },
            evidence: Vec::new(),
            images: images_that_differ(desired, object),
            status,
        }
    }

    /// Whether it is there and ready.
    pub fn is_ready(&self) -> bool {
        self.status.is_current()
    }

    /// Adds why its pods are not ready.
    pub fn explain(&mut self, explanation: &Explanation) {
        let problem = explanation.problem.iter().map(ToString::to_string);
        let evidence = explanation.evidence();
        self.evidence = problem.chain(evidence).collect();
    }
}

/// Nobody has said which images an unpinned object should have.
fn images_that_differ(desired: &DesiredObject, live: &Value) -> Vec<ImageDiffers> {
    let object = &desired.object;
    if object.annotation(UNPINNED_ANNOTATION).is_some() {
        return Vec::new();
    }
    let there = images::list(live);
    let differs = |(field, want): (String, String)| {
        // Not by place: a webhook may have put a container in front.
        let of = container(object.document(), &field)?;
        let is_it = |(known, _): &&(String, String)| container(live, known) == Some(of);
        let live = there.iter().find(is_it).map(|(_, image)| image.clone());
        (live.as_ref() != Some(&want)).then_some(ImageDiffers { field, want, live })
    };
    let wanted = images::list(object.document()).into_iter();
    wanted.filter_map(differs).collect()
}

/// The container of an image field: its list and its name, unique there.
fn container<'a>(document: &'a Value, field: &'a str) -> Option<(&'a str, &'a str)> {
    let (list, at) = field.strip_suffix("].image")?.rsplit_once('[')?;
    let mut steps = list.split('.');
    let containers = steps.try_fold(document, |value, step| value.get(step))?;
    let at: usize = at.parse().ok()?;
    Some((list, containers.get(at)?.get("name")?.as_str()?))
}

/// What is around the objects that are not ready by themselves, and what of that cannot be read.
#[derive(Default)]
pub struct Around {
    store: Store,
    unread: Vec<(String, String)>,
}

/// Reads what is around each object that is there and not ready: pods in its namespace, endpoints,
/// classes of storage.
pub async fn around(session: &Session<'_>, desired: &Desired, standings: &[Standing]) -> Around {
    let mut around = Around::default();
    let open = desired.objects.iter().zip(standings);
    let open = open.filter(|(_, standing)| standing.exists && !standing.is_ready());
    let open: Vec<&Key> = open.map(|(object, _)| object.object.key()).collect();
    let mut namespaces: Vec<&str> = open
        .iter()
        .filter_map(|key| key.namespace.as_ref())
        .map(Namespace::as_str)
        .collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    for namespace in namespaces {
        let all = Selector::default;
        for (resource, selector) in [
            (Resource::pods(), all()),
            (replica_sets(), all()),
            (endpoint_slices(), all()),
            failed_creations(),
        ] {
            around
                .read(session, &resource, Some(namespace), &selector)
                .await;
        }
    }
    if open
        .iter()
        .any(|key| key.kind.as_str() == "PersistentVolumeClaim")
    {
        let all = Selector::default();
        around.read(session, &storage_classes(), None, &all).await;
    }
    around
}

impl Around {
    async fn read(
        &mut self,
        session: &Session<'_>,
        resource: &Resource,
        namespace: Option<&str>,
        selector: &Selector,
    ) {
        match session.cluster.list(resource, namespace, selector).await {
            Ok(list) => self.store.add(list, resource, namespace),
            Err(error) => {
                self.store.refuse(resource, namespace);
                let (what, place) = match namespace {
                    Some(namespace) => (format!("{} in `{namespace}`", resource.plural), namespace),
                    None => (resource.plural.clone(), ""),
                };
                let unread = unread(&what, &error);
                self.unread.push((place.to_owned(), unread));
            }
        }
    }

    /// How the objects stand, with what was read.
    pub fn standings(&self, desired: &Desired, seen: &[Live]) -> Vec<Standing> {
        let live = |live: &Live| live.object().cloned().unwrap_or_default();
        let run: Vec<Value> = seen.iter().map(live).collect();
        let around = Surroundings {
            store: &self.store,
            run: &run,
        };
        let pairs = desired.objects.iter().zip(seen);
        pairs
            .map(|(object, live)| Standing::of(object, live, around))
            .collect()
    }

    /// Why one object is not ready, with evidence.
    pub async fn explain(
        &self,
        session: &Session<'_>,
        key: &Key,
        object: &Value,
        standing: &Standing,
    ) -> Explanation {
        let problem = problems(object, &self.store, Revision::Any)
            .into_iter()
            .next();
        let readiness = &standing.status.readiness;
        let mut explanation = gather(&session.cluster, key, readiness, problem).await;
        let namespace = key.namespace.as_ref().map(Namespace::as_str);
        let unread = self
            .unread
            .iter()
            .filter(|(of, _)| of.is_empty() || Some(of.as_str()) == namespace);
        explanation.log.extend(unread.map(|(_, text)| text.clone()));
        explanation
    }
}

/// What `status` prints: each group, its objects below it, what is wrong with them below these.
pub fn text(desired: &Desired, standings: &[Standing]) -> String {
    let statuses: Vec<Status> = standings.iter().map(|one| one.status.clone()).collect();
    let look = Groups::new(desired, 0.0).look(desired, &statuses, 0.0);
    let width = name_width(desired);
    let names = desired
        .objects
        .iter()
        .map(|one| plain_name(one.object.key()));
    let names: Vec<String> = names.collect();
    let wide = names.iter().map(String::len).max().unwrap_or_default();
    let mut lines = Vec::new();
    for (at, group) in desired.groups.iter().enumerate() {
        let both = look.ready.iter().chain(&look.open);
        for line in both.filter(|line| line.name == group.name) {
            lines.push(group_now(line, width));
        }
        let mut members: Vec<usize> = (0..desired.objects.len())
            .filter(|member| desired.objects[*member].group == at)
            .collect();
        members.sort_by_key(|member| {
            let object = &desired.objects[*member].object;
            (crate::order::Stage::of(object), object.key())
        });
        for member in members {
            let line = format!("  {:wide$}  {}", names[member], words(&standings[member]));
            lines.push(line.trim_end().to_owned());
            lines.extend(details(&standings[member]));
        }
    }
    let mut text = String::new();
    for line in lines {
        text.push_str(&crate::diff::harmless(&line));
        text.push('\n');
    }
    text
}

/// `ready      6/6 pods`.
fn words(standing: &Standing) -> String {
    let word = match (standing.exists, standing.is_ready()) {
        (false, _) => "missing",
        (true, true) => "ready",
        (true, false) => "not ready",
    };
    let more = match (&standing.reason, standing.pods) {
        (Some(reason), _) => reason.clone(),
        (None, Some(Pods { ready, of })) => format!("{ready}/{of} pods"),
        (None, None) => String::new(),
    };
    format!("{word:9}  {more}")
}

fn details(standing: &Standing) -> Vec<String> {
    let evidence = standing.evidence.iter().map(|line| format!("    {line}"));
    let images = standing.images.iter().map(|image| {
        let ImageDiffers { field, want, live } = image;
        let live = live.as_ref();
        let live = live.map_or_else(|| "nothing".to_owned(), |live| format!("`{live}`"));
        format!("    {field}: got {live}, want `{want}`")
    });
    evidence.chain(images).collect()
}
