//! The objects that are applied: made from numbers, the same each time.

use serde_json::{Value, json};

/// What a set of objects is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// `ConfigMap`s of about one kilobyte, all in one group.
    ConfigMaps,
    /// Services of five objects each, a group each: `ServiceAccount`, `ConfigMap`, `Service`,
    /// `Deployment`, `PodDisruptionBudget`. No pod runs: what pods take is not measured.
    Services,
}

/// Which of two forms of a set is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// As it is applied.
    First,
    /// With a change in one of ten objects.
    Second,
}

/// One object of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its group, from 0.
    pub group: usize,
    /// The object.
    pub object: Value,
}

impl Set {
    /// What the set is called in a result.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConfigMaps => "ConfigMaps",
            Self::Services => "objects of services",
        }
    }

    /// Objects of the set, one after another.
    pub fn members(
        self,
        count: usize,
        namespace: &str,
        edition: Edition,
    ) -> impl Iterator<Item = Member> {
        (0..count).map(move |at| {
            let mut member = match self {
                Self::ConfigMaps => Member {
                    group: 0,
                    object: config_map(&format!("settings-{at}"), at),
                },
                Self::Services => Member {
                    group: at / 5,
                    object: part_of_service(at / 5, at % 5),
                },
            };
            let metadata = &mut member.object["metadata"];
            metadata["namespace"] = namespace.into();
            // In tens, another place each time: all kinds have their share.
            let changes = edition == Edition::Second && at % 10 == (at / 10) % 10;
            let revision = if changes { "2" } else { "1" };
            metadata["annotations"] = json!({"example.com/revision": revision});
            member
        })
    }
}

fn part_of_service(service: usize, part: usize) -> Value {
    let name = format!("svc-{service}");
    match part {
        0 => json!({"apiVersion": "v1", "kind": "ServiceAccount",
                    "metadata": {"name": name, "labels": labels(&name)},
                    "automountServiceAccountToken": false}),
        1 => config_map(&name, service),
        2 => json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "labels": labels(&name)},
        "spec": {"type": "ClusterIP", "selector": labels(&name), "ports": [
            {"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"},
            {"name": "metrics", "port": 9090, "protocol": "TCP", "targetPort": "metrics"},
        ]}}),
        3 => deployment(&name),
        _ => json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
                    "metadata": {"name": name, "labels": labels(&name)},
                    "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels(&name)}}}),
    }
}

fn labels(name: &str) -> Value {
    json!({"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "bench", "tier": "api"})
}

fn config_map(name: &str, seed: usize) -> Value {
    let config = json!({
        "service": name, "tracing": {"enabled": true, "sample": 0.01},
        "db": {"name": name, "host": "db.internal", "pool": seed % 20, "timeout": 3.5},
        "rules": (0..4).map(|rule| json!({
            "id": rule, "match": format!("/api/v{rule}/{name}"), "weight": seed % 100,
        })).collect::<Vec<_>>(),
    });
    let line = |key: usize| format!("{name}.key{key}=value-{}\n", (seed * 31 + key * 7) % 10_000);
    let properties: String = (0..10).map(line).collect();
    json!({"apiVersion": "v1", "kind": "ConfigMap",
           "metadata": {"name": name, "labels": labels(name)},
           "data": {"config.json": format!("{config:#}"), "app.properties": properties}})
}

fn deployment(name: &str) -> Value {
    let probe = |path: &str| json!({"httpGet": {"path": path, "port": "http"}, "periodSeconds": 10, "timeoutSeconds": 3});
    let variable = |at: usize| json!({"name": format!("SETTING_{at}"), "value": format!("v{at}")});
    let container = json!({
        "name": name, "image": format!("registry.example.com/apps/{name}:v1"),
        "env": (0..8).map(variable).collect::<Vec<_>>(),
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"},
                  {"name": "metrics", "containerPort": 9090, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"},
                      "limits": {"cpu": "500m", "memory": "512Mi"}},
        "livenessProbe": probe("/healthz"), "readinessProbe": probe("/ready"),
        "volumeMounts": [{"name": "config", "mountPath": "/etc/service", "readOnly": true}],
    });
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": name, "labels": labels(name)},
    "spec": {
        "replicas": 0, "revisionHistoryLimit": 5,
        "selector": {"matchLabels": labels(name)},
        "strategy": {"type": "RollingUpdate",
                     "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
        "template": {
            "metadata": {"labels": labels(name)},
            "spec": {
                "serviceAccountName": name, "containers": [container],
                "securityContext": {"runAsNonRoot": true, "runAsUser": 65532,
                                    "seccompProfile": {"type": "RuntimeDefault"}},
                "volumes": [{"name": "config", "configMap": {"name": name}}],
            },
        },
    }})
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use windlass_k8s_object::Object;

    #[test]
    fn each_member_is_an_object_of_its_own() {
        for set in [Set::ConfigMaps, Set::Services] {
            let keys: BTreeSet<_> = set
                .members(300, "ns", Edition::First)
                .map(|member| {
                    Object::from_document(member.object)
                        .expect("object")
                        .key()
                        .clone()
                })
                .collect();
            assert_eq!(keys.len(), 300, "{set:?}");
            assert!(keys.iter().all(|key| key.namespace.is_some()), "{set:?}");
        }
        let groups: BTreeSet<_> = Set::Services
            .members(300, "ns", Edition::First)
            .map(|member| member.group)
            .collect();
        assert_eq!(groups.len(), 60);
    }

    #[test]
    fn the_second_edition_changes_one_of_ten_of_all_kinds() {
        let first = Set::Services.members(300, "ns", Edition::First);
        let second = Set::Services.members(300, "ns", Edition::Second);
        let changed: Vec<Value> = first
            .zip(second)
            .filter(|(first, second)| first != second)
            .map(|(_, second)| second.object)
            .collect();
        assert_eq!(changed.len(), 30);
        let kinds: BTreeSet<_> = changed
            .iter()
            .map(|object| object["kind"].as_str())
            .collect();
        assert_eq!(kinds.len(), 5);
    }
}
