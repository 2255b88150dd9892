//! Tours of a repository of git, with a Bazel that refuses what holds the word `wrong`, is
//! interrupted by `slow`, and lists nothing of what holds `broken`.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_rendered::environment::Environment;
use windlass_report::{Exit, Explain as _};

use super::{Error, error_of, run};

const BAZELW: &str = "#!/bin/sh
for word in \"$@\"; do
  case $word in
    --output_base=*) base=${word#*=} ;;
    --*) ;;
    *) verb=$word; break ;;
  esac
done
case $verb in
  info) echo \"${PWD%/*}/outputs\" ;;
  query) ! grep -q broken a.jsonnet || exit 7 ;;
  shutdown) rm -f \"$base.server\" ;;
  build) ! grep -q slow a.jsonnet || { echo 'error: it is slow' >&2; exit 8; }
    ! grep -q wrong a.jsonnet || { echo 'error: it is wrong' >&2; exit 1; } ;;
esac
";

/// Makes a checkout in `DIR/checkout`, and goes through one step in it.
fn tour(folder: &Folder, old: &str, new: &str) -> Result<(), Error> {
    folder.file("outputs/windlass-rendered.lock", "");
    let script = folder.file("checkout/bazelw", BAZELW);
    let all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(script, all).expect("a program");
    if !Path::new(&folder.path("checkout/a.jsonnet")).exists() {
        folder.file("checkout/a.jsonnet", "{ right: 1 }\n");
    }
    for arguments in [
        &["init", "--quiet"][..],
        &["add", "--all"],
        &["commit", "--quiet", "--message=all"],
    ] {
        let status = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@b"])
            .args(arguments)
            .current_dir(folder.path("checkout"))
            .status();
        assert!(status.expect("git").success(), "{arguments:?}");
    }
    folder.keep();
    let step = format!(
        r#"{{"title": "A step:", "refused": ["//:a"],
            "edits": [{{"file": "a.jsonnet", "old": "{old}", "new": "{new}"}}]}}"#
    );
    start(folder, &step)
}

fn start(folder: &Folder, step: &str) -> Result<(), Error> {
    folder.folder("x.runfiles");
    let request = format!(
        r#"{{"version": 1, "label": "//:tour", "targets": ["//..."], "steps": [{step}],
            "next": []}}"#
    );
    folder.file("x.json", request);
    let environment = Environment {
        workspace: Some(folder.path("checkout").into()),
        path: std::env::var_os("PATH"),
        ..Environment::default()
    };
    run(Some(OsStr::new(&folder.path("x"))), &environment)
}

const CASES: &[Case<Error>] = &[
    Case {
        variant: "Files",
        exit: Exit::Failure,
        text: "error: cannot find the files of the tour\n\
               cause: cannot find this program: got argv[0] nothing, want its path, or its name in \
               PATH\n",
        provoke: |_| run(None, &Environment::default()),
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot read request `DIR/x.json`\n\
               cause: version: got 2, want 1\n",
        provoke: |folder| {
            folder.folder("x.runfiles");
            folder.file("x.json", r#"{"version": 2, "other": []}"#);
            run(Some(OsStr::new(&folder.path("x"))), &Environment::default())
        },
    },
    Case {
        variant: "Rendered",
        exit: Exit::Usage,
        text: "error: BUILD_WORKSPACE_DIRECTORY: got nothing, want the checkout; `bazel run` in a \
               workspace sets it\n\
               hint: bazel run //:tour\n",
        provoke: |folder| {
            folder.folder("x.runfiles");
            let request =
                r#"{"version": 1, "label": "//:tour", "targets": [], "steps": [], "next": []}"#;
            folder.file("x.json", request);
            run(Some(OsStr::new(&folder.path("x"))), &Environment::default())
        },
    },
    Case {
        variant: "Edit",
        exit: Exit::Failure,
        text: "error: cannot edit `b.jsonnet`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            tour(folder, "right", "wrong")?;
            start(
                folder,
                r#"{"title": "A step:", "refused": [],
                    "edits": [{"file": "b.jsonnet", "old": "a", "new": "b"}]}"#,
            )
        },
    },
    Case {
        variant: "NoText",
        exit: Exit::Input,
        text: "error: cannot edit `a.jsonnet`: it does not hold `left`\n",
        provoke: |folder| tour(folder, "left", "wrong"),
    },
    Case {
        variant: "NotRefused",
        exit: Exit::Failure,
        text: "error: `bazel build //:a` is not refused as it should be\n",
        provoke: |folder| tour(folder, "right", "also right"),
    },
];

#[test]
fn every_error_has_a_case() {
    check(CASES, Error::VARIANTS, |error| error.into());
}

#[test]
fn what_is_refused_is_shown_and_leaves_nothing() {
    let folder = Folder::new();
    tour(&folder, "right", "wrong").expect("it is refused");
    let text = std::fs::read_to_string(folder.path("checkout/a.jsonnet"));
    assert_eq!(text.expect("there"), "{ right: 1 }\n");
}

#[test]
fn a_bazel_that_is_interrupted_refuses_nothing() {
    let folder = Folder::new();
    let error = tour(&folder, "right", "slow").expect_err("it is interrupted");
    let text = windlass_report::render(&error);
    let want = "error: the manifests of the copy cannot be built\n\
                cause: `bazel build`: exit status: 8\n";
    assert_eq!((text.as_str(), error.exit()), (want, Exit::Interrupted));
}

#[test]
fn a_copy_that_cannot_be_rendered_leaves_no_server() {
    let folder = Folder::new();
    folder.file("checkout/a.jsonnet", "{ right: 'broken' }\n");
    let server = folder.file("outputs/windlass-rendered.server", "");
    let error = tour(&folder, "right", "wrong").expect_err("it is broken");
    let text = "the manifests of the copy cannot be listed";
    assert_eq!(error.to_string(), text);
    assert!(!Path::new(&server).exists(), "its server is shut down");
}

#[test]
fn the_error_of_a_tool_is_found_in_what_bazel_says() {
    let said = "INFO: Analyzed\nERROR: /a/BUILD: Checking //a failed\nerror: cannot check `//a`\n\
                cause: it is wrong\n  | here\nUse --verbose_failures to see\nTarget //a failed\n";
    let want = "error: cannot check `//a`\ncause: it is wrong\n  | here\n";
    assert_eq!(error_of(said), want);
    assert_eq!(error_of("ERROR: no such target\n"), "");
}
