//! Every error of the tool: how it comes about, and what is said.

use std::io::Write;
use std::path::Path;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, complete, hold};
use windlass_oci_registry_fake::{Fault, Registry, What};
use windlass_report::Exit;

use super::rebuild::REBUILDS;
use super::repositories::{REPOSITORIES, SERVICES};
use super::{ELSEWHERE, block_on, cli, environment, request, request_with};
use crate::checks::Finding;
use crate::cli::Cli;
use crate::environment::Environment;
use crate::error::Error;
use crate::run;

/// SHA-256 of `abc`.
pub(super) const DIGEST: &str =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn what_is_not_there() {
    holds(PLACES);
}

#[test]
fn arguments_that_are_refused() {
    holds(ARGUMENTS);
}

#[test]
fn registries_that_do_not_have_it() {
    holds(REGISTRIES);
}

#[test]
fn lock_files_that_cannot_be_used() {
    holds(LOCKS);
}

#[test]
fn repositories_that_do_not_do() {
    holds(REPOSITORIES);
}

#[test]
fn commits_that_are_not_rebuilt() {
    holds(REBUILDS);
}

#[test]
fn services_that_are_not_found() {
    holds(SERVICES);
}

#[test]
fn every_error_has_a_case() {
    let all = [
        PLACES,
        ARGUMENTS,
        REGISTRIES,
        LOCKS,
        REBUILDS,
        REPOSITORIES,
        SERVICES,
    ];
    let cases = all.into_iter().flatten().map(|case| case.variant);
    // A finding stands for its error.
    let variants: Vec<&str> = Error::VARIANTS
        .iter()
        .filter(|name| **name != "Unfit")
        .chain(Finding::VARIANTS)
        .copied()
        .collect();
    complete(cases, &variants);
}

