//! What the closure check says of the corpus, which was written for another purpose: each finding
//! is a name of nothing that somebody wrote on purpose, or would be a false one.

use std::collections::BTreeSet;
use std::fs;

use windlass_k8s_object::Object;
use windlass_manifest::closure::dangling;

/// Findings, by object and field, that are right: nothing here is called so.
const RIGHT: &[(&str, &str)] = &[
    ("ClusterRoleBinding `corpus-nobody`", "roleRef.name"),
    (
        "Deployment `corpus/probes`",
        "spec.template.spec.containers[0].readinessProbe.httpGet.port",
    ),
    (
        "HorizontalPodAutoscaler `corpus/behaviour`",
        "spec.scaleTargetRef.name",
    ),
    (
        "HorizontalPodAutoscaler `corpus/first-version-bare`",
        "spec.scaleTargetRef.name",
    ),
    (
        "HorizontalPodAutoscaler `corpus/first-version`",
        "spec.scaleTargetRef.name",
    ),
    (
        "HorizontalPodAutoscaler `corpus/metrics`",
        "spec.scaleTargetRef.name",
    ),
    (
        "HorizontalPodAutoscaler `corpus/other-quantities`",
        "spec.scaleTargetRef.name",
    ),
    (
        "HorizontalPodAutoscaler `corpus/plain`",
        "spec.scaleTargetRef.name",
    ),
    (
        "Ingress `corpus/old-annotation`",
        "spec.rules[0].http.paths[0].backend.service.name",
    ),
    (
        "MutatingWebhookConfiguration `corpus-plain`",
        "webhooks[0].clientConfig.service.name",
    ),
    (
        "MutatingWebhookConfiguration `corpus-reinvoked`",
        "webhooks[0].clientConfig.service.name",
    ),
    ("NetworkPolicy `corpus/deny-all`", "spec.podSelector"),
    ("NetworkPolicy `corpus/egress`", "spec.podSelector"),
    ("NetworkPolicy `corpus/empty-rules`", "spec.podSelector"),
    ("NetworkPolicy `corpus/ingress`", "spec.podSelector"),
    ("PodDisruptionBudget `corpus/zero`", "spec.selector"),
    ("RoleBinding `corpus/nobody`", "roleRef.name"),
    ("Service `corpus/named-target`", "spec.ports[0].targetPort"),
    ("Service `corpus/two-ports`", "spec.ports[0].targetPort"),
    (
        "ValidatingWebhookConfiguration `corpus-empty-fields`",
        "webhooks[0].clientConfig.service.name",
    ),
    (
        "ValidatingWebhookConfiguration `corpus-plain`",
        "webhooks[0].clientConfig.service.name",
    ),
    (
        "ValidatingWebhookConfiguration `corpus-several`",
        "webhooks[1].clientConfig.service.name",
    ),
];

fn corpus() -> Vec<Object> {
    let halves = ["foundation", "namespaced"];
    let folders = halves.map(|half| format!("e2e/corpus/{half}.rendered"));
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("is in the runfiles"));
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let text = fs::read_to_string(entry.expect("lists").path()).expect("reads");
        Object::parse(&text).expect("is an object")
    };
    files.map(read).collect()
}

#[test]
fn no_finding_of_the_corpus_is_false() {
    let objects = corpus();
    assert!(objects.len() > 200, "{} objects", objects.len());
    let found = dangling(&objects, &[], &[]);
    let got: BTreeSet<_> = found
        .iter()
        .map(|one| (one.object.as_str(), one.path.as_str()))
        .collect();
    let want: BTreeSet<_> = RIGHT.iter().copied().collect();
    let lines: Vec<_> = found.iter().map(|one| format!("{one}\n")).collect();
    assert_eq!(got, want, "\n{}", lines.concat());
}
