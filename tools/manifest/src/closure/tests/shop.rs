//! A stack in which all that is referred to is there.

use serde_json::{Value, json};

/// What a shop is made of.
pub(super) fn shop() -> Vec<Value> {
    let groups = [workloads(), services(), configuration(), guards(), roles()];
    groups.into_iter().flatten().collect()
}

/// What setup makes.
pub(super) fn classes() -> Vec<Value> {
    [
        ("storage.k8s.io/v1", "StorageClass", "fast"),
        ("node.k8s.io/v1", "RuntimeClass", "gvisor"),
        ("networking.k8s.io/v1", "IngressClass", "nginx"),
        (
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            "metrics:scrape",
        ),
        ("scheduling.k8s.io/v1", "PriorityClass", "batch"),
        ("v1", "PersistentVolume", "exports"),
    ]
    .map(|(api, kind, name)| json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}}))
    .to_vec()
}

/// An object of these fields.
fn of(api: &str, kind: &str, name: &str, fields: &Value) -> Value {
    let metadata = json!({"name": name, "namespace": "shop"});
    let mut object = json!({"apiVersion": api, "kind": kind, "metadata": metadata});
    let fields = fields.as_object().expect("fields").clone();
    object.as_object_mut().expect("an object").extend(fields);
    object
}

/// An object with this spec.
fn with(api: &str, kind: &str, name: &str, spec: &Value) -> Value {
    of(api, kind, name, &json!({"spec": spec}))
}

fn workloads() -> Vec<Value> {
    let web = json!({
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web", "tier": "front"}},
            "spec": pod(),
        },
    });
    let mount = json!({"name": "disk", "mountPath": "/d"});
    let db = json!({
        "serviceName": "db",
        "template": {
            "metadata": {"labels": {"app": "db"}},
            "spec": {"containers": [{"name": "db", "volumeMounts": [mount]}]},
        },
        "volumeClaimTemplates": [
            {"metadata": {"name": "disk"}, "spec": {"storageClassName": "fast"}},
        ],
    });
    let pods = |app: Value| json!({"metadata": {"labels": app}, "spec": {"containers": []}});
    let log = json!({"template": pods(json!({"app": "log"}))});
    let job = json!({"template": pods(json!({}))});
    vec![
        with("apps/v1", "Deployment", "web", &web),
        with("apps/v1", "StatefulSet", "db", &db),
        with("apps/v1", "DaemonSet", "log", &log),
        with("batch/v1", "Job", "migrate", &job),
        with(
            "batch/v1",
            "CronJob",
            "clean",
            &json!({"jobTemplate": {"spec": job}}),
        ),
    ]
}

fn pod() -> Value {
    let db = json!({"key": "app", "operator": "In", "values": ["db", "other"]});
    let front = json!({"key": "tier", "operator": "Exists"});
    json!({
        "containers": [container()],
        "serviceAccountName": "web",
        "priorityClassName": "system-node-critical",
        "runtimeClassName": "gvisor",
        "topologySpreadConstraints": [{"labelSelector": {"matchLabels": {"app": "web"}}}],
        "affinity": {
            "podAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"labelSelector": {"matchExpressions": [db]}},
                ],
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"podAffinityTerm": {"labelSelector": {"matchExpressions": [front]}}},
                ],
            },
            // Away from those who are not there.
            "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                {"labelSelector": {"matchLabels": {"app": "batch"}}},
            ]},
        },
        "volumes": volumes(),
    })
}

fn container() -> Value {
    json!({
        "name": "web",
        "env": [
            {"name": "HOST", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "host"}}},
            {"name": "WORD", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}},
            {"name": "REST", "valueFrom": {"secretKeyRef": {"name": "elsewhere", "key": "any"}}},
            {"name": "ROOM", "valueFrom": resource("memory")},
        ],
        "envFrom": [
            {"configMapRef": {"name": "settings"}},
            {"secretRef": {"name": "login"}},
            {"configMapRef": {"name": "gone", "optional": true}},
        ],
        "ports": [
            {"name": "http", "containerPort": 8080},
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
        ],
        "livenessProbe": {"httpGet": {"port": "http"}},
        "readinessProbe": {"tcpSocket": {"port": 9999}},
        "lifecycle": {"preStop": {"httpGet": {"port": "http"}}},
        "volumeMounts": [
            {"name": "settings", "mountPath": "/a", "subPath": "file"},
            {"name": "data", "mountPath": "/b"},
        ],
    })
}

fn resource(of: &str) -> Value {
    json!({"resourceFieldRef": {"containerName": "web", "resource": format!("limits.{of}")}})
}

