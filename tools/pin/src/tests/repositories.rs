//! Errors of repositories, and of what is looked for in them: how each comes about, and what is
//! said.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use windlass_error_cases::{Case, Folder};
use windlass_oci_registry_fake::Registry;
use windlass_report::Exit;

use super::errors::{DIGEST, run_in, run_with, set, with_pins};
use super::repository::{commit, git, init};
use super::{ELSEWHERE, block_on, cli, environment, request, request_with};
use crate::error::Error;
use crate::git::{Git, Text};
use crate::run;

const IMAGE: &str = "localhost:31000/demo/client@D";

/// An image of `dev`.
const PINNED: &str = r#"{"dev": {"client": {"image": "localhost:31000/demo/client@D"}}}"#;

/// A service with these pins, all committed.
fn committed(folder: &Folder, pins: &str) -> String {
    with_pins(folder, pins);
    let checkout = PathBuf::from(folder.path("checkout"));
    init(&checkout);
    let commit = commit(&checkout, "All");
    folder.keep();
    commit
}

/// `set`, of an image that was built from this.
fn set_of(folder: &Folder, commit: &str) -> Result<(), Error> {
    folder.show_as(commit.get(..12).unwrap_or(commit), "COMMIT");
    set(folder, IMAGE, &["--digest-only", "--commit", commit])
}

/// `promote` of what `dev` runs to `staging`.
fn promote(folder: &Folder, more: &[&str]) -> Result<(), Error> {
    let given = ["promote", "--from=dev", "--to=staging", "--digest-only"];
    let arguments: Vec<_> = given.iter().chain(more).copied().collect();
    run_in(folder, &arguments)
}

/// A clone that knows the last commit alone.
fn shallow(folder: &Folder, pins: &str) -> String {
    folder.file("source/services/client/BUILD.bazel", "");
    folder.file(
        "source/services/client/pins.json",
        pins.replace("@D", &format!("@{DIGEST}")),
    );
    let source = PathBuf::from(folder.path("source"));
    init(&source);
    let first = commit(&source, "First");
    commit(&source, "Second");
    let url = format!("file://{}", source.display());
    let (root, checkout) = (PathBuf::from(folder.path("")), folder.path("checkout"));
    git(&root, &["clone", "--quiet", "--depth=1", &url, &checkout]);
    folder.file("bin/pin.json", request(ELSEWHERE));
    folder.keep();
    first
}

/// A `bazelw` that does this.
pub(super) fn bazelw(folder: &Folder, script: &str) {
    let path = folder.file("checkout/bazelw", format!("#!/bin/sh\n{script}\n"));
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, executable).expect("sets");
}

