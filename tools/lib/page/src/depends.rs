//! Who depends on whom: what a page calls the blast radius of an object, one step of it.
//!
//! Inside a group manifests say it: a workload depends on what its pods name, a Service on the
//! workloads that it selects, a route on its Services. Between groups edges say it, and no more than
//! that one needs the other. So the workloads of a group depend on the Services of each group that it
//! needs; where there are none, all of its objects do, and on all.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use windlass_k8s_object::images::pod_spec;

use crate::stack::{Object, Stack};

/// For each object those that depend on it, as places; behind the objects the same for each group, whose
/// place is that of what it offers to others: at `objects.len() + group`.
pub fn dependents(stack: &Stack) -> Vec<Vec<usize>> {
    let objects = stack.objects.len();
    let mut dependents = vec![Vec::new(); objects + stack.groups.len()];
    let index = Index::of(&stack.objects);
    for (place, object) in stack.objects.iter().enumerate() {
        for needed in index.needs(object) {
            dependents[needed].push(place);
        }
    }
    for (group, own) in stack.groups.iter().enumerate() {
        for server in stack.some_members(group, |object| object.kind() == "Service") {
            dependents[server].push(objects + group);
        }
        let workers = stack.some_members(group, |object| pod_spec(&object.manifest).is_some());
        for need in &own.needs {
            if workers.is_empty() {
                dependents[objects + need].push(objects + group);
            }
            dependents[objects + need].extend(&workers);
        }
    }
    for (place, list) in dependents.iter_mut().enumerate() {
        list.sort_unstable();
        list.dedup();
        list.retain(|other| *other != place);
    }
    dependents
}

impl Stack {
    /// The objects of a group that are of some sort; all where none is.
    fn some_members(&self, group: usize, is_it: impl Fn(&Object) -> bool) -> Vec<usize> {
        let all = self.members(group);
        let some = all.iter().copied();
        let some: Vec<usize> = some.filter(|place| is_it(&self.objects[*place])).collect();
        if some.is_empty() { all } else { some }
    }
}

/// Kind, namespace and name; the namespace is empty for kinds that are in none.
type Name<'a> = (&'a str, &'a str, &'a str);

struct Index<'a> {
    named: BTreeMap<Name<'a>, usize>,
    /// What makes pods: namespace, labels of the pods, place.
    workloads: Vec<(&'a str, &'a Value, usize)>,
    /// What says what an account may do: namespace and name of the account, place.
    bindings: Vec<(&'a str, &'a str, usize)>,
}

impl<'a> Index<'a> {
    fn of(objects: &'a [Object]) -> Self {
        let mut index = Self {
            named: BTreeMap::new(),
            workloads: Vec::new(),
            bindings: Vec::new(),
        };
        for (place, object) in objects.iter().enumerate() {
            let namespace = namespace(object);
            let name = (object.kind(), namespace, object.name());
            index.named.insert(name, place);
            if let Some(labels) = pod_labels(&object.manifest) {
                index.workloads.push((namespace, labels, place));
            }
            for subject in list(&object.manifest["subjects"]) {
                if subject["kind"] == "ServiceAccount" {
                    let namespace = subject["namespace"].as_str().unwrap_or(namespace);
                    let account = text(&subject["name"]);
                    index.bindings.push((namespace, account, place));
                }
            }
        }
        index
    }

    /// The places of what an object needs.
    fn needs(&self, object: &Object) -> Vec<usize> {
        let (manifest, own) = (&object.manifest, namespace(object));
        let mut names = vec![("Namespace", "", own)];
        let fields: Vec<(&str, &str)> = [of_pods(manifest), of_kind(manifest)].concat();
        names.extend(fields.iter().map(|(kind, name)| (*kind, own, *name)));
        // What is in no namespace: roles, classes of storage, definitions of kinds.
        names.extend(fields.iter().map(|(kind, name)| (*kind, "", *name)));
        let mut found: Vec<usize> = names
            .iter()
            .filter_map(|name| self.named.get(name).copied())
            .collect();
        if object.kind() == "Service" {
            found.extend(self.selected(own, &manifest["spec"]["selector"]));
        }
        if object.kind() == "ServiceAccount" {
            let bound = |(namespace, name, _): &&(&str, &str, usize)| {
                (*namespace, *name) == (own, object.name())
            };
            let bindings = self.bindings.iter().filter(bound);
            found.extend(bindings.map(|(_, _, place)| *place));
        }
        found
    }

    fn selected(&self, own: &str, selector: &Value) -> impl Iterator<Item = usize> {
        let selector = selector.as_object().filter(|labels| !labels.is_empty());
        let selects = move |labels: &Value, selector: &Map<String, Value>| {
            let mut wanted = selector.iter();
            wanted.all(|(key, value)| labels.get(key) == Some(value))
        };
        self.workloads
            .iter()
            .filter(move |(namespace, labels, _)| {
                *namespace == own && selector.is_some_and(|selector| selects(labels, selector))
            })
            .map(|(_, _, place)| *place)
    }
}

