//! Which ports are forwarded, and to which pod. Pure.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_k8s_object::Namespace;

use crate::cli::WantedPort;
use crate::desired::Desired;
use crate::pods::is_ready;

/// A Service of the cluster, as far as forwarding goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The labels of the pods behind it.
    pub selector: BTreeMap<String, String>,
    /// Its ports that can be forwarded.
    pub ports: Vec<Port>,
    /// Those that cannot, each with why.
    pub others: Vec<String>,
}

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its number.
    pub number: u16,
    /// Its name; empty where it has none.
    pub name: String,
    /// The port of the pods.
    pub target: Target,
}

/// A port of pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// By its number.
    Number(u16),
    /// By the name that containers give it.
    Name(String),
}

impl Service {
    /// Reads a live Service.
    pub fn of(live: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let spec = &live["spec"];
        let name = text(&live["metadata"]["name"]);
        let labels = spec["selector"].as_object().into_iter().flatten();
        let selector: BTreeMap<String, String> = labels
            .map(|(key, value)| (key.clone(), text(value)))
            .collect();
        let (mut ports, mut others) = (Vec::new(), Vec::new());
        for port in spec["ports"].as_array().into_iter().flatten() {
            let protocol = port["protocol"].as_str().unwrap_or("TCP");
            match (port_of(port), protocol) {
                (Some(port), "TCP") if !selector.is_empty() => ports.push(port),
                (Some(port), "TCP") => others.push(format!(
                    "{name}:{}: the Service names no pods by labels",
                    port.number
                )),
                (Some(port), protocol) => others.push(format!(
                    "{name}:{} is {protocol}: only TCP can be forwarded",
                    port.number
                )),
                (None, _) => {}
            }
        }
        Self {
            namespace: text(&live["metadata"]["namespace"]),
            name,
            selector,
            ports,
            others,
        }
    }
}

fn port_of(port: &Value) -> Option<Port> {
    let number = |value: &Value| value.as_u64().and_then(|port| u16::try_from(port).ok());
    let own = number(&port["port"])?;
    let target = match &port["targetPort"] {
        Value::String(name) => Target::Name(name.clone()),
        value => Target::Number(number(value).unwrap_or(own)),
    };
    Some(Port {
        number: own,
        name: port["name"].as_str().unwrap_or_default().to_owned(),
        target,
    })
}

/// The places of the desired Services that are meant where none is named: those of the groups that
/// no other group needs; where these have none, those of the groups that they need, and so on.
pub fn uppermost(desired: &Desired) -> Vec<usize> {
    let all = 0..desired.groups.len();
    let is_needed = |at: &usize| desired.groups.iter().any(|group| group.deps.contains(at));
    let mut level: Vec<usize> = all.filter(|at| !is_needed(at)).collect();
    while !level.is_empty() {
        let services = services(desired).filter(|at| level.contains(&desired.objects[*at].group));
        let services: Vec<usize> = services.collect();
        if !services.is_empty() {
            return services;
        }
        let below = level.iter().flat_map(|at| desired.groups[*at].deps.clone());
        let mut below: Vec<usize> = below.collect();
        below.sort_unstable();
        below.dedup();
        level = below;
    }
    Vec::new()
}

/// The places of all Services among the desired objects.
pub fn services(desired: &Desired) -> impl Iterator<Item = usize> {
    let objects = desired.objects.iter().enumerate();
    objects.filter_map(|(at, object)| {
        let key = object.object.key();
        let is_service = (key.group.as_str(), key.kind.as_str()) == ("", "Service");
        (is_service && key.namespace.is_some()).then_some(at)
    })
}

/// The name of a desired object, and its namespace.
pub fn name_of(desired: &Desired, object: usize) -> (&str, &str) {
    let key = desired.objects[object].object.key();
    let namespace = key.namespace.as_ref().map_or("", Namespace::as_str);
    (namespace, key.name.as_str())
}

/// One port to forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The Service, as a place among those that are forwarded to.
    pub service: usize,
    /// Its port.
    pub port: Port,
    /// The local port.
    pub local: Local,
}

