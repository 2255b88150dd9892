//! A stack in which all is there, and each reference of it led to nothing.

mod pods;
mod shop;

use serde_json::{Value, json};
use windlass_k8s_object::Object;

use super::{External, dangling};
use shop::{classes, shop};

const CONTAINER: &str = "/spec/template/spec/containers/0";

fn parsed(documents: Vec<Value>) -> Vec<Object> {
    let parse = |document| Object::from_document(document).expect("is an object");
    documents.into_iter().map(parse).collect()
}

fn said(documents: Vec<Value>, given: Vec<Value>, externals: &[&str]) -> Vec<String> {
    let externals = externals.iter().map(|text| text.parse().expect("is one"));
    let externals: Vec<External> = externals.collect();
    let found = dangling(&parsed(documents), &parsed(given), &externals);
    found.iter().map(ToString::to_string).collect()
}

/// The shop with another value at a pointer into one object; `Kind/name` says which.
fn changed(object: &str, pointer: &str, value: &Value) -> Vec<Value> {
    let mut shop = shop();
    let is = |one: &&mut Value| {
        let name = one["metadata"]["name"].as_str().expect("has a name");
        let kind = one["kind"].as_str().expect("has a kind");
        format!("{kind}/{name}") == object
    };
    let one = shop.iter_mut().find(is).expect(object);
    *one.pointer_mut(pointer).expect(pointer) = value.clone();
    shop
}

/// Each is one reference that leads to nothing, and the one thing that is said of it.
fn hold(cases: &[(&str, &str, Value, &str)]) {
    for (object, pointer, value, want) in cases {
        let (kind, name) = object.split_once('/').expect("kind and name");
        let want = format!("{kind} `shop/{name}`: {want}");
        let got = said(changed(object, pointer, value), classes(), &[]);
        assert_eq!(got, [want], "{object} {pointer} {value}");
    }
}

#[test]
fn a_stack_in_which_all_is_there() {
    assert_eq!(said(shop(), classes(), &[]), [""; 0]);
}

#[test]
fn services_and_their_ports() {
    hold(&[
        (
            "Service/web",
            "/spec/selector/app",
            json!("wbe"),
            "spec.selector: selects no pod: none has `app: wbe`; the nearest is `web`",
        ),
        (
            "Service/web",
            "/spec/selector",
            json!({"ap": "web"}),
            "spec.selector: selects no pod: none has `ap: web`; the nearest is `app`",
        ),
        (
            "Service/web",
            "/spec/selector",
            json!({"app": "db", "tier": "front"}),
            "spec.selector: selects no pod: StatefulSet `shop/db` does not have `tier: front`",
        ),
        (
            "Service/web",
            "/spec/ports/0/targetPort",
            json!("htp"),
            "spec.ports[0].targetPort: Deployment `shop/web` has no port `htp`; the nearest is `http`",
        ),
        (
            "Service/web",
            "/spec/ports/0/targetPort",
            json!("dns"),
            "spec.ports[0].targetPort: Deployment `shop/web` has no TCP port `dns`: it is UDP",
        ),
        (
            "Service/web",
            "/spec/ports/0/targetPort",
            json!(8081),
            "spec.ports[0].targetPort: Deployment `shop/web` has no port `8081`; the nearest is `8080`",
        ),
        (
            "Service/web",
            "/spec/ports/1/port",
            json!(8090),
            "spec.ports[1].port: Deployment `shop/web` has no port `8090`; the nearest is `8080`",
        ),
        (
            "Service/web",
            "/spec/ports/2/protocol",
            json!("TCP"),
            "spec.ports[2].targetPort: Deployment `shop/web` has no TCP port `53`: it is UDP",
        ),
    ]);
}

