//! What the actions write.

use super::{DIGEST, deployment, myns, notes, resolve, resolving, run};
use serde_json::Value;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::write(self.0.path().join(name), text).expect("writes");
        self.path(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).expect("reads")
    }
}

#[test]
fn an_image_that_was_built_is_named_by_its_digest() {
    let folder = Folder::new();
    let src = folder.file("src.json", deployment("client"));
    let descriptor = folder.file("d.json", format!(r#"{{"digest":"{DIGEST}","size":2}}"#));
    let image = format!("--image=client=localhost:31000/demo/client={descriptor}");
    resolve(&src, &folder.path("out.json"), &myns(&[&image])).expect("resolves");
    let text = folder.read("out.json");
    let want = format!("\"localhost:31000/demo/client@{DIGEST}\"");
    assert!(text.contains(&want), "{text}");
    assert!(text.ends_with("}\n"));
}

/// The lock file of a service with the images `client` and `proxy`.
fn pins() -> String {
    format!(
        r#"{{
  "dev": {{
    "client": {{
      "image": "localhost:31000/demo/client@{DIGEST}"
    }}
  }},
  "prod": {{
    "client": {{
      "image": "ghcr.io/acme/client:v1@{DIGEST}",
      "commit": "3f9c21a"
    }}
  }}
}}
"#
    )
}

#[test]
fn the_pins_of_one_environment() {
    let folder = Folder::new();
    let lock = folder.file("pins.json", pins());
    let of = |environment: &str| {
        let arguments = [
            "pins",
            "--label=//services/client:prod-pins",
            &format!("--lock={lock}"),
            &format!("--environment-name={environment}"),
            "--known-environment=prod",
            "--known-environment=dev",
            "--known-environment=staging",
            "--known-image=client",
            "--known-image=proxy",
            &format!("--out={}", folder.path(environment)),
        ];
        run(&arguments.map(str::to_owned)).expect("writes");
        folder.read(environment)
    };
    let (before, after) = pins()
        .split_once("  },\n  \"prod\"")
        .map(|(before, after)| (before.to_owned(), after.to_owned()))
        .expect("two environments");
    assert_eq!(of("dev"), format!("{before}  }}\n}}\n"));
    assert_eq!(of("prod"), format!("{{\n  \"prod\"{after}"));
    assert_eq!(of("staging"), "{}\n");
}

#[test]
fn an_image_without_a_pin_marks_the_object_that_runs_it() {
    let folder = Folder::new();
    let pins = folder.file("pins.json", pins());
    let prod = |image| deployment(image).replace("alice", "prod");
    let files = [
        folder.file("client.json", prod("client")),
        folder.file("proxy.json", prod("proxy")),
    ];
    let resolved = |own: usize| -> Value {
        let more = [
            "--kind=Deployment",
            "--environment-name=prod",
            "--namespace=prod",
            &format!("--sibling={}", files[1 - own]),
            &format!("--pins={pins}"),
            "--pinned=client=localhost:31000/demo/client",
            "--pinned=proxy=localhost:31000/demo/proxy",
        ];
        resolve(&files[own], &folder.path("out.json"), &more).expect("resolves");
        serde_json::from_str(&folder.read("out.json")).expect("JSON")
    };
    let image = "/spec/template/spec/containers/0/image";
    let client = resolved(0);
    // The lock's value exactly, its repository and its tag too.
    let want = format!("ghcr.io/acme/client:v1@{DIGEST}");
    assert_eq!(client.pointer(image), Some(&want.into()));
    assert_eq!(client.pointer("/metadata/annotations"), None);
    let proxy = resolved(1);
    let want = "localhost:31000/demo/proxy:unpinned";
    assert_eq!(proxy.pointer(image), Some(&want.into()));
    let mark = &proxy["metadata"]["annotations"]["windlass.dev/unpinned"];
    assert_eq!(mark, "proxy");
}