/// Where a port is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// There, or nowhere: somebody said so.
    Only(u16),
    /// There if it is free.
    Preferred(u16),
    /// Anywhere.
    Any,
}

/// The ports to forward: those that are wanted, or all. Of a wanted one that no Service has, it is
/// given back.
pub fn forwards(services: &[Service], wanted: &[WantedPort]) -> Result<Vec<Forward>, String> {
    let all = || {
        let services = services.iter().enumerate();
        services.flat_map(|(at, service)| service.ports.iter().map(move |port| (at, port)))
    };
    let forward = |(service, port): (usize, &Port), local| Forward {
        service,
        port: port.clone(),
        local,
    };
    if wanted.is_empty() {
        let each = all().map(|one| forward(one, Local::Preferred(one.1.number)));
        return Ok(each.collect());
    }
    let find = |wanted: &WantedPort| {
        let remote = &wanted.remote;
        let mut found = all().filter(|(_, port)| {
            port.number.to_string() == *remote || !remote.is_empty() && port.name == *remote
        });
        let local = wanted.local.map_or(Local::Any, Local::Only);
        let first = found.next().ok_or_else(|| remote.clone())?;
        Ok(forward(first, local))
    };
    wanted.iter().map(find).collect()
}

/// A pod behind a Service, and its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The pod.
    pub pod: String,
    /// Its port.
    pub port: u16,
}

/// A ready pod behind a port of a Service: the one that was used, if it still is.
pub fn behind<'a>(
    pods: impl Iterator<Item = &'a Value>,
    service: &Service,
    port: &Port,
    last: Option<&str>,
) -> Option<Behind> {
    let selected = |pod: &&Value| {
        let labels = &pod["metadata"]["labels"];
        let mut wanted = service.selector.iter();
        wanted.all(|(key, value)| labels[key] == *value)
    };
    let one = |pod: &Value| {
        Some(Behind {
            pod: pod["metadata"]["name"].as_str()?.to_owned(),
            port: target(pod, &port.target)?,
        })
    };
    let ready = pods.filter(|pod| is_ready(pod)).filter(selected);
    let mut all: Vec<Behind> = ready.filter_map(one).collect();
    all.sort_by(|a, b| a.pod.cmp(&b.pod));
    let again = all.iter().position(|one| Some(one.pod.as_str()) == last);
    (!all.is_empty()).then(|| all.swap_remove(again.unwrap_or_default()))
}

