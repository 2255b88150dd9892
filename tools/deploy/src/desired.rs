//! What a request wants, read from its files and checked against its environment.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use windlass_k8s_object::{
    Environment, Key, Namespace, Object, ParseError, Scope, check_personal, images,
};
use windlass_oci_reference::{ImageReference, Tag};
use windlass_oci_registry::{Image, ImageError, Place, Push, Target, Transport};

use crate::error::{Error, Targets};
use crate::inventory::{InventoryId, ManifestDigest, PART_OF_LABEL};
use crate::policy::{Policy, PolicyRefused};
use crate::request::{DeployRequest, ImageRequest, Members, ObjectRequest, Verb};
use crate::settle::without_ignored;

/// Label of every object: which environment it belongs to. Watches select by it.
pub const ENVIRONMENT_LABEL: &str = "windlass.dev/environment";
/// Label of every object, recommended by Kubernetes.
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";
/// Annotation of every object: the target that describes it. A label cannot hold slashes. Whose it
/// is, says the label of its inventory's set.
pub const OBJECT_ANNOTATION: &str = "windlass.dev/object";
/// Annotation of an object whose environment has no pin for some of its images: their keys. The
/// build sets it.
pub const UNPINNED_ANNOTATION: &str = "windlass.dev/unpinned";
/// The namespace of the inventories of setup, whose objects may be in any namespace or in none.
pub const SETUP_NAMESPACE: &str = "kube-system";
/// Annotation of a personal namespace: who the API server took its maker for.
pub const OWNER_ANNOTATION: &str = "windlass.dev/owner";

/// Everything that a request wants.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The environment.
    pub environment: Environment,
    /// The groups, in dependency order.
    pub groups: Vec<Group>,
    /// The objects, by group.
    pub objects: Vec<DesiredObject>,
    /// The images to push.
    pub images: Vec<DesiredImage>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its identity: `demo/redis/myns`.
    pub id: String,
    /// Its target.
    pub label: String,
    /// What it is called on a screen: `redis`.
    pub name: String,
    /// The groups that must be ready first, as places in [`Desired::groups`].
    pub deps: Vec<usize>,
    /// Where the cluster remembers which objects are the group's; `None` where this is one object of
    /// a group, by itself.
    pub inventory: Option<InventoryId>,
}

/// One object.
#[derive(Clone, Debug)]
pub struct DesiredObject {
    /// Its target.
    pub label: String,
    /// Its group, as place in [`Desired::groups`].
    pub group: usize,
    /// The object, with the labels and annotations of this project.
    pub object: Object,
    /// What its owner says of it beside its manifest.
    pub policy: Policy,
    /// The images that its pods need, as places in [`Desired::images`].
    pub images: Vec<usize>,
}

impl DesiredObject {
    /// What inventories know its manifest by.
    pub fn digest(&self) -> ManifestDigest {
        ManifestDigest::of(&without_ignored(self))
    }
}

/// One image.
#[derive(Clone, Debug)]
pub struct DesiredImage {
    /// What to push, and where.
    pub push: Push,
    /// Its full reference, as it stands in manifests.
    pub reference: ImageReference,
    /// The tags that keep it in a local registry for as long as a group runs it (ADR 16), one for
    /// each group. They move at the end of a run: until then, what they are on may run still.
    pub tags: Vec<Tag>,
}

impl DesiredImage {
    /// What it is called on a screen: the last part of its repository.
    pub fn name(&self) -> &str {
        let path = self.reference.repository().path();
        path.rsplit('/').next().unwrap_or(path)
    }

    /// Gives it the tags that keep it in a local registry. Who pushes an image alone means to have it
    /// for good. Other registries keep what they are given, and need no tag.
    fn keep<'a>(
        &mut self,
        verb: Verb,
        namespace: Option<&Namespace>,
        users: impl Iterator<Item = &'a Group>,
    ) {
        if !self.push.target.is_plain_http() {
            return;
        }
        if verb == Verb::Push {
            self.push = self.kept();
        } else if let Some(namespace) = namespace {
            // Each is a tag: it is short, of letters, digits, hyphens and dots.
            let tags = users.map(|group| tag_of(group, namespace));
            self.tags = tags.filter_map(|tag| tag.parse().ok()).collect();
        }
    }

    /// The push, with the tag that keeps the image in a local registry for good.
    pub fn kept(&self) -> Push {
        let mut push = self.push.clone();
        if push.target.is_plain_http() {
            push.tags = vec![Tag::kept(&push.image.digest())];
        }
        push
    }

    /// The push, with all tags that the image is to have in the end.
    pub fn tagged(&self) -> Push {
        let mut push = self.push.clone();
        push.tags.extend(self.tags.iter().cloned());
        push
    }
}

