//! Whole runs, in folders of their own.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_report::Exit;

use super::{Cli, Environment, Error, Outcome, run};

/// Runs the tool as `bazel run` does in the folder, for the workspace in `DIR/shop`.
fn new(folder: &Folder, line: &str) -> Result<Outcome, Error> {
    let environment = Environment {
        workspace: Some(folder.path("shop").into()),
        working_directory: folder.path("").into(),
    };
    start(folder, line, &environment)
}

fn start(folder: &Folder, line: &str, environment: &Environment) -> Result<Outcome, Error> {
    let arguments = [vec!["new".into()], folder.args(line)].concat();
    let cli = Cli::try_parse_from(arguments).expect("parses");
    run(&cli, environment)
}

/// A workspace that the tool has written, with service `hello`.
fn shop(folder: &Folder) {
    new(folder, "repo shop --project shop").expect("writes");
    folder.keep();
}

/// Puts another text into a file of the workspace.
fn edit(folder: &Folder, file: &str, old: &str, text: &str) {
    let before = fs::read_to_string(folder.path(file)).expect("reads");
    assert!(before.contains(old), "{file} has no {old}");
    folder.file(file, before.replace(old, text));
}

/// All files below a folder, with what is in them.
fn files(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("lists") {
            let path = entry.expect("lists").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).expect("reads");
                found.insert(path.strip_prefix(root).expect("below").to_owned(), text);
            }
        }
    }
    found
}

