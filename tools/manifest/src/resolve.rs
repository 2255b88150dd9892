//! `manifest resolve`: checks one rendered object and fills in its images.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use windlass_k8s_object::images::{Completeness, completeness};
use windlass_k8s_object::{
    Environment, Object, Ownership, Scope, check_personal, images, quantity,
};
use windlass_oci_reference::Digest;

use crate::cli::Resolve;
use crate::error::{Cause, Error};
use crate::pins::{self, UNPINNED};

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
}

/// Reads the files that the arguments name, resolves, and writes the result.
pub fn run(arguments: &Resolve) -> Result<(), Error> {
    let label = &arguments.label;
    let failed = |cause| Error {
        label: label.clone(),
        cause: Box::new(cause),
    };
    let request = read(arguments).map_err(failed)?;
    let text = resolve(request).map_err(failed)?;
    std::fs::write(&arguments.out, text).map_err(|source| {
        failed(Cause::Write {
            path: arguments.out.clone(),
            source,
        })
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
    let mut document = request.object.document().clone();
    if !unpinned.is_empty() {
        unpinned.sort();
        unpinned.dedup();
        document["metadata"]["annotations"][UNPINNED] = unpinned.join(",").into();
    }
    Ok(format!("{document:#}\n"))
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
    let environment = Environment::try_new(name, &arguments.namespace, ownership, forbidden)
        .map_err(|source| Cause::Environment {
            environment: name.clone(),
            source,
        })?;
    if environment.scope == Scope::Cluster {
        check_people(&arguments.src, &environment, forbidden)?;
    }
    let object = read_object(&arguments.src)?;
    let mut sibling_images = Vec::new();
    for path in &arguments.sibling {
        let sibling = read_object(path)?;
        sibling_images.extend(images::list(sibling.document()).into_iter().map(|(_, i)| i));
    }
    if arguments.personal_name {
        let own = object.key().name.as_str();
        Environment::try_new(name, own, Ownership::Personal, forbidden).map_err(|source| {
            Cause::Environment {
                environment: name.clone(),
                source,
            }
        })?;
    }
    let pinned = read_pins(arguments)?;
    let mut images = read_images(arguments)?;
    images.extend(
        pinned
            .images
            .into_iter()
            .map(|(key, image)| (key, image.to_string())),
    );
    let unpinned = pinned.unpinned.keys().cloned().collect();
    images.extend(pinned.unpinned);
    Ok(Request {
        object,
        kind: arguments.kind.clone(),
        environment,
        sibling_images,
        images,
        unpinned,
    })
}

/// Before the object is parsed: where `$USER` is missing, it has no name.
fn check_people(path: &Path, setup: &Environment, forbidden: &[String]) -> Result<(), Cause> {
    // What is no JSON is told when the object is parsed.
    let document = serde_json::from_str(&read_text(path)?).unwrap_or_default();
    check_personal(&document, forbidden).map_err(|source| Cause::Environment {
        environment: setup.name.clone(),
        source,
    })
}

fn read_images(arguments: &Resolve) -> Result<BTreeMap<String, String>, Cause> {
    let mut images = BTreeMap::new();
    for image in &arguments.image {
        let text = read_text(&image.descriptor)?;
        let descriptor: Descriptor =
            serde_json::from_str(&text).map_err(|source| Cause::Descriptor {
                key: image.key.clone(),
                path: image.descriptor.clone(),
                source,
            })?;
        let reference = image.repository.at(descriptor.digest).to_string();
        if images.insert(image.key.clone(), reference).is_some() {
            let key = image.key.clone();
            return Err(Cause::DuplicateImage { key });
        }
    }
    Ok(images)
}

fn read_pins(arguments: &Resolve) -> Result<pins::Pinned, Cause> {
    let Some(path) = &arguments.pins else {
        return Ok(pins::Pinned::default());
    };
    let keys: Vec<_> = arguments
        .pinned
        .iter()
        .map(|pin| (pin.key.clone(), pin.repository.clone()))
        .collect();
    pins::pinned(&read_text(path)?, &arguments.environment_name, &keys).map_err(|source| {
        Cause::Pins {
            path: path.clone(),
            source,
        }
    })
}

/// What is used of an OCI content descriptor.
#[derive(Deserialize)]
struct Descriptor {
    digest: Digest,
}

fn read_object(path: &Path) -> Result<Object, Cause> {
    let text = read_text(path)?;
    Object::parse(&text).map_err(|source| Cause::Object {
        path: path.to_owned(),
        source,
    })
}

fn read_text(path: &Path) -> Result<String, Cause> {
    std::fs::read_to_string(path).map_err(|source| Cause::Read {
        path: PathBuf::from(path),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::error::Error as _;
    use windlass_report::{Exit, Explain, render};

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
        }
    }

    fn refused(request: Request) -> String {
        resolve(request).expect_err("refused").to_string()
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
    fn kind_that_differs() {
        let mut request = request(deployment());
        request.kind = "Service".to_owned();
        assert_eq!(
            refused(request),
            "kind: got `Deployment` in the file, want `Service` as declared"
        );
    }

    #[test]
    fn namespace_of_another() {
        let mut document = deployment();
        document["metadata"]["namespace"] = json!("bob");
        assert_eq!(
            refused(request(document)),
            "Deployment `bob/client`: metadata.namespace: got `bob`, want `alice`, that of environment `myns`"
        );
        let mut document = deployment();
        document["metadata"] = json!({"name": "client"});
        assert!(refused(request(document)).contains("got nothing, want `alice`"));
    }

    #[test]
    fn cluster_scoped_only_in_setup() {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "alice"}});
        let mut request = request(namespace);
        request.images.clear();
        assert_eq!(
            refused(request.clone()),
            "Namespace `alice` is in no namespace: only setup may have it, not environment `myns`"
        );
        request.environment = environment(Ownership::Shared, "");
        resolve(request).expect("setup may");
    }

    #[test]
    fn key_that_matches_nothing() {
        let mut request = request(deployment());
        let value = request.images["client"].clone();
        request.images.insert("clinet".to_owned(), value);
        assert_eq!(
            refused(request.clone()),
            "image key `clinet` is used by no image field of this environment; there are `client`"
        );
        // A sibling may be the one that uses it.
        request.sibling_images = vec!["clinet".to_owned()];
        resolve(request).expect("used by a sibling");
    }

    #[test]
    fn key_where_no_image_is() {
        let service = json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "client", "namespace": "alice"}});
        assert_eq!(
            refused(request(service)),
            "image key `client` is used by no image field of this environment; there is none"
        );
    }

    #[test]
    fn image_left_with_a_logical_name() {
        let mut document = deployment();
        document["spec"]["template"]["spec"]["containers"][0]["image"] = json!("server");
        let mut request = request(document);
        request.sibling_images = vec!["client".to_owned()];
        assert_eq!(
            refused(request.clone()),
            "spec.template.spec.containers[0].image: got image `server`, want one of `client` \
             or a reference with tag or digest"
        );
        request.images.clear();
        assert!(
            refused(request).ends_with("got image `server`, want a reference with tag or digest")
        );
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
    fn quantity_in_another_form() {
        let mut document = deployment();
        document["spec"]["template"]["spec"]["containers"][0]["resources"] =
            json!({"limits": {"memory": "1024Mi"}});
        assert_eq!(
            refused(request(document)),
            "spec.template.spec.containers[0].resources.limits.memory: got `1024Mi`, want the \
             canonical form `1Gi`"
        );
    }

    /// A folder of files and the arguments that name them.
    struct Files {
        folder: tempfile::TempDir,
        arguments: Resolve,
    }

    fn files(source: &str) -> Files {
        let folder = tempfile::tempdir().expect("folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("src.json"), source).expect("write");
        std::fs::write(
            path("descriptor.json"),
            format!(r#"{{"digest":"{DIGEST}","size":2}}"#),
        )
        .expect("write");
        let arguments = Resolve {
            label: "//services/client:myns-deployment".to_owned(),
            src: path("src.json"),
            sibling: Vec::new(),
            kind: "Deployment".to_owned(),
            environment_name: "myns".to_owned(),
            namespace: "alice".to_owned(),
            personal: true,
            forbidden_namespace: vec!["prod".to_owned()],
            image: vec![crate::cli::Built {
                key: "client".to_owned(),
                repository: "localhost:31000/demo/client".parse().expect("repository"),
                descriptor: path("descriptor.json"),
            }],
            pins: None,
            pinned: Vec::new(),
            personal_name: false,
            out: path("out.json"),
        };
        Files { folder, arguments }
    }

    #[test]
    fn files_in_and_out() {
        let files = files(&deployment().to_string());
        run(&files.arguments).expect("resolved");
        let text = std::fs::read_to_string(&files.arguments.out).expect("written");
        assert!(text.contains(&format!("localhost:31000/demo/client@{DIGEST}")));
        assert!(text.ends_with("}\n"));
    }

    #[test]
    fn user_that_is_no_namespace_has_a_hint() {
        let mut files = files(&deployment().to_string());
        files.arguments.namespace = "prod".to_owned();
        let error = run(&files.arguments).expect_err("refused");
        assert_eq!(
            render(&error),
            "error: cannot resolve `//services/client:myns-deployment`\n\
             cause: environment `myns` has no namespace\n\
             cause: $USER: got `prod`, which is a namespace of setup or of another environment; want a name of your own\n\
             hint: bazel build //services/client:myns-deployment --repo_env=USER=alice\n"
        );
        assert_eq!(error.exit(), Exit::Input);
    }

    #[test]
    fn personal_namespace_of_setup_is_checked_by_its_name() {
        let mut files =
            files(r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "Al.ice"}}"#);
        files.arguments.kind = "Namespace".to_owned();
        files.arguments.environment_name = "setup".to_owned();
        files.arguments.namespace = String::new();
        files.arguments.personal = false;
        files.arguments.personal_name = true;
        files.arguments.image = Vec::new();
        let text = render(&run(&files.arguments).expect_err("refused"));
        assert!(text.contains("$USER: got `Al.ice`"), "{text}");
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
    fn setup_refuses_a_user_that_is_no_namespace() {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "", "annotations": {"windlass.dev/personal": "true"}}});
        let mut files = files(&namespace.to_string());
        files.arguments.kind = "Namespace".to_owned();
        files.arguments.image.clear();
        (files.arguments.namespace, files.arguments.personal) = (String::new(), false);
        let error = run(&files.arguments).expect_err("refused");
        let cause = error.cause.source().expect("cause").to_string();
        assert!(
            cause.starts_with("$USER: got nothing, want a DNS label"),
            "{cause}"
        );
        assert!(error.hint().is_some());
    }

    #[test]
    fn several_documents_are_refused() {
        let files = files("{}{}");
        let error = run(&files.arguments).expect_err("refused");
        let cause = error.source().expect("cause");
        assert!(
            cause
                .to_string()
                .ends_with("src.json` is not one Kubernetes object"),
            "{cause}"
        );
        let cause = cause.source().expect("cause");
        assert_eq!(
            cause.to_string(),
            "got 2 documents, want exactly one object"
        );
    }

    #[test]
    fn key_given_twice() {
        let mut files = files(&deployment().to_string());
        files.arguments.image.push(files.arguments.image[0].clone());
        let error = run(&files.arguments).expect_err("refused");
        assert_eq!(error.cause.to_string(), "image key `client` is given twice");
    }

    #[test]
    fn descriptor_without_a_digest() {
        let files = files(&deployment().to_string());
        std::fs::write(files.folder.path().join("descriptor.json"), "{}").expect("write");
        let error = run(&files.arguments).expect_err("refused");
        assert!(
            error
                .cause
                .to_string()
                .ends_with("of image `client` holds no digest")
        );
    }

    #[test]
    fn files_that_cannot_be_read_or_written() {
        let mut files = files(&deployment().to_string());
        files.arguments.out = files.folder.path().join("no/such/folder");
        let error = run(&files.arguments).expect_err("refused");
        assert!(matches!(*error.cause, Cause::Write { .. }));
        files.arguments.src = files.folder.path().join("missing.json");
        let error = run(&files.arguments).expect_err("refused");
        assert!(
            error.cause.to_string().starts_with("cannot read `"),
            "{}",
            error.cause
        );
        assert_eq!(error.exit(), Exit::Failure);
    }
}
