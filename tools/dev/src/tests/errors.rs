//! One case for each error: what a user reads, which exit code a script sees, and that nothing is
//! written.

use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_report::{Exit, Explain as _};

use super::fake::{REQUEST, Stand};
use crate::environment::Environment;
use crate::error::{Error, Limit, Reason};
use crate::run;

/// Runs the launcher `x.dev` of a folder to its end.
fn start(folder: &Folder, flags: &[&str], environment: &Environment) -> Result<(), Error> {
    let launcher = folder.path("x.dev");
    let words = [&*launcher].into_iter().chain(flags.iter().copied());
    let arguments = words.map(Into::into).collect();
    block_on(run(arguments, environment)).map(drop)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(future)
}

/// A launcher with its request.
fn launcher(folder: &Folder, request: &str) {
    folder.folder("x.dev.runfiles");
    folder.file("x.dev.json", request);
}

/// A launcher in a checkout with this `bazelw`.
fn with_bazel(folder: &Folder, script: &str) -> Environment {
    use std::os::unix::fs::PermissionsExt as _;
    launcher(folder, REQUEST);
    let program = folder.file("checkout/bazelw", script);
    let all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(program, all).expect("a program");
    Environment {
        workspace: Some(folder.path("checkout").into()),
        ..Environment::default()
    }
}

const CASES: &[Case<Error>] = &[
    Case {
        variant: "Usage",
        exit: Exit::Usage,
        text: "error: invalid value '5' for '--timeout <TIME>': got `5`, want a number and a unit as \
               in `90s`, `5m` or `1h`\n\n\
               For more information, try '--help'.\n",
        provoke: |folder| {
            launcher(folder, REQUEST);
            start(folder, &["--timeout=5"], &Environment::default())
        },
    },
    Case {
        variant: "Files",
        exit: Exit::Failure,
        text: "error: cannot find the files of this program\n\
               cause: cannot find this program: got argv[0] nothing, want its path, or its name in \
               PATH\n",
        provoke: |_| block_on(run(Vec::new(), &Environment::default())).map(drop),
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot use request `DIR/x.dev.json`\n\
               cause: version: got 2, want 1\n",
        provoke: |folder| {
            launcher(folder, r#"{"version": 2}"#);
            start(folder, &[], &Environment::default())
        },
    },
    Case {
        variant: "NoWorkspace",
        exit: Exit::Usage,
        text: "error: BUILD_WORKSPACE_DIRECTORY: got nothing, want the checkout; `bazel run` in a \
               workspace sets it\n\
               hint: bazel run //a:x.dev\n",
        provoke: |folder| {
            launcher(folder, REQUEST);
            start(folder, &[], &Environment::default())
        },
    },
    Case {
        variant: "NoBazel",
        exit: Exit::Failure,
        text: "error: cannot start Bazel: got no `bazelw` in the checkout, and no `bazelisk` or \
               `bazel` in PATH\n",
        provoke: |folder| {
            launcher(folder, REQUEST);
            let workspace = Some(folder.folder("checkout").into());
            let environment = Environment {
                workspace,
                ..Environment::default()
            };
            start(folder, &[], &environment)
        },
    },
    Case {
        variant: "Bazel",
        exit: Exit::Input,
        text: "error: cannot list the sources of `//a:x.apply`\n\
               cause: bazel: exit status: 7\n",
        provoke: |folder| {
            let environment = with_bazel(folder, "#!/bin/sh\nexit 7\n");
            start(folder, &[], &environment)
        },
    },
    Case {
        variant: "Built",
        exit: Exit::Failure,
        text: "error: cannot use what Bazel has built of `//a:x.apply`\n\
               cause: cannot find the runfiles of `DIR/bin/a/x.apply`\n",
        provoke: |folder| {
            let launcher = folder.path("bin/a/x.apply");
            crate::built::Built::read("//a:x.apply", launcher.as_ref()).map(drop)
        },
    },
    Case {
        variant: "Watch",
        exit: Exit::Failure,
        text: "error: cannot watch `/a`\n\
               cause: OS file watch limit reached.\n\
               hint: sysctl fs.inotify.max_user_watches=524288\n",
        provoke: |_| {
            let error = notify::Error::new(notify::ErrorKind::MaxFilesWatch);
            Err(crate::saves::refused("/a".as_ref(), &error))
        },
    },
];

#[test]
fn every_error_has_a_case() {
    check(CASES, Error::VARIANTS, |error| error.into());
}

#[test]
fn only_a_limit_has_a_hint() {
    let error = Error::Watch {
        path: "/a".into(),
        source: Reason("gone".to_owned()),
        limit: Limit::Other,
    };
    assert_eq!(error.hint(), None);
}

#[test]
fn help_is_for_stdout() {
    let stand = Stand::new("127.0.0.1:1");
    let help = block_on(stand.run(&["--help"])).expect("help");
    assert!(help.starts_with("Build and apply whenever"), "{help}");
}
