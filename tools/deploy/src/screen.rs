//! The text that people see. All pure: data in, lines out.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use windlass_k8s_object::{Key, Namespace, Scope};

use crate::desired::{Desired, DesiredObject};
use crate::journal::{Progressed, State};
use crate::plan::{Action, Claims, Goal, Kept, Plan, Prune};
use crate::request::{DeployRequest, Rollout, Started, Verb};
use crate::session::Place;

/// How wide the names of groups and images are at least.
const NAME: usize = 7;
/// How wide the kinds of a group are at least, and at most before they are cut.
const KINDS: usize = 40;

/// `9.8 s`, `2 min 5 s`.
pub fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 99.95 {
        return format!("{seconds:.1} s");
    }
    format!(
        "{} min {} s",
        duration.as_secs() / 60,
        duration.as_secs() % 60
    )
}

/// `4.1 MB`.
pub fn bytes(count: u64) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "shown with one digit after the point"
    )]
    let count = count as f64;
    match count {
        c if c < 1e3 => format!("{c} B"),
        c if c < 1e6 => format!("{:.1} kB", c / 1e3),
        c if c < 1e9 => format!("{:.1} MB", c / 1e6),
        c => format!("{:.1} GB", c / 1e9),
    }
}

/// `1 image`, `3 images`.
pub fn many(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// `myns -> namespace alice on windlass (kube-system 3f9c21, 127.0.0.1:6443)`.
pub fn header(place: &Place) -> String {
    let to = match &place.environment.scope {
        Scope::Cluster => String::new(),
        Scope::Shared(namespace) | Scope::Personal(namespace) => {
            format!("namespace {} on ", namespace.as_str())
        }
    };
    let identity = match &place.id {
        Some(id) => format!("kube-system {}, ", id.get(..6).unwrap_or(id)),
        None => String::new(),
    };
    let Place {
        environment,
        context,
        server,
        ..
    } = place;
    format!("{} -> {to}{context} ({identity}{server})", environment.name)
}

/// How wide the first column is: as its longest name.
pub fn name_width(desired: &Desired) -> usize {
    let groups = desired.groups.iter().map(|group| group.name.len());
    let images = desired.images.iter().map(|image| image.name().len());
    groups.chain(images).fold(NAME, usize::max)
}

/// `plan    3 images to push, 14 objects to create, 0 to change, 0 as wanted`.
pub fn plan_line(goal: Goal, plan: &Plan, width: usize) -> String {
    let pushes = many(plan.pushes.len(), "image");
    let [create, replace, change, same] =
        ["create", "replace", "change", "same"].map(|word| plan.count(word));
    let text = match goal {
        Goal::Delete => {
            let deletes = many(plan.count("delete"), "object");
            let mut parts = vec![format!("{deletes} to delete")];
            for (word, text) in [("gone", "not there"), ("keep", "to keep")] {
                if plan.count(word) > 0 {
                    parts.push(format!("{} {text}", plan.count(word)));
                }
            }
            parts.join(", ")
        }
        Goal::Replace => {
            let replaces = many(replace, "object");
            format!(
                "{pushes} to push, {replaces} to replace, {create} to create, {change} to change, \
                 {same} as wanted"
            )
        }
        Goal::Apply | Goal::Create => {
            let creates = many(create, "object");
            format!("{pushes} to push, {creates} to create, {change} to change, {same} as wanted")
        }
    };
    let replaced = if goal == Goal::Replace { 0 } else { replace };
    format!("{:width$} {text}{}", "plan", others(plan, replaced))
}

/// What is not in every plan: `, 1 to replace, 1 to adopt, 2 to prune`; an inventory, where nothing
/// else is written.
fn others(plan: &Plan, replaced: usize) -> String {
    let mut text = String::new();
    for (count, word) in [
        (replaced, "replace"),
        (plan.count("adopt"), "adopt"),
        (plan.pruned(), "prune"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} to {word}");
        }
    }
    if plan.sent() + plan.deleted() == 0 && !plan.records.is_empty() {
        let inventories = ["inventory", "inventories"][usize::from(plan.records.len() > 1)];
        let _ = write!(text, ", {} {inventories} to write", plan.records.len());
    }
    text
}

