//! What the Jsonnet library says when it is used wrongly, in the words of the tool.

use std::collections::BTreeMap;

use windlass_jsonnet::{Content, Form, Outputs, Request, Sources, Value, evaluate};

/// Files of the library, by their path in it.
const LIBRARY: &[(&str, &str)] = &[
    ("agent.libsonnet", include_str!("../agent.libsonnet")),
    ("envs.libsonnet", include_str!("../envs.libsonnet")),
    ("k8s.libsonnet", include_str!("../k8s.libsonnet")),
    (
        "k8s/config.libsonnet",
        include_str!("../k8s/config.libsonnet"),
    ),
    (
        "k8s/containers.libsonnet",
        include_str!("../k8s/containers.libsonnet"),
    ),
    (
        "k8s/network.libsonnet",
        include_str!("../k8s/network.libsonnet"),
    ),
    (
        "k8s/object.libsonnet",
        include_str!("../k8s/object.libsonnet"),
    ),
    (
        "k8s/policy.libsonnet",
        include_str!("../k8s/policy.libsonnet"),
    ),
    (
        "k8s/rights.libsonnet",
        include_str!("../k8s/rights.libsonnet"),
    ),
    (
        "k8s/scheduling.libsonnet",
        include_str!("../k8s/scheduling.libsonnet"),
    ),
    (
        "k8s/storage.libsonnet",
        include_str!("../k8s/storage.libsonnet"),
    ),
    (
        "k8s/workloads.libsonnet",
        include_str!("../k8s/workloads.libsonnet"),
    ),
    (
        "monitoring.libsonnet",
        include_str!("../monitoring.libsonnet"),
    ),
    (
        "network_policy.libsonnet",
        include_str!("../network_policy.libsonnet"),
    ),
    ("service.libsonnet", include_str!("../service.libsonnet")),
];

/// The first line of the error that a function of `params` ends with, without file and column.
fn why(body: &str) -> String {
    why_in("myns", body)
}

fn why_in(environment: &str, body: &str) -> String {
    let code = format!(
        "local k8s = import 'windlass/k8s.libsonnet';\n\
         local agent = import 'windlass/agent.libsonnet';\n\
         local byEnv = import 'windlass/envs.libsonnet';\n\
         local monitoring = import 'windlass/monitoring.libsonnet';\n\
         local networkPolicy = import 'windlass/network_policy.libsonnet';\n\
         local service = import 'windlass/service.libsonnet';\n\
         function(params) {body}\n"
    );
    let mut sources = Sources::default();
    for (name, text) in LIBRARY {
        let place = format!("../windlass~/jsonnet/{name}");
        sources
            .add(&place, Content::Text((*text).to_owned()))
            .expect("one each");
        sources
            .add_name(&format!("windlass/{name}"), &place)
            .expect("one each");
    }
    sources
        .add("a.jsonnet", Content::Text(code))
        .expect("one each");
    let params = serde_json::json!({
        "environment": {"name": environment, "namespace": "alice"},
        "environments": ["prod", "staging", "dev", "myns"],
    });
    let request = Request {
        label: "//:a".to_owned(),
        src: "a.jsonnet".to_owned(),
        sources,
        ext: BTreeMap::new(),
        tla: BTreeMap::from([("params".to_owned(), Value::Json(params))]),
        outputs: Outputs::One("out.json".into()),
        form: Form::default(),
    };
    let cause = evaluate(&request).files.expect_err("fails");
    let text = cause.to_string();
    let (_, text) = text.split_once(": ").expect("file:line:column: text");
    text.to_owned()
}

