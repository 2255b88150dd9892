//! What a change does, as text, as a comment, and as a document.

use serde_json::Value;
use windlass_error_cases::Folder;
use windlass_report::Exit;

use super::fake::{AGAINST, checkout, environment, git, put, start};
use crate::document;
use crate::environment::Environment;

const MAP: &str = r#"{"apiVersion": "v1", "kind": "ConfigMap",
    "metadata": {"name": "app", "namespace": "NAMESPACE"}, "data": {"k": "1"}}"#;
const OTHER_MAP: &str = r#"{"apiVersion": "v1", "kind": "ConfigMap",
    "metadata": {"name": "app", "namespace": "NAMESPACE"}, "data": {"k": "2", "at": "x.NAMESPACE"}}"#;
const SERVICE: &str = r#"{"apiVersion": "v1", "kind": "Service",
    "metadata": {"name": "web", "namespace": "NAMESPACE"}, "spec": {"ports": [{"port": 80}]}}"#;
const RENAMED: &str = r#"{"apiVersion": "v1", "kind": "Service",
    "metadata": {"name": "www", "namespace": "NAMESPACE"}, "spec": {"ports": [{"port": 80}]}}"#;
const SECRET: &str = r#"{"apiVersion": "v1", "kind": "Secret",
    "metadata": {"name": "db", "namespace": "NAMESPACE"}, "stringData": {"password": "hunter2"}}"#;

/// A checkout in which one object changes, one gets another name, one comes and one goes.
fn changed() -> Folder {
    let folder = Folder::new();
    let gone = SERVICE.replace("web", "gone");
    checkout(
        &folder,
        &[
            ("a", "map", MAP),
            ("b", "service", SERVICE),
            ("b", "gone", &gone),
            ("c", "same", MAP),
        ],
    );
    put(
        &folder,
        &[
            ("a", "map", OTHER_MAP),
            ("b", "service", RENAMED),
            ("b", "secret", SECRET),
            ("c", "same", MAP),
        ],
    );
    folder
}

fn shown(folder: &Folder, arguments: &[&str]) -> (String, Exit) {
    let outcome = start(folder, AGAINST, arguments, &environment(folder));
    let outcome = outcome.expect("an answer");
    let commit = git(folder, &["rev-parse", "HEAD"]);
    let commit = commit.trim();
    let text = outcome.data.replace(commit, "COMMIT");
    (text.replace(&commit[..12], "SHORT"), outcome.exit)
}

#[test]
fn people_see_how_far_it_reaches_and_each_field() {
    let (text, exit) = shown(&changed(), &[]);
    let want = "\
the checkout against `HEAD` (SHORT): 2 services in 2 environments change
  //a  dev, prod: 2 changed
  //b  dev, prod: 2 added, 2 removed, 2 renamed
  2 manifests as before

//a
~ ConfigMap app  in dev
    data.k: \"1\" -> \"2\"
    data.at: (none) -> \"x.dev\"
~ ConfigMap app  in prod
    data.k: \"1\" -> \"2\"
    data.at: (none) -> \"x.shop\"

//b
+ Secret db  in dev, prod
    apiVersion: v1
    kind: Secret
    metadata:
      name: db
    stringData:
      password: '***'
- Service gone  in dev, prod
~ Service web -> www  in dev, prod
    metadata.name: \"web\" -> \"www\"
";
    assert_eq!((text.as_str(), exit), (want, Exit::Success));
}

#[test]
fn nothing_changes() {
    let folder = Folder::new();
    checkout(&folder, &[("a", "map", MAP)]);
    for (arguments, want) in [
        (
            &["--exit-code"][..],
            "the checkout against `HEAD` (SHORT): nothing changes, 2 manifests as before\n",
        ),
        (
            &["--output=markdown"],
            "### Manifests: nothing changes\n\n\
             Of the checkout against `HEAD` (SHORT): 2 manifests as before.\n",
        ),
    ] {
        let (text, exit) = shown(&folder, arguments);
        assert_eq!((text.as_str(), exit), (want, Exit::Success));
    }
}

#[test]
fn two_revisions_are_compared_without_the_checkout() {
    let folder = changed();
    let (text, exit) = shown(&folder, &["--at=HEAD", "--exit-code"]);
    let want = "`HEAD` (SHORT) against `HEAD` (SHORT): nothing changes, 8 manifests as before\n";
    assert_eq!((text.as_str(), exit), (want, Exit::Success));
}

#[test]
fn a_comment_unfolds() {
    let (text, exit) = shown(&changed(), &["--output=markdown", "--exit-code"]);
    let want = "\
### Manifests: 2 services in 2 environments change

Of the checkout against `HEAD` (SHORT); 2 manifests as before.

| service | environments | objects |
|---|---|---|
| `//a` | dev, prod | 2 changed |
| `//b` | dev, prod | 2 added, 2 removed, 2 renamed |

<details><summary><b>ConfigMap app</b> of //a: changed in dev</summary>

```diff
- data.k: \"1\"
+ data.k: \"2\"
+ data.at: \"x.dev\"
```

</details>
";
    assert_eq!(exit, Exit::Differs);
    assert!(text.starts_with(want), "{text}");
    let gone = "\n<b>Service gone</b> of //b: removed in dev, prod\n";
    assert!(text.contains(gone), "{text}");
    assert!(text.contains("\n+   password: '***'\n"), "{text}");
}

#[test]
fn the_document_is_as_its_schema_says() {
    let (text, _) = shown(&changed(), &["--output=json"]);
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    let schema = serde_json::to_value(document::schema()).expect("JSON");
    compiler.add_resource("s.json", schema).expect("a schema");
    let at = compiler.compile("s.json", &mut schemas).expect("compiles");
    schemas.validate(&document, at).expect("as it says");

    let after = serde_json::json!({"revision": null, "commit": null});
    let before = serde_json::json!({"revision": "HEAD", "commit": "COMMIT"});
    assert_eq!((&document["before"], &document["after"]), (&before, &after));
    let objects = document["objects"].as_array().expect("objects");
    let one = |object: &Value| {
        let text = |name: &str| object[name].as_str().expect("a text").to_owned();
        format!("{} {} {}", text("change"), text("label"), text("name"))
    };
    let got: Vec<String> = objects.iter().map(one).collect();
    let want = [
        "changed //a:dev-map app",
        "changed //a:prod-map app",
        "added //b:dev-secret db",
        "added //b:prod-secret db",
        "removed //b:dev-gone gone",
        "removed //b:prod-gone gone",
        "renamed //b:dev-service www",
        "renamed //b:prod-service www",
    ];
    assert_eq!(got, want);
    assert_eq!(objects[6]["was"]["name"], "web");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn what_bazel_is_at_is_shown_on_a_terminal() {
    for shows_progress in [true, false] {
        let folder = changed();
        let asked = folder.file("asked", "");
        let environment = Environment {
            shows_progress,
            ..environment(&folder)
        };
        start(&folder, AGAINST, &[], &environment).expect("an answer");
        let asked = std::fs::read_to_string(asked).expect("reads");
        let builds: Vec<&str> = asked
            .lines()
            .filter(|line| line.starts_with("build "))
            .collect();
        assert_eq!(builds.len(), 1, "{asked}");
        assert_eq!(
            !builds[0].contains("--noshow_progress"),
            shows_progress,
            "{asked}"
        );
        // The rest takes no time.
        let silent = asked
            .lines()
            .filter(|line| line.contains("--noshow_progress"));
        assert_eq!(
            silent.count(),
            asked.lines().count() - usize::from(shows_progress)
        );
    }
}
