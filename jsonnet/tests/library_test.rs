//! The Jsonnet library as a whole: each function is on its page, has a use, and gives what Kubernetes takes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use windlass_jsonnet::{Content, Form, Outputs, Request, Sources, Value, evaluate};
use windlass_k8s_object::{Object, images};
use windlass_k8s_schema::Schemas;
use windlass_manifest::policy;
use windlass_reference::library::{FILES, files};

/// Sources that use the library, and their outputs. `build_test`s render the others.
const USES: &[(&str, &str, &[&str])] = &[
    (
        "constructors.jsonnet",
        include_str!("constructors.jsonnet"),
        &[
            "addresses.json",
            "network.json",
            "pods.json",
            "policies.json",
            "rights.json",
            "storage.json",
            "volumes.json",
            "workloads.json",
        ],
    ),
    (
        "monitoring.jsonnet",
        include_str!("monitoring.jsonnet"),
        &["dashboards.json", "monitors.json", "rules.json"],
    ),
    (
        "services.jsonnet",
        include_str!("services.jsonnet"),
        &["agents.json", "network_policies.json", "services.json"],
    ),
];
const ENVS: &str = include_str!("envs.jsonnet");

const KUBERNETES: &[&str] = &[
    include_str!("../../tools/lib/k8s_schema/kubernetes/1.34.json"),
    include_str!("../../tools/lib/k8s_schema/kubernetes/1.35.json"),
    include_str!("../../tools/lib/k8s_schema/kubernetes/1.36.json"),
    include_str!("../../tools/lib/k8s_schema/kubernetes/1.37.json"),
];

/// Kinds that have no constructor, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "admissionregistration.k8s.io/v1 MutatingAdmissionPolicy",
        NOT_EVERYWHERE,
    ),
    (
        "admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding",
        NOT_EVERYWHERE,
    ),
    (
        "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration",
        OF_ITS_PROGRAM,
    ),
    (
        "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
        OF_ITS_PROGRAM,
    ),
    (
        "apiextensions.k8s.io/v1 CustomResourceDefinition",
        OF_ITS_PROGRAM,
    ),
    ("apiregistration.k8s.io/v1 APIService", OF_ITS_PROGRAM),
    ("apps/v1 ControllerRevision", OF_THE_CLUSTER),
    ("authentication.k8s.io/v1 SelfSubjectReview", A_QUESTION),
    ("authentication.k8s.io/v1 TokenRequest", A_QUESTION),
    ("authentication.k8s.io/v1 TokenReview", A_QUESTION),
    (
        "authorization.k8s.io/v1 LocalSubjectAccessReview",
        A_QUESTION,
    ),
    (
        "authorization.k8s.io/v1 SelfSubjectAccessReview",
        A_QUESTION,
    ),
    ("authorization.k8s.io/v1 SelfSubjectRulesReview", A_QUESTION),
    ("authorization.k8s.io/v1 SubjectAccessReview", A_QUESTION),
    ("autoscaling/v1 HorizontalPodAutoscaler", OLD),
    ("autoscaling/v1 Scale", A_QUESTION),
    (
        "certificates.k8s.io/v1 CertificateSigningRequest",
        A_QUESTION,
    ),
    ("certificates.k8s.io/v1 ClusterTrustBundle", NOT_EVERYWHERE),
    (
        "certificates.k8s.io/v1 PodCertificateRequest",
        NOT_EVERYWHERE,
    ),
    ("coordination.k8s.io/v1 Lease", OF_ITS_PROGRAM),
    ("events.k8s.io/v1 Event", OF_THE_CLUSTER),
    ("flowcontrol.apiserver.k8s.io/v1 FlowSchema", OF_THE_CLUSTER),
    (
        "flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration",
        OF_THE_CLUSTER,
    ),
    ("networking.k8s.io/v1 IPAddress", OF_THE_CLUSTER),
    ("networking.k8s.io/v1 ServiceCIDR", OF_THE_CLUSTER),
    ("policy/v1 Eviction", A_QUESTION),
    ("resource.k8s.io/v1 DeviceClass", OF_ITS_PROGRAM),
    ("resource.k8s.io/v1 DeviceTaintRule", NOT_EVERYWHERE),
    ("resource.k8s.io/v1 ResourceClaim", OF_ITS_PROGRAM),
    ("resource.k8s.io/v1 ResourceClaimTemplate", OF_ITS_PROGRAM),
    ("resource.k8s.io/v1 ResourceSlice", OF_ITS_PROGRAM),
    ("storage.k8s.io/v1 CSIDriver", OF_ITS_PROGRAM),
    ("storage.k8s.io/v1 CSINode", OF_ITS_PROGRAM),
    ("storage.k8s.io/v1 CSIStorageCapacity", OF_ITS_PROGRAM),
    ("storage.k8s.io/v1 VolumeAttachment", OF_THE_CLUSTER),
    (
        "storagemigration.k8s.io/v1 StorageVersionMigration",
        NOT_EVERYWHERE,
    ),
    ("v1 Binding", A_QUESTION),
    ("v1 ComponentStatus", OLD),
    ("v1 Endpoints", OLD),
    ("v1 Event", OF_THE_CLUSTER),
    ("v1 Node", OF_THE_CLUSTER),
    ("v1 PodStatusResult", OF_THE_CLUSTER),
    ("v1 PodTemplate", OLD),
    ("v1 RangeAllocation", OF_THE_CLUSTER),
    ("v1 ReplicationController", OLD),
    ("v1 Secret", "what is secret is not in a repository"),
];
const A_QUESTION: &str = "nothing that is kept: a question or a request to the API server";
const NOT_EVERYWHERE: &str = "not in all versions";
const OF_ITS_PROGRAM: &str = "comes with the program that it is about, or is made by it";
const OF_THE_CLUSTER: &str = "made or decided by who runs the cluster";
const OLD: &str = "another kind has taken its place";