const CASES: &[Case<Error>] = &[
    Case {
        variant: "NoWorkspace",
        exit: Exit::Usage,
        text: "error: BUILD_WORKSPACE_DIRECTORY: got nothing, want the workspace that the service is for; `bazel run` sets it\n\
               hint: bazel run @windlass//tools/new -- service greeter\n",
        provoke: |folder| start(folder, "service greeter", &Environment::default()).map(drop),
    },
    Case {
        variant: "Name",
        exit: Exit::Usage,
        text: "error: cannot call a service `Greeter`\n\
               cause: want lower-case letters, digits and `-`, a letter first and no `-` last, 63 at most\n",
        provoke: |folder| new(folder, "service Greeter").map(drop),
    },
    Case {
        variant: "Name",
        exit: Exit::Usage,
        text: "error: cannot call a service `match`\n\
               cause: want another name: this is a word of Rust\n",
        provoke: |folder| new(folder, "repo x --project shop --service match").map(drop),
    },
    Case {
        variant: "Name",
        exit: Exit::Usage,
        text: "error: cannot call a project `windlass`\n\
               cause: want another name: this one is taken by what the templates use\n",
        provoke: |folder| new(folder, "repo x --project windlass").map(drop),
    },
    Case {
        variant: "Label",
        exit: Exit::Usage,
        text: "error: --deps: got `services/hello`, want the label of a service in this workspace, as `//services/server` is one\n",
        provoke: |folder| {
            shop(folder);
            new(folder, "service greeter --deps services/hello").map(drop)
        },
    },
    Case {
        variant: "Label",
        exit: Exit::Usage,
        text: "error: --deps: got `//services/hello:image`, want the label of a service in this workspace, as `//services/server` is one\n",
        provoke: |folder| {
            shop(folder);
            new(folder, "service greeter --deps //services/hello:image").map(drop)
        },
    },
    Case {
        variant: "Twice",
        exit: Exit::Usage,
        text: "error: --deps: got `//legacy/hello` and `//services/hello`, want each last part of a label once\n",
        provoke: |folder| {
            shop(folder);
            folder.file("shop/legacy/hello/BUILD", "\"service.json\"");
            new(
                folder,
                "service greeter --deps //services/hello //legacy/hello",
            )
            .map(drop)
        },
    },
    Case {
        variant: "NoPackage",
        exit: Exit::Input,
        text: "error: --deps: `//services/helo` is no package of this workspace; the nearest is `//services/hello`\n",
        provoke: |folder| {
            shop(folder);
            new(folder, "service greeter --deps //services/helo").map(drop)
        },
    },
    Case {
        variant: "NoService",
        exit: Exit::Input,
        text: "error: --deps: `//prod` renders no `service.json`, which says where it is\n",
        provoke: |folder| {
            shop(folder);
            new(folder, "service greeter --deps //prod").map(drop)
        },
    },
    Case {
        variant: "Read",
        exit: Exit::Input,
        text: "error: cannot read `DIR/shop/MODULE.bazel`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| new(folder, "service greeter").map(drop),
    },
    Case {
        variant: "NoCrates",
        exit: Exit::Input,
        text: "error: `MODULE.bazel` has no line `use_repo(crate, ...)`, and programs in Rust need the crates of one\n",
        provoke: |folder| {
            shop(folder);
            edit(
                folder,
                "shop/MODULE.bazel",
                "use_repo(crate,",
                "use_repo(rates,",
            );
            new(folder, "service greeter").map(drop)
        },
    },
    Case {
        variant: "MissingCrates",
        exit: Exit::Input,
        text: "error: `Cargo.toml` does not have protox, tonic-health\n\
               hint: cargo add protox tonic-health\n",
        provoke: |folder| {
            shop(folder);
            edit(folder, "shop/Cargo.toml", "protox =", "# protox =");
            edit(
                folder,
                "shop/Cargo.toml",
                "tonic-health =",
                "# tonic-health =",
            );
            new(folder, "service greeter").map(drop)
        },
    },
    Case {
        variant: "NoRules",
        exit: Exit::Input,
        text: "error: `prod/k8s.bzl` does not have `NAMESPACES`: BUILD files load it from there\n",
        provoke: |folder| {
            shop(folder);
            edit(folder, "shop/prod/k8s.bzl", "NAMESPACES =", "SPACES =");
            new(folder, "service greeter").map(drop)
        },
    },
    Case {
        variant: "Inside",
        exit: Exit::Preflight,
        text: "error: cannot make a workspace in `DIR/shop/a/b`: it is in that of `DIR/shop`\n\
               hint: bazel run //tools/new -- repo ~/shop --project shop\n",
        provoke: |folder| {
            shop(folder);
            new(folder, "repo shop/a/b --project other").map(drop)
        },
    },
    Case {
        variant: "NoWindlass",
        exit: Exit::Usage,
        text: "error: --windlass: `DIR/shop` does not have the `MODULE.bazel` of windlass\n",
        provoke: |folder| {
            shop(folder);
            new(folder, "repo other --project other --windlass shop").map(drop)
        },
    },
    Case {
        variant: "Exists",
        exit: Exit::Preflight,
        text: "error: nothing was written: services/hello/BUILD, services/hello/pins.json are there already\n",
        provoke: |folder| {
            folder.file("shop/services/hello/BUILD", "mine");
            folder.file("shop/services/hello/pins.json", "mine");
            new(folder, "repo shop --project shop").map(drop)
        },
    },
    Case {
        variant: "Exists",
        exit: Exit::Preflight,
        text: "error: nothing was written: services/greeter/greeter.jsonnet is there already\n",
        provoke: |folder| {
            shop(folder);
            folder.folder("shop/services/greeter");
            symlink(
                "nowhere",
                folder.path("shop/services/greeter/greeter.jsonnet"),
            )
            .expect("links");
            folder.keep();
            new(folder, "service greeter --dry-run").map(drop)
        },
    },
    Case {
        variant: "Exists",
        exit: Exit::Preflight,
        text: "error: nothing was written: tools is there already\n",
        provoke: |folder| {
            folder.file("shop/tools", "a file");
            new(folder, "repo shop --project shop").map(drop)
        },
    },
    Case {
        variant: "Write",
        exit: Exit::Failure,
        text: "error: cannot write `DIR/shop/tools/agent`; what was written before is gone again\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            folder.folder("shop");
            // Nobody makes a folder there.
            symlink("/proc", folder.path("shop/tools")).expect("links");
            folder.keep();
            new(folder, "repo shop --project shop").map(drop)
        },
    },
];

#[test]
fn every_error_has_a_case() {
    check(CASES, Error::VARIANTS, |error| error.into());
}

