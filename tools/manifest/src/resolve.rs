//! `manifest resolve`: checks one rendered object and fills in its images.

use std::collections::BTreeMap;

use serde::Deserialize;
use windlass_k8s_object::images::{Completeness, completeness};
use windlass_k8s_object::{Environment, Object, Ownership, Scope, images, quantity};
use windlass_oci_reference::Digest;

use crate::cli::Resolve;
use crate::error::{Cause, Error};
use crate::file;
use crate::pins::{self, UNPINNED};
use crate::policy::{self, Rule};
use crate::user;

/// What the final manifest is made from.
#[derive(Clone, Debug)]
pub struct Request {
    /// The rendered object.
    pub object: Object,
    /// The kind that the target declares.
    pub kind: String,
    /// The environment.
    pub environment: Environment,
    /// The images of the other rendered files of the same service and environment.
    pub sibling_images: Vec<String>,
    /// What stands for each image key: a reference.
    pub images: BTreeMap<String, String>,
    /// The keys among them that the environment has no pin for.
    pub unpinned: Vec<String>,
    /// Which images the environment may run.
    pub allowed: policy::Images,
    /// The rules that the target waives.
    pub waived: Vec<Rule>,
}

/// Reads the files that the arguments name, resolves, and writes the result. Gives what else there is
/// to say.
pub fn run(arguments: &Resolve) -> Result<Vec<String>, Error> {
    let resolved = || {
        let request = read(arguments)?;
        let idle = idle_waivers(&request, &arguments.label);
        file::write(&arguments.out, &resolve(request)?)?;
        Ok(idle)
    };
    resolved().map_err(|cause| Error {
        task: "resolve",
        label: arguments.label.clone(),
        cause: Box::new(cause),
    })
}

/// The final manifest: pretty JSON with keys in input order, and a line end.
pub fn resolve(mut request: Request) -> Result<String, Cause> {
    check_kind(&request)?;
    check_namespace(&request.object, &request.environment)?;
    quantity::check(request.object.document())?;
    check_every_key_is_used(&request)?;
    let known = &request.images;
    let mut left = None;
    let mut unpinned = Vec::new();
    request.object.visit_images(|path, image| {
        if let Some(value) = known.get(image.as_str()) {
            if request.unpinned.contains(image) {
                unpinned.push(image.clone());
            }
            image.clone_from(value);
        } else if completeness(image) == Completeness::Name {
            left.get_or_insert_with(|| (path.to_owned(), image.clone()));
        }
    });
    if let Some((path, got)) = left {
        return Err(Cause::LogicalImage {
            path,
            got,
            keys: known.keys().cloned().collect(),
        });
    }
    check_images(&request, &unpinned)?;
    if !unpinned.is_empty() {
        unpinned.sort();
        unpinned.dedup();
        request.object.set_annotation(UNPINNED, &unpinned.join(","));
    }
    Ok(format!("{:#}\n", request.object.document()))
}

/// What is said of waivers that are of no use; nothing while an image is not pinned yet.
fn idle_waivers(request: &Request, label: &str) -> Vec<String> {
    let asked: &[Rule] = match request.allowed {
        _ if !request.unpinned.is_empty() => &[],
        policy::Images::Any => &[Rule::Latest],
        policy::Images::Pinned => &[Rule::Digests, Rule::Latest],
    };
    let mut images = images::list(request.object.document());
    // What is built or pinned has a digest.
    images.retain(|(_, image)| !request.images.contains_key(image));
    let violations = policy::of_images(&images, request.allowed);
    policy::idle(label, &request.waived, asked, |rule| {
        policy::breaks(&violations, rule)
    })
}

/// The policy on images; of one that nobody has pinned yet nothing is known.
fn check_images(request: &Request, unpinned: &[String]) -> Result<(), Cause> {
    let unknown: Vec<&String> = unpinned
        .iter()
        .filter_map(|key| request.images.get(key))
        .collect();
    let mut images = images::list(request.object.document());
    images.retain(|(_, image)| !unknown.contains(&image));
    let violations = policy::of_images(&images, request.allowed);
    let violations = policy::waive(violations, &request.waived);
    if violations.is_empty() {
        return Ok(());
    }
    Err(Cause::Images { violations })
}