/// What the library gives for `code`, which may be a function of `params`.
fn render(code: &str, outputs: Outputs) -> Vec<Json> {
    let mut sources = Sources::default();
    for (name, text) in FILES {
        let place = format!("jsonnet/{name}");
        let content = Content::Text((*text).to_owned());
        sources.add(&place, content).expect("one each");
        let name = format!("windlass/{name}");
        sources.add_name(&name, &place).expect("one each");
    }
    let content = Content::Text(code.to_owned());
    sources.add("a.jsonnet", content).expect("one each");
    let params = json!({
        "environment": {"name": "myns", "namespace": "alice"},
        "environments": ["prod", "staging", "dev", "myns"],
        "service": "client",
    });
    let request = Request {
        label: "//:a".to_owned(),
        src: "a.jsonnet".to_owned(),
        sources,
        ext: BTreeMap::new(),
        tla: BTreeMap::from([("params".to_owned(), Value::Json(params))]),
        outputs,
        form: Form::default(),
    };
    let files = evaluate(&request).files.expect("renders");
    let parsed = |(_, text): &(_, String)| serde_json::from_str(text).expect("JSON");
    files.iter().map(parsed).collect()
}

/// All objects of all uses, but for those of custom kinds: `//rules/tests/monitoring` has them checked by
/// the definitions of their kinds.
fn objects() -> Vec<Json> {
    let outputs = |names: &[&str]| {
        let pair = |name: &&str| ((*name).to_owned(), name.into());
        Outputs::Keyed(names.iter().map(pair).collect())
    };
    let mut found = Vec::new();
    for (_, code, names) in USES {
        for value in render(code, outputs(names)) {
            collect(value, &mut found);
        }
    }
    let is_custom = |object: &Json| {
        let version = object["apiVersion"].as_str();
        version.is_some_and(|version| version.starts_with("monitoring.coreos.com/"))
    };
    found.retain(|object| !is_custom(object));
    found
}

/// The objects within lists and objects of files.
fn collect(value: Json, found: &mut Vec<Json>) {
    match value {
        Json::Object(map) if map.contains_key("kind") => found.push(Json::Object(map)),
        Json::Object(map) => map.into_iter().for_each(|(_, value)| collect(value, found)),
        Json::Array(all) => all.into_iter().for_each(|value| collect(value, found)),
        _ => panic!("got {value}, want an object, or some"),
    }
}

fn shown(object: &Json) -> String {
    let text = |place| {
        object
            .pointer(place)
            .and_then(Json::as_str)
            .unwrap_or_default()
    };
    format!("{} {}", text("/kind"), text("/metadata/name"))
}

#[test]
fn the_page_has_all_functions_that_there_are() {
    let code = "
        local names(prefix, value) =
          if std.isFunction(value) then [prefix]
          else [prefix] + std.flattenArrays([
            names('%s.%s' % [prefix, name], value[name])
            for name in std.objectFieldsAll(value)
          ]);
        function(params)
          names('k8s', import 'windlass/k8s.libsonnet')[1:]
          + names('service', import 'windlass/service.libsonnet')[1:]
          + names('networkPolicy', import 'windlass/network_policy.libsonnet')[1:]
          + names('monitoring', import 'windlass/monitoring.libsonnet')[1:]
          + names('agent', import 'windlass/agent.libsonnet')[1:]
          + names('byEnv', import 'windlass/envs.libsonnet')
    ";
    let there = render(code, Outputs::One("names.json".into())).remove(0);
    let there: BTreeSet<String> = serde_json::from_value(there).expect("names");
    let functions = files().into_iter().flat_map(|file| file.functions);
    let documented: BTreeSet<String> = functions.map(|function| function.name).collect();
    assert_eq!(documented, there);
}

#[test]
fn every_function_has_a_use() {
    let uses = USES.iter().map(|(_, code, _)| *code).chain([ENVS]);
    let lines = uses.flat_map(str::lines);
    let code: Vec<&str> = lines
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let is_used = |name: &str| code.iter().any(|line| line.contains(&format!("{name}(")));
    let functions = files().into_iter().flat_map(|file| file.functions);
    let unused: Vec<String> = functions
        .filter(|function| function.parameters.is_some() && !is_used(&function.name))
        .map(|function| function.name)
        .collect();
    let none: Vec<String> = Vec::new();
    assert_eq!(unused, none);
}