#[test]
fn what_names_a_service() {
    hold(&[
        (
            "Ingress/web",
            "/spec/defaultBackend/service/name",
            json!("wbe"),
            "spec.defaultBackend.service.name: there is no Service `wbe`; the nearest is `web`",
        ),
        (
            "Ingress/web",
            "/spec/defaultBackend/service/port/number",
            json!(81),
            "spec.defaultBackend.service.port.number: Service `shop/web` has no port `81`; the \
             nearest is `80`",
        ),
        (
            "Ingress/web",
            "/spec/rules/0/http/paths/0/backend/service/port/name",
            json!("https"),
            "spec.rules[0].http.paths[0].backend.service.port.name: Service `shop/web` has no port \
             `https`; the nearest is `http`",
        ),
        (
            "Ingress/web",
            "/spec/rules/0/http/paths/0/backend",
            json!({"resource": {"apiGroup": "example.com", "kind": "Bucket", "name": "pictures"}}),
            "spec.rules[0].http.paths[0].backend.resource: there is no Bucket `pictures`",
        ),
        (
            "StatefulSet/db",
            "/spec/serviceName",
            json!("bd"),
            "spec.serviceName: there is no Service `bd`; the nearest is `db`",
        ),
        (
            "StatefulSet/db",
            "/spec/serviceName",
            json!("web"),
            "spec.serviceName: Service `shop/web` has an address of its own, want one with \
             clusterIP `None`",
        ),
    ]);
    let without = changed("Ingress/web", "/spec/tls/0/secretName", &json!("login"));
    let want = |key| {
        format!(
            "Ingress `shop/web`: spec.tls[0].secretName: Secret `shop/login` has no key `{key}`"
        )
    };
    let keys = ["tls.crt", "tls.key"];
    assert_eq!(said(without, classes(), &[]), keys.map(want));
}

#[test]
fn services_that_the_api_server_calls() {
    let said = |service: Value| {
        let webhook = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "web"},
            "webhooks": [{"clientConfig": {"service": service}}],
        });
        said(
            shop().into_iter().chain([webhook]).collect(),
            classes(),
            &[],
        )
    };
    let at = "ValidatingWebhookConfiguration `web`: webhooks[0].clientConfig.service";
    let own = json!({"namespace": "shop", "name": "web", "port": 80});
    let of_others = json!({"namespace": "elsewhere", "name": "hook"});
    for held in [own, of_others] {
        assert_eq!(said(held), [""; 0]);
    }
    assert_eq!(
        said(json!({"namespace": "shop", "name": "hook"})),
        [format!("{at}.name: there is no Service `hook`")]
    );
    assert_eq!(
        said(json!({"namespace": "shop", "name": "web"})),
        [format!("{at}.port: Service `shop/web` has no port `443`")]
    );
}

#[test]
fn selectors_of_pods() {
    let affinity = "/spec/template/spec/affinity";
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    let term = "labelSelector/matchExpressions/0";
    hold(&[
        (
            "PodDisruptionBudget/web",
            "/spec/selector/matchLabels/tier",
            json!("font"),
            "spec.selector: selects no pod: none has `tier: font`; the nearest is `front`",
        ),
        (
            "Deployment/web",
            "/spec/template/spec/topologySpreadConstraints/0/labelSelector/matchLabels",
            json!({"name": "web"}),
            "spec.template.spec.topologySpreadConstraints[0].labelSelector: selects no pod: none \
             has `name: web`",
        ),
        (
            "Deployment/web",
            &format!("{affinity}/podAffinity/{required}/0/{term}/values"),
            json!(["dbs", "other"]),
            &format!(
                "spec.template.spec.affinity.podAffinity.{required}[0].labelSelector: selects no \
                 pod: none has `app` of `dbs`, `other`"
            ),
        ),
        (
            "Deployment/web",
            &format!("{affinity}/podAffinity/{preferred}/0/podAffinityTerm/{term}/key"),
            json!("teir"),
            &format!(
                "spec.template.spec.affinity.podAffinity.{preferred}[0].podAffinityTerm\
                 .labelSelector: selects no pod: none has `teir`; the nearest is `tier`"
            ),
        ),
        (
            "Deployment/web",
            "/spec/selector/matchLabels/app",
            json!("wbe"),
            "spec.selector: selects no pod: none has `app: wbe`; the nearest is `web`",
        ),
    ]);
}

