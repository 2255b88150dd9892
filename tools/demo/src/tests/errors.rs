//! Every error of the demo, by its request.

use crate::{Environment, Error, run};
use std::ffi::OsStr;
use std::time::Duration;
use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_report::Exit;

const CASES: &[Case<Error>] = &[
    Case {
        variant: "Files",
        exit: Exit::Failure,
        text: "error: cannot find the files of the demo\n\
               cause: cannot find the runfiles of `DIR/demo`\n",
        provoke: started,
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot read request `DIR/demo.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            folder.folder("demo.runfiles");
            started(folder)
        },
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot read request `DIR/demo.json`\n\
               cause: unknown field `from`, expected one of `version`, `steps`, `log`, `until`, \
               `next` at line 1 column 19\n",
        provoke: |folder| demo(folder, r#"{"version":1,"from":1}"#),
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot read request `DIR/demo.json`\n\
               cause: version: got 2, want 1\n",
        provoke: |folder| demo(folder, &request(2, "", "")),
    },
    Case {
        variant: "Start",
        exit: Exit::Failure,
        text: "error: cannot start `//log`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| demo(folder, &request(1, "_main/nowhere", "")),
    },
    Case {
        variant: "LogLate",
        exit: Exit::Rollout,
        text: "error: the log of `//log` does not say `RouteChat` within 0.001 s\n",
        provoke: |folder| {
            made(folder, &request(1, "/bin/sleep", "60"));
            started_for(folder, Duration::from_millis(1))
        },
    },
    Case {
        variant: "LogEnded",
        exit: Exit::Rollout,
        text: "error: the log of `//log` ended, and does not say `GetFeature`\n",
        provoke: |folder| demo(folder, &request(1, "/bin/echo", "RouteChat")),
    },
];

#[test]
fn every_error_has_a_case() {
    check(CASES, Error::VARIANTS, |error| error.into());
}

/// A request whose log is that of a program.
fn request(version: u32, program: &str, argument: &str) -> String {
    let log = serde_json::json!({"label": "//log", "launcher": program, "arguments": [argument]});
    let until = ["RouteChat", "GetFeature"];
    serde_json::json!({"version": version, "steps": [], "log": log, "until": until, "next": []})
        .to_string()
}

fn demo(folder: &Folder, request: &str) -> Result<(), Error> {
    made(folder, request);
    started(folder)
}

fn made(folder: &Folder, request: &str) {
    folder.folder("demo.runfiles");
    folder.file("demo.json", request);
}

fn started(folder: &Folder) -> Result<(), Error> {
    started_for(folder, Duration::from_mins(1))
}

fn started_for(folder: &Folder, patience: Duration) -> Result<(), Error> {
    let launcher = folder.path("demo");
    let environment = Environment::default();
    run(Some(OsStr::new(&launcher)), &environment, patience).map(drop)
}