/// The same of what `apply` would do, for `diff`: nobody has asked which images are there.
pub fn diff_line(plan: &Plan, width: usize) -> String {
    let creates = many(plan.count("create"), "object");
    let [change, same] = ["change", "same"].map(|word| plan.count(word));
    format!(
        "{:width$} {creates} to create, {change} to change, {same} as wanted{}",
        "plan",
        others(plan, plan.count("replace"))
    )
}

/// `note    namespace `alice` is missing: bazel run //prod:setup.apply makes it`.
pub fn note_line(text: &str) -> String {
    format!("{:NAME$} {text}", "note")
}

/// `myns -> registry localhost:31000`.
pub fn push_header(environment: &str, registries: &BTreeSet<String>) -> String {
    let names: Vec<&str> = registries.iter().map(String::as_str).collect();
    format!("{environment} -> registry {}", names.join(", "))
}

/// `plan    1 image to push, 2 already there`, for `push`.
pub fn push_line(pushes: usize, images: usize, width: usize) -> String {
    let pushes_text = many(pushes, "image");
    let there = images - pushes;
    format!(
        "{:width$} {pushes_text} to push, {there} already there",
        "plan"
    )
}

/// One line for each object that changes, with the fields; for `--dry-run` and `--verbose`.
pub fn plan_details(plan: &Plan, desired: &Desired) -> Vec<String> {
    let mut lines = Vec::new();
    for image in &plan.pushes {
        lines.push(format!("  push    {}", desired.images[*image].reference));
    }
    for (action, object) in plan.actions.iter().zip(&desired.objects) {
        let key = object.object.key();
        let more = match action {
            Action::Same => continue,
            Action::Change { fields } | Action::Adopt { fields } => {
                format!(": {}", fields.join(", "))
            }
            Action::Keep { why } => format!(": {}", kept(*why)),
            Action::CreateAfter { .. } => ": when the one that is being deleted is gone".to_owned(),
            Action::Create | Action::Replace { .. } | Action::Delete { .. } | Action::Gone => {
                String::new()
            }
        };
        lines.push(format!("  {:7} {key}{more}", action.word()));
    }
    for prune in plan.prunes.iter().filter(|prune| prune.action.is_write()) {
        lines.push(format!("  prune   {}", prune.key));
    }
    lines
}

/// ``left    StatefulSet `alice/redis`: no target describes it; to remove it: kubectl ...``; `None`
/// if nothing is left over that stays.
pub fn left_line(plan: &Plan, kubectl: Option<&str>) -> Option<String> {
    let kept = |prune: &&Prune| matches!(prune.action, Action::Keep { .. });
    let kept = plan.prunes.iter().filter(kept);
    let keys: Vec<&Key> = kept.map(|prune| &prune.key).collect();
    let first = keys.first()?;
    let names = keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    let remove = delete_command(first, kubectl.unwrap_or("kubectl"));
    Some(format!(
        "{:NAME$} {}: no target describes it; to remove it: {remove}",
        "left",
        names.join(", ")
    ))
}

/// `kubectl -n alice delete statefulset redis`.
fn delete_command(key: &Key, kubectl: &str) -> String {
    let namespace = key.namespace.as_ref();
    let namespace = namespace.map_or(String::new(), |n| format!(" -n {}", n.as_str()));
    let kind = key.kind.as_str().to_lowercase();
    format!("{kubectl}{namespace} delete {kind} {}", key.name.as_str())
}

/// ``StatefulSet `alice/redis` takes its claims with it: data-redis-0``, for each set that does.
pub fn claim_notes(plan: &Plan, desired: &Desired) -> Vec<String> {
    let going = plan.claims.iter().filter(|one| !one.names.is_empty());
    let note = |claims: &Claims| {
        let key = desired.objects[claims.set].object.key();
        let names = claims.names.join(", ");
        format!("{key} takes its claims with it: {names}")
    };
    going.map(note).collect()
}