/// Each case is as it says, and wrote nothing.
fn holds(cases: &[Case<Error>]) {
    hold(cases, |error| match error {
        Error::Unfit { source, .. } => source.as_ref().into(),
        other => other.into(),
    });
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn what_the_command_line_does_not_take() {
    let given = [
        "pin",
        "set",
        "--service=//services/client",
        "--env=prod",
        "--image=client=r.io/a:v1",
    ];
    let kind = |more: &[&str]| {
        let parsed = Cli::try_parse_from(given.iter().chain(more));
        parsed.err().map(|error| error.kind())
    };
    assert_eq!(kind(&[]), None);
    assert_eq!(kind(&["--commit=3f9c21a"]), None);
    assert_eq!(kind(&["--commit=main"]), Some(ErrorKind::ValueValidation));
    assert_eq!(kind(&["--toolchain="]), Some(ErrorKind::ValueValidation));
    assert_eq!(kind(&["--time=today"]), Some(ErrorKind::ValueValidation));
    assert_eq!(kind(&["--branch=x"]), Some(ErrorKind::UnknownArgument));
    for label in ["services/client", "@other//x", "//../x"] {
        let parsed = Cli::try_parse_from(["pin", "list", "--service", label]);
        let error = parsed.expect_err(label);
        assert_eq!(error.kind(), ErrorKind::ValueValidation, "{label}");
        let text = error.to_string();
        let want = "want the label of a service in this workspace, as in `//services/client`";
        assert!(text.contains(want), "{text}");
    }
}

#[test]
fn which_services_is_said_once() {
    let kind = |line: &str| {
        let parsed = Cli::try_parse_from(line.split_whitespace());
        parsed.err().map(|error| error.kind())
    };
    let missing = Some(ErrorKind::MissingRequiredArgument);
    let conflict = Some(ErrorKind::ArgumentConflict);
    for verb in ["promote --from=dev --to=prod", "rollback --env=prod"] {
        let given = |more: &str| kind(&format!("pin {verb} {more}"));
        assert_eq!(given(""), missing, "{verb}");
        assert_eq!(given("--service=//a --service=//b"), None, "{verb}");
        assert_eq!(given("--deep=//a:prod-deep --branch=x"), None, "{verb}");
        assert_eq!(given("--all --commit"), None, "{verb}");
        assert_eq!(given("--all --service=//a"), conflict, "{verb}");
        assert_eq!(given("--all --deep=//a"), conflict, "{verb}");
        assert_eq!(given("--all --commit --branch=x"), conflict, "{verb}");
        let no_label = Some(ErrorKind::ValueValidation);
        assert_eq!(given("--deep=services/client"), no_label, "{verb}");
    }
    assert_eq!(kind("pin verify"), None);
    assert_eq!(kind("pin verify --env=prod --all"), None);
    assert_eq!(kind("pin verify --deep=//a --all"), conflict);
}

/// Runs with the checkout, the request and the home that are in the folder.
pub(super) fn run_in(folder: &Folder, arguments: &[&str]) -> Result<(), Error> {
    run_with(folder, arguments, |_| ())
}

/// The same, with a process's environment of another kind.
pub(super) fn run_with(
    folder: &Folder,
    arguments: &[&str],
    change: fn(&mut Environment),
) -> Result<(), Error> {
    let root = folder.path("");
    let mut environment = environment(Path::new(&root));
    change(&mut environment);
    let argv0 = folder.path("bin/pin");
    let cli = cli(arguments);
    let mut out = Vec::new();
    let result = block_on(run(Some(argv0.as_ref()), &cli, &environment, &mut out));
    assert!(out.is_empty(), "an error prints no data");
    result
}

/// Makes the request and a service with these pins; `@D` is a digest in them.
pub(super) fn with_pins(folder: &Folder, pins: &str) {
    folder.file("bin/pin.json", request(ELSEWHERE));
    folder.file("checkout/services/client/BUILD.bazel", "");
    let pins = pins.replace("@D", &format!("@{DIGEST}"));
    folder.file("checkout/services/client/pins.json", pins);
}

/// `set` of this image (`@D` is a digest) for `//services/client` in `prod`.
pub(super) fn set(folder: &Folder, image: &str, more: &[&str]) -> Result<(), Error> {
    folder.show_as(DIGEST, "D");
    let image = image.replace("@D", &format!("@{DIGEST}"));
    let given = [
        "set",
        "--service=//services/client",
        "--env=prod",
        "--image",
        &image,
    ];
    let arguments: Vec<_> = given.iter().chain(more).copied().collect();
    run_in(folder, &arguments)
}

const PLACES: &[Case<Error>] = &[
    Case {
        variant: "Launcher",
        exit: Exit::Failure,
        text: "error: cannot find the files of this program\n\
               cause: cannot find this program: got argv[0] nothing, want its path, or its name in PATH\n",
        provoke: |folder| {
            let environment = environment(Path::new(&folder.path("")));
            block_on(run(None, &cli(&["list"]), &environment, &mut Vec::new()))
        },
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot use request `DIR/bin/pin.json`\n\
               cause: No such file or directory (os error 2)\n\
               hint: bazel run //tools/pin -- list\n",
        provoke: |folder| run_in(folder, &["list"]),
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot use request `DIR/bin/pin.json`\n\
               cause: missing field `project` at line 1 column 13\n\
               hint: bazel run //tools/pin -- list\n",
        provoke: |folder| {
            folder.file("bin/pin.json", r#"{"version":3}"#);
            run_in(folder, &["list"])
        },
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot use request `DIR/bin/pin.json`\n\
               cause: version: got 1, want 3\n\
               hint: bazel run //tools/pin -- list\n",
        provoke: |folder| {
            folder.file("bin/pin.json", r#"{"version":1}"#);
            run_in(folder, &["list"])
        },
    },
    Case {
        variant: "NoWorkspace",
        exit: Exit::Preflight,
        text: "error: BUILD_WORKSPACE_DIRECTORY: got nothing, want the checkout; `bazel run` in a \
               workspace sets it\n\
               hint: bazel run //tools/pin -- list\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            run_with(folder, &["list"], |environment| {
                environment.workspace = None;
            })
        },
    },
    Case {
        variant: "NoPackage",
        exit: Exit::Input,
        text: "error: no package `//services/clinet`: there is no BUILD file in `services/clinet`\n\
               hint: bazel run //tools/pin -- list\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            run_in(folder, &["list", "--service=//services/clinet"])
        },
    },
    Case {
        variant: "NoPins",
        exit: Exit::Input,
        text: "error: package `//services/client` has no `services/client/pins.json`\n\
               hint: echo '{}' > services/client/pins.json && git add services/client/pins.json\n",
        provoke: |folder| {
            folder.file("bin/pin.json", request(ELSEWHERE));
            folder.file("checkout/services/client/BUILD.bazel", "");
            set(folder, "localhost:31000/demo/client@D", &[])
        },
    },
    Case {
        variant: "Git",
        exit: Exit::Failure,
        text: "error: cannot list the files of `DIR/checkout`\n\
               cause: fatal: invalid gitfile format: DIR/checkout/.git\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            folder.file("checkout/.git", "nothing of git's");
            run_in(folder, &["list"])
        },
    },
    Case {
        variant: "Output",
        exit: Exit::Failure,
        text: "error: cannot print\n\
               cause: Broken pipe (os error 32)\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            let (reader, writer) = std::io::pipe().expect("a pipe");
            drop(reader);
            let mut out: Box<dyn Write> = Box::new(writer);
            let environment = environment(Path::new(&folder.path("")));
            let cli = cli(&["list", "--service=//services/client"]);
            let argv0 = folder.path("bin/pin");
            block_on(run(Some(argv0.as_ref()), &cli, &environment, &mut *out))
        },
    },
];