fn volumes() -> Value {
    let key = |key: &str| json!([{"key": key, "path": "file"}]);
    json!([
        {"name": "settings", "configMap": {"name": "settings", "items": key("host")}},
        {"name": "login", "secret": {"secretName": "login", "items": key("password")}},
        {"name": "both", "projected": {"sources": [
            {"configMap": {"name": "settings", "items": key("logo")}},
            {"secret": {"name": "login", "items": key("user")}},
            {"configMap": {"name": "kube-root-ca.crt", "items": key("ca.crt")}},
            {"downwardAPI": {"items": [resource("cpu")]}},
        ]}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "first", "persistentVolumeClaim": {"claimName": "disk-db-0"}},
        {"name": "told", "downwardAPI": {"items": [resource("memory")]}},
    ])
}

fn services() -> Vec<Value> {
    let web = json!({"selector": {"app": "web"}, "ports": [
        {"name": "http", "port": 80, "targetPort": "http"},
        {"name": "direct", "port": 8080},
        {"name": "dns", "port": 53, "targetPort": 53, "protocol": "UDP"},
    ]});
    // Its pods do not say which ports they have.
    let db = json!({"clusterIP": "None", "selector": {"app": "db"}, "ports": [{"port": 5432}]});
    let first = json!({"selector": {"app": "db", "statefulset.kubernetes.io/pod-name": "db-0"}});
    let backend = |port: Value| json!({"service": {"name": "web", "port": port}});
    let paths = json!([{"backend": backend(json!({"name": "http"}))}]);
    let ingress = json!({
        "defaultBackend": backend(json!({"number": 80})),
        "ingressClassName": "nginx",
        "rules": [{"http": {"paths": paths}}],
        "tls": [{"secretName": "tls"}],
    });
    vec![
        with("v1", "Service", "web", &web),
        with("v1", "Service", "db", &db),
        with("v1", "Service", "db-0", &first),
        with("networking.k8s.io/v1", "Ingress", "web", &ingress),
    ]
}

fn configuration() -> Vec<Value> {
    let settings = json!({"data": {"host": "h"}, "binaryData": {"logo": "AA=="}});
    let login = json!({"data": {"password": "AA=="}, "stringData": {"user": "u"}});
    let tls = json!({"data": {"tls.crt": "", "tls.key": ""}});
    let data = json!({"storageClassName": "fast"});
    vec![
        of("v1", "ConfigMap", "settings", &settings),
        of("v1", "Secret", "login", &login),
        of("v1", "Secret", "tls", &tls),
        with("v1", "PersistentVolumeClaim", "data", &data),
    ]
}

/// What protects and scales.
fn guards() -> Vec<Value> {
    let is = |app: &str| json!({"podSelector": {"matchLabels": {"app": app}}});
    let dns = json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "dns"}}});
    let policy = json!({
        "podSelector": {"matchLabels": {"app": "web"}},
        "ingress": [{"from": [is("caller")], "ports": [{"port": "http"}]}],
        "egress": [
            {"to": [is("web")], "ports": [{"port": "dns", "protocol": "UDP"}]},
            {"to": [dns], "ports": [{"port": "any"}]},
        ],
    });
    let budget = json!({"selector": {"matchLabels": {"app": "web", "tier": "front"}}});
    let service = json!({"apiVersion": "v1", "kind": "Service", "name": "web"});
    let scaler = json!({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "metrics": [
            {"containerResource": {"container": "web"}},
            {"object": {"describedObject": service}},
        ],
    });
    vec![
        with("networking.k8s.io/v1", "NetworkPolicy", "web", &policy),
        with("policy/v1", "PodDisruptionBudget", "web", &budget),
        with("autoscaling/v2", "HorizontalPodAutoscaler", "web", &scaler),
    ]
}

fn roles() -> Vec<Value> {
    let rbac = "rbac.authorization.k8s.io/v1";
    let web = json!({"kind": "ServiceAccount", "name": "web", "namespace": "shop"});
    let reader = json!({"roleRef": {"kind": "Role", "name": "reader"}, "subjects": [web]});
    let viewer = json!({"roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [
        {"kind": "ServiceAccount", "name": "default"},
        {"kind": "ServiceAccount", "name": "somebody", "namespace": "elsewhere"},
        {"kind": "User", "name": "alice"},
    ]});
    vec![
        of("v1", "ServiceAccount", "web", &json!({})),
        of(rbac, "Role", "reader", &json!({"rules": []})),
        of(rbac, "RoleBinding", "reader", &reader),
        of(rbac, "RoleBinding", "viewer", &viewer),
    ]
}
