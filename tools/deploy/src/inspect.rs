//! How objects stand: there or not, as wanted or not, ready or why not, with which images. For
//! `status`; pure but for [`around`], which reads what makes pods, and the pods.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use windlass_k8s_object::{Key, Namespace, images};

use crate::api_error::ApiError;
use crate::cluster::{Resource, Selector};
use crate::compare::changed_fields;
use crate::desired::{Desired, DesiredObject, UNPINNED_ANNOTATION};
use crate::diff::plain_name;
use crate::explain::{Explanation, gather};
use crate::groups::Groups;
use crate::plan::{Live, is_going};
use crate::pods;
use crate::problem::{Outlook, Revision, failed_creations, problems, replica_sets};
use crate::ready::{Readiness, Surroundings, endpoint_slices, storage_classes};
use crate::screen::{group_now, many, name_width};
use crate::session::Session;
use crate::wait::{Status, unread};
use crate::watch::Store;

/// How one object stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
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
    /// How it compares with what is described, by the API server's dry run; `null` where nobody can
    /// tell: we may not write it, or nobody has pinned its images.
    pub compared: Option<Compared>,
    /// The fields that an apply would change, as paths.
    pub changes: Vec<String>,
    /// When it was made: `2024-01-01T00:00:00Z`; `null` if it is not there.
    pub created_at: Option<String>,
    /// The images that its pods run, for kinds that make pods.
    pub running: Vec<Running>,
    #[serde(skip)]
    status: Status,
    #[serde(skip)]
    is_hopeless: bool,
}

/// How many pods an object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pods {
    /// How many are ready.
    pub ready: u64,
    /// How many there should be.
    pub of: u64,
}

/// An image field that holds another image than it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageDiffers {
    /// The field, as the manifest has it: `spec.template.spec.containers[0].image`.
    pub field: String,
    /// What it should hold.
    pub want: String,
    /// What it holds; `null` if it is not there.
    pub live: Option<String>,
}

/// How an object compares with what is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Compared {
    /// It is as described.
    Same,
    /// An apply would change it.
    Changed,
    /// It is not there.
    Missing,
}

impl Compared {
    fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::Missing => "missing",
        }
    }
}

/// An image that pods of an object run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// The container.
    pub container: String,
    /// Its image.
    pub image: String,
    /// What it should be; `null` where nobody has said.
    pub want: Option<String>,
    /// How many pods run it.
    pub pods: usize,
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
                compared: Some(Compared::Missing),
                changes: Vec::new(),
                created_at: None,
                running: Vec::new(),
                status: Status {
                    readiness: Readiness::InProgress("missing".to_owned()),
                    replicas: None,
                },
                is_hopeless: false,
            };
        };
        let (compared, changes) = compare(desired, live);
        let created_at = object["metadata"]["creationTimestamp"].as_str();
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
            compared,
            changes,
            created_at: created_at.map(str::to_owned),
            running: Vec::new(),
            is_hopeless: matches!(status.readiness, Readiness::Failed(_)),
            status,
        }
    }

    /// How long ago it was made, `now` after 1970: `3d`; empty if it is not there.
    fn age(&self, now: Duration) -> String {
        let created = self.created_at.as_ref().and_then(|at| at.parse().ok());
        let created = created.and_then(|at: Timestamp| u64::try_from(at.as_second()).ok());
        created.map_or(String::new(), |created| {
            age(now.as_secs().saturating_sub(created))
        })
    }

    /// Whether it is there and ready.
    pub fn is_ready(&self) -> bool {
        self.status.is_current()
    }

    /// Whether it has failed, or waits for what does not come by itself.
    pub fn is_hopeless(&self) -> bool {
        self.is_hopeless
    }

    /// Adds why its pods are not ready.
    pub fn explain(&mut self, explanation: &Explanation) {
        let problem = explanation.problem.as_ref();
        self.is_hopeless |= problem.is_some_and(|problem| problem.outlook != Outlook::Open);
        let problem = explanation.problem.iter().map(ToString::to_string);
        let evidence = explanation.evidence();
        self.evidence = problem.chain(evidence).collect();
    }
}