fn kept(why: Kept) -> &'static str {
    match why {
        Kept::Kind => "data or other objects would go with it",
        Kept::Foreign => "windlass did not make it",
    }
}

/// `kept    Namespace `alice`, ...` with the command that removes them; `None` if all went.
pub fn kept_line(plan: &Plan, desired: &Desired, kubectl: &str) -> Option<String> {
    let kept = |(action, _): &(&Action, _)| matches!(action, Action::Keep { .. });
    let keys: Vec<&Key> = plan
        .actions
        .iter()
        .zip(&desired.objects)
        .filter(kept)
        .map(|(_, object)| object.object.key())
        .collect();
    let names = keys
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let remove = delete_command(keys.first()?, kubectl);
    Some(format!("{:NAME$} {names}; to remove one: {remove}", "kept"))
}

/// The kinds of a group's members, in the order they are written:
/// `ConfigMap, 2 Services, StatefulSet`.
pub fn kinds<'a>(members: impl Iterator<Item = &'a DesiredObject>) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let mut members: Vec<_> = members.collect();
    members.sort_by_key(|member| crate::order::Stage::of(&member.object));
    for member in members {
        let kind = member.object.kind().as_str();
        match counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
    }
    let mut text = String::new();
    for (kind, count) in counts {
        let word = if count == 1 {
            kind.to_owned()
        } else {
            format!("{count} {}", plural(kind))
        };
        if text.is_empty() {
            text = word;
        } else if text.len() + word.len() + 7 <= KINDS {
            text = format!("{text}, {word}");
        } else {
            return text + ", ...";
        }
    }
    text
}

fn plural(kind: &str) -> String {
    match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('s') => format!("{kind}es"),
        None => format!("{kind}s"),
    }
}

/// One group on a screen.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupLine {
    /// Its name.
    pub name: String,
    /// Its kinds.
    pub kinds: String,
    /// How it stands.
    pub state: GroupState,
    /// How many of what is counted are ready: pods, or objects if it has no pods.
    pub ready: u64,
    /// How many there are.
    pub of: u64,
    /// Seconds since the run began.
    pub after: f64,
    /// The group that it waited for longest and for how long; for a group that is not ready,
    /// what it waits for now.
    pub waits: Option<Waits>,
}

/// How a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// It and all below it are ready.
    Ready,
    /// It is not ready itself.
    Underway,
    /// Groups below it are not ready.
    Waits,
    /// One of its objects says that it will not be ready.
    Failed,
}

/// What a group waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Waits {
    /// It waited for a group, so many seconds.
    Waited {
        /// How long.
        seconds: f64,
        /// The group.
        group: String,
    },
    /// It waits for groups.
    Groups(Vec<String>),
    /// It waits for its own objects.
    Own(String),
}

/// `redis   ConfigMap, 2 Services, StatefulSet   6/6 ready   9.8 s`.
pub fn group_line(line: &GroupLine, width: usize) -> String {
    let after = seconds(Duration::from_secs_f64(line.after));
    format!("{} {after:>7}{}", group_head(line, width), waits(line))
}

/// The same of a group that is looked at and not waited for.
pub fn group_now(line: &GroupLine, width: usize) -> String {
    format!("{}{}", group_head(line, width), waits(line))
}

/// What a tree says of a group after its name: `  0/1 ready  11.2 s  waits for redis`.
pub fn tree_columns(line: &GroupLine) -> String {
    let counted = counted(line);
    let after = seconds(Duration::from_secs_f64(line.after));
    format!("{counted:>13} {after:>7}{}", waits(line))
}

fn group_head(line: &GroupLine, width: usize) -> String {
    let counted = counted(line);
    format!("{:width$} {:KINDS$} {counted:>11}", line.name, line.kinds)
}

