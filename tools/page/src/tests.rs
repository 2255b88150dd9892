//! Whole runs in a checkout of their own, whose `bazelw` answers from files; and each way to fail.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::json;
use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_report::Exit;

use crate::environment::Environment;
use crate::error::Error;
use crate::run;

const BAZELW: &str = "#!/bin/sh
case $1 in
  info) echo \"${PWD%/*}/outputs\" ;;
  query) cat query ;;
  cquery) cat cquery ;;
esac
";

const REQUEST: &str = r#"{"version": 1, "label": "//prod:page", "targets": ["//..."]}"#;

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// Makes `DIR/checkout` with a service in two environments, whose image is pinned in `prod` by the first
/// of its two commits; and a launcher.
fn checkout(folder: &Folder) {
    let script = folder.file("checkout/bazelw", BAZELW);
    let all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(script, all).expect("a program");
    git(folder, &["init", "--quiet"]);
    commit(folder, "The first & only");
    let pins = pins(git(folder, &["rev-parse", "HEAD"]).trim());
    folder.file("checkout/app/prod-pins.json", pins);
    let (mut query, mut cquery) = (
        String::new(),
        "//app:prod-pins\tapp/prod-pins.json\n".to_owned(),
    );
    for (environment, namespace) in [("dev", "dev"), ("prod", "shop")] {
        let pinned = format!("r.io/demo/app@{DIGEST}");
        let image = if environment == "prod" {
            &pinned
        } else {
            "app"
        };
        let manifest = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "app", "namespace": namespace},
            "spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}});
        let file = format!("app/{environment}.json");
        folder.file(&format!("checkout/{file}"), manifest.to_string());
        let binding = json!({"environment": {"name": environment, "namespace": namespace}});
        let rule = json!({"name": format!("//app:{environment}-app"), "attribute": [
            {"name": "binding", "stringValue": binding.to_string()},
            {"name": "pins", "stringValue": if environment == "prod" { "//app:prod-pins" } else { "" }},
            {"name": "src", "stringValue": format!("//app:{environment}.json")}]});
        let _ = writeln!(query, "{}", json!({"type": "RULE", "rule": rule}));
        let _ = writeln!(cquery, "//app:{environment}.json\t{file}");
        let _ = writeln!(cquery, "//app:{environment}-app\t{file}");
    }
    folder.file("checkout/query", query);
    folder.file("checkout/cquery", cquery);
    commit(folder, "second");
    folder.file("x.json", REQUEST);
    folder.folder("x.runfiles");
    folder.keep();
}

fn pins(commit: &str) -> String {
    let image = format!("r.io/demo/app@{DIGEST}");
    json!({"prod": {"app": {"image": image, "commit": commit, "who": "ci@example.com"}}})
        .to_string()
}

/// Commits all that there is, at a time and by somebody.
fn commit(folder: &Folder, message: &str) {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", message]);
}

fn git(folder: &Folder, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada & Co", "-c", "user.email=a@b"])
        .args(arguments)
        .current_dir(folder.path("checkout"))
        .env("GIT_COMMITTER_DATE", "2026-11-29T16:23:33+01:00")
        .env("GIT_AUTHOR_DATE", "2026-11-29T16:23:33+01:00")
        .output()
        .expect("git");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn start(folder: &Folder, arguments: &[&str]) -> Result<String, Error> {
    let mut environment = Environment {
        working_directory: Some(folder.path("").into()),
        ..Environment::default()
    };
    environment.around.workspace = Some(folder.path("checkout").into());
    environment.around.path = std::env::var_os("PATH");
    let launcher = folder.path("x");
    let words = [&*launcher].into_iter().chain(arguments.iter().copied());
    run(words.map(OsString::from).collect(), &environment)
}

fn read(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.path(name)).expect(name)
}