/// What the pods of an object name, by kind.
fn of_pods(manifest: &Value) -> Vec<(&'static str, &str)> {
    let Some((_, spec)) = pod_spec(manifest) else {
        return Vec::new();
    };
    let mut names = vec![("ServiceAccount", &spec["serviceAccountName"])];
    let secrets = list(&spec["imagePullSecrets"]);
    names.extend(secrets.map(|secret| ("Secret", &secret["name"])));
    for volume in list(&spec["volumes"]) {
        names.push(("Secret", &volume["secret"]["secretName"]));
        let claim = &volume["persistentVolumeClaim"]["claimName"];
        names.push(("PersistentVolumeClaim", claim));
        let parts = list(&volume["projected"]["sources"]);
        for part in parts.chain([volume]) {
            names.push(("ConfigMap", &part["configMap"]["name"]));
            names.push(("Secret", &part["secret"]["name"]));
        }
    }
    let lists = ["initContainers", "containers"];
    for container in lists.into_iter().flat_map(|name| list(&spec[name])) {
        for all in list(&container["envFrom"]) {
            names.push(("ConfigMap", &all["configMapRef"]["name"]));
            names.push(("Secret", &all["secretRef"]["name"]));
        }
        for one in list(&container["env"]).map(|one| &one["valueFrom"]) {
            names.push(("ConfigMap", &one["configMapKeyRef"]["name"]));
            names.push(("Secret", &one["secretKeyRef"]["name"]));
        }
    }
    there(names)
}

/// What other fields of an object name, by kind.
fn of_kind(manifest: &Value) -> Vec<(&str, &str)> {
    let spec = &manifest["spec"];
    match manifest["kind"].as_str().unwrap_or_default() {
        "StatefulSet" => {
            let claims = list(&spec["volumeClaimTemplates"]);
            let classes = claims.map(|claim| ("StorageClass", &claim["spec"]["storageClassName"]));
            there(classes.chain([("Service", &spec["serviceName"])]))
        }
        "PersistentVolumeClaim" => there([
            ("StorageClass", &spec["storageClassName"]),
            ("PersistentVolume", &spec["volumeName"]),
        ]),
        "Ingress" => {
            let secrets = list(&spec["tls"]).map(|tls| ("Secret", &tls["secretName"]));
            let paths = list(&spec["rules"]).flat_map(|rule| list(&rule["http"]["paths"]));
            let backends = paths.map(|path| &path["backend"]);
            let backends = backends.chain([&spec["defaultBackend"]]);
            let services = backends.map(|one| ("Service", &one["service"]["name"]));
            there(secrets.chain(services))
        }
        "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" => {
            let parents = list(&spec["parentRefs"]).map(|one| ("Gateway", &one["name"]));
            let backends = list(&spec["rules"]).flat_map(|rule| list(&rule["backendRefs"]));
            there(parents.chain(backends.map(|one| ("Service", &one["name"]))))
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            let role = &manifest["roleRef"];
            there([(text(&role["kind"]), &role["name"])])
        }
        "HorizontalPodAutoscaler" => {
            let target = &spec["scaleTargetRef"];
            there([(text(&target["kind"]), &target["name"])])
        }
        _ => Vec::new(),
    }
}

/// Those that hold a name.
fn there<'a, 'k>(names: impl IntoIterator<Item = (&'k str, &'a Value)>) -> Vec<(&'k str, &'a str)> {
    let names = names.into_iter();
    names
        .filter_map(|(kind, name)| Some((kind, name.as_str()?)))
        .collect()
}

/// The labels of the pods that an object makes.
fn pod_labels(manifest: &Value) -> Option<&Value> {
    let (path, _) = pod_spec(manifest)?;
    let template = path.strip_suffix("spec")?.split('.');
    let mut steps = template.filter(|step| !step.is_empty());
    let template = steps.try_fold(manifest, |value, step| value.get(step))?;
    template.get("metadata")?.get("labels")
}