pub(super) const REPOSITORIES: &[Case<Error>] = &[
    Case {
        variant: "Git",
        exit: Exit::Failure,
        text: "error: cannot look up HEAD\n\
               cause: git: No such file or directory (os error 2)\n",
        provoke: |folder| {
            with_pins(folder, PINNED);
            let service = "--service=//services/client";
            let more = ["--from=dev", "--to=prod", "--commit", service];
            let arguments: Vec<_> = ["promote"].into_iter().chain(more).collect();
            // There is no git.
            run_with(folder, &arguments, |environment| {
                environment.path = Some("/nowhere".into());
            })
        },
    },
    Case {
        variant: "NoRepository",
        exit: Exit::Preflight,
        text: "error: cannot look up HEAD: the checkout is in no git repository\nhint: git init\n",
        provoke: |folder| {
            with_pins(folder, PINNED);
            promote(folder, &["--service=//services/client", "--commit"])
        },
    },
    Case {
        variant: "Git",
        exit: Exit::Failure,
        text: "error: cannot make branch `a..b`\n\
               cause: fatal: 'a..b' is not a valid branch name\n",
        provoke: |folder| {
            committed(folder, PINNED);
            promote(folder, &["--all", "--branch=a..b"])
        },
    },
    Case {
        variant: "BranchExists",
        exit: Exit::Input,
        text: "error: branch `main` is there; nothing was written\n\
               hint: git log -1 main\n",
        provoke: |folder| {
            committed(folder, PINNED);
            promote(folder, &["--all", "--branch=main"])
        },
    },
    Case {
        variant: "Dirty",
        exit: Exit::Preflight,
        text: "error: `services/client/pins.json` has changes that are not committed; nothing was \
               written\n\
               hint: git diff HEAD -- services/client/pins.json\n",
        provoke: |folder| {
            committed(folder, "{}");
            with_pins(folder, PINNED);
            promote(folder, &["--all", "--commit"])
        },
    },
    Case {
        variant: "Untracked",
        exit: Exit::Preflight,
        text: "error: `services/client/pins.json` is not committed; nothing was written\n\
               hint: git add services/client/pins.json && git commit services/client/pins.json\n",
        provoke: |folder| {
            with_pins(folder, PINNED);
            let checkout = PathBuf::from(folder.path("checkout"));
            init(&checkout);
            git(
                &checkout,
                &["commit", "--quiet", "--allow-empty", "--message=None"],
            );
            folder.keep();
            promote(folder, &["--all", "--branch=next"])
        },
    },
    Case {
        variant: "HeadMoved",
        exit: Exit::Preflight,
        text: "error: HEAD was commit `OLD` and is `NEW`; nothing was written\n\
               hint: git log -1\n",
        provoke: head_moves,
    },
    Case {
        variant: "Changed",
        exit: Exit::Preflight,
        text: "error: pin `//services/client prod client` has been changed meanwhile; nothing was \
               written\n\
               hint: bazel run //tools/pin -- list\n",
        provoke: |folder| {
            with_pins(folder, PINNED);
            let root = PathBuf::from(folder.path("checkout"));
            let package = "//services/client".parse().expect("a label");
            let file = crate::pins_file::PinsFile::new(&root, "services/client/pins.json".into());
            let entry = crate::checks::Entry {
                service: package,
                env: "prod".to_owned(),
                key: "client".to_owned(),
            };
            let image = format!("localhost:31000/demo/client@{DIGEST}").parse();
            let old = windlass_pins::Pin::try_new(image.expect("an image"));
            let new = None;
            let change = crate::pins_file::Change {
                entry,
                file,
                old,
                new,
            };
            crate::pins_file::Held::take(&[change], &["prod", "dev"]).map(drop)
        },
    },
    Case {
        variant: "NoMainBranch",
        exit: Exit::Preflight,
        text: "error: commits of pins are looked for on the main branch: got neither \
               `origin/main` nor `main`\n\
               hint: git fetch origin main:refs/remotes/origin/main\n",
        provoke: |folder| {
            let commit = committed(folder, "{}");
            let checkout = PathBuf::from(folder.path("checkout"));
            git(&checkout, &["branch", "--quiet", "--move", "main", "trunk"]);
            folder.keep();
            set_of(folder, &commit)
        },
    },
    Case {
        variant: "UnknownCommit",
        exit: Exit::Input,
        text: "error: cannot pin `//services/client prod client`; nothing was written\n\
               cause: commit `COMMIT` is not in this repository\n\
               hint: git fetch\n",
        provoke: |folder| {
            committed(folder, "{}");
            set_of(folder, &"3f9c21a0".repeat(5))
        },
    },
    Case {
        // A tag of that name is no commit of that hash.
        variant: "UnknownCommit",
        exit: Exit::Input,
        text: "error: cannot pin `//services/client prod client`; nothing was written\n\
               cause: commit `COMMIT` is not in this repository\n\
               hint: git fetch\n",
        provoke: |folder| {
            committed(folder, "{}");
            let checkout = PathBuf::from(folder.path("checkout"));
            git(&checkout, &["tag", "3f9c21a"]);
            folder.keep();
            set_of(folder, "3f9c21a")
        },
    },
    Case {
        variant: "NotOnMain",
        exit: Exit::Input,
        text: "error: cannot pin `//services/client prod client`; nothing was written\n\
               cause: commit `COMMIT` is not on branch `main`\n\
               hint: git branch --all --contains COMMIT\n",
        provoke: |folder| {
            committed(folder, "{}");
            let checkout = PathBuf::from(folder.path("checkout"));
            git(&checkout, &["checkout", "--quiet", "-b", "side"]);
            let side = commit(&checkout, "Aside");
            folder.keep();
            set_of(folder, &side)
        },
    },
    Case {
        variant: "NoCommit",
        exit: Exit::Input,
        text: "error: cannot pin `//services/client prod client`; nothing was written\n\
               cause: environment `prod` is protected: got no commit that the image was built \
               from\n\
               hint: bazel run //tools/pin -- set --service //services/client --env prod --image \
               client=localhost:31000/demo/client@D --commit SHA\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            folder.file("bin/pin.json", request_with(ELSEWHERE, &["prod"], &[]));
            set(folder, IMAGE, &["--digest-only"])
        },
    },
    Case {
        variant: "OtherRepository",
        exit: Exit::Input,
        text: "error: image `client`: got repository `ghcr.io/acme/client`, want \
               `localhost:31000/demo/client`\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            folder.file("bin/pin.json", request_with(ELSEWHERE, &["prod"], &[]));
            set(folder, "client=ghcr.io/acme/client@D", &["--digest-only"])
        },
    },
    Case {
        // That it is meant does not help: it would not build.
        variant: "Foreign",
        exit: Exit::Input,
        text: "error: cannot pin `//services/client prod client`; nothing was written\n\
               cause: environment `prod` is protected: got repository `ghcr.io/acme/client`, want \
               `localhost:31000/demo/client`\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            folder.file("bin/pin.json", request_with(ELSEWHERE, &["prod"], &[]));
            let meant = "--repository=ghcr.io/acme/client";
            set(
                folder,
                "client=ghcr.io/acme/client@D",
                &["--digest-only", meant],
            )
        },
    },
    Case {
        variant: "OtherRevision",
        exit: Exit::Input,
        text: "error: cannot pin `//services/client staging client`; nothing was written\n\
               cause: commit: got `COMMIT`, and the image's publisher says `000000000000`\n\
               hint: git log -1 000000000000\n",
        provoke: other_revision,
    },
    Case {
        // What is there is no whole history: that it is not on the branch need not be so.
        variant: "Shallow",
        exit: Exit::Preflight,
        text: "error: this is a shallow clone, which does not say where commit `COMMIT` stands\n\
               hint: git fetch --unshallow\n",
        provoke: |folder| {
            let first = shallow(folder, "{}");
            set_of(folder, &first)
        },
    },
    Case {
        variant: "Shallow",
        exit: Exit::Preflight,
        text: "error: this is a shallow clone, which does not say what was before commit \
               `COMMIT`\n\
               hint: git fetch --unshallow\n",
        provoke: |folder| {
            shallow(folder, PINNED);
            let head = git(
                &PathBuf::from(folder.path("checkout")),
                &["rev-parse", "HEAD"],
            );
            folder.show_as(&head[..12], "COMMIT");
            run_in(folder, &["rollback", "--env=dev", "--all"])
        },
    },
    Case {
        variant: "Pins",
        exit: Exit::Input,
        text: "error: pins `COMMIT:services/client/pins.json` do not hold\n\
               cause: it is not JSON\n\
               cause: EOF while parsing an object at line 1 column 1\n",
        provoke: |folder| {
            let first = committed(folder, "{");
            folder.show_as(&first[..12], "COMMIT");
            with_pins(folder, PINNED);
            commit(&PathBuf::from(folder.path("checkout")), "Pins");
            folder.keep();
            run_in(folder, &["rollback", "--env=dev", "--all"])
        },
    },
];