#[test]
fn network_policies() {
    hold(&[
        (
            "NetworkPolicy/web",
            "/spec/podSelector/matchLabels/app",
            json!("wbe"),
            "spec.podSelector: selects no pod: none has `app: wbe`; the nearest is `web`",
        ),
        (
            "NetworkPolicy/web",
            "/spec/ingress/0/ports/0/port",
            json!("htp"),
            "spec.ingress[0].ports[0].port: Deployment `shop/web` has no port `htp`; the nearest \
             is `http`",
        ),
        (
            "NetworkPolicy/web",
            "/spec/egress/0/to/0/podSelector/matchLabels/app",
            json!("wbe"),
            "spec.egress[0].to[0].podSelector: selects no pod: none has `app: wbe`; the nearest is \
             `web`",
        ),
        (
            "NetworkPolicy/web",
            "/spec/egress/0/ports/0/protocol",
            json!("TCP"),
            "spec.egress[0].ports[0].port: Deployment `shop/web` has no TCP port `dns`: it is UDP",
        ),
    ]);
}

#[test]
fn what_is_scaled() {
    let scaler = "HorizontalPodAutoscaler/web";
    hold(&[
        (
            scaler,
            "/spec/scaleTargetRef/name",
            json!("wbe"),
            "spec.scaleTargetRef.name: there is no Deployment `wbe`; the nearest is `web`",
        ),
        (
            scaler,
            "/spec/scaleTargetRef/kind",
            json!("StatefulSet"),
            "spec.scaleTargetRef.name: there is no StatefulSet `web`",
        ),
        (
            scaler,
            "/spec/metrics/0/containerResource/container",
            json!("wbe"),
            "spec.metrics[0].containerResource.container: Deployment `shop/web` has no container \
             `wbe`; the nearest is `web`",
        ),
        (
            scaler,
            "/spec/metrics/1/object/describedObject/name",
            json!("front"),
            "spec.metrics[1].object.describedObject.name: there is no Service `front`",
        ),
    ]);
}

#[test]
fn accounts_and_roles() {
    hold(&[
        (
            "Deployment/web",
            "/spec/template/spec/serviceAccountName",
            json!("wbe"),
            "spec.template.spec.serviceAccountName: there is no ServiceAccount `wbe`; the nearest \
             is `web`",
        ),
        (
            "RoleBinding/reader",
            "/roleRef/name",
            json!("raeder"),
            "roleRef.name: there is no Role `raeder`; the nearest is `reader`",
        ),
        (
            "RoleBinding/viewer",
            "/roleRef/name",
            json!("viewer"),
            "roleRef.name: there is no ClusterRole `viewer`",
        ),
        (
            "RoleBinding/reader",
            "/subjects/0/name",
            json!("wbe"),
            "subjects[0].name: there is no ServiceAccount `wbe`; the nearest is `web`",
        ),
    ]);
}