#[test]
fn required_arguments_are_asked_for_by_name() {
    for (call, argument) in [
        ("k8s.claimTemplate('x')", "storage"),
        ("k8s.clusterRole('x')", "rules"),
        ("k8s.configMap(params, 'x')", "data"),
        ("k8s.cronJob(params, 'x', containers=[])", "schedule"),
        ("k8s.cronJob(params, 'x', schedule='')", "containers"),
        ("k8s.daemonSet(params, 'x')", "containers"),
        ("k8s.deployment(params, 'x')", "containers"),
        ("k8s.endpointSlice(params, 'x', ports={})", "addresses"),
        ("k8s.endpointSlice(params, 'x', addresses=[])", "ports"),
        ("k8s.externalNameService(params, 'x')", "externalName"),
        ("k8s.headlessService(params, 'x')", "ports"),
        ("k8s.horizontalPodAutoscaler(params, 'x')", "maxReplicas"),
        (
            "k8s.horizontalPodAutoscaler(params, 'x', maxReplicas=2, cpu=null)",
            "cpu or memory",
        ),
        ("k8s.ingress(params, 'x')", "hosts"),
        ("k8s.ingressBackend('x')", "port"),
        ("k8s.ingressClass('x')", "controller"),
        ("k8s.job(params, 'x')", "containers"),
        ("k8s.limitRange(params, 'x')", "limits"),
        ("k8s.loadBalancerService(params, 'x')", "ports"),
        ("k8s.networkPolicy(params, 'x')", "ingress or egress"),
        ("k8s.nodePortService(params, 'x')", "ports"),
        ("k8s.persistentVolume('x', source={})", "storage"),
        ("k8s.persistentVolume('x', storage='1Gi')", "source"),
        ("k8s.persistentVolumeClaim(params, 'x')", "storage"),
        ("k8s.pod(params, 'x')", "containers"),
        ("k8s.priorityClass('x')", "value"),
        ("k8s.replicaSet(params, 'x')", "containers"),
        ("k8s.resourceQuota(params, 'x')", "hard"),
        ("k8s.role(params, 'x')", "rules"),
        ("k8s.service(params, 'x')", "ports"),
        ("k8s.statefulSet(params, 'x')", "containers"),
        ("k8s.storageClass('x')", "provisioner"),
        (
            "k8s.validatingAdmissionPolicy('x', validations={})",
            "resources",
        ),
        (
            "k8s.validatingAdmissionPolicy('x', resources=[])",
            "validations",
        ),
        ("k8s.volume.serviceAccountToken('x')", "audience"),
        (
            "k8s.volumeAttributesClass('x', parameters={})",
            "driverName",
        ),
        (
            "k8s.volumeAttributesClass('x', driverName='d')",
            "parameters",
        ),
        (
            "networkPolicy.allowFrom(params, 'x', clients=[])",
            "service",
        ),
        (
            "networkPolicy.allowFrom(params, 'x', service=k8s.service(params, 's', {}))",
            "clients",
        ),
        ("networkPolicy.allowTo(params, 'x')", "services"),
        ("service.grpc(params, 'x')", "port"),
        ("service.http(params, 'x')", "port"),
    ] {
        assert_asks_for(call, argument);
    }
}

#[test]
fn an_agent_asks_for_what_it_must_be_told() {
    for (call, argument) in [
        (
            "agent.applying(params, image='', remote='', roles=[])",
            "env",
        ),
        (
            "agent.applying(params, 'prod', remote='', roles=[])",
            "image",
        ),
        (
            "agent.applying(params, 'prod', image='', roles=[])",
            "remote",
        ),
        (
            "agent.applying(params, 'prod', image='', remote='')",
            "roles",
        ),
    ] {
        assert_asks_for(call, argument);
    }
}

#[track_caller]
fn assert_asks_for(call: &str, argument: &str) {
    let constructor = call.split('(').next().unwrap_or_default();
    assert_eq!(why(call), format!("{constructor}: set {argument}"));
}