#[test]
fn an_object_that_all_versions_take_is_marked_as_checked() {
    let folder = Folder::new();
    let src = folder.file(
        "src.json",
        r#"{"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}}"#,
    );
    let of = |version: &str| {
        format!(r#"{{"kubernetes": "{version}", "kinds": {{"v1 A": {{}}}}, "definitions": {{}}}}"#)
    };
    let arguments = |last: &str| {
        [
            "check".to_owned(),
            "--label=//a".to_owned(),
            "--environment-name=prod".to_owned(),
            format!("--src={src}"),
            format!("--schema={}", folder.file("1.35.json", of("1.35"))),
            format!("--schema={}", folder.file("1.36.json", last)),
            format!("--out={}", folder.path("checked")),
        ]
    };
    let without = r#"{"kubernetes": "1.36", "kinds": {}, "definitions": {}}"#;
    let error = run(&arguments(without)).expect_err("the second version has no such kind");
    let said = windlass_report::render(&error);
    assert!(said.contains("Kubernetes 1.36 does not take"), "{said}");
    assert!(!std::path::Path::new(&folder.path("checked")).exists());
    run(&arguments(&of("1.36"))).expect("both take it");
    assert_eq!(folder.read("checked"), "");
}

#[test]
fn a_waiver_of_nothing_is_told() {
    let folder = Folder::new();
    let waives = |image: &str, more: &[&str]| {
        let src = folder.file("src.json", deployment(image));
        let all = [&["--waive=latest", "--waive=digests"], more].concat();
        let arguments = resolving(&src, &folder.path("out.json"), &myns(&all));
        notes(&arguments).expect("resolves").join("\n")
    };
    let idle = |rule: &str| {
        let label = "//services/client:myns-deployment";
        format!("warning: `{label}` waives `{rule}`, and breaks no such rule")
    };
    let tag = "r.io/a:v1";
    assert_eq!(waives(tag, &["--digests"]), idle("latest"));
    assert_eq!(waives("r.io/a:latest", &["--digests"]), idle("digests"));
    // Where images are built, nobody asks for digests.
    assert_eq!(waives(tag, &[]), idle("latest"));
    // Which image it will be is not known yet.
    let lock = format!("--pins={}", folder.file("pins.json", "{}"));
    let pinned = [&*lock, "--pinned=client=r.io/demo/client", "--digests"];
    assert_eq!(waives("client", &pinned), "");
    // As it is rendered.
    let kinds = r#"{"kubernetes": "1.36", "kinds": {"apps/v1 Deployment": {}}, "definitions": {}}"#;
    let schema = folder.file("1.36.json", kinds);
    let src = folder.file("src.json", deployment(tag));
    let check = |rules: &[&str]| {
        let mut arguments = vec![
            "check".to_owned(),
            "--label=//services/client:myns-deployment".to_owned(),
            format!("--src={src}"),
            "--environment-name=myns".to_owned(),
            format!("--schema={schema}"),
            format!("--out={}", folder.path("out")),
        ];
        arguments.extend(rules.iter().map(|rule| format!("--waive={rule}")));
        notes(&arguments).expect("checks")
    };
    assert_eq!(check(&["requests"]), [""; 0]);
    assert_eq!(
        check(&["requests", "privileged", "deprecated", "latest"]),
        ["privileged", "deprecated"].map(idle)
    );
}

#[test]
fn waived_rules_are_not_asked_for() {
    let folder = Folder::new();
    let src = folder.file("src.json", deployment("r.io/a:latest"));
    let more = ["--digests", "--waive=latest", "--waive=digests"];
    resolve(&src, &folder.path("out.json"), &myns(&more)).expect("both are waived");
    assert!(folder.read("out.json").contains("r.io/a:latest"));
}

#[test]
fn objects_that_refer_to_each_other_are_marked_as_closed() {
    let folder = Folder::new();
    let of = |kind: &str, rest: &str| {
        let text = format!(
            r#"{{"apiVersion": "v1", "kind": "{kind}", "metadata": {{"name": "a", "namespace": "b"}}, {rest}}}"#
        );
        folder.file(&format!("{kind}.json"), text)
    };
    let pod = r#""spec": {"serviceAccountName": "a", "containers": [{"envFrom": [{"configMapRef": {"name": "c"}}]}]}"#;
    let arguments = [
        "closure".to_owned(),
        "--label=//a".to_owned(),
        format!("--object={}", of("Pod", pod)),
        format!("--given={}", of("ServiceAccount", r#""secrets": []"#)),
        // Checked, though it is given too.
        format!("--given={}", of("Pod", pod)),
        "--external=ConfigMap/c".to_owned(),
        format!("--out={}", folder.path("closed")),
    ];
    for without in [3, 5] {
        let mut some = arguments.to_vec();
        some.remove(without);
        run(&some).expect_err("one of the two is not there");
        assert!(!std::path::Path::new(&folder.path("closed")).exists());
    }
    run(&arguments).expect("both are there");
    assert_eq!(folder.read("closed"), "");
}