#[test]
fn config_maps_and_secrets_and_their_keys() {
    for (pointer, value, want) in [
        (
            "containers/0/env/0/valueFrom/configMapKeyRef/name",
            "setings",
            "there is no ConfigMap `setings`; the nearest is `settings`",
        ),
        (
            "containers/0/env/0/valueFrom/configMapKeyRef/key",
            "hots",
            "ConfigMap `shop/settings` has no key `hots`; the nearest is `host`",
        ),
        (
            "containers/0/env/1/valueFrom/secretKeyRef/key",
            "pasword",
            "Secret `shop/login` has no key `pasword`; the nearest is `password`",
        ),
        (
            "containers/0/envFrom/0/configMapRef/name",
            "all",
            "there is no ConfigMap `all`",
        ),
        (
            "volumes/0/configMap/name",
            "setting",
            "there is no ConfigMap `setting`; the nearest is `settings`",
        ),
        (
            "volumes/0/configMap/items/0/key",
            "hots",
            "ConfigMap `shop/settings` has no key `hots`; the nearest is `host`",
        ),
        (
            "volumes/1/secret/items/0/key",
            "pw",
            "Secret `shop/login` has no key `pw`",
        ),
        (
            "volumes/2/projected/sources/0/configMap/items/0/key",
            "lgoo",
            "ConfigMap `shop/settings` has no key `lgoo`; the nearest is `logo`",
        ),
        (
            "volumes/2/projected/sources/0/configMap/name",
            "sittings",
            "there is no ConfigMap `sittings`; the nearest is `settings`",
        ),
        (
            "volumes/2/projected/sources/1/secret/items/0/key",
            "usr",
            "Secret `shop/login` has no key `usr`; the nearest is `user`",
        ),
    ] {
        let path = format!("/spec/template/spec/{pointer}");
        let want = format!("{}: {want}", as_path(&path));
        hold(&[("Deployment/web", &path, json!(value), &want)]);
    }
}

/// `/spec/a/0/b` -> `spec.a[0].b`
fn as_path(pointer: &str) -> String {
    let step = |step: &str| match step.parse::<usize>() {
        Ok(index) => format!("[{index}]"),
        Err(_) => format!(".{step}"),
    };
    let path: String = pointer[1..].split('/').map(step).collect();
    path[1..].to_owned()
}

#[test]
fn what_is_somewhere_else_is_no_finding() {
    let reader = json!({
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": "extension-apiserver-authentication-reader",
    });
    let outside = json!({"type": "ExternalName", "externalName": "shop.example"});
    for (object, pointer, value) in [
        ("RoleBinding/viewer", "/roleRef", reader),
        ("Service/web", "/spec", outside),
    ] {
        let changed = changed(object, pointer, &value);
        assert_eq!(said(changed, classes(), &[]), [""; 0], "{object}");
    }
}

#[test]
fn secrets_that_are_nowhere_and_references_that_are_optional() {
    let name = format!("{CONTAINER}/env/1/valueFrom/secretKeyRef/name");
    let source = format!("{CONTAINER}/env/0/valueFrom/configMapKeyRef");
    let optional = json!({"name": "settings", "key": "none", "optional": true});
    for (pointer, value) in [(name, json!("vault")), (source, optional)] {
        let changed = changed("Deployment/web", &pointer, &value);
        assert_eq!(said(changed, classes(), &[]), [""; 0], "{pointer}");
    }
    let filled_by_a_controller = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "elsewhere", "namespace": "shop"},
        "type": "kubernetes.io/service-account-token",
    });
    let all = shop().into_iter().chain([filled_by_a_controller]).collect();
    assert_eq!(said(all, classes(), &[]), [""; 0]);
}

#[test]
fn mounts_and_claims() {
    hold(&[
        (
            "Deployment/web",
            &format!("{CONTAINER}/volumeMounts/1/name"),
            json!("dta"),
            "spec.template.spec.containers[0].volumeMounts[1].name: the pod has no volume `dta`; \
             the nearest is `data`",
        ),
        (
            "StatefulSet/db",
            &format!("{CONTAINER}/volumeMounts/0/name"),
            json!("disc"),
            "spec.template.spec.containers[0].volumeMounts[0].name: the pod has no volume `disc`; \
             the nearest is `disk`",
        ),
        (
            "Deployment/web",
            "/spec/template/spec/volumes/3/persistentVolumeClaim/claimName",
            json!("dta"),
            "spec.template.spec.volumes[3].persistentVolumeClaim.claimName: there is no \
             PersistentVolumeClaim `dta`; the nearest is `data`",
        ),
        (
            "Deployment/web",
            "/spec/template/spec/volumes/4/persistentVolumeClaim/claimName",
            json!("disk-db-x"),
            "spec.template.spec.volumes[4].persistentVolumeClaim.claimName: there is no \
             PersistentVolumeClaim `disk-db-x`",
        ),
        (
            "PersistentVolumeClaim/data",
            "/spec",
            json!({"dataSource": {"kind": "PersistentVolumeClaim", "name": "date"}}),
            "spec.dataSource.name: there is no PersistentVolumeClaim `date`; the nearest is `data`",
        ),
        (
            "PersistentVolumeClaim/data",
            "/spec",
            json!({"volumeName": "disk-7"}),
            "spec.volumeName: there is no PersistentVolume `disk-7`",
        ),
        (
            "StatefulSet/db",
            "/spec/volumeClaimTemplates/0/spec/storageClassName",
            json!("fats"),
            "spec.volumeClaimTemplates[0].spec.storageClassName: there is no StorageClass `fats`; \
             the nearest is `fast`",
        ),
    ]);
}