#[test]
fn a_workspace_and_two_services() {
    let folder = Folder::new();
    let repo = new(&folder, "repo a/../shop --project shop").expect("writes");
    let root = PathBuf::from(folder.path("shop"));
    let written = files(&root);
    let names: Vec<PathBuf> = written.keys().cloned().collect();
    let mut said: Vec<PathBuf> = repo.files.iter().map(PathBuf::from).collect();
    said.sort();
    assert_eq!(
        names, said,
        "all that is there is said, and all that is said is there"
    );
    let module = &written[Path::new("MODULE.bazel")];
    assert!(!module.contains("local_path_override"), "{module}");

    let line = "service order-book --deps //services/hello:hello //services/hello";
    let dry = new(&folder, &format!("{line} --dry-run")).expect("would write");
    assert_eq!(files(&root), written);
    let added = new(&folder, line).expect("writes");
    assert_eq!(added.files, dry.files);
    assert_eq!(dry.next, [""; 0], "there is nothing to test yet");
    let after = files(&root);
    assert_eq!(after.len(), written.len() + added.files.len());
    assert!(written.iter().all(|(path, text)| after[path] == *text));
    let text = |path: &str| &after[Path::new(path)];
    let build = text("services/order-book/BUILD.bazel");
    assert!(
        build.contains("    deps = [\"//services/hello\"],\n"),
        "{build}"
    );
    let jsonnet = text("services/order-book/order-book.jsonnet");
    assert!(jsonnet.contains("local hello = std.extVar('//services/hello').service;"));
    let proto = text("proto/order_book/v1/order_book.proto");
    assert!(proto.contains("package order_book.v1;"), "{proto}");
    for (path, text) in after {
        assert!(
            !text.contains("{{") && !text.contains("{%"),
            "{}",
            path.display()
        );
        assert!(text.ends_with('\n'), "{}", path.display());
    }
}

#[test]
fn whoever_has_windlass_in_a_folder_gets_that_folder() {
    let folder = Folder::new();
    folder.file(
        "windlass/MODULE.bazel",
        include_str!("../../../MODULE.bazel"),
    );
    let environment = Environment {
        workspace: Some(folder.path("windlass").into()),
        working_directory: folder.path("windlass").into(),
    };
    let want = format!("path = \"{}\"", folder.path("windlass"));
    let module = |line: &str| {
        start(&folder, line, &environment).expect("writes");
        fs::read_to_string(folder.path("shop/MODULE.bazel")).expect("reads")
    };
    let text = module("repo ../shop --project shop");
    assert!(text.contains(&want), "{text}");
    fs::remove_dir_all(folder.path("shop")).expect("removes");
    let text = module("repo ../shop --project shop --windlass .");
    assert!(text.contains(&want), "{text}");
}

#[test]
fn in_windlass_itself_its_own_names_hold() {
    let folder = Folder::new();
    folder.file("shop/MODULE.bazel", include_str!("../../../MODULE.bazel"));
    folder.file("shop/Cargo.toml", include_str!("../../../Cargo.toml"));
    folder.file("shop/prod/k8s.bzl", "NAMESPACES = {}\nservice = 1\n");
    folder.file("shop/services/server/BUILD.bazel", "\"service.json\"");
    folder.file("shop/services/redis/BUILD.bazel", "\"service.json\"");
    let line = "service greeter --deps //services/server //services/redis";
    new(&folder, line).expect("writes");
    let build = fs::read_to_string(folder.path("shop/services/greeter/BUILD.bazel"));
    let build = build.expect("reads");
    for part in [
        "load(\"//rules:image.bzl\", \"rust_image\")\n",
        "        \"@windlass_crates//:tonic\",\n",
        "    deps = [\n        \"//services/redis\",\n        \"//services/server\",\n    ],\n",
    ] {
        assert!(build.contains(part), "{part} in {build}");
    }
}

/// `cp Cargo.lock DIR` of this repository, `Cargo.toml` of the template beside it, `cargo metadata --offline` there.
#[test]
fn the_crates_of_a_new_workspace_are_those_of_this_one() {
    let packages = |lock: &'static str| lock.split("[[package]]").skip(1);
    let head = |package: &'static str| {
        package
            .split_once("dependencies = ")
            .map_or(package, |(head, _)| head)
            .trim()
    };
    let ours: Vec<&str> = packages(include_str!("../../../Cargo.lock"))
        .map(head)
        .collect();
    let theirs = packages(include_str!("../templates/repo/Cargo.lock.jinja")).map(head);
    let foreign: Vec<&str> = theirs.filter(|one| !ours.contains(one)).collect();
    assert_eq!(foreign, ["name = \"crates\"\nversion = \"0.0.0\""]);
}