#[test]
fn kubernetes_takes_what_constructors_give() {
    let objects = objects();
    let mut wrong = Vec::new();
    for text in KUBERNETES {
        let schemas = Schemas::parse(text).expect("a schema");
        for object in &objects {
            let findings = schemas.check(object);
            wrong.extend(findings.iter().map(|finding| {
                format!("{} in {}: {finding}", shown(object), schemas.kubernetes())
            }));
        }
    }
    for object in &objects {
        if let Err(error) = Object::from_document(object.clone()) {
            wrong.push(format!("{}: {error:?}", shown(object)));
        }
    }
    let none: Vec<String> = Vec::new();
    assert_eq!(wrong, none);
}

#[test]
fn every_kind_has_a_constructor_or_a_reason() {
    let made: BTreeSet<String> = objects()
        .iter()
        .map(|object| format!("{} {}", object["apiVersion"], object["kind"]).replace('"', ""))
        .collect();
    let stable = |key: &String| {
        let version = key
            .split(' ')
            .next()
            .and_then(|version| version.split('/').next_back());
        version.is_some_and(|version| !version.contains("alpha") && !version.contains("beta"))
    };
    let kinds = |text: &&str| -> Vec<String> {
        let schema: Json = serde_json::from_str(text).expect("JSON");
        let kinds = schema["kinds"].as_object().expect("kinds");
        kinds.keys().filter(|key| stable(key)).cloned().collect()
    };
    let there: BTreeSet<String> = KUBERNETES.iter().flat_map(kinds).collect();
    let left_out = LEFT_OUT.iter().map(|(kind, _)| (*kind).to_owned());
    let decided: BTreeSet<String> = made.into_iter().chain(left_out).collect();
    let none: Vec<&String> = Vec::new();
    assert_eq!(there.difference(&decided).collect::<Vec<_>>(), none);
    assert_eq!(decided.difference(&there).collect::<Vec<_>>(), none);
}

/// See <https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted>.
#[test]
fn pods_meet_the_restricted_standard_and_our_policy() {
    let mut wrong = Vec::new();
    for object in objects() {
        let name = shown(&object);
        let violations = policy::of_rendered(&object);
        wrong.extend(
            violations
                .iter()
                .map(|violation| format!("{name}: {violation}")),
        );
        let Some((_, pod)) = images::pod_spec(&object) else {
            continue;
        };
        wrong.extend(unrestricted_pod(pod).map(|what| format!("{name}: {what}")));
        for (_, container) in images::containers(&object) {
            wrong.extend(unrestricted_container(container).map(|what| format!("{name}: {what}")));
        }
    }
    // An agent asks the API server, so it wants its token.
    let want = [
        "DaemonSet agent: volume logs",
        "Deployment agent-prod: automountServiceAccountToken",
        "Deployment agent-staging: automountServiceAccountToken",
    ];
    assert_eq!(wrong, want);
}

fn unrestricted_pod(pod: &Json) -> impl Iterator<Item = String> {
    const VOLUMES: &[&str] = &[
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    let security = &pod["securityContext"];
    let must = [
        ("runAsNonRoot", security["runAsNonRoot"] == json!(true)),
        (
            "runAsUser",
            security["runAsUser"].as_u64().is_some_and(|user| user > 0),
        ),
        (
            "seccompProfile",
            security["seccompProfile"]["type"] == json!("RuntimeDefault"),
        ),
        (
            "automountServiceAccountToken",
            pod["automountServiceAccountToken"] == json!(false),
        ),
    ];
    let volumes = pod["volumes"].as_array().into_iter().flatten();
    let volumes = volumes.filter(|volume| !VOLUMES.iter().any(|kind| volume.get(kind).is_some()));
    let volumes = volumes.map(|volume| format!("volume {}", volume["name"]).replace('"', ""));
    let fields = must.into_iter().filter(|(_, holds)| !holds);
    fields.map(|(field, _)| field.to_owned()).chain(volumes)
}

fn unrestricted_container(container: &Json) -> impl Iterator<Item = String> {
    let security = &container["securityContext"];
    let added = security["capabilities"]
        .get("add")
        .cloned()
        .unwrap_or(json!([]));
    let must = [
        (
            "allowPrivilegeEscalation",
            security["allowPrivilegeEscalation"] == json!(false),
        ),
        (
            "capabilities.drop",
            security["capabilities"]["drop"] == json!(["ALL"]),
        ),
        (
            "capabilities.add",
            added == json!([]) || added == json!(["NET_BIND_SERVICE"]),
        ),
    ];
    let wrong = must.into_iter().filter(|(_, holds)| !holds);
    wrong.map(|(field, _)| field.to_owned())
}