/// What manifests are checked for when they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// All that the build promises, once more: a request can be older than the rules.
    All,
    /// Only that nothing is outside of the environment's namespace: enough to take things away.
    Place,
}

/// Why an object of a request cannot be used.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum ObjectError {
    /// The manifest cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The manifest holds no object.
    #[error("`{}` is not one Kubernetes object", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ParseError,
    },
    /// The object is of another kind than declared.
    #[error("kind: got `{got}` in the manifest, want `{want}` as declared")]
    Kind {
        /// Its kind.
        got: String,
        /// The declared kind.
        want: String,
    },
    /// The object is outside the namespace of its environment.
    #[error(
        "{object} is not in namespace `{namespace}`, the only one of environment `{environment}`"
    )]
    Namespace {
        /// The object.
        object: Box<Key>,
        /// The environment's namespace.
        namespace: String,
        /// The environment.
        environment: String,
    },
    /// What its owner says of it cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicyRefused),
}

impl Desired {
    /// Reads all files that a request names, from below `runfiles`.
    pub fn load(
        request: &DeployRequest,
        environment: Environment,
        runfiles: &Path,
        checks: Checks,
    ) -> Result<Self, Error> {
        let groups = groups(request, &environment);
        let forbidden = &request.forbidden_namespaces;
        let mut objects = Vec::new();
        for (group, members) in request.groups.iter().enumerate() {
            for member in &members.objects {
                let refused = |source| Error::Object {
                    label: member.label.clone(),
                    source: Box::new(source),
                };
                let object =
                    load_object(member, &environment, runfiles, checks).map_err(refused)?;
                let policy = Policy::parse(member).map_err(|source| refused(source.into()))?;
                if environment.scope == Scope::Cluster {
                    check_personal(object.document(), forbidden).map_err(|source| {
                        Error::Environment {
                            verb: request.verb,
                            target: request.target.clone(),
                            command: request.command(),
                            source,
                        }
                    })?;
                }
                let inventory = groups[group].inventory.as_ref();
                let object = marked(object, &environment, &member.label, inventory);
                let label = member.label.clone();
                objects.push(DesiredObject {
                    label,
                    group,
                    object,
                    policy,
                    images: Vec::new(),
                });
            }
        }
        if checks == Checks::All {
            check_each_once(&objects)?;
        }
        let images = request.images.iter();
        let images: Result<Vec<_>, _> = images.map(|image| load_image(image, runfiles)).collect();
        let images = images?;
        let places = places_of(&images);
        for object in &mut objects {
            object.images = images_of(&object.object, &places);
        }
        let mut desired = Self {
            environment,
            groups,
            objects,
            images,
        };
        desired.keep_images(request.verb);
        Ok(desired)
    }

    /// Gives each image its tags: of the groups whose pods run it, or of all where none of these does
    /// (one object of a group, by itself).
    fn keep_images(&mut self, verb: Verb) {
        let namespace = self.environment.namespace();
        let mut users = vec![BTreeSet::new(); self.images.len()];
        for object in &self.objects {
            for at in &object.images {
                users[*at].insert(object.group);
            }
        }
        for (image, mut users) in self.images.iter_mut().zip(users) {
            if users.is_empty() {
                users.extend(0..self.groups.len());
            }
            let users = users.into_iter().map(|group| &self.groups[group]);
            image.keep(verb, namespace, users);
        }
    }

    /// Refuses objects that can be built but not run, because nobody has pinned their images.
    pub fn check_pinned(&self) -> Result<(), Error> {
        for object in &self.objects {
            if let Some(keys) = object.object.annotation(UNPINNED_ANNOTATION) {
                return Err(Error::Unpinned {
                    environment: self.environment.name.clone(),
                    label: object.label.clone(),
                    keys: keys.to_owned(),
                    pin: self.pin_command(object, keys),
                });
            }
        }
        Ok(())
    }