/// `45s`, `90m`, `30h`, `12d`: the largest unit that there are two of.
fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}

/// What the server says that an apply would make of an object that is there.
fn compare(desired: &DesiredObject, live: &Live) -> (Option<Compared>, Vec<String>) {
    let is_unpinned = desired.object.annotation(UNPINNED_ANNOTATION).is_some();
    let (object, dry_run) = match live {
        _ if is_unpinned => return (None, Vec::new()),
        Live::Recorded(_) => return (Some(Compared::Same), Vec::new()),
        Live::Recreatable(_) => return (Some(Compared::Changed), Vec::new()),
        Live::Found {
            object,
            dry_run: Some(dry_run),
        } => (object, dry_run),
        _ => return (None, Vec::new()),
    };
    let fields = match dry_run {
        Ok(result) => changed_fields(object, result),
        // It would not be written, so it is not as described.
        Err(ApiError::Status {
            code: 409 | 422,
            fields,
            ..
        }) => {
            let fields = fields.iter().map(|one| one.field.trim_start_matches('.'));
            return (Some(Compared::Changed), fields.map(str::to_owned).collect());
        }
        Err(_) => return (None, Vec::new()),
    };
    if fields.is_empty() {
        (Some(Compared::Same), fields)
    } else {
        (Some(Compared::Changed), fields)
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

/// Reads what makes pods, and the pods; and what is around each object that is there and not ready:
/// pods in its namespace, endpoints, classes of storage.
pub async fn around(session: &Session<'_>, desired: &Desired, standings: &[Standing]) -> Around {
    let mut around = Around::default();
    let open = desired.objects.iter().zip(standings);
    let open = open.filter(|(_, standing)| standing.exists && !standing.is_ready());
    let open: Vec<&Key> = open.map(|(object, _)| object.object.key()).collect();
    let namespaces = open.iter().filter_map(|key| key.namespace.as_ref());
    let namespaces: BTreeSet<&str> = namespaces.map(Namespace::as_str).collect();
    let mut kinds: BTreeSet<(Resource, Option<String>, Selector)> = BTreeSet::new();
    for namespace in namespaces {
        let all = Selector::default;
        for (resource, selector) in [
            (Resource::pods(), all()),
            (replica_sets(), all()),
            (endpoint_slices(), all()),
            failed_creations(),
        ] {
            kinds.insert((resource, Some(namespace.to_owned()), selector));
        }
    }
    let needed = pods::needed(desired).into_iter();
    kinds.extend(needed.map(|one| (one.resource, one.namespace, one.selector)));
    for (resource, namespace, selector) in kinds {
        around
            .read(session, &resource, namespace.as_deref(), &selector)
            .await;
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
    /// Adds the images that pods run.
    pub fn tell_images(&self, desired: &Desired, standings: &mut [Standing]) {
        for (at, pod) in pods::pods_of(desired, &self.store) {
            if !is_going(pod) && !pods::is_over(pod) {
                add_running(&mut standings[at].running, &desired.objects[at], pod);
            }
        }
    }

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

/// Counts the images of one pod.
fn add_running(running: &mut Vec<Running>, desired: &DesiredObject, pod: &Value) {
    let object = &desired.object;
    let mut wanted = BTreeMap::new();
    if object.annotation(UNPINNED_ANNOTATION).is_none() {
        for (field, image) in images::list(object.document()) {
            let of = container(object.document(), &field);
            let of = of.filter(|(list, _)| list.rsplit('.').next() == Some("containers"));
            wanted.extend(of.map(|(_, name)| (name.to_owned(), image)));
        }
    }
    for one in pod["spec"]["containers"].as_array().into_iter().flatten() {
        let (Some(name), Some(image)) = (one["name"].as_str(), one["image"].as_str()) else {
            continue;
        };
        let same = |known: &&mut Running| known.container == name && known.image == image;
        match running.iter_mut().find(same) {
            Some(known) => known.pods += 1,
            None => running.push(Running {
                container: name.to_owned(),
                image: image.to_owned(),
                want: wanted.get(name).cloned(),
                pods: 1,
            }),
        }
    }
}

/// What `status` prints, `now` after 1970: each group, its objects below it, what is wrong with them below these.
pub fn text(desired: &Desired, standings: &[Standing], now: Duration) -> String {
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
            let line = format!(
                "  {:wide$}  {}",
                names[member],
                words(&standings[member], now)
            );
            lines.push(line.trim_end().to_owned());
            lines.extend(details(&standings[member]));
        }
    }
    let mut text = String::new();
    for line in lines {
        text.push_str(&windlass_k8s_diff::text::harmless(&line));
        text.push('\n');
    }
    text
}

/// `ready      same       3d  6/6 pods`.
fn words(standing: &Standing, now: Duration) -> String {
    let word = match (standing.exists, standing.is_ready()) {
        (false, _) => return "missing".to_owned(),
        (true, true) => "ready",
        (true, false) => "not ready",
    };
    let more = match (&standing.reason, standing.pods) {
        (Some(reason), _) => reason.clone(),
        (None, Some(Pods { ready, of })) => format!("{ready}/{of} pods"),
        (None, None) => String::new(),
    };
    let compared = standing.compared.map_or("?", Compared::word);
    format!("{word:9}  {compared:7}  {:>4}  {more}", standing.age(now))
}

fn details(standing: &Standing) -> Vec<String> {
    let evidence = standing.evidence.iter().map(|line| format!("    {line}"));
    let images = standing.images.iter().map(|image| {
        let ImageDiffers { field, want, live } = image;
        let live = live.as_ref();
        let live = live.map_or_else(|| "nothing".to_owned(), |live| short(live));
        format!(
            "    {field}:\n      got  {live}\n      want {}",
            short(want)
        )
    });
    let images = images.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    evidence
        .chain(changed_line(standing))
        .chain(images)
        .chain(running_lines(standing))
        .collect()
}

/// The fields that would change, but those that are shown as images.
fn changed_line(standing: &Standing) -> Option<String> {
    /// How many are named.
    const SOME: usize = 3;
    let is_image = |field: &&String| standing.images.iter().any(|one| one.field == **field);
    let fields = standing.changes.iter().filter(|field| !is_image(field));
    let fields: Vec<&str> = fields.map(String::as_str).collect();
    let named = fields.get(..SOME).unwrap_or(&fields).join(", ");
    let more = match fields.len().saturating_sub(SOME) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!fields.is_empty()).then(|| format!("    changed: {named}{more}"))
}

/// What pods still run, where the object itself has the images that it should have.
fn running_lines(standing: &Standing) -> Vec<String> {
    if !standing.images.is_empty() {
        return Vec::new();
    }
    let others = standing.running.iter().filter_map(|one| {
        let want = one.want.as_ref().filter(|want| **want != one.image)?;
        let verb = if one.pods == 1 { "runs" } else { "run" };
        let pods = many(one.pods, "pod");
        Some([
            format!("    {pods} {verb} another {}:", one.container),
            format!("      got  {}", short(&one.image)),
            format!("      want {}", short(want)),
        ])
    });
    others.flatten().collect()
}

/// An image with as much of its digest as tells it from others.
fn short(image: &str) -> String {
    const DIGITS: usize = 12;
    let Some((name, digest)) = image.split_once("@sha256:") else {
        return image.to_owned();
    };
    match digest.get(..DIGITS) {
        Some(start) if digest.len() > DIGITS => format!("{name}@sha256:{start}.."),
        _ => image.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_the_largest_unit_that_there_are_two_of() {
        let ages = [0, 119, 120, 7199, 7200, 172_799, 172_800].map(age);
        assert_eq!(ages, ["0s", "119s", "2m", "119m", "2h", "47h", "2d"]);
    }

    #[test]
    fn digests_are_cut() {
        let digest = "a1".repeat(32);
        assert_eq!(
            short(&format!("localhost:31000/demo/a@sha256:{digest}")),
            "localhost:31000/demo/a@sha256:a1a1a1a1a1a1.."
        );
        assert_eq!(short("redis:8"), "redis:8");
    }
}