const ARGUMENTS: &[Case<Error>] = &[
    Case {
        variant: "Reference",
        exit: Exit::Usage,
        text: "error: argument --image does not parse\n\
               cause: image reference: got `...@localhost:31000/demo/client@D`, want \
               registry/path@sha256:<digest> or registry/path:<tag>, as in \
               `localhost:31000/demo/client:v1`\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            set(
                folder,
                "client=http://me:secret@localhost:31000/demo/client@D",
                &[],
            )
        },
    },
    Case {
        variant: "Reference",
        exit: Exit::Usage,
        text: "error: argument --repository does not parse\n\
               cause: repository: got `ghcr.io`, want registry/path in lower case, as in \
               `localhost:31000/demo/client`\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            set(folder, "ghcr.io/acme/client@D", &["--repository=ghcr.io"])
        },
    },
    Case {
        variant: "NoDigest",
        exit: Exit::Usage,
        text: "error: --image: got `localhost:31000/demo/client:v1`, want one with a digest: \
               `localhost:31000/demo/client:v1@sha256:...`\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            set(folder, "client=localhost:31000/demo/client:v1", &[])
        },
    },
    Case {
        variant: "UnknownEnvironment",
        exit: Exit::Input,
        text: "error: got environment `prd`, want one of `prod`, `staging`, `dev`; the nearest is \
               `prod`\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            run_in(folder, &["list", "--env=prd"])
        },
    },
    Case {
        variant: "BuiltEnvironment",
        exit: Exit::Input,
        text: "error: environment `myns` runs what is built from head, and has no pins; want one \
               of `prod`, `staging`, `dev`\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            let image = format!("--image=localhost:31000/demo/client@{DIGEST}");
            run_in(
                folder,
                &["set", "--service=//services/client", "--env=myns", &image],
            )
        },
    },
    Case {
        variant: "Key",
        exit: Exit::Input,
        text: "error: image key `Client` names no repository\n\
               cause: repository: got `localhost:31000/demo/Client`, want registry/path in lower \
               case, as in `localhost:31000/demo/client`\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            set(folder, "Client=localhost:31000/demo/client@D", &[])
        },
    },
    Case {
        variant: "WhichImage",
        exit: Exit::Usage,
        text: "error: --image: `localhost:31000/demo/other` could be each of `client`, `proxy`; \
               name one\n\
               hint: bazel run //tools/pin -- set --service //services/client --env prod --image \
               client=localhost:31000/demo/other@D --commit 3f9c21a\n",
        provoke: |folder| {
            with_pins(
                folder,
                r#"{"prod": {"client": {"image": "ghcr.io/a@D"}, "proxy": {"image": "ghcr.io/b@D"}}}"#,
            );
            set(
                folder,
                "localhost:31000/demo/other@D",
                &["--commit=3f9c21a"],
            )
        },
    },
    Case {
        variant: "OtherRepository",
        exit: Exit::Input,
        text: "error: image `client`: got repository `ghcr.io/acme/client`, want \
               `localhost:31000/demo/client`\n\
               hint: bazel run //tools/pin -- set --service //services/client --env prod --image \
               client=ghcr.io/acme/client:v1@D --repository ghcr.io/acme/client --toolchain \
               \"rustc 1\"\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            set(folder, "ghcr.io/acme/client:v1@D", &["--toolchain=rustc 1"])
        },
    },
    Case {
        variant: "OtherRepository",
        exit: Exit::Input,
        text: "error: image `clinet`: got repository `localhost:31000/demo/client`, want \
               `localhost:31000/demo/clinet`\n\
               hint: bazel run //tools/pin -- set --service //services/client --env prod --image \
               clinet=localhost:31000/demo/client@D --repository localhost:31000/demo/client\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            set(folder, "clinet=localhost:31000/demo/client@D", &[])
        },
    },
];