    /// What pins the first image of an object; digest and commit are for a person to fill in. A
    /// protected environment takes no image without a commit, so the others are told of it, too.
    fn pin_command(&self, object: &DesiredObject, keys: &str) -> String {
        let package = object.label.split(':').next().unwrap_or_default();
        let key = keys.split(',').next().unwrap_or_default();
        let repository = repository_of(&object.object, key);
        let environment = &self.environment.name;
        format!(
            "bazel run //tools/pin -- set --service {package} --env {environment} \
             --image {key}={repository}@sha256:... --commit SHA"
        )
    }

    /// Refuses images whose layers are not there, before anything is pushed: of all files of an
    /// image, these are the ones that are read last.
    pub fn check_blobs(&self, pushes: &[usize]) -> Result<(), Error> {
        for image in pushes.iter().map(|at| &self.images[*at].push) {
            for blob in image.image.all_blobs() {
                let Place::File(path) = &blob.place else {
                    continue;
                };
                std::fs::metadata(path).map_err(|source| Error::Image {
                    label: image.label.clone(),
                    source: ImageError::Read {
                        path: path.clone(),
                        source,
                    },
                })?;
            }
        }
        Ok(())
    }

    /// The objects of a group, as places: they stand together.
    pub fn members(&self, group: usize) -> Range<usize> {
        let first = self.objects.partition_point(|object| object.group < group);
        let end = self.objects.partition_point(|object| object.group <= group);
        first..end
    }

    /// The namespaces that the objects live in, without those that the objects bring.
    pub fn namespaces(&self) -> Vec<Namespace> {
        let keys = self.objects.iter().map(|object| object.object.key());
        let brought: Vec<&str> = keys
            .clone()
            .filter(|key| key.group.is_empty() && key.kind.as_str() == "Namespace")
            .map(|key| key.name.as_str())
            .collect();
        let mut namespaces: Vec<Namespace> = keys
            .filter_map(|key| key.namespace.clone())
            .filter(|namespace| !brought.contains(&namespace.as_str()))
            .collect();
        namespaces.sort();
        namespaces.dedup();
        namespaces
    }
}

/// What the images of a group are called in a local registry while it runs them: `alice.redis.2f1c09aa`.
/// Groups may share an image, and move on from it at times of their own.
fn tag_of(group: &Group, namespace: &Namespace) -> String {
    let inventory = InventoryId::of(&group.id, namespace.as_str());
    inventory.name.replacen("windlass", namespace.as_str(), 1)
}

/// The groups, with short names where these tell them apart.
fn groups(request: &DeployRequest, environment: &Environment) -> Vec<Group> {
    let namespace = environment.namespace();
    let namespace = namespace.map_or(SETUP_NAMESPACE, Namespace::as_str);
    // `demo/redis/myns` is `redis`; the project and the environment are the same for all.
    let short = |id: &str| match id.split('/').collect::<Vec<_>>().as_slice() {
        [_, name @ .., _] if !name.is_empty() => name.join("/"),
        _ => id.to_owned(),
    };
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for group in &request.groups {
        *uses.entry(short(&group.id)).or_default() += 1;
    }
    let ids = request.groups.iter().enumerate();
    let places: HashMap<&str, usize> = ids.map(|(at, group)| (group.id.as_str(), at)).collect();
    let mut deps: HashMap<&str, Vec<usize>> = HashMap::new();
    for edge in &request.edges {
        let needs = places.get(edge.needs.as_str());
        deps.entry(&edge.group).or_default().extend(needs);
    }
    let group = |group: &crate::request::GroupRequest| {
        let name = short(&group.id);
        Group {
            name: if uses[&name] == 1 {
                name
            } else {
                group.id.clone()
            },
            id: group.id.clone(),
            label: group.label.clone(),
            deps: deps.get(group.id.as_str()).cloned().unwrap_or_default(),
            inventory: match group.members {
                Members::All => Some(InventoryId::of(&group.id, namespace)),
                Members::Part => None,
            },
        }
    };
    request.groups.iter().map(group).collect()
}

