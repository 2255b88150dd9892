//! Objects of every kind that the API server lets one apply, in many forms: applied once, applied
//! again without a write, changed by hand, and mended where they were changed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::Value;

use crate::{Harness, Outcome, audit};

/// The two halves of the corpus: the second needs the namespaces and kinds of the first.
const HALVES: [&str; 2] = ["//e2e/corpus:foundation", "//e2e/corpus:namespaced"];

/// How many objects there are at least.
const LEAST: usize = 200;

/// Something that somebody does to an object by hand.
struct Hand {
    /// `deployments/plain`, as kubectl and URLs have it.
    object: &'static str,
    /// The arguments of kubectl; the object comes after the first one.
    kubectl: &'static [&'static str],
    /// Whether it is to be mended.
    drift: Drift,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Drift {
    /// It is another than we want.
    Yes,
    /// What changed is not ours.
    No,
}

const fn drift(object: &'static str, kubectl: &'static [&'static str]) -> Hand {
    Hand {
        object,
        kubectl,
        drift: Drift::Yes,
    }
}

const fn foreign(object: &'static str, kubectl: &'static [&'static str]) -> Hand {
    Hand {
        object,
        kubectl,
        drift: Drift::No,
    }
}

const STRIP: &[&str] = &[
    "patch",
    "--type=json",
    r#"-p=[{"op":"replace","path":"/metadata/managedFields","value":[{}]}]"#,
];

/// What is done to objects of the foundation.
const TO_FOUNDATION: &[Hand] = &[
    drift(
        "namespaces/corpus-bare",
        &["label", "windlass.dev/environment-"],
    ),
    drift(
        "clusterroles/corpus-plain",
        &[
            "patch",
            "--type=json",
            r#"-p=[{"op":"add","path":"/rules/0/verbs/-","value":"list"}]"#,
        ],
    ),
    drift("clusterroles/corpus-aggregated", STRIP),
    drift(
        "priorityclasses/corpus-zero",
        &["patch", r#"-p={"description":"something"}"#],
    ),
    drift(
        "validatingwebhookconfigurations/corpus-plain",
        &[
            "patch",
            "--type=json",
            r#"-p=[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Fail"}]"#,
        ],
    ),
    drift(
        "customresourcedefinitions/gauges.corpus.windlass.dev",
        &[
            "patch",
            "--type=json",
            r#"-p=[{"op":"replace","path":"/spec/versions/0/additionalPrinterColumns/0/name","value":"F"}]"#,
        ],
    ),
    drift("flowschemas/corpus-plain", &["delete"]),
    drift(
        "oceans/corpus-deep",
        &["patch", "--type=merge", r#"-p={"spec":{"depth":1}}"#],
    ),
    foreign("nodes/node", &["label", "theirs=yes"]),
    foreign(
        "mutatingwebhookconfigurations/corpus-plain",
        &[
            "patch",
            "--type=json",
            r#"-p=[{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCi0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K"}]"#,
        ],
    ),
    foreign(
        "customresourcedefinitions/ships.corpus.windlass.dev",
        &["annotate", "theirs=yes"],
    ),
];

/// What is done to objects in the namespace.
const TO_NAMESPACED: &[Hand] = &[
    drift("deployments/plain", &["scale", "--replicas=1"]),
    drift(
        "deployments/env",
        &[
            "patch",
            r#"-p={"spec":{"template":{"spec":{"containers":[{"name":"pause","env":[{"name":"PLAIN","value":"other"}]}]}}}}"#,
        ],
    ),
    drift("statefulsets/plain", STRIP),
    drift(
        "services/same-port",
        &[
            "patch",
            "--type=json",
            r#"-p=[{"op":"replace","path":"/spec/ports/1/targetPort","value":53}]"#,
        ],
    ),
    drift(
        "configmaps/plain",
        &["patch", r#"-p={"data":{"key":"other"}}"#],
    ),
    drift("configmaps/lines", &["delete"]),
    drift(
        "secrets/text",
        &["patch", r#"-p={"stringData":{"password":"other"}}"#],
    ),
    drift(
        "serviceaccounts/no-token",
        &["patch", r#"-p={"automountServiceAccountToken":true}"#],
    ),
    drift(
        "ingresses/rules",
        &[
            "patch",
            "--type=json",
            r#"-p=[{"op":"replace","path":"/spec/rules/0/host","value":"b.example"}]"#,
        ],
    ),
    drift(
        "networkpolicies/ingress",
        &["label", "app.kubernetes.io/managed-by-"],
    ),
    drift(
        "cronjobs/plain",
        &["patch", r#"-p={"spec":{"schedule":"0 0 1 1 *"}}"#],
    ),
    drift(
        "horizontalpodautoscalers/plain",
        &["patch", r#"-p={"spec":{"maxReplicas":9}}"#],
    ),
    drift(
        "poddisruptionbudgets/percent",
        &["patch", r#"-p={"spec":{"maxUnavailable":1}}"#],
    ),
    drift("roles/named", &["annotate", "windlass.dev/object-"]),
    drift("leases/bare", &["delete"]),
    drift(
        "harbours/keys",
        &[
            "patch",
            "--type=json",
            r#"-p=[{"op":"remove","path":"/spec/berths/1"}]"#,
        ],
    ),
    drift("ships/all-fields", STRIP),
    // What we do not say is for others to say.
    foreign("deployments/no-replicas", &["scale", "--replicas=2"]),
    foreign(
        "configmaps/bare",
        &["patch", r#"-p={"data":{"theirs":"yes"}}"#],
    ),
    foreign("secrets/data", &["annotate", "theirs=yes"]),
    foreign("services/plain", &["label", "theirs=yes"]),
    foreign(
        "ships/some-fields",
        &[
            "patch",
            "--type=merge",
            "--subresource=status",
            r#"-p={"status":{"seen":true}}"#,
        ],
    ),
    foreign("jobs/plain", &["annotate", "theirs=yes"]),
    foreign(
        "harbours/atomic",
        &[
            "patch",
            "--type=merge",
            r#"-p={"spec":{"labels":{"theirs":"yes"}}}"#,
        ],
    ),
];

pub(super) fn run(h: &Harness) {
    let sizes = HALVES.map(|half| applied(h, half));
    let count: usize = sizes.iter().sum();
    assert!(count >= LEAST, "got {count} objects, want {LEAST} at least");
    every_kind_is_there(h);
    for (half, size) in HALVES.iter().zip(sizes) {
        as_wanted(h, half, size);
    }
    for (half, (size, hands)) in HALVES
        .iter()
        .zip(sizes.into_iter().zip([TO_FOUNDATION, TO_NAMESPACED]))
    {
        mended(h, half, hands);
        as_wanted(h, half, size);
    }
}

/// Runs a verb of a half, and says how long it took.
fn verb(h: &Harness, half: &str, verb: &str, arguments: &[&str]) -> Outcome {
    let start = Instant::now();
    let outcome = h.run(&format!("{half}.{verb}"), arguments);
    let took = start.elapsed().as_secs_f32();
    windlass_report::say(&format!("{half}.{verb}: {took:.1} s"));
    outcome
}

/// All is made; how many objects that are.
fn applied(h: &Harness, half: &str) -> usize {
    // The node and the like are there: the cluster has made them. Nobody waits: some are of kinds
    // whose controllers, targets or nodes are not there.
    let arguments = ["--output=json", "--wait=false", "--adopt"];
    let outcome = verb(h, half, "apply", &arguments);
    let objects = objects(outcome.succeeded());
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for object in &objects {
        *kinds.entry(text(&object["kind"])).or_default() += 1;
    }
    windlass_report::say(&format!("{half}: {} kinds: {kinds:?}", kinds.len()));
    objects.len()
}

/// The API server has no kind that one can apply and that the corpus leaves out.
fn every_kind_is_there(h: &Harness) {
    let words = ["api-resources", "--verbs=create,get,patch", "--output=json"];
    let list = h.kubectl(&words);
    let list: Value = serde_json::from_str(&list.succeeded().stdout).expect("JSON");
    let served = list["resources"].as_array().into_iter().flatten();
    let served: BTreeMap<String, String> = served.map(served_kind).collect();
    let names: Vec<&str> = served.values().map(String::as_str).collect();
    let ours = "app.kubernetes.io/managed-by=windlass";
    let applied = h.list(&[&names.join(","), "--all-namespaces", "-l", ours]);
    let kind = |object: &Value| kind_of(text(&object["apiVersion"]), &object["kind"]);
    let applied: BTreeSet<String> = applied.iter().map(kind).collect();
    let missing: Vec<&String> = served
        .keys()
        .filter(|kind| !applied.contains(*kind))
        .collect();
    assert_eq!(missing, [""; 0], "kinds that the corpus leaves out");
    let served = served.len();
    windlass_report::say(&format!(
        "all {served} kinds that the server lets one apply"
    ));
}

/// A kind of the server's list, and its name for kubectl: `deployments.v1.apps`.
fn served_kind(resource: &Value) -> (String, String) {
    let [name, group, version] = ["name", "group", "version"].map(|field| text(&resource[field]));
    let kind = |api_version: &str| kind_of(api_version, &resource["kind"]);
    if group.is_empty() {
        return (kind(version), name.to_owned());
    }
    let api_version = format!("{group}/{version}");
    (kind(&api_version), format!("{name}.{version}.{group}"))
}

fn kind_of(api_version: &str, kind: &Value) -> String {
    format!("{api_version} {}", text(kind))
}

/// A look shows nothing, and a run writes nothing.
fn as_wanted(h: &Harness, half: &str, size: usize) {
    let writes = audit::writes(h).len();
    assert_eq!(
        changes(&verb(h, half, "diff", &["--output=json"])),
        BTreeMap::new()
    );
    let says = format!("nothing changed, {size} objects as wanted");
    let outcome = verb(h, half, "apply", &["--wait=false"]);
    outcome.succeeded().says(&says);
    assert_eq!(audit::writes(h)[writes..], [""; 0], "{half} writes nothing");
}

/// What is changed by hand is named by `diff`, and mended by `apply`, and nothing else is.
fn mended(h: &Harness, half: &str, hands: &[Hand]) {
    let drifted: Vec<&Hand> = hands
        .iter()
        .filter(|hand| hand.drift == Drift::Yes)
        .collect();
    let before: Vec<Value> = drifted
        .iter()
        .map(|hand| described(h, hand.object))
        .collect();
    for hand in hands {
        let (first, rest) = hand.kubectl.split_first().expect("a verb of kubectl");
        let words = [&[*first, "-n", "corpus", hand.object], rest].concat();
        h.kubectl(&words).succeeded();
    }
    let want: BTreeSet<String> = drifted.iter().map(|hand| hand.object.to_owned()).collect();

    let diff = verb(h, half, "diff", &["--output=json", "--force-conflicts"]);
    let changes = changes(&diff);
    windlass_report::say(&format!("{changes:#?}"));
    let names: BTreeSet<&String> = changes.keys().collect();
    let wanted: Vec<String> = before.iter().map(name_of).collect();
    assert_eq!(
        names,
        wanted.iter().collect(),
        "{half}.diff names what was changed"
    );

    let writes = audit::writes(h).len();
    verb(h, half, "apply", &["--force-conflicts", "--wait=false"]).succeeded();
    let written = audit::writes(h).split_off(writes);
    let written = written.iter().map(|write| object_of(write));
    // What the tool notes for itself has a name that nothing here has.
    let all = objects(&diff);
    let names: BTreeSet<&str> = all.iter().map(|object| text(&object["name"])).collect();
    let is_here =
        |object: &String| names.contains(object.split('/').next_back().unwrap_or_default());
    let written: BTreeSet<String> = written.filter(is_here).collect();
    assert_eq!(written, want, "{half}.apply mends what was changed");
    for (hand, before) in drifted.iter().zip(before) {
        assert_eq!(described(h, hand.object), before, "{}", hand.object);
    }
}

/// The objects of a result document.
fn objects(outcome: &Outcome) -> Vec<Value> {
    let document: Value = serde_json::from_str(&outcome.stdout).expect("a result document");
    document["objects"].as_array().cloned().unwrap_or_default()
}

/// The objects that a look would change, with the fields.
fn changes(outcome: &Outcome) -> BTreeMap<String, String> {
    let objects = objects(outcome.succeeded()).into_iter();
    let changed = objects.filter(|object| object["action"] != "same");
    let one = |object: Value| {
        let name = format!("{} {}", text(&object["kind"]), text(&object["name"]));
        let fields = format!("{}: {}", text(&object["action"]), object["fields"]);
        (name, fields)
    };
    changed.map(one).collect()
}

/// The name of an object in [`changes`].
fn name_of(object: &Value) -> String {
    let name = text(&object["metadata"]["name"]);
    format!("{} {name}", text(&object["kind"]))
}

/// `deployments/plain` of `patch /apis/apps/v1/namespaces/corpus/deployments/plain?fieldManager=...`.
fn object_of(write: &str) -> String {
    let path = write.split('?').next().unwrap_or_default();
    let mut parts = path.rsplit('/');
    let (name, plural) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    format!("{plural}/{name}")
}

/// What is described of an object: without what the server counts and its controllers tell.
fn described(h: &Harness, object: &str) -> Value {
    let mut object = h.get(&["-n", "corpus", object]);
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(meta) = object["metadata"].as_object_mut() {
        for name in [
            "creationTimestamp",
            "generation",
            "managedFields",
            "resourceVersion",
            "uid",
        ] {
            meta.remove(name);
        }
    }
    // Each change counts, also the one back.
    let annotations = object["metadata"]["annotations"].as_object_mut();
    annotations.and_then(|all| all.remove("deployment.kubernetes.io/revision"));
    object
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
