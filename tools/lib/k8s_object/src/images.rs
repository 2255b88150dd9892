//! The image fields of an object: those of the containers in its pod template.
//!
//! Only these fields are ever read or replaced. An argument, a label or a name that happens to
//! hold the same text is left alone.

use serde_json::Value;

/// Where the pod spec stands in an object of a built-in kind, as steps into the document.
/// Custom kinds have none that is known.
fn pod_spec_path(group: &str, kind: &str) -> Option<&'static [&'static str]> {
    match (group, kind) {
        ("", "Pod") => Some(&["spec"]),
        ("", "PodTemplate") => Some(&["template", "spec"]),
        ("", "ReplicationController")
        | ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job") => Some(&["spec", "template", "spec"]),
        ("batch", "CronJob") => Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
        _ => None,
    }
}

/// The fields of a pod spec that hold containers.
pub(crate) const CONTAINER_LISTS: [&str; 3] =
    ["initContainers", "containers", "ephemeralContainers"];

fn path_of(document: &Value) -> Option<&'static [&'static str]> {
    let api_version = document.get("apiVersion")?.as_str()?;
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    pod_spec_path(group, document.get("kind")?.as_str()?)
}

/// The pod spec of an object and its path (`spec.template.spec`); `None` for kinds without one.
pub fn pod_spec(document: &Value) -> Option<(String, &Value)> {
    let path = path_of(document)?;
    let spec = path
        .iter()
        .try_fold(document, |value, step| value.get(step))?;
    Some((path.join("."), spec))
}

/// The containers of an object, each with its path (`spec.template.spec.containers[0]`), in document
/// order.
pub fn containers(document: &Value) -> Vec<(String, &Value)> {
    let Some((path, spec)) = pod_spec(document) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for list in CONTAINER_LISTS {
        let containers = spec.get(list).and_then(Value::as_array);
        for (index, container) in containers.into_iter().flatten().enumerate() {
            found.push((format!("{path}.{list}[{index}]"), container));
        }
    }
    found
}

/// The images of an object, each with the path of its field
/// (`spec.template.spec.containers[0].image`), in document order.
pub fn list(document: &Value) -> Vec<(String, String)> {
    let image = |(path, container): (String, &Value)| {
        let image = container.get("image")?.as_str()?;
        Some((format!("{path}.image"), image.to_owned()))
    };
    containers(document).into_iter().filter_map(image).collect()
}

/// Calls `visit` with the path and the text of each image field, in the order of [`list`].
pub fn visit(document: &mut Value, mut visit: impl FnMut(&str, &mut String)) {
    let Some(path) = path_of(document) else {
        return;
    };
    let spec = path
        .iter()
        .try_fold(document, |value, step| value.get_mut(step));
    let Some(spec) = spec else { return };
    let path = path.join(".");
    for list in CONTAINER_LISTS {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for (index, container) in containers.into_iter().flatten().enumerate() {
            if let Some(Value::String(image)) = container.get_mut("image") {
                visit(&format!("{path}.{list}[{index}].image"), image);
            }
        }
    }
}

/// How much of an image reference is given.
/// Grammar: <https://github.com/distribution/reference>, `reference.go`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Neither tag nor digest: a logical name, or one that means `latest`.
    Name,
    /// With a tag.
    Tag,
    /// With a digest.
    Digest,
}

/// Tells what an image reference pins down.
pub fn completeness(image: &str) -> Completeness {
    if image.contains('@') {
        return Completeness::Digest;
    }
    // A colon before the last slash belongs to the registry's port.
    match image.rsplit('/').next() {
        Some(last) if last.contains(':') => Completeness::Tag,
        _ => Completeness::Name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_that_makes_pods() {
        let spec = json!({"containers": [{"name": "c", "image": "i"}]});
        let cases = [
            json!({"apiVersion": "v1", "kind": "Pod", "spec": spec}),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": spec}}}),
            json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"template": {"spec": spec}}}),
            json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "spec": {"template": {"spec": spec}}}),
            json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": {"template": {"spec": spec}}}),
            json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": spec}}}),
            json!({"apiVersion": "batch/v1", "kind": "CronJob",
                   "spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}}),
        ];
        for case in cases {
            assert_eq!(list(&case).len(), 1, "{}", case["kind"]);
        }
        let custom = json!({"apiVersion": "x.dev/v1", "kind": "Deployment", "spec": {"template": {"spec": spec}}});
        assert_eq!(list(&custom), []);
    }

    #[test]
    fn only_image_fields_are_visited() {
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "client"},
            "spec": {
                "containers": [{"name": "client", "image": "client", "args": ["client"]}],
                "initContainers": [{"name": "a", "image": "b"}],
                "ephemeralContainers": [{"name": "e", "image": "f"}],
            },
        });
        let mut seen = Vec::new();
        visit(&mut pod, |path, image| {
            seen.push((path.to_owned(), image.clone()));
            if image == "client" {
                *image = "r/client@sha256:0".to_owned();
            }
        });
        let paths: Vec<_> = seen
            .iter()
            .map(|(path, image)| format!("{path}={image}"))
            .collect();
        assert_eq!(
            paths,
            [
                "spec.initContainers[0].image=b",
                "spec.containers[0].image=client",
                "spec.ephemeralContainers[0].image=f"
            ]
        );
        assert_eq!(pod["spec"]["containers"][0]["image"], "r/client@sha256:0");
        assert_eq!(pod["spec"]["containers"][0]["args"][0], "client");
        assert_eq!(pod["metadata"]["name"], "client");
    }

    #[test]
    fn references() {
        assert_eq!(completeness("client"), Completeness::Name);
        assert_eq!(
            completeness("localhost:31000/demo/client"),
            Completeness::Name
        );
        assert_eq!(completeness("redis:8"), Completeness::Tag);
        assert_eq!(
            completeness("localhost:31000/demo/client:v1"),
            Completeness::Tag
        );
        assert_eq!(completeness("a/b@sha256:00"), Completeness::Digest);
        assert_eq!(completeness("a/b:v1@sha256:00"), Completeness::Digest);
    }
}