fn counted(line: &GroupLine) -> String {
    format!("{}/{} ready", line.ready, line.of)
}

fn waits(line: &GroupLine) -> String {
    match &line.waits {
        None => String::new(),
        Some(Waits::Waited {
            seconds: waited,
            group,
        }) => {
            let waited = seconds(Duration::from_secs_f64(*waited));
            format!("  waited {waited} for {group}")
        }
        Some(Waits::Groups(groups)) => format!("  waits for {}", groups.join(", ")),
        Some(Waits::Own(what)) => format!("  {what}"),
    }
}

/// `server  image sha256:1f0c..  1 of 3 layers sent     4.1 MB   0.3 s`.
pub fn image_line(
    name: &str,
    pushed: &windlass_oci_registry::Pushed,
    after: f64,
    width: usize,
) -> String {
    let digest = pushed.digest.to_string();
    let blobs = pushed.uploaded_blobs + pushed.existing_blobs;
    let what = format!(
        "image {}..  {} of {} sent",
        &digest[..11],
        pushed.uploaded_blobs,
        many(blobs, "blob")
    );
    let size = bytes(pushed.uploaded_bytes);
    let after = seconds(Duration::from_secs_f64(after));
    format!("{name:width$} {what:KINDS$} {size:>11} {after:>7}")
}

/// The last line of a run that went well.
pub fn done_line(goal: Goal, state: &State, after: f64) -> String {
    let after = seconds(Duration::from_secs_f64(after));
    let Some(plan) = &state.plan else {
        return format!("done in {after}");
    };
    let text = if goal == Goal::Delete {
        match plan.deleted() {
            0 => "nothing to do".to_owned(),
            count => format!("{count} deleted"),
        }
    } else if plan.is_empty() {
        format!(
            "nothing changed, {} as wanted",
            many(plan.count("same"), "object")
        )
    } else {
        let mut parts = Vec::new();
        for (word, done) in [
            ("replace", "replaced"),
            ("create", "created"),
            ("change", "changed"),
            ("adopt", "adopted"),
            ("same", "as wanted"),
        ] {
            if plan.count(word) > 0 {
                parts.push(format!("{} {done}", plan.count(word)));
            }
        }
        if plan.pruned() > 0 {
            parts.push(format!("{} pruned", plan.pruned()));
        }
        if !plan.pushes.is_empty() {
            parts.push(pushed(state, plan));
        }
        parts.join(", ")
    };
    format!("done in {after}: {text}")
}

/// `3 images, 11.2 MB sent, 31.0 MB already there`.
fn pushed(state: &State, plan: &Plan) -> String {
    let pushed = state.pushes.iter().flatten();
    let (sent, there) = pushed.fold((0, 0), |(sent, there), push| {
        (sent + push.uploaded_bytes, there + push.skipped_bytes)
    });
    let images = many(plan.pushes.len(), "image");
    format!(
        "{images}, {} sent, {} already there",
        bytes(sent),
        bytes(there)
    )
}

/// The last line of a push that went well.
pub fn pushed_line(state: &State, after: f64) -> String {
    let after = seconds(Duration::from_secs_f64(after));
    let images = state
        .desired
        .as_ref()
        .map_or(0, |desired| desired.images.len());
    let text = match &state.plan {
        Some(plan) if !plan.pushes.is_empty() => pushed(state, plan),
        _ => format!("nothing to push, {} already there", many(images, "image")),
    };
    format!("done in {after}: {text}")
}

/// What to do next, after a first apply to a personal namespace.
pub fn next_line(request: &DeployRequest, state: &State) -> Option<String> {
    let (plan, desired) = (state.plan.as_ref()?, state.desired.as_ref()?);
    let personal = matches!(desired.environment.scope, Scope::Personal(_));
    let edits = request.verb == Verb::Apply && request.started == Started::Bazel;
    if !edits || !personal || plan.count("create") == 0 {
        return None;
    }
    let label = &desired.groups.last()?.label;
    let package = label.strip_prefix("//")?.split(':').next()?;
    Some(format!(
        "next: edit {package}, then bazel run {label}.apply"
    ))
}