fn load_object(
    member: &ObjectRequest,
    environment: &Environment,
    runfiles: &Path,
    checks: Checks,
) -> Result<Object, ObjectError> {
    let path = runfiles.join(&member.manifest);
    let text = std::fs::read_to_string(&path).map_err(|source| ObjectError::Read {
        path: path.clone(),
        source,
    })?;
    let object = Object::parse(&text).map_err(|source| ObjectError::Parse { path, source })?;
    if checks == Checks::All && object.kind().as_str() != member.kind {
        let got = object.kind().as_str().to_owned();
        return Err(ObjectError::Kind {
            got,
            want: member.kind.clone(),
        });
    }
    if let Scope::Shared(namespace) | Scope::Personal(namespace) = &environment.scope
        && object.key().namespace.as_ref() != Some(namespace)
    {
        return Err(ObjectError::Namespace {
            object: Box::new(object.key().clone()),
            namespace: namespace.as_str().to_owned(),
            environment: environment.name.clone(),
        });
    }
    Ok(object)
}

/// The object with what this project writes on each of its objects. `resolve` prints it, so
/// nothing is added behind a user's back.
fn marked(
    mut object: Object,
    environment: &Environment,
    label: &str,
    inventory: Option<&InventoryId>,
) -> Object {
    object.set_label(MANAGED_BY_LABEL, "windlass");
    object.set_label(ENVIRONMENT_LABEL, &environment.name);
    object.set_annotation(OBJECT_ANNOTATION, label);
    if let Some(inventory) = inventory {
        object.set_label(PART_OF_LABEL, &inventory.set_id());
    }
    object
}

/// The repository of an image that nobody has pinned. The build writes `<repository>:unpinned`, and
/// the last part of a repository is the image's key.
fn repository_of(object: &Object, key: &str) -> String {
    let own = |image: String| {
        let repository = image.strip_suffix(":unpinned")?;
        repository
            .ends_with(&format!("/{key}"))
            .then(|| repository.to_owned())
    };
    let images = images::list(object.document()).into_iter();
    let mut found = images.filter_map(|(_, image)| own(image));
    found.next().unwrap_or_else(|| key.to_owned())
}

fn check_each_once(objects: &[DesiredObject]) -> Result<(), Error> {
    let mut seen: BTreeMap<&Key, &str> = BTreeMap::new();
    for object in objects {
        if let Some(first) = seen.insert(object.object.key(), &object.label) {
            return Err(Error::Twice {
                object: Box::new(object.object.key().clone()),
                source: Targets {
                    first: first.to_owned(),
                    second: object.label.clone(),
                },
            });
        }
    }
    Ok(())
}

/// Reads an image of a request, and parses where it goes.
pub(crate) fn load_image(request: &ImageRequest, runfiles: &Path) -> Result<DesiredImage, Error> {
    let label = request.label.clone();
    let image = Image::load(&request.files.below(runfiles)).map_err(|source| Error::Image {
        label: label.clone(),
        source,
    })?;
    let repository: windlass_oci_reference::Repository =
        request
            .repository
            .parse()
            .map_err(|source| Error::Repository {
                label: label.clone(),
                source,
            })?;
    let reference = repository.at(image.digest());
    let transport = Transport::from_insecure(request.insecure);
    let push = Push {
        label,
        target: Target {
            repository,
            transport,
        },
        image,
        tags: Vec::new(),
    };
    Ok(DesiredImage {
        push,
        reference,
        tags: Vec::new(),
    })
}

/// Where the images are, by the text that stands in manifests.
fn places_of(images: &[DesiredImage]) -> HashMap<String, Vec<usize>> {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, image) in images.iter().enumerate() {
        places
            .entry(image.reference.to_string())
            .or_default()
            .push(at);
    }
    places
}