fn namespace(object: &Object) -> &str {
    text(&object.manifest["metadata"]["namespace"])
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Group;
    use serde_json::json;

    fn object(group: usize, kind: &str, name: &str, rest: &Value) -> Object {
        let mut manifest = json!({"apiVersion": match kind {
            "Deployment" | "StatefulSet" => "apps/v1",
            _ => "v1",
        }, "kind": kind, "metadata": {"name": name, "namespace": "alice"}});
        for (key, value) in rest.as_object().expect("an object") {
            manifest[key] = value.clone();
        }
        Object {
            group,
            manifest,
            ..Object::default()
        }
    }

    /// All that depend on an object, by name.
    fn radius(stack: &Stack, of: usize) -> Vec<String> {
        let dependents = dependents(stack);
        let mut seen = vec![false; dependents.len()];
        let mut open = vec![of];
        while let Some(place) = open.pop() {
            let new = dependents[place].iter().filter(|other| !seen[**other]);
            let new: Vec<usize> = new.copied().collect();
            for other in &new {
                seen[*other] = true;
            }
            open.extend(new);
        }
        let all = stack.objects.iter().enumerate();
        let hit = all.filter(|(place, _)| seen[*place] && *place != of);
        hit.map(|(_, object)| object.title()).collect()
    }

    fn stack() -> Stack {
        let template = |app: &str, spec: Value| json!({"template": {"metadata": {"labels": {"app": app}}, "spec": spec}});
        let mut redis = template(
            "redis",
            json!({"volumes": [{"projected": {"sources": [{"configMap": {"name": "conf"}}]}}]}),
        );
        redis["serviceName"] = json!("redis");
        let group = |name: &str, needs: &[usize]| Group {
            name: name.to_owned(),
            needs: needs.to_vec(),
            ..Group::default()
        };
        Stack {
            groups: vec![
                group("redis", &[]),
                group("server", &[0]),
                group("client", &[1]),
            ],
            objects: vec![
                object(0, "ConfigMap", "conf", &json!({})),
                object(
                    0,
                    "Service",
                    "redis",
                    &json!({"spec": {"selector": {"app": "redis"}}}),
                ),
                object(0, "StatefulSet", "redis", &json!({"spec": redis})),
                object(1, "ConfigMap", "other", &json!({})),
                object(
                    1,
                    "Service",
                    "server",
                    &json!({"spec": {"selector": {"app": "server"}}}),
                ),
                object(
                    1,
                    "Deployment",
                    "server",
                    &json!({"spec": template("server", json!({}))}),
                ),
                object(
                    2,
                    "Deployment",
                    "client",
                    &json!({"spec": template("client", json!({}))}),
                ),
            ],
            ..Stack::default()
        }
    }

    #[test]
    fn what_fails_reaches_what_is_above_it() {
        let stack = stack();
        let above = ["Service server", "Deployment server", "Deployment client"];
        let mut want = vec!["Service redis", "StatefulSet redis"];
        want.extend(above);
        assert_eq!(radius(&stack, 0), want);
        assert_eq!(radius(&stack, 5), ["Service server", "Deployment client"]);
        assert_eq!(radius(&stack, 3), [""; 0]);
        assert_eq!(radius(&stack, 6), [""; 0]);
    }

    #[test]
    fn a_group_without_services_is_needed_as_a_whole() {
        let mut stack = stack();
        stack.objects[4] = object(1, "ConfigMap", "only", &json!({}));
        stack.objects.remove(5);
        // Of what needs it, what makes pods; and of that nothing, all.
        assert_eq!(radius(&stack, 3), ["Deployment client"]);
        assert_eq!(radius(&stack, 4), ["Deployment client"]);
        let above = ["ConfigMap other", "ConfigMap only", "Deployment client"];
        assert_eq!(radius(&stack, 1)[1..], above);
    }

    #[test]
    fn fields_that_name_others() {
        let account = json!({"spec": {"template": {"spec": {"serviceAccountName": "bot",
            "containers": [{"envFrom": [{"secretRef": {"name": "all"}}],
                "env": [{"valueFrom": {"configMapKeyRef": {"name": "one"}}}]}],
            "volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]}}}});
        let bound = json!({"roleRef": {"kind": "ClusterRole", "name": "reads"},
            "subjects": [{"kind": "ServiceAccount", "name": "bot"}]});
        let mut role = object(0, "ClusterRole", "reads", &json!({}));
        role.manifest["metadata"] = json!({"name": "reads"});
        let mut namespace = object(0, "Namespace", "alice", &json!({}));
        namespace.manifest["metadata"] = json!({"name": "alice"});
        let ingress = json!({"spec": {"tls": [{"secretName": "cert"}], "rules": [{"http": {"paths":
            [{"backend": {"service": {"name": "web"}}}]}}]}});
        let scaler = json!({"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "app"}}});
        let stack = Stack {
            groups: vec![Group::default()],
            objects: vec![
                role,
                object(0, "RoleBinding", "bot", &bound),
                object(0, "ServiceAccount", "bot", &json!({})),
                object(0, "Deployment", "app", &account),
                object(0, "HorizontalPodAutoscaler", "app", &scaler),
                object(0, "Secret", "cert", &json!({})),
                object(0, "Ingress", "web", &ingress),
                namespace,
                object(0, "Secret", "all", &json!({})),
                object(0, "ConfigMap", "one", &json!({})),
                object(0, "PersistentVolumeClaim", "data", &json!({})),
            ],
            ..Stack::default()
        };
        let app = ["Deployment app", "HorizontalPodAutoscaler app"];
        let role = ["RoleBinding bot", "ServiceAccount bot", app[0], app[1]];
        assert_eq!(radius(&stack, 0), role);
        assert_eq!(radius(&stack, 5), ["Ingress web"]);
        assert_eq!(radius(&stack, 7).len(), 9);
        for named in [8, 9, 10] {
            assert_eq!(radius(&stack, named), app);
        }
    }
}