/// `14 of 14 written, redis ready, client waits for server; a rerun goes on from here`.
pub fn state_line(state: &State) -> Option<String> {
    let (plan, desired) = (state.plan.as_ref()?, state.desired.as_ref()?);
    if !state.has_written() && state.statuses.is_empty() {
        return Some("nothing was pushed or written".to_owned());
    }
    let count = |all: &[Progressed], progressed| {
        let of_it = all.iter().filter(|one| **one == progressed);
        of_it.count()
    };
    let mut parts = Vec::new();
    for (all, done, word) in [
        (plan.deleted() - plan.pruned(), &state.deletions, "deleted"),
        (plan.sent(), &state.writes, "written"),
        (plan.pruned(), &state.prunes, "pruned"),
    ] {
        if all > 0 {
            let done = count(done, Progressed::Done);
            parts.push(format!("{done} of {all} {word}"));
        }
    }
    if parts.is_empty() {
        parts.push("nothing to write".to_owned());
    }
    let all = [&state.deletions, &state.writes, &state.prunes];
    let underway = all.map(|all| count(all, Progressed::Underway));
    match underway.iter().sum() {
        0 => {}
        underway => parts.push(format!("{underway} sent and not answered")),
    }
    let pushed = state.pushes.iter().flatten().count();
    if pushed < plan.pushes.len() {
        parts.push(format!(
            "{pushed} of {} pushed",
            many(plan.pushes.len(), "image")
        ));
    }
    parts.extend(group_states(state, desired));
    parts.extend(behind(state, plan, desired));
    Some(format!("{}; a rerun goes on from here", parts.join(", ")))
}

/// `behind HEAD: 3 objects of server, client`: what a gated rollout did not come to.
fn behind(state: &State, plan: &Plan, desired: &Desired) -> Option<String> {
    if state.rollout != Some(Rollout::Gated) {
        return None;
    }
    let waiting = state.writes.iter().zip(&plan.actions).enumerate();
    let waiting =
        waiting.filter(|(_, (write, action))| **write == Progressed::Waiting && action.is_sent());
    let groups: Vec<usize> = waiting.map(|(at, _)| desired.objects[at].group).collect();
    let mut names: Vec<&str> = groups
        .iter()
        .map(|at| desired.groups[*at].name.as_str())
        .collect();
    names.dedup();
    let objects = many(groups.len(), "object");
    (!groups.is_empty()).then(|| format!("behind HEAD: {objects} of {}", names.join(", ")))
}

/// `redis ready`, `client waits for server`: what there is to say of groups.
fn group_states(state: &State, desired: &Desired) -> Vec<String> {
    let is_ready = |group: &usize| state.ready_after.get(*group).is_some_and(Option::is_some);
    let names = |groups: &[usize]| {
        let names = groups
            .iter()
            .map(|group| desired.groups[*group].name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let all = 0..desired.groups.len();
    let (ready, open): (Vec<usize>, Vec<usize>) = all.partition(is_ready);
    let mut parts = Vec::new();
    if !ready.is_empty() {
        parts.push(format!("{} ready", names(&ready)));
    }
    if state.statuses.is_empty() {
        return parts;
    }
    for group in open.iter().map(|group| &desired.groups[*group]) {
        let deps = group.deps.iter().copied();
        let deps: Vec<usize> = deps.filter(|dep| !is_ready(dep)).collect();
        if !deps.is_empty() {
            parts.push(format!("{} waits for {}", group.name, names(&deps)));
        }
    }
    parts
}

/// The namespace of an object, for messages that need a text.
pub fn namespace_of(key: &Key) -> &str {
    key.namespace.as_ref().map_or("", Namespace::as_str)
}

/// What the operating system says, without its number: `Address already in use`.
pub fn in_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let number = text.find(" (os error");
    number.map_or(text.clone(), |end| text[..end].to_owned())
}