/// The images that an object's pods need, each once, in the order of the request.
fn images_of(object: &Object, places: &HashMap<String, Vec<usize>>) -> Vec<usize> {
    let used = images::list(object.document()).into_iter();
    let known = used.filter_map(|(_, image)| places.get(&image));
    let found: BTreeSet<usize> = known.flatten().copied().collect();
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use windlass_k8s_object::Ownership;

    fn load(objects: &[(&str, &str, Value)]) -> Result<Desired, Error> {
        let folder = tempfile::tempdir().expect("folder");
        let mut members = Vec::new();
        for (at, (label, kind, manifest)) in objects.iter().enumerate() {
            let name = format!("{at}.json");
            std::fs::write(folder.path().join(&name), manifest.to_string()).expect("write");
            members.push(json!({"label": label, "kind": kind, "manifest": name}));
        }
        let mut request = crate::request::tests::empty("apply");
        request["groups"] = json!([{"id": "demo/redis/myns", "label": "//services/redis:myns-shallow",
                                    "objects": members}]);
        let request = DeployRequest::parse(&request.to_string(), Path::new("x")).expect("request");
        let environment = Environment::try_new("myns", "alice", Ownership::Personal, &[]);
        Desired::load(
            &request,
            environment.expect("environment"),
            folder.path(),
            Checks::All,
        )
    }

    fn config_map(name: &str, namespace: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
               "metadata": {"name": name, "namespace": namespace}})
    }

    fn cause(error: &Error) -> String {
        std::error::Error::source(error)
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    #[test]
    fn objects_are_marked() {
        let desired = load(&[("//a:b", "ConfigMap", config_map("c", "alice"))]).expect("loads");
        assert_eq!(desired.groups[0].name, "redis");
        assert_eq!(
            desired.objects[0].object.document()["metadata"],
            json!({"name": "c", "namespace": "alice",
                "labels": {"app.kubernetes.io/managed-by": "windlass",
                           "windlass.dev/environment": "myns",
                           "applyset.kubernetes.io/part-of":
                           "applyset-p0LjJy57uP0efuK0r0nUPy-XPKmB3ecBUqGbhZAZMBM-v1"},
                "annotations": {"windlass.dev/object": "//a:b"}})
        );
    }

    #[test]
    fn objects_without_a_pin_are_refused() {
        let mut object = config_map("c", "alice");
        object["metadata"]["annotations"] = json!({"windlass.dev/unpinned": "bootstrap,redis"});
        let unpinned = |object: Value| {
            let kind = object["kind"].as_str().expect("kind").to_owned();
            let desired = load(&[("//a:b", &kind, object)]).expect("loads");
            let error = desired.check_pinned().expect_err("unpinned");
            windlass_report::render(&error)
        };
        let said = |repository: &str| {
            format!(
                "error: environment `myns` has no pin for image `bootstrap,redis`, which `//a:b` \
                 needs; nothing was pushed or written\n\
                 hint: bazel run //tools/pin -- set --service //a --env myns \
                 --image bootstrap={repository}@sha256:... --commit SHA\n"
            )
        };
        assert_eq!(unpinned(object.clone()), said("bootstrap"));
        object["kind"] = json!("Pod");
        object["spec"] = json!({"containers": [
            {"name": "a", "image": "r.io:5000/demo/redis:unpinned"},
            {"name": "b", "image": "r.io:5000/demo/bootstrap:unpinned"}]});
        assert_eq!(unpinned(object), said("r.io:5000/demo/bootstrap"));
    }

    #[test]
    fn one_object_of_two_targets_names_both() {
        let error = load(&[
            ("//a:b", "ConfigMap", config_map("c", "alice")),
            ("//a:d", "ConfigMap", config_map("c", "alice")),
        ])
        .expect_err("twice");
        assert_eq!(
            error.to_string(),
            "ConfigMap `alice/c` is described by two targets"
        );
        assert_eq!(cause(&error), "`//a:b` and `//a:d`");
    }

    #[test]
    fn kind_and_namespace_are_checked_again() {
        let error = load(&[("//a:b", "Secret", config_map("c", "alice"))]).expect_err("kind");
        assert_eq!(
            cause(&error),
            "kind: got `ConfigMap` in the manifest, want `Secret` as declared"
        );
        let error = load(&[("//a:b", "ConfigMap", config_map("c", "bob"))]).expect_err("namespace");
        assert_eq!(
            cause(&error),
            "ConfigMap `bob/c` is not in namespace `alice`, the only one of environment `myns`"
        );
    }
}