/// `set` of an image that is said to be in a registry of the process.
fn set_there(folder: &Folder, faults: Vec<Fault>) -> Result<(), Error> {
    set_at(folder, faults, |_| ())
}

/// The same, where the registry has something.
fn set_at(folder: &Folder, faults: Vec<Fault>, arrange: fn(&Registry)) -> Result<(), Error> {
    set_in(folder, faults, &[], arrange)
}

/// The same, where environments require proof.
fn set_in(
    folder: &Folder,
    faults: Vec<Fault>,
    proven: &[&str],
    arrange: fn(&Registry),
) -> Result<(), Error> {
    with_pins(folder, "{}");
    let root = folder.path("");
    block_on(async {
        let registry = Registry::start(faults).await;
        arrange(&registry);
        folder.show_as(&registry.name(), "REGISTRY");
        folder.show_as(DIGEST, "D");
        let request = request_with(&registry.name(), &[], proven);
        folder.file("bin/pin.json", request);
        let image = format!("--image={}/demo/client@{DIGEST}", registry.name());
        let cli = cli(&["set", "--service=//services/client", "--env=prod", &image]);
        let (argv0, environment) = (folder.path("bin/pin"), environment(Path::new(&root)));
        let mut out = Vec::new();
        let result = run(Some(argv0.as_ref()), &cli, &environment, &mut out).await;
        let asked = registry.requests();
        let looks = ["kept_ba7816bf8f01", DIGEST];
        let looks = looks.map(|name| format!("HEAD /v2/demo/client/manifests/{name}"));
        let is_look = |line: &String| looks.contains(line) || !proven.is_empty();
        assert!(asked.iter().all(is_look), "{asked:?}");
        result
    })
}

const REGISTRIES: &[Case<Error>] = &[
    Case {
        variant: "NotPushed",
        exit: Exit::Registry,
        text: "error: cannot pin `//services/client prod client`; nothing was written\n\
               cause: registry `REGISTRY` has no image `demo/client@D`\n\
               hint: bazel run --config=release //services/client:myns-shallow.push\n",
        provoke: |folder| set_there(folder, vec![]),
    },
    Case {
        // What a namespace runs goes when that moves on.
        variant: "NotKept",
        exit: Exit::Registry,
        text: "error: cannot pin `//services/client prod client`; nothing was written\n\
               cause: registry `REGISTRY` does not keep image `demo/client@D` for good: no tag \
               `kept_ba7816bf8f01` on it\n\
               hint: bazel run --config=release //services/client:myns-shallow.push\n",
        provoke: |folder| {
            set_at(folder, vec![], |registry| {
                registry.add_tag("demo/client", "alice", b"abc");
            })
        },
    },
    Case {
        // The tag is on another one.
        variant: "NotKept",
        exit: Exit::Registry,
        text: "error: cannot pin `//services/client prod client`; nothing was written\n\
               cause: registry `REGISTRY` does not keep image `demo/client@D` for good: no tag \
               `kept_ba7816bf8f01` on it\n\
               hint: bazel run --config=release //services/client:myns-shallow.push\n",
        provoke: |folder| {
            set_at(folder, vec![], |registry| {
                registry.add_manifest("demo/client", b"abc");
                registry.add_tag("demo/client", "kept_ba7816bf8f01", b"other");
            })
        },
    },
    Case {
        variant: "NotAttested",
        exit: Exit::Registry,
        text: "error: cannot pin `//services/client prod client`; nothing was written\n\
               cause: environment `prod` requires proof: registry `REGISTRY` has no attestation of \
               image `demo/client@D`\n\
               hint: bazel run @windlass//tools/image -- attest --help\n",
        provoke: |folder| {
            set_in(folder, vec![], &["prod"], |registry| {
                registry.add_tag("demo/client", "kept_ba7816bf8f01", b"abc");
            })
        },
    },
    Case {
        variant: "Registry",
        exit: Exit::Registry,
        text: "error: cannot look up `REGISTRY/demo/client@D`\n\
               cause: HEAD /v2/demo/client/manifests/kept_ba7816bf8f01: 403 FORBIDDEN\n",
        provoke: |folder| {
            set_there(
                folder,
                vec![Fault {
                    request: "HEAD",
                    times: 1,
                    what: What::Status(403, "", ""),
                }],
            )
        },
    },
    Case {
        variant: "DockerConfig",
        exit: Exit::Preflight,
        text: "error: cannot use `DIR/home/.docker/config.json`\n\
               cause: line 1, column 2: want JSON as `docker login` writes it\n",
        provoke: |folder| {
            folder.file("home/.docker/config.json", "{secret");
            with_pins(folder, "{}");
            set(folder, "localhost:31000/demo/client@D", &[])
        },
    },
    Case {
        variant: "DockerConfig",
        exit: Exit::Preflight,
        text: "error: cannot use `DIR/home/.docker/config.json`\n\
               cause: Is a directory (os error 21)\n",
        provoke: |folder| {
            folder.folder("home/.docker/config.json");
            with_pins(folder, "{}");
            set(folder, "localhost:31000/demo/client@D", &[])
        },
    },
];

