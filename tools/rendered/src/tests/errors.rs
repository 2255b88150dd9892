//! One case for each error: what a user reads, which exit code a script sees, and that nothing is
//! left behind.

use std::path::Path;

use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_interrupt::Interrupt;
use windlass_report::{Exit, Explain as _};

use super::fake::{AGAINST, checkout, commit, environment, git, start};
use crate::environment::Environment;
use crate::error::Error;
use crate::outputs::Outputs;

const MAP: &str = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}}"#;

/// The request of a test or an update of one golden, whose manifest is `x.runfiles/m.json`.
fn golden(verb: &str, runfile: &str) -> String {
    format!(
        r#"{{"version": 1, "label": "//a:test", "task": {{"{verb}": {{"goldens": [{{
            "path": "a/golden.json", "runfile": {runfile}, "target": "//a:prod", "personal": null,
            "manifests": ["m.json"]}}]}}}}}}"#
    )
}

fn against(folder: &Folder, arguments: &[&str]) -> Result<(), Error> {
    checkout(folder, &[("a", "map", MAP)]);
    start(folder, AGAINST, arguments, &environment(folder)).map(drop)
}

fn test(folder: &Folder) -> Result<(), Error> {
    let request = golden("test", "\"golden.json\"");
    start(folder, &request, &[], &Environment::default()).map(drop)
}

const CASES: &[Case<Error>] = &[
    Case {
        variant: "Usage",
        exit: Exit::Usage,
        text: "error: invalid value 'xml' for '--output <FORMAT>'\n  \
               [possible values: text, markdown, json]\n\n\
               For more information, try '--help'.\n",
        provoke: |folder| against(folder, &["--output=xml"]),
    },
    Case {
        variant: "Files",
        exit: Exit::Failure,
        text: "error: cannot find the files of this program\n\
               cause: cannot find this program: got argv[0] nothing, want its path, or its name in \
               PATH\n",
        provoke: |_| crate::run(Vec::new(), &Environment::default()).map(drop),
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot use request `DIR/x.json`\n\
               cause: version: got 2, want 1\n",
        provoke: |folder| {
            let request = r#"{"version": 2}"#;
            start(folder, request, &[], &Environment::default()).map(drop)
        },
    },
    Case {
        variant: "NoWorkspace",
        exit: Exit::Usage,
        text: "error: BUILD_WORKSPACE_DIRECTORY: got nothing, want the checkout; `bazel run` in a \
               workspace sets it\n\
               hint: bazel run //:rendered\n",
        provoke: |folder| start(folder, AGAINST, &[], &Environment::default()).map(drop),
    },
    Case {
        variant: "Git",
        exit: Exit::Failure,
        text: "error: cannot find the repository of `DIR/checkout`\n\
               cause: git: No such file or directory (os error 2)\n",
        provoke: |folder| {
            folder.folder("checkout");
            let path = Some(folder.folder("bin").into());
            let environment = environment(folder);
            let environment = Environment {
                path,
                ..environment
            };
            start(folder, AGAINST, &[], &environment).map(drop)
        },
    },
    Case {
        variant: "Revision",
        exit: Exit::Input,
        text: "error: `origin/nowhere` is no revision of this repository\n\
               cause: fatal: Needed a single revision\n\
               hint: git fetch origin nowhere\n",
        provoke: |folder| against(folder, &["--against=origin/nowhere"]),
    },
    Case {
        variant: "NoBazel",
        exit: Exit::Failure,
        text: "error: cannot start Bazel: got no `bazelw` in the checkout, and no `bazelisk` or \
               `bazel` in PATH\n",
        provoke: |folder| {
            checkout(folder, &[("a", "map", MAP)]);
            std::fs::remove_file(folder.path("checkout/bazelw")).expect("removed");
            let git = std::env::split_paths(&std::env::var_os("PATH").expect("PATH"))
                .map(|folder| folder.join("git"))
                .find(|program| program.is_file());
            let bin = folder.folder("bin");
            std::os::unix::fs::symlink(git.expect("git"), folder.path("bin/git")).expect("a link");
            folder.keep();
            let path = Some(bin.into());
            let environment = environment(folder);
            let environment = Environment {
                path,
                ..environment
            };
            start(folder, AGAINST, &[], &environment).map(drop)
        },
    },
    Case {
        variant: "Bazel",
        exit: Exit::Input,
        text: "error: the manifests of the checkout cannot be built\n\
               cause: `bazel build`: exit status: 1\n",
        provoke: |folder| {
            checkout(folder, &[("a", "map", MAP)]);
            folder.file("checkout/fails", "build");
            start(folder, AGAINST, &[], &environment(folder)).map(drop)
        },
    },
    Case {
        variant: "Answer",
        exit: Exit::Failure,
        text: "error: cannot read what Bazel says of the checkout\n\
               cause: `//a:dev-map.json` makes no file of its own, want one\n",
        provoke: |folder| {
            checkout(folder, &[("a", "map", MAP)]);
            folder.file("checkout/cquery", "@@//a:dev-map.json\t\n");
            start(folder, AGAINST, &[], &environment(folder)).map(drop)
        },
    },
    Case {
        variant: "Manifest",
        exit: Exit::Input,
        text: "error: manifest `//a:dev-map` of the checkout is no Kubernetes object\n\
               cause: kind is missing\n",
        provoke: |folder| {
            checkout(folder, &[("a", "map", r#"{"apiVersion": "v1"}"#)]);
            start(folder, AGAINST, &[], &environment(folder)).map(drop)
        },
    },
    Case {
        variant: "Interrupted",
        exit: Exit::Interrupted,
        text: "error: interrupted while another run had the outputs\n",
        provoke: |folder| {
            let interrupt = Interrupt::default();
            let base = folder.folder("outputs");
            let _other = Outputs::take(base.as_ref(), &interrupt)?;
            folder.keep();
            interrupt.set();
            Outputs::take(base.as_ref(), &interrupt).map(drop)
        },
    },
    Case {
        variant: "Twice",
        exit: Exit::Input,
        text: "error: `//a:prod` describes `ConfigMap app` twice\n",
        provoke: |folder| {
            folder.file("x.runfiles/m.json", MAP);
            let request =
                golden("update", "null").replace("[\"m.json\"]", "[\"m.json\", \"m.json\"]");
            start(folder, &request, &[], &environment(folder)).map(drop)
        },
    },
    Case {
        variant: "File",
        exit: Exit::Failure,
        text: "error: cannot read `DIR/x.runfiles/m.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            let request = golden("update", "null");
            start(folder, &request, &[], &environment(folder)).map(drop)
        },
    },
    Case {
        variant: "Golden",
        exit: Exit::Input,
        text: "error: golden `a/golden.json` is no list of Kubernetes objects\n\
               cause: invalid type: map, expected a sequence at line 1 column 0\n\
               hint: bazel run //a:test.update\n",
        provoke: |folder| {
            folder.file("x.runfiles/m.json", MAP);
            folder.file("x.runfiles/golden.json", "{}");
            test(folder)
        },
    },
    Case {
        variant: "Unlike",
        exit: Exit::Differs,
        text: "error: `//a:environments_test`: environments differ otherwise than `mapped` says\n\
               prod -> dev\n\
               ~ ConfigMap app\n    \
                   data.k: \"1\" -> \"2\"\n",
        provoke: |folder| {
            for (environment, namespace, data) in [("prod", "shop", "1"), ("dev", "dev", "2")] {
                let text = format!(
                    r#"{{"apiVersion": "v1", "kind": "ConfigMap", "data": {{"k": "{data}"}},
                        "metadata": {{"name": "app", "namespace": "{namespace}"}}}}"#
                );
                folder.file(&format!("x.runfiles/{environment}.json"), text);
            }
            let request = r#"{"version": 1, "label": "//a:environments_test", "task":
                {"environments": {"mapped": [], "targets": [
                    {"target": "//a:prod", "environment": "prod", "namespace": "shop",
                     "manifests": ["prod.json"]},
                    {"target": "//a:dev", "environment": "dev", "namespace": "dev",
                     "manifests": ["dev.json"]}]}}}"#;
            start(folder, request, &[], &Environment::default()).map(drop)
        },
    },
    Case {
        variant: "Differs",
        exit: Exit::Differs,
        text: "error: `//a:test`: what is rendered differs from 1 golden\n\
               a/golden.json of //a:prod\n  \
                 ~ ConfigMap app\n      \
                     data:\n        \
                       - k: '1'\n\
               hint: if that is as it should be: bazel run //a:test.update\n",
        provoke: |folder| {
            folder.file("x.runfiles/m.json", MAP);
            let old = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"},
                "data": {"k": "1"}}"#;
            folder.file("x.runfiles/golden.json", format!("[{old}]"));
            test(folder)
        },
    },
];