#[test]
fn a_pinned_image_has_its_commit_and_the_page_is_always_the_same() {
    let folder = Folder::new();
    checkout(&folder);
    let told = start(&folder, &["--env", "prod"]).expect("a page");
    assert_eq!(told, "deployments-prod/index.html\n");
    let page = read(&folder, "deployments-prod/index.html");
    for text in [
        "<th scope=\"row\">//app</th><td>Deployment app</td><td><code>r.io/demo/app</code></td>",
        "sha256:111111111111</code>",
        "The first &amp; only",
        "<time datetime=\"2026-11-29T15:23:33Z\">",
        "Ada &amp; Co<br><span class=\"soft\">published by ci@example.com",
        "<dt>namespace</dt><dd>shop</dd>",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("in no commit"));
    let told = start(&folder, &["--env=prod", "--output=again"]).expect("a page");
    assert_eq!(told, "again/index.html\n");
    assert_eq!(read(&folder, "again/index.html"), page);
}

#[test]
fn what_is_built_has_no_digest_and_changes_are_told() {
    let folder = Folder::new();
    checkout(&folder);
    folder.file(
        "checkout/app/dev.json",
        read(&folder, "checkout/app/dev.json") + "\n",
    );
    start(&folder, &["--env=dev", "--output=dev"]).expect("a page");
    let page = read(&folder, "dev/index.html");
    assert!(page.contains("built when it is applied"), "{page}");
    assert!(
        page.contains(", with changes that are in no commit"),
        "{page}"
    );
}

#[test]
fn a_commit_that_is_not_here_is_named_and_no_more() {
    let folder = Folder::new();
    checkout(&folder);
    folder.file("checkout/app/prod-pins.json", pins("3f9c21a0b1c2"));
    start(&folder, &["--env=prod", "--output=page"]).expect("a page");
    let page = read(&folder, "page/index.html");
    assert!(
        page.contains("3f9c21a0b1c2</code></td><td data-key=\"\"></td>"),
        "{page}"
    );
}

const USAGE: Case<Error> = Case {
    variant: "Usage",
    exit: Exit::Usage,
    text: "error: the following required arguments were not provided:\n  \
           --env <ENVIRONMENT>\n\n\
           Usage: x --env <ENVIRONMENT> [-- <BAZEL_FLAG>...]\n\n\
           For more information, try '--help'.\n",
    provoke: |folder| {
        checkout(folder);
        start(folder, &[]).map(drop)
    },
};

const CASES: &[Case<Error>] = &[
    USAGE,
    Case {
        variant: "Files",
        exit: Exit::Failure,
        text: "error: cannot find the files of this program\n\
               cause: cannot find this program: got argv[0] nothing, want its path, or its name in \
               PATH\n",
        provoke: |_| run(Vec::new(), &Environment::default()).map(drop),
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot use request `DIR/x.json`\n\
               cause: version: got 2, want 1\n",
        provoke: |folder| {
            folder.file("x.json", r#"{"version": 2}"#);
            folder.folder("x.runfiles");
            start(folder, &["--env=prod"]).map(drop)
        },
    },
    Case {
        variant: "Rendered",
        exit: Exit::Usage,
        text: "error: BUILD_WORKSPACE_DIRECTORY: got nothing, want the checkout; `bazel run` in a \
               workspace sets it\n\
               hint: bazel run //prod:page\n",
        provoke: |folder| {
            checkout(folder);
            let words = [folder.path("x"), "--env=prod".to_owned()].map(OsString::from);
            run(words.to_vec(), &Environment::default()).map(drop)
        },
    },
    Case {
        variant: "UnknownEnvironment",
        exit: Exit::Usage,
        text: "error: no object is in environment `prd`, want one of `dev`, `prod`; the nearest is \
               `prod`\n",
        provoke: |folder| {
            checkout(folder);
            start(folder, &["--env=prd"]).map(drop)
        },
    },
    Case {
        variant: "Pins",
        exit: Exit::Input,
        text: "error: cannot tell what is pinned\n\
               cause: cannot read `//app:prod-pins`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            checkout(folder);
            std::fs::remove_file(folder.path("checkout/app/prod-pins.json")).expect("removed");
            folder.keep();
            start(folder, &["--env=prod"]).map(drop)
        },
    },
    Case {
        variant: "Write",
        exit: Exit::Failure,
        text: "error: cannot write `x.json/index.html`\n\
               cause: File exists (os error 17)\n",
        provoke: |folder| {
            checkout(folder);
            start(folder, &["--env=prod", "--output=x.json"]).map(drop)
        },
    },
];

#[test]
fn every_error_has_a_case() {
    check(CASES, Error::VARIANTS, |error| error.into());
}