const LOCKS: &[Case<Error>] = &[
    Case {
        variant: "Pins",
        exit: Exit::Failure,
        text: "error: cannot read `services/client/pins.json`\n\
               cause: stream did not contain valid UTF-8\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            folder.file("checkout/services/client/pins.json", [0xff]);
            set(folder, "localhost:31000/demo/client@D", &[])
        },
    },
    Case {
        variant: "Read",
        exit: Exit::Failure,
        text: "error: cannot read `.bazelignore`\n\
               cause: Is a directory (os error 21)\n",
        provoke: |folder| {
            with_pins(folder, "{}");
            folder.folder("checkout/.bazelignore");
            let root = folder.path("checkout");
            let git = std::process::Command::new("git")
                .args(["init", "--quiet", &root])
                .status();
            assert!(git.expect("git runs").success());
            folder.keep();
            run_in(folder, &["list"])
        },
    },
    Case {
        variant: "Pins",
        exit: Exit::Input,
        text: "error: pins `services/client/pins.json` do not hold\n\
               cause: it is not JSON\n\
               cause: EOF while parsing a value at line 1 column 0\n",
        provoke: |folder| {
            with_pins(folder, "");
            set(folder, "localhost:31000/demo/client@D", &[])
        },
    },
    Case {
        variant: "Pins",
        exit: Exit::Input,
        text: "error: pins `services/client/pins.json` do not hold\n\
               cause: `prod` stands there twice; remove one\n",
        provoke: |folder| {
            with_pins(folder, r#"{"prod": {}, "prod": {}}"#);
            set(folder, "localhost:31000/demo/client@D", &[])
        },
    },
    Case {
        variant: "Pins",
        exit: Exit::Input,
        text: "error: pins `services/client/pins.json` do not hold\n\
               cause: got environment `myns`, want one of `prod`, `staging`, `dev`\n",
        provoke: |folder| {
            with_pins(folder, r#"{"myns": {}}"#);
            run_in(folder, &["list", "--service=//services/client"])
        },
    },
    Case {
        variant: "Write",
        exit: Exit::Failure,
        text: "error: cannot write `DEEP/pins.json`\n\
               cause: File name too long (os error 36)\n",
        provoke: set_where_no_other_file_fits,
    },
];

/// The lock file's path is as long as a path can be, so that there is no room for a longer name
/// beside it.
fn set_where_no_other_file_fits(folder: &Folder) -> Result<(), Error> {
    const LONGEST: usize = 4095;
    let root = folder.path("checkout");
    let length = LONGEST - root.len() - "/pins.json".len();
    let first = "d".repeat(99 + length % 100);
    let deep = first + &format!("/{}", "d".repeat(99)).repeat(length / 100 - 1);
    let deep = deep.as_str();
    folder.show_as(deep, "DEEP");
    block_on(async {
        folder.file("bin/pin.json", request(ELSEWHERE));
        folder.file(&format!("checkout/{deep}/BUILD"), "");
        folder.file(&format!("checkout/{deep}/pins.json"), "{}");
        let service = format!("--service=//{deep}");
        let image = format!("--image={ELSEWHERE}/demo/client@{DIGEST}");
        let cli = cli(&["set", &service, "--env=prod", &image, "--digest-only"]);
        let (argv0, environment) = (
            folder.path("bin/pin"),
            environment(Path::new(&folder.path(""))),
        );
        run(Some(argv0.as_ref()), &cli, &environment, &mut Vec::new()).await
    })
}
