//! What a page shows of a request: the objects, and how they stand where somebody has looked.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use windlass_k8s_object::{Key, Namespace, images};
use windlass_page::links::links;
use windlass_page::stack::{Group, Image, Object, Stack, State};
use windlass_pins::{FileError, Lock};
use windlass_report::Exit;
use windlass_whole_file::{Readers, replace};

use crate::desired::{Desired, DesiredObject};
use crate::inspect::Standing;
use crate::order::Stage;
use crate::plan::Live;
use crate::request::{DeployRequest, Started, Verb};
use crate::session::Place;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum DrawError {
    /// A file of pins cannot be used.
    #[error("cannot tell which commits images are of")]
    Pins(#[source] FileError),
    /// The page cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file, as the user names it.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl DrawError {
    /// How a run ends that ends so.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Pins(_) => Exit::Input,
            Self::Write { .. } => Exit::Failure,
        }
    }
}

/// What somebody has seen who has looked.
pub struct Look<'a> {
    /// Where.
    pub place: &'a Place,
    /// What is there, by object.
    pub live: &'a [Live],
    /// How it stands.
    pub standings: &'a [Standing],
    /// When: `2026-11-29T15:23:33Z`.
    pub at: String,
}

/// The commits of pinned images, by reference.
pub type Commits = BTreeMap<String, String>;

/// Reads which commits the pinned images of a request are of.
///
/// # Errors
/// A file of pins cannot be used.
pub fn commits(request: &DeployRequest, runfiles: &Path) -> Result<Commits, DrawError> {
    let mut commits = Commits::new();
    for file in &request.pins {
        let lock = Lock::read(&runfiles.join(file), Path::new(file)).map_err(DrawError::Pins)?;
        for (_, pin) in lock.pins(&request.environment.name) {
            if let Some(commit) = &pin.commit {
                commits.insert(pin.image().to_string(), commit.as_str().to_owned());
            }
        }
    }
    Ok(commits)
}

/// What the page shows. `look` is what was seen, or why nobody has looked.
pub fn stack(
    request: &DeployRequest,
    desired: &Desired,
    look: &Result<Look<'_>, String>,
    commits: &Commits,
) -> Stack {
    let context = &request.cluster.context;
    let kubectl = match look {
        Ok(look) => look.place.kubectl.clone(),
        Err(_) => format!("kubectl --context {context}"),
    };
    let mut facts = vec![("environment", request.environment.name.clone())];
    let namespace = &request.environment.namespace;
    if !namespace.is_empty() {
        facts.push(("namespace", namespace.clone()));
    }
    facts.push(("cluster", context.clone()));
    if let Ok(look) = look {
        facts.push(("seen", look.at.clone()));
    }
    let object = |(at, wanted): (usize, &DesiredObject)| {
        let seen = look.as_ref().ok();
        let seen = seen.map(|look| (&look.live[at], &look.standings[at]));
        let key = wanted.object.key();
        let mut own = vec![describe(&kubectl, key)];
        own.extend(bazel(request, &wanted.label, verbs_of(wanted)));
        Object {
            group: wanted.group,
            label: wanted.label.clone(),
            manifest: wanted.object.document().clone(),
            state: seen.map(|(_, standing)| state(standing)),
            says: seen.map_or_else(Vec::new, |(_, standing)| says(standing)),
            images: images_of(wanted, seen.map(|(_, standing)| standing), commits),
            links: links(
                wanted.object.document(),
                seen.and_then(|(live, _)| live.object()),
            ),
            commands: own,
        }
    };
    let group = |group: &crate::desired::Group| Group {
        name: group.name.clone(),
        label: group.label.clone(),
        needs: group.deps.clone(),
        commands: bazel(request, &group.label, &[Verb::Apply, Verb::Status]),
    };
    let mut objects: Vec<_> = desired.objects.iter().enumerate().collect();
    objects.sort_by_key(|(_, wanted)| {
        let object = &wanted.object;
        (wanted.group, Stage::of(object), object.key())
    });
    let whole = [Verb::Apply, Verb::Diff, Verb::Status].map(|verb| request.command_of(verb));
    Stack {
        target: request.target.clone(),
        facts,
        commands: whole.to_vec(),
        groups: desired.groups.iter().map(group).collect(),
        objects: objects.into_iter().map(object).collect(),
        unseen: look.as_ref().err().cloned(),
    }
}

/// How an object is, in one word.
fn state(standing: &Standing) -> State {
    match (standing.exists, standing.is_ready()) {
        (false, _) => State::Missing,
        (true, true) => State::Ready,
        (true, false) if standing.is_hopeless() => State::Failed,
        (true, false) => State::Progressing,
    }
}

fn says(standing: &Standing) -> Vec<String> {
    let reason = standing.reason.iter().cloned();
    let pods = standing.pods.filter(|_| standing.reason.is_none());
    let pods = pods.map(|pods| format!("{}/{} pods", pods.ready, pods.of));
    let changes = match standing.changes.as_slice() {
        [] => None,
        fields => Some(format!("an apply would change {}", fields.join(", "))),
    };
    let lines = reason.chain(pods).chain(standing.evidence.iter().cloned());
    lines.chain(changes).collect()
}

fn images_of(wanted: &DesiredObject, standing: Option<&Standing>, commits: &Commits) -> Vec<Image> {
    let mut found: Vec<Image> = Vec::new();
    for (_, reference) in images::list(wanted.object.document()) {
        if found.iter().any(|known| known.reference == reference) {
            continue;
        }
        let running = standing.iter().flat_map(|standing| &standing.running);
        let others =
            running.filter(|one| one.want.as_ref() == Some(&reference) && one.image != reference);
        found.push(Image {
            commit: commits.get(&reference).cloned(),
            others: others.map(|one| one.image.clone()).collect(),
            reference,
        });
    }
    found
}

/// What shows more of an object.
fn describe(kubectl: &str, key: &Key) -> String {
    let namespace = key.namespace.as_ref().map(Namespace::as_str);
    let namespace = namespace.map_or(String::new(), |name| format!(" -n {name}"));
    let kind = key.kind_and_group().to_lowercase();
    format!("{kubectl}{namespace} describe {kind}/{}", key.name.as_str())
}

/// The verbs that a user has for an object.
fn verbs_of(wanted: &DesiredObject) -> &'static [Verb] {
    if images::pod_spec(wanted.object.document()).is_some() {
        &[Verb::Diff, Verb::Logs]
    } else {
        &[Verb::Diff]
    }
}

/// What a user types for a target in the checkout; nothing for a bundle, which has none.
fn bazel(request: &DeployRequest, label: &str, verbs: &[Verb]) -> Vec<String> {
    if request.started == Started::Bundle {
        return Vec::new();
    }
    let command = |verb: &Verb| format!("bazel run {label}.{}", verb.as_str());
    verbs.iter().map(command).collect()
}

/// Writes a page, as a whole or not at all.
///
/// # Errors
/// What the operating system says.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    replace(path, Readers::AsBefore, |file| {
        file.write_all(text.as_bytes())
    })
}