#[test]
fn a_word_that_is_none_of_those_there_are_is_named_with_them() {
    for (call, want) in [
        (
            "k8s.cronJob(params, 'x', schedule='', containers=[], concurrencyPolicy='Never')",
            "k8s.cronJob: concurrencyPolicy: got `Never`, want one of Allow, Forbid, Replace",
        ),
        (
            "k8s.horizontalPodAutoscaler(params, 'x', maxReplicas=2, kind='DaemonSet')",
            "k8s.horizontalPodAutoscaler: kind: got `DaemonSet`, want one of Deployment, ReplicaSet, StatefulSet",
        ),
        (
            "k8s.namespace('x', security='strict')",
            "k8s.namespace: security: got `strict`, want one of baseline, privileged, restricted",
        ),
        (
            "k8s.nodeAffinity({}, strength='must')",
            "k8s.nodeAffinity: strength: got `must`, want one of preferred, required",
        ),
        (
            "k8s.podAffinity('x', strength='must')",
            "k8s.podAffinity: strength: got `must`, want one of preferred, required",
        ),
        (
            "k8s.podAntiAffinity('x', strength='must')",
            "k8s.podAntiAffinity: strength: got `must`, want one of preferred, required",
        ),
        (
            "k8s.roleBinding(params, 'x', kind='role')",
            "k8s.roleBinding: kind: got `role`, want one of ClusterRole, Role",
        ),
        (
            "k8s.statefulSet(params, 'x', [], claims=[{}], whenDeleted='Keep')",
            "k8s.statefulSet: whenDeleted: got `Keep`, want one of Delete, Retain",
        ),
        (
            "k8s.storageClass('x', 'p', reclaimPolicy='Recycle')",
            "k8s.storageClass: reclaimPolicy: got `Recycle`, want one of Delete, Retain",
        ),
        (
            "k8s.spread('x', whenUnsatisfiable='Wait')",
            "k8s.spread: whenUnsatisfiable: got `Wait`, want one of DoNotSchedule, ScheduleAnyway",
        ),
    ] {
        assert_eq!(why(call), want);
    }
}

#[test]
fn ports_of_a_container_that_its_service_cannot_have_are_named() {
    for (container, want) in [
        (
            "ports={ grpc: 50052 }",
            "service.grpc: got port `grpc` 50052/TCP of the container beside `grpc` 50051/TCP of the service, \
             want another name and number",
        ),
        (
            "ports={ api: 50051 }",
            "service.grpc: got port `api` 50051/TCP of the container beside `grpc` 50051/TCP of the service, \
             want another name and number",
        ),
        (
            "ports=[{ containerPort: 9090 }]",
            "service.grpc: port 9090 of the container has no name",
        ),
    ] {
        let call = format!(
            "service.grpc(params, 'x', port=50051, container=k8s.container('x', {container}))"
        );
        assert_eq!(why(&call), want);
    }
}

#[test]
fn a_name_that_no_label_can_have_is_named() {
    let longest = "x".repeat(63);
    let long = "x".repeat(64);
    for (call, kind, name, app) in [
        (
            "k8s.clusterRole('example:reader', rules=[])",
            "ClusterRole",
            "example:reader",
            "example:reader",
        ),
        (
            "k8s.role(params, 'x', rules=[], app='-x')",
            "Role",
            "x",
            "-x",
        ),
        ("k8s.role(params, 'x', rules=[], app='')", "Role", "x", ""),
        (
            &format!("k8s.configMap(params, '{long}', data={{}})"),
            "ConfigMap",
            &long,
            &long,
        ),
        (
            &format!(
                "[k8s.configMap(params, '{longest}', data={{}}), k8s.serviceAccount(params, 'a_')]"
            ),
            "ServiceAccount",
            "a_",
            "a_",
        ),
    ] {
        assert_eq!(
            why(call),
            format!(
                "{kind} `{name}`: app (label app.kubernetes.io/name): got `{app}`, want 1 to 63 of A-Z, a-z, 0-9, \
                 `-`, `_` and `.`, with a letter or digit at both ends"
            )
        );
    }
}

#[test]
fn an_autoscaler_has_room_above_its_fewest_pods() {
    for (call, want) in [
        (
            "k8s.horizontalPodAutoscaler(params, 'x', maxReplicas=1)",
            "k8s.horizontalPodAutoscaler: maxReplicas: got 1, want at least minReplicas, which is 2",
        ),
        (
            "service.grpc(params, 'x', port=1, maxReplicas=byEnv(params, { prod: 9 }, default=1))",
            "service.grpc: maxReplicas: got 1, want at least replicas, which is 2",
        ),
        (
            "service.http(params, 'x', port=1, replicas=4, maxReplicas=3)",
            "service.http: maxReplicas: got 3, want at least replicas, which is 4",
        ),
    ] {
        assert_eq!(why(call), want);
    }
}