fn check_kind(request: &Request) -> Result<(), Cause> {
    let got = request.object.kind().as_str();
    if got == request.kind {
        return Ok(());
    }
    Err(Cause::Kind {
        got: got.to_owned(),
        want: request.kind.clone(),
    })
}

fn check_namespace(object: &Object, environment: &Environment) -> Result<(), Cause> {
    let want = match &environment.scope {
        Scope::Cluster => return Ok(()),
        Scope::Shared(namespace) | Scope::Personal(namespace) => namespace,
    };
    let environment = environment.name.clone();
    if object.is_cluster_scoped() {
        return Err(Cause::ClusterScoped {
            object: object.key().to_string(),
            environment,
        });
    }
    let got = object.key().namespace.as_ref();
    if got == Some(want) {
        return Ok(());
    }
    Err(Cause::Namespace {
        object: object.key().to_string(),
        got: got.map_or("nothing".to_owned(), |namespace| {
            format!("`{}`", namespace.as_str())
        }),
        want: want.as_str().to_owned(),
        environment,
    })
}

fn check_every_key_is_used(request: &Request) -> Result<(), Cause> {
    let own = images::list(request.object.document())
        .into_iter()
        .map(|(_, image)| image);
    let mut images: Vec<String> = own.chain(request.sibling_images.iter().cloned()).collect();
    images.sort();
    images.dedup();
    match request.images.keys().find(|key| !images.contains(key)) {
        None => Ok(()),
        Some(key) => Err(Cause::UnusedImage {
            key: key.clone(),
            images,
        }),
    }
}

fn read(arguments: &Resolve) -> Result<Request, Cause> {
    let name = &arguments.environment_name;
    let ownership = if arguments.personal {
        Ownership::Personal
    } else {
        Ownership::Shared
    };
    let forbidden = &arguments.forbidden_namespace;
    let environment = user::environment(name, &arguments.namespace, ownership, forbidden)?;
    let text = file::read(&arguments.src)?;
    if environment.scope == Scope::Cluster {
        user::check(name, &text, forbidden)?;
    }
    let object = file::parsed(&arguments.src, &text)?;
    let mut sibling_images = Vec::new();
    for path in &arguments.sibling {
        let sibling = file::object(path)?;
        sibling_images.extend(images::list(sibling.document()).into_iter().map(|(_, i)| i));
    }
    if arguments.personal_name {
        let own = object.key().name.as_str();
        user::environment(name, own, Ownership::Personal, forbidden)?;
    }
    let (images, unpinned) = read_images(arguments)?;
    Ok(Request {
        object,
        kind: arguments.kind.clone(),
        environment,
        sibling_images,
        images,
        unpinned,
        allowed: if arguments.digests {
            policy::Images::Pinned
        } else {
            policy::Images::Any
        },
        waived: arguments.waive.clone(),
    })
}

/// What stands for each image key, and the keys among them that have no pin.
fn read_images(arguments: &Resolve) -> Result<(BTreeMap<String, String>, Vec<String>), Cause> {
    let mut references = Vec::new();
    for image in &arguments.image {
        let text = file::read(&image.descriptor)?;
        let descriptor: Descriptor =
            serde_json::from_str(&text).map_err(|source| Cause::Descriptor {
                key: image.key.clone(),
                path: image.descriptor.clone(),
                source,
            })?;
        let reference = image.repository.at(descriptor.digest).to_string();
        references.push((image.key.clone(), reference));
    }
    let mut unpinned = Vec::new();
    if let Some(path) = &arguments.pins {
        let lock = pins::read(path)?;
        for pinned in &arguments.pinned {
            let key = pinned.key.clone();
            let pin = lock.get(&arguments.environment_name, &key);
            let reference = pin.map(|pin| pin.image().to_string());
            let reference = reference.unwrap_or_else(|| {
                unpinned.push(key.clone());
                pins::stand_in(&pinned.repository)
            });
            references.push((key, reference));
        }
    }
    let mut images = BTreeMap::new();
    for (key, reference) in references {
        if images.insert(key.clone(), reference).is_some() {
            return Err(Cause::DuplicateImage { key });
        }
    }
    Ok((images, unpinned))
}