/// Somebody commits between the look at HEAD and the commit that is made of it.
fn head_moves(folder: &Folder) -> Result<(), Error> {
    let old = committed(folder, PINNED);
    let checkout = PathBuf::from(folder.path("checkout"));
    let new = commit(&checkout, "Somebody else's");
    folder.show_as(&old[..12], "OLD");
    folder.show_as(&new[..12], "NEW");
    let git = Git::new(&checkout, std::env::var_os("PATH"));
    let text = Text {
        path: "services/client/pins.json".into(),
        text: "{}\n".to_owned(),
    };
    let draft = git.draft(&old, &[text], &[], "Pins")?;
    let committed = git.commit(&draft);
    let status = super::repository::git(&checkout, &["status", "--porcelain"]);
    assert_eq!(status, "", "index and files are as they were");
    // Objects of git that nothing names are nothing that was written.
    folder.keep();
    committed
}

fn other_revision(folder: &Folder) -> Result<(), Error> {
    let built = committed(folder, "{}");
    folder.show_as(&built[..12], "COMMIT");
    block_on(async {
        let registry = Registry::start(vec![]).await;
        registry.add_tag("demo/client", "kept_ba7816bf8f01", b"abc");
        let said = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [{
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": DIGEST,
                "size": 1,
                "artifactType": "application/vnd.windlass.origin.v1",
                "annotations": {"org.opencontainers.image.revision": "0".repeat(40)},
            }],
        });
        let tag = DIGEST.replace(':', "-");
        registry.add_tag("demo/client", &tag, said.to_string().as_bytes());
        folder.file("bin/pin.json", request(&registry.name()));
        let name = registry.name();
        let pins = format!(
            r#"{{"dev": {{"client": {{"image": "{name}/demo/client@{DIGEST}", "commit": "{built}"}}}}}}"#
        );
        folder.file("checkout/services/client/pins.json", pins);
        let cli = cli(&["promote", "--from=dev", "--to=staging", "--all"]);
        let root = folder.path("");
        let (argv0, environment) = (folder.path("bin/pin"), environment(root.as_ref()));
        run(Some(argv0.as_ref()), &cli, &environment, &mut Vec::new()).await
    })
}