#[test]
fn every_error_has_a_case() {
    check(CASES, Error::VARIANTS, |error| error.into());
}

/// What `check` cannot show: the folder of the revision and its server are gone when its side fails.
#[test]
fn a_revision_that_does_not_build_leaves_nothing() {
    let folder = Folder::new();
    checkout(&folder, &[("a", "map", MAP)]);
    folder.file("checkout/fails", "query");
    commit(&folder);
    folder.file("checkout/fails", "");
    let server = folder.file("outputs/windlass-rendered.server", "");
    let error = start(&folder, AGAINST, &[], &environment(&folder)).expect_err("it does not build");
    let text = windlass_report::render(&error);
    let commit = git(&folder, &["rev-parse", "HEAD"]);
    let want = "error: the manifests of `HEAD` (SHORT) cannot be listed\n\
                cause: `bazel query`: exit status: 1\n\
                hint: name a revision that builds, of those in: git log --oneline HEAD\n";
    assert_eq!(text.replace(&commit[..12], "SHORT"), want);
    let trees = git(&folder, &["worktree", "list"]);
    assert_eq!(trees.lines().count(), 1, "{trees}");
    assert!(!Path::new(&server).exists(), "its server is shut down");
}

#[test]
fn a_signal_ends_bazel_and_leaves_nothing() {
    let folder = Folder::new();
    checkout(&folder, &[("a", "map", MAP)]);
    let server = folder.file("outputs/windlass-rendered.server", "");
    let hangs = folder.file("outputs/windlass-rendered.hangs.build", "");
    let environment = environment(&folder);
    let interrupt = environment.interrupt.clone();
    let signal = std::thread::spawn(move || {
        while Path::new(&hangs).exists() {
            std::thread::yield_now();
        }
        interrupt.set();
        interrupt.end_child();
    });
    let error = start(&folder, AGAINST, &[], &environment).expect_err("it is interrupted");
    signal.join().expect("ends");
    assert_eq!(error.exit(), Exit::Interrupted, "{error}");
    let trees = git(&folder, &["worktree", "list"]);
    assert_eq!(trees.lines().count(), 1, "{trees}");
    assert!(!Path::new(&server).exists(), "its server is shut down");
}