/// What is used of an OCI content descriptor.
#[derive(Deserialize)]
struct Descriptor {
    digest: Digest,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const DIGEST: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn deployment() -> serde_json::Value {
        json!({
            "kind": "Deployment", "apiVersion": "apps/v1",
            "metadata": {"namespace": "alice", "name": "client"},
            "spec": {"template": {"spec": {"containers": [
                {"name": "client", "image": "client", "args": ["client"]},
            ]}}},
        })
    }

    fn environment(ownership: Ownership, namespace: &str) -> Environment {
        Environment::try_new("myns", namespace, ownership, &[]).expect("environment")
    }

    fn request(document: serde_json::Value) -> Request {
        let reference = format!("localhost:31000/demo/client@{DIGEST}");
        Request {
            kind: document["kind"].as_str().expect("kind").to_owned(),
            object: Object::from_document(document).expect("object"),
            environment: environment(Ownership::Personal, "alice"),
            sibling_images: Vec::new(),
            images: BTreeMap::from([("client".to_owned(), reference)]),
            unpinned: Vec::new(),
            allowed: policy::Images::Any,
            waived: Vec::new(),
        }
    }

    #[test]
    fn digest_goes_to_the_image_field_only_and_keys_keep_their_order() {
        let text = resolve(request(deployment())).expect("resolved");
        let want = format!(
            r#"{{
  "kind": "Deployment",
  "apiVersion": "apps/v1",
  "metadata": {{
    "namespace": "alice",
    "name": "client"
  }},
  "spec": {{
    "template": {{
      "spec": {{
        "containers": [
          {{
            "name": "client",
            "image": "localhost:31000/demo/client@{DIGEST}",
            "args": [
              "client"
            ]
          }}
        ]
      }}
    }}
  }}
}}
"#
        );
        assert_eq!(text, want);
    }

    #[test]
    fn image_with_a_tag_is_left_as_it_is() {
        let mut document = deployment();
        document["spec"]["template"]["spec"]["containers"][0]["image"] = json!("r.io/a:v1");
        let mut request = request(document);
        request.images.clear();
        assert!(
            resolve(request)
                .expect("resolved")
                .contains("\"r.io/a:v1\"")
        );
    }

    #[test]
    fn image_without_a_pin_is_marked() {
        let mut request = request(deployment());
        request.images =
            BTreeMap::from([("client".to_owned(), "r.io/demo/client:unpinned".to_owned())]);
        request.unpinned = vec!["client".to_owned()];
        let text = resolve(request).expect("resolved");
        let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(document["metadata"]["annotations"][UNPINNED], "client");
        assert_eq!(
            document["spec"]["template"]["spec"]["containers"][0]["image"],
            "r.io/demo/client:unpinned"
        );
    }

    #[test]
    fn beside_an_image_without_a_pin_the_others_are_checked() {
        let mut document = deployment();
        let pod = &mut document["spec"]["template"]["spec"];
        pod["initContainers"] = json!([{"name": "a", "image": "r.io/a:v1"}]);
        let mut request = request(document);
        request.images =
            BTreeMap::from([("client".to_owned(), "r.io/demo/client:unpinned".to_owned())]);
        request.unpinned = vec!["client".to_owned()];
        request.allowed = policy::Images::Pinned;
        let Err(Cause::Images { violations }) = resolve(request) else {
            panic!("an image by tag alone is refused");
        };
        let texts: Vec<String> = violations.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "spec.template.spec.initContainers[0].image: got `r.io/a:v1`, want one with a digest (digests)"
            ]
        );
    }

    #[test]
    fn a_key_may_be_a_siblings() {
        let mut request = request(deployment());
        let value = request.images["client"].clone();
        request.images.insert("other".to_owned(), value);
        request.sibling_images = vec!["other".to_owned()];
        resolve(request).expect("used by a sibling");
    }

    #[test]
    fn setup_may_have_what_is_in_no_namespace() {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "alice"}});
        let mut request = request(namespace);
        request.images.clear();
        request.environment = environment(Ownership::Shared, "");
        resolve(request).expect("setup may");
    }
}