/// The number of a pod's port.
fn target(pod: &Value, target: &Target) -> Option<u16> {
    let name = match target {
        Target::Number(number) => return Some(*number),
        Target::Name(name) => name,
    };
    let containers = ["containers", "initContainers"].into_iter();
    let containers = containers.flat_map(|list| pod["spec"][list].as_array().into_iter().flatten());
    let mut ports =
        containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
    let is_it = |port: &&Value| {
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        port["name"] == *name && protocol == "TCP"
    };
    let number = ports.find(is_it)?["containerPort"].as_u64()?;
    u16::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::{DesiredObject, Group};
    use serde_json::json;
    use windlass_k8s_object::{Environment, Object, Ownership};

    /// The stack of Redis, server and client, with these objects.
    fn stack(objects: &[(usize, &str, &str)]) -> Desired {
        let group = |name: &str, deps: &[usize]| Group {
            inventory: None,
            id: format!("demo/{name}/myns"),
            label: format!("//services/{name}:myns-shallow"),
            name: name.to_owned(),
            deps: deps.to_vec(),
        };
        let object = |(group, kind, name): &(usize, &str, &str)| {
            let document = json!({"apiVersion": "v1", "kind": kind,
                "metadata": {"name": name, "namespace": "alice"}});
            DesiredObject {
                label: String::new(),
                group: *group,
                object: Object::from_document(document).expect("object"),
                images: Vec::new(),
                policy: crate::policy::Policy::default(),
            }
        };
        let environment = Environment::try_new("myns", "alice", Ownership::Personal, &[]);
        Desired {
            environment: environment.expect("environment"),
            groups: vec![
                group("redis", &[]),
                group("server", &[0]),
                group("client", &[1]),
            ],
            objects: objects.iter().map(object).collect(),
            images: Vec::new(),
        }
    }

    #[test]
    fn meant_are_the_uppermost_services() {
        let (redis, server) = ((0, "Service", "redis"), (1, "Service", "server"));
        let client = (2, "Service", "client");
        let desired = stack(&[redis, server, (2, "ConfigMap", "client")]);
        assert_eq!(uppermost(&desired), [1], "the client has none");
        assert_eq!(uppermost(&stack(&[redis, server, client])), [2]);
        assert_eq!(uppermost(&stack(&[redis])), [0]);
        assert_eq!(uppermost(&stack(&[])), [0; 0]);
        let all: Vec<usize> = services(&desired).collect();
        assert_eq!(all, [0, 1]);
    }

    fn service() -> Service {
        let live = json!({"metadata": {"name": "dns", "namespace": "alice"}, "spec": {
            "selector": {"app": "dns"}, "ports": [
                {"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP"},
                {"name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP"},
                {"port": 53, "targetPort": 5353}, {"port": 9}]}});
        Service::of(&live)
    }

    fn pod(name: &str, label: &str, ready: &str) -> Value {
        json!({"metadata": {"name": name, "labels": {"app": label, "more": "x"}},
            "spec": {"containers": [{"name": "a"}, {"name": "b", "ports": [
                {"name": "web", "containerPort": 8080}]}]},
            "status": {"conditions": [{"type": "Ready", "status": ready}]}})
    }

    #[test]
    fn ports_of_a_service() {
        let service = service();
        let numbers: Vec<_> = service.ports.iter().map(|port| port.number).collect();
        assert_eq!(numbers, [80, 53, 9]);
        assert_eq!(service.ports[2].target, Target::Number(9));
        let others = ["dns:53 is UDP: only TCP can be forwarded"];
        assert_eq!(service.others, others);
        let live = json!({"metadata": {"name": "far"}, "spec": {"ports": [{"port": 80}]}});
        let far = Service::of(&live);
        assert_eq!(far.ports, []);
        assert_eq!(far.others, ["far:80: the Service names no pods by labels"]);
    }

    #[test]
    fn wanted_ports_are_found_by_number_and_name() {
        let all = forwards(&[service()], &[]).expect("all");
        let locals: Vec<_> = all.iter().map(|one| one.local).collect();
        let want = [80, 53, 9].map(Local::Preferred);
        assert_eq!(locals, want);
        let wanted = |local, remote: &str| WantedPort {
            local,
            remote: remote.to_owned(),
        };
        let two = forwards(
            &[service()],
            &[wanted(Some(8080), "http"), wanted(None, "9")],
        );
        let two = two.expect("both are there");
        assert_eq!((two[0].port.number, two[0].local), (80, Local::Only(8080)));
        assert_eq!((two[1].port.number, two[1].local), (9, Local::Any));
        let none = forwards(&[service()], &[wanted(None, "grpc")]);
        assert_eq!(none, Err("grpc".to_owned()));
    }

    #[test]
    fn the_pod_behind_is_ready_has_the_labels_and_stays_the_same() {
        let service = service();
        let mut going = pod("a", "dns", "True");
        going["metadata"]["deletionTimestamp"] = json!("2024-01-01T00:00:00Z");
        let pods = [
            going,
            pod("b", "dns", "False"),
            pod("c", "other", "True"),
            pod("d", "dns", "True"),
            pod("e", "dns", "True"),
        ];
        let pick = |last, port: usize| behind(pods.iter(), &service, &service.ports[port], last);
        let at = |pod: &str, port| {
            Some(Behind {
                pod: pod.to_owned(),
                port,
            })
        };
        assert_eq!(pick(None, 0), at("d", 8080));
        assert_eq!(pick(Some("e"), 1), at("e", 5353));
        assert_eq!(pick(Some("a"), 2), at("d", 9));
        assert_eq!(
            behind(pods[..3].iter(), &service, &service.ports[0], None),
            None
        );
        let mut nameless = pods[3].clone();
        nameless["spec"]["containers"] = json!([]);
        let named = behind([&nameless].into_iter(), &service, &service.ports[0], None);
        assert_eq!(named, None, "no container has a port of that name");
    }
}
