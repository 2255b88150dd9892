//! What the tool does, by its command line.

use clap::Parser as _;
use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_report::Exit;

use crate::{Error, cli::Arguments, run};

const MAP: &str = r#"{"apiVersion": "v1", "kind": "ConfigMap",
    "metadata": {"name": "web", "namespace": "prod"}}"#;
const NAMESPACE: &str = r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}"#;

/// Writes a request of one object, and gives back its flag.
fn request(folder: &Folder, name: &str, kind: &str, object: &str, place: &str) -> String {
    let manifest = folder.file(&format!("{name}.manifest.json"), object);
    let request = format!(
        r#"{{"version": 1, "verb": "roles", "target": "//{name}:prod", "environment": {{
            "name": "prod", "namespace": "{place}", "personal": false, "rollout": "parallel",
            "protected": true}}, "forbidden_namespaces": [],
            "cluster": {{"context": "windlass", "id": null}}, "setup": "//prod:setup.apply",
            "groups": [{{"id": "demo/{name}/prod", "label": "//{name}:prod", "objects": [
                {{"label": "//{name}:object", "kind": "{kind}", "manifest": "{manifest}"}}]}}],
            "edges": [], "images": []}}"#
    );
    format!(
        "--request={}",
        folder.file(&format!("{name}.json"), &request)
    )
}

fn roles(arguments: &[String], out: &str) -> Result<(), Error> {
    let out = format!("--out={out}");
    let words = ["roles", &out].into_iter();
    run(&Arguments::parse_from(
        words.chain(arguments.iter().map(String::as_str)),
    ))
}

const CASES: &[Case<Error>] = &[
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot use the request of this target\n\
               cause: cannot read request `DIR/x.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            let missing = format!("--request={}", folder.path("x.json"));
            roles(&[missing], &folder.path("out.json"))
        },
    },
    Case {
        variant: "Cluster",
        exit: Exit::Input,
        text: "error: no account of a namespace can apply `//setup:prod`: Namespace `x` is in no \
               namespace\n",
        provoke: |folder| {
            let request = request(folder, "setup", "Namespace", NAMESPACE, "");
            roles(&[request], &folder.path("out.json"))
        },
    },
    Case {
        variant: "Write",
        exit: Exit::Failure,
        text: "error: cannot write `DIR/missing/out.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            let request = request(folder, "web", "ConfigMap", MAP, "prod");
            roles(&[request], &folder.path("missing/out.json"))
        },
    },
];

#[test]
fn every_error_has_a_case() {
    check(CASES, Error::VARIANTS, |error| error.into());
}

#[test]
fn the_rights_of_several_targets_are_those_of_one_account() {
    let folder = Folder::new();
    let requests = ["web", "api"].map(|name| request(&folder, name, "ConfigMap", MAP, "prod"));
    let out = folder.path("out.json");
    roles(&requests, &out).expect("written");
    let rules: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out).expect("a file")).expect("JSON");
    let maps = &rules["prod"][0];
    let names = maps["resourceNames"].as_array().expect("names");
    // The object, and the inventory of each group.
    assert_eq!(names.len(), 3, "{rules:#}");
    assert_eq!(maps["verbs"], serde_json::json!(["create", "get", "patch"]));
}
