//! A checkout of a case's own, and in it a `bazelw` that answers from its files.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::json;
use windlass_error_cases::Folder;

use crate::environment::Environment;
use crate::error::Error;
use crate::{Outcome, run};

/// What `bazelw` does: `query` and `cquery` print files, `fails` names a verb that fails, and
/// `shutdown` takes away what stands for a server. A file `asked` beside the checkout is given its
/// command lines. With a file `hangs.<verb>` it takes that away, and waits to be ended.
const BAZELW: &str = "#!/bin/sh
for word in \"$@\"; do
  case $word in
    --output_base=*) base=${word#*=} ;;
    --*) ;;
    *) verb=$word; break ;;
  esac
done
if [ -e \"$base.hangs.$verb\" ]; then rm \"$base.hangs.$verb\"; exec sleep 60; fi
if [ \"$(cat fails)\" = \"$verb\" ]; then exit 1; fi
if [ -e ../asked ]; then echo \"$*\" >>../asked; fi
case $verb in
  info) echo \"${PWD%/*}/outputs\" ;;
  shutdown) rm -f \"$base.server\" ;;
  query) cat query ;;
  cquery) cat cquery ;;
esac
";

/// Makes a checkout in `DIR/checkout` with one commit. Each manifest is a target of two environments,
/// the package, the file and its text.
pub fn checkout(folder: &Folder, manifests: &[(&str, &str, &str)]) {
    let script = folder.file("checkout/bazelw", BAZELW);
    let all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(script, all).expect("a program");
    folder.file("checkout/fails", "");
    folder.file("outputs/windlass-rendered.lock", "");
    put(folder, manifests);
    git(folder, &["init", "--quiet"]);
    commit(folder);
}

/// Commits all that there is in the checkout.
pub fn commit(folder: &Folder) {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message=all"]);
    folder.keep();
}

/// What git prints in the checkout.
pub fn git(folder: &Folder, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b"])
        .args(arguments)
        .current_dir(folder.path("checkout"))
        .output()
        .expect("git");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Puts manifests into the checkout, in place of those before.
pub fn put(folder: &Folder, manifests: &[(&str, &str, &str)]) {
    let (mut query, mut cquery) = (String::new(), String::new());
    for (package, file, text) in manifests {
        for (environment, namespace) in [("dev", "dev"), ("prod", "shop")] {
            let name = format!("{environment}-{file}");
            let path = format!("{package}/{name}.json");
            let text = text.replace("NAMESPACE", namespace);
            folder.file(&format!("checkout/{path}"), text);
            let src = format!("//{package}:{name}.json");
            let binding = json!({"environment": {"name": environment, "namespace": namespace}});
            let rule = json!({"name": format!("//{package}:{name}"), "attribute": [
                {"name": "binding", "stringValue": binding.to_string()},
                {"name": "src", "stringValue": src}]});
            let _ = writeln!(query, "{}", json!({"type": "RULE", "rule": rule}));
            let _ = writeln!(cquery, "@@{src}\t{path}");
        }
    }
    folder.file("checkout/query", query);
    folder.file("checkout/cquery", cquery);
    folder.keep();
}

/// The environment of a process that `bazel run` has started in the checkout.
pub fn environment(folder: &Folder) -> Environment {
    Environment {
        workspace: Some(folder.path("checkout").into()),
        path: std::env::var_os("PATH"),
        ..Environment::default()
    }
}

/// Makes a launcher with its request, and says where.
pub fn launcher(folder: &Folder, request: &str) -> String {
    folder.folder("x.runfiles");
    folder.file("x.json", request);
    folder.path("x")
}

/// The request of `//:rendered`.
pub const AGAINST: &str =
    r#"{"version": 1, "label": "//:rendered", "task": {"against": {"targets": ["//..."]}}}"#;

/// Runs a launcher.
pub fn start(
    folder: &Folder,
    request: &str,
    arguments: &[&str],
    environment: &Environment,
) -> Result<Outcome, Error> {
    let launcher = launcher(folder, request);
    let words = [&*launcher].into_iter().chain(arguments.iter().copied());
    run(words.map(OsString::from).collect(), environment)
}