pub(super) const SERVICES: &[Case<Error>] = &[
    Case {
        // One of them does not hold: none is promoted.
        variant: "Pins",
        exit: Exit::Input,
        text: "error: pins `services/web/pins.json` do not hold\n\
               cause: dev.web.image: got `localhost:31000/demo/web:v1`, want one with a digest: \
               `localhost:31000/demo/web:v1@sha256:...`\n",
        provoke: |folder| {
            with_pins(folder, PINNED);
            folder.file("checkout/services/web/BUILD.bazel", "");
            let pins = r#"{"dev": {"web": {"image": "localhost:31000/demo/web:v1"}}}"#;
            folder.file("checkout/services/web/pins.json", pins);
            let services = ["--service=//services/client", "--service=//services/web"];
            promote(folder, &services)
        },
    },
    Case {
        // Nobody listens there.
        variant: "Registry",
        exit: Exit::Registry,
        text: "error: cannot look up `127.0.0.1:1/demo/client@D`\n\
               cause: HEAD /v2/demo/client/manifests/kept_ba7816bf8f01: Connection refused (os \
               error 111)\n\
               hint: run `curl -i http://127.0.0.1:1/v2/`\n",
        provoke: |folder| {
            folder.show_as(DIGEST, "D");
            with_pins(folder, &PINNED.replace("localhost:31000", "127.0.0.1:1"));
            folder.file("bin/pin.json", request("127.0.0.1:1"));
            let service = "--service=//services/client";
            run_in(folder, &["promote", "--from=dev", "--to=prod", service])
        },
    },
    Case {
        variant: "SameEnvironment",
        exit: Exit::Usage,
        text: "error: --to: got `dev`, want another environment than that of --from\n",
        provoke: |folder| {
            with_pins(folder, PINNED);
            run_in(folder, &["promote", "--from=dev", "--to=dev", "--all"])
        },
    },
    Case {
        variant: "UnknownEnvironment",
        exit: Exit::Input,
        text: "error: got environment `stagin`, want one of `prod`, `staging`, `dev`; the nearest \
               is `staging`\n",
        provoke: |folder| {
            with_pins(folder, PINNED);
            run_in(folder, &["promote", "--from=dev", "--to=stagin", "--all"])
        },
    },
    Case {
        variant: "UnknownEnvironment",
        exit: Exit::Input,
        text: "error: got environment `prd`, want one of `prod`, `staging`, `dev`; the nearest is \
               `prod`\n",
        provoke: |folder| {
            with_pins(folder, PINNED);
            run_in(folder, &["rollback", "--env=prd", "--all"])
        },
    },
    Case {
        variant: "BuiltEnvironment",
        exit: Exit::Input,
        text: "error: environment `myns` runs what is built from head, and has no pins; want one \
               of `prod`, `staging`, `dev`\n",
        provoke: |folder| {
            with_pins(folder, PINNED);
            run_in(folder, &["verify", "--env=myns"])
        },
    },
    Case {
        variant: "NoBazel",
        exit: Exit::Failure,
        text: "error: cannot start Bazel: got no `bazelw` in the checkout, and no `bazelisk` or \
               `bazel` in PATH\n",
        provoke: |folder| {
            with_pins(folder, PINNED);
            let arguments = ["verify", "--deep=//services/client:prod-deep"];
            run_with(folder, &arguments, |environment| environment.path = None)
        },
    },
    Case {
        variant: "Query",
        exit: Exit::Input,
        text: "error: cannot find what target `//services/client:prod-deeep` reaches\n\
               cause: `bazel query`: exit status: 7\n",
        provoke: |folder| {
            with_pins(folder, PINNED);
            bazelw(folder, "exit 7");
            folder.keep();
            promote(folder, &["--deep=//services/client:prod-deeep"])
        },
    },
    Case {
        variant: "NoServices",
        exit: Exit::Input,
        text: "error: target `//prod:setup` reaches no package with a `pins.json`\n\
               hint: bazel query \"deps(//prod:setup)\"\n",
        provoke: |folder| {
            with_pins(folder, PINNED);
            bazelw(folder, "echo prod");
            folder.keep();
            promote(folder, &["--deep=//prod:setup"])
        },
    },
    Case {
        variant: "Unverified",
        exit: Exit::Input,
        text: "error: 1 of 1 pins do not hold\n",
        provoke: |folder| {
            with_pins(folder, PINNED);
            folder.file("bin/pin.json", request_with(ELSEWHERE, &["dev"], &[]));
            let service = "--service=//services/client";
            let mut out = Vec::new();
            let root = folder.path("");
            let (argv0, environment) = (folder.path("bin/pin"), environment(root.as_ref()));
            let cli = cli(&["verify", "--digest-only", service]);
            let ran = block_on(run(Some(argv0.as_ref()), &cli, &environment, &mut out));
            let said = String::from_utf8(out).expect("text");
            assert!(said.contains("environment `dev` is protected"), "{said}");
            ran
        },
    },
];