#[test]
fn a_policy_asks_for_a_service_with_pods_of_the_same_namespace() {
    for call in [
        "networkPolicy.allowTo(params, 'x', services=[k8s.externalNameService(params, 's', 'h')])",
        "service.grpc(params, 'x', port=1, calls=[k8s.service(params, 's', { a: 1 }, app=null)])",
    ] {
        assert_eq!(
            why(call),
            "networkPolicy.allowTo: Service `s` has no selector, so its pods are not known; \
             allow its addresses by a `k8s.networkPolicy` with `networkPolicy.addresses`"
        );
    }
    assert_eq!(
        why(
            "networkPolicy.allowFrom(params, 'x', service=k8s.externalNameService(params, 's', 'h'), clients=[])"
        ),
        "networkPolicy.allowFrom: Service `s` has no selector, so its pods are not known"
    );
    assert_eq!(
        why(
            "local s = k8s.service(k8s.inNamespace(params, 'other'), 's', { a: 1 });\n\
             networkPolicy.allowFrom(params, 'x', service=s, clients=['c'])"
        ),
        "networkPolicy.allowFrom: Service `s` is in namespace `other`, want `alice`"
    );
}

#[test]
fn a_misspelt_argument_is_named() {
    for (call, argument) in [
        ("k8s.container('x', readyness=null)", "readyness"),
        ("k8s.probe.http(80, pth='/')", "pth"),
        ("networkPolicy.allowDns(params, ap='x')", "ap"),
        ("service.grpc(params, 'x', prot=1)", "prot"),
        // Inside of a list.
        (
            "k8s.deployment(params, 'x', containers=[k8s.container('x', readyness=null)])",
            "readyness",
        ),
        (
            "networkPolicy.allowTo(params, 'x', services=[k8s.service(params, 's', { a: 1 }, ap='s')])",
            "ap",
        ),
        (
            "local s = k8s.service(params, 's', { a: 1 });\n\
             networkPolicy.allowFrom(params, 'x', service=s, clients=[networkPolicy.pods(ap='s')])",
            "ap",
        ),
        (
            "networkPolicy.allowFrom(params, 'x', service=k8s.service(params, 's', { a: 1 }), \
             clients=['a', networkPolicy.pods(ap='s')])",
            "ap",
        ),
    ] {
        assert_eq!(why(call), format!("parameter {argument} is not defined"));
    }
}

#[test]
fn a_misspelt_environment_is_named_with_those_there_are() {
    assert_eq!(
        why("byEnv(params, { prod: 3, prdo: 3 }, default=1)"),
        "envs: got `prdo`, want one of prod, staging, dev, myns"
    );
}

#[test]
fn an_environment_that_is_rendered_but_not_known_is_named() {
    assert_eq!(
        why_in("test", "byEnv(params, { prod: 3 }, default=1)"),
        "envs: got `test`, want one of prod, staging, dev, myns"
    );
}

#[test]
fn an_environment_without_value_and_default_is_named() {
    assert_eq!(
        why("byEnv(params, { prod: 3 })"),
        "envs: no value for `myns`, and no default"
    );
}

#[test]
fn a_monitor_of_a_port_that_there_is_not_is_told_which_there_are() {
    assert_eq!(
        why(
            "monitoring.podMonitor(params, 'web', pods=k8s.deployment(params, 'web', [\n\
             k8s.container('web', ports={ http: 80, metric: 9464 })]))"
        ),
        "monitoring.podMonitor: Deployment `web` has no port `metrics`, want one of [http, metric]"
    );
    assert_eq!(
        why(
            "monitoring.serviceMonitor(params, 'web', service=k8s.service(params, 'web', { http: 80 }))"
        ),
        "monitoring.serviceMonitor: Service `web` has no port `metrics`, want one of [http]"
    );
}

#[test]
fn what_monitoring_has_to_be_given_is_named() {
    for (call, want) in [
        ("podMonitor(params, 'a')", "podMonitor: set pods"),
        ("serviceMonitor(params, 'a')", "serviceMonitor: set service"),
        ("prometheusRule(params, 'a')", "prometheusRule: set groups"),
        ("dashboard(params, 'a')", "dashboard: set panels"),
        ("alert('A', 'up')", "alert: set summary"),
    ] {
        assert_eq!(
            why(&format!("monitoring.{call}")),
            format!("monitoring.{want}")
        );
    }
}