#[test]
fn classes_of_the_cluster() {
    let cases = [
        (
            "Deployment/web",
            "/spec/template/spec/priorityClassName",
            json!("system-node-crtical"),
            "spec.template.spec.priorityClassName: there is no PriorityClass `system-node-crtical`",
        ),
        (
            "Deployment/web",
            "/spec/template/spec/runtimeClassName",
            json!("gviso"),
            "spec.template.spec.runtimeClassName: there is no RuntimeClass `gviso`; the nearest is \
             `gvisor`",
        ),
        (
            "Ingress/web",
            "/spec/ingressClassName",
            json!("ngnix"),
            "spec.ingressClassName: there is no IngressClass `ngnix`; the nearest is `nginx`",
        ),
    ];
    hold(&cases);
    // Of a cluster that nobody described, nothing is known.
    for (object, pointer, value, _) in cases {
        let changed = changed(object, pointer, &value);
        assert_eq!(said(changed, Vec::new(), &[]), [""; 0]);
    }
}

#[test]
fn ports_of_probes() {
    for field in [
        "livenessProbe/httpGet/port",
        "readinessProbe/tcpSocket/port",
        "lifecycle/preStop/httpGet/port",
    ] {
        let pointer = format!("{CONTAINER}/{field}");
        let at = as_path(&pointer);
        let want = format!("{at}: the container has no port `htp`; the nearest is `http`");
        hold(&[("Deployment/web", &pointer, json!("htp"), &want)]);
    }
}

#[test]
fn what_others_make_is_there_whatever_it_holds() {
    let name = format!("{CONTAINER}/env/0/valueFrom/configMapKeyRef/name");
    let renamed = || changed("Deployment/web", &name, &json!("ca-bundle"));
    assert_eq!(said(renamed(), classes(), &[]).len(), 1);
    assert_eq!(
        said(renamed(), classes(), &["ConfigMap/ca-bundle"]),
        [""; 0]
    );
    let labels = json!({"app": "kafka", "role": "broker"});
    let kafka = || changed("Service/web", "/spec/selector", &labels);
    assert_eq!(said(kafka(), classes(), &["Pod/app=kafka"]).len(), 1);
    let both = ["Pod/app=kafka,role=broker"];
    assert_eq!(said(kafka(), classes(), &both), [""; 0]);
}

#[test]
fn externals_have_a_kind_and_a_name() {
    for refused in [
        "ca-bundle",
        "/ca-bundle",
        "ConfigMap/",
        "Pod/kafka",
        "Pod/a=b,c",
    ] {
        assert!(refused.parse::<External>().is_err(), "{refused}");
    }
}

#[test]
fn what_the_cluster_has_anyway_is_not_checked_itself() {
    let account = "/spec/template/spec/serviceAccountName";
    let broken = changed("Deployment/web", account, &json!("gone"));
    let given = broken.into_iter().chain(classes()).collect();
    assert_eq!(said(Vec::new(), given, &[]), [""; 0]);
}
