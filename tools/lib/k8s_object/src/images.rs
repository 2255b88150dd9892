//! The image fields of an object: those of the containers in its pod template, and those by which a
//! Prometheus or an Alertmanager overrides the containers that its operator makes.
//!
//! Only these fields are ever read or replaced. An argument, a label or a name that happens to
//! hold the same text is left alone.

use serde_json::Value;

/// Where the pod spec stands in an object of a built-in kind, as steps into the document.
/// Custom kinds have none that is known as a whole.
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

/// Where the lists of containers stand: in a pod spec, and in the custom kinds of
/// <https://prometheus-operator.dev/docs/api-reference/api/> whose containers are merged with those
/// that the operator makes, by name.
fn containers_path(group: &str, kind: &str) -> Option<&'static [&'static str]> {
    match (group, kind) {
        (
            "monitoring.coreos.com",
            "Alertmanager" | "Prometheus" | "PrometheusAgent" | "ThanosRuler",
        ) => Some(&["spec"]),
        _ => pod_spec_path(group, kind),
    }
}

/// The group and the kind of an object.
fn kind_of(document: &Value) -> Option<(&str, &str)> {
    let api_version = document.get("apiVersion")?.as_str()?;
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    Some((group, document.get("kind")?.as_str()?))
}

/// What stands at the end of a path, with the path as text (`spec.template.spec`).
fn at<'a>(document: &'a Value, path: &[&str]) -> Option<(String, &'a Value)> {
    let value = path
        .iter()
        .try_fold(document, |value, step| value.get(step))?;
    Some((path.join("."), value))
}

/// The pod spec of an object and its path (`spec.template.spec`); `None` for kinds without one.
pub fn pod_spec(document: &Value) -> Option<(String, &Value)> {
    let (group, kind) = kind_of(document)?;
    at(document, pod_spec_path(group, kind)?)
}

/// The containers of a pod spec, each with its path (`spec.template.spec.containers[0]`), in document
/// order.
pub fn containers(document: &Value) -> Vec<(String, &Value)> {
    pod_spec(document).map_or_else(Vec::new, |(path, spec)| containers_of(&path, spec))
}

fn containers_of<'a>(path: &str, spec: &'a Value) -> Vec<(String, &'a Value)> {
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
    let path = kind_of(document).and_then(|(group, kind)| containers_path(group, kind));
    let lists = path.and_then(|path| at(document, path));
    let containers = lists.map(|(path, spec)| containers_of(&path, spec));
    containers.into_iter().flatten().filter_map(image).collect()
}

/// Calls `visit` with the path and the text of each image field, in the order of [`list`].
pub fn visit(document: &mut Value, mut visit: impl FnMut(&str, &mut String)) {
    let path = kind_of(document).and_then(|(group, kind)| containers_path(group, kind));
    let Some(path) = path else { return };
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
    fn containers_that_an_operator_merges_have_images_and_are_no_pod() {
        let mut prometheus = json!({
            "apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus",
            "spec": {
                "containers": [{"name": "prometheus", "image": "p"}, {"name": "config-reloader"}],
                "initContainers": [{"name": "init-config-reloader", "image": "r"}],
            },
        });
        let want = [
            ("spec.initContainers[0].image", "r"),
            ("spec.containers[0].image", "p"),
        ];
        let want = want.map(|(path, image)| (path.to_owned(), image.to_owned()));
        assert_eq!(list(&prometheus), want);
        visit(&mut prometheus, |_, image| image.push_str("@sha256:0"));
        assert_eq!(prometheus["spec"]["containers"][0]["image"], "p@sha256:0");
        assert_eq!(pod_spec(&prometheus), None);
        assert_eq!(containers(&prometheus), []);
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
