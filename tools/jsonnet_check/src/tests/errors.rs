//! Every error, as a user reads it.

use std::ffi::OsString;
use std::path::Path;

use clap::Parser as _;
use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_jsonnet::{Told, cli, evaluate};
use windlass_report::{Exit, render};

use crate::request::{Compare, Files, Golden, Outcome, Output, Rendering, Request};
use crate::{Environment, Error, golden, program, run};

const CASES: &[Case<Error>] = &[
    Case {
        variant: "Arguments",
        exit: Exit::Usage,
        text: "error: cannot read the arguments\n\
               cause: cannot read arguments from `DIR/gone`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| run(folder.args("jsonnet_check deps @DIR/gone"), &nowhere()),
    },
    Case {
        variant: "Files",
        exit: Exit::Failure,
        text: "error: cannot find the files of the test\n\
               cause: cannot find this program: got argv[0] nothing, want its path, or its name in \
               PATH\n",
        provoke: |_| run(Vec::<OsString>::new(), &nowhere()),
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot read request `DIR/x_test.json`\n\
               cause: version: got 2, want 1\n",
        provoke: |folder| {
            let path = folder.file("x_test.json", "{\"version\": 2, \"colour\": \"red\"}");
            Request::read(Path::new(&path)).map(drop)
        },
    },
    Case {
        variant: "File",
        exit: Exit::Failure,
        text: "error: cannot read `DIR/golden.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| golden::test("//:x_test", &rendering(folder, "1"), &here),
    },
    Case {
        variant: "Sources",
        exit: Exit::Input,
        text: "error: cannot check the deps of `//:x`\n\
               cause: two files at `a`: `1` and `2`\n",
        provoke: |folder| deps(folder, &["--file", "a", "1", "--file", "a", "2"]),
    },
    Case {
        variant: "Unused",
        exit: Exit::Input,
        text: "error: `//:x` has deps that no import reaches: `//:a`, `//:c`\n  \
                 one that has to stay says why: keep_deps = {\"//:a\": \"...\"}\n\
               hint: buildozer 'remove deps //:a //:c' //:x\n",
        provoke: |folder| {
            let b = folder.file("b.libsonnet", "{}");
            let x = folder.file("x.jsonnet", "import 'b.libsonnet'");
            let files = [
                "--file",
                "b.libsonnet",
                &b,
                "--file",
                "x.jsonnet",
                &x,
                "--src",
                "x.jsonnet",
            ];
            let of_deps = [
                "--dep=//:a",
                "--dep=//:b",
                "--dep=//:c",
                "--own=//:a\ta.libsonnet",
                "--own=//:b\tb.libsonnet",
                "--gives=//:b\tb.libsonnet",
            ];
            deps(folder, &[&files[..], &of_deps].concat())
        },
    },
    Case {
        variant: "NoValue",
        exit: Exit::Input,
        text: "error: `//:x_test`: got an error, want a value\n  \
                 | error: cannot render `//:x_test`\n  \
                 | cause: DIR/x.jsonnet:1:1: no port\n  \
                 |   1 | error 'no port'\n  \
                 |     | ^^^^^\n",
        provoke: |folder| golden::test("//:x_test", &rendering(folder, "error 'no port'"), &here),
    },
    Case {
        variant: "NoError",
        exit: Exit::Input,
        text: "error: `//:x_test`: got a value, want an error\n  \
                 | {\n  \
                 |   \"port\": 1\n  \
                 | }\n",
        provoke: |folder| {
            let mut rendering = rendering(folder, "{ port: 1 }");
            rendering.outcome = Outcome::Error;
            golden::test("//:x_test", &rendering, &here)
        },
    },
    Case {
        variant: "NoError",
        exit: Exit::Input,
        text: "error: `//:x_test`: got a value, want an error\n",
        provoke: |folder| {
            let mut rendering = rendering(folder, "{ port: 1 }");
            rendering.outcome = Outcome::Error;
            rendering.output = Output::Hidden;
            golden::test("//:x_test", &rendering, &here)
        },
    },
    Case {
        variant: "Differs",
        exit: Exit::Input,
        text: "error: `//:x_test`: `DIR/golden.json` is not what is rendered\n\
               --- DIR/golden.json\n\
               +++ rendered\n\
               @@ -1,4 +1,4 @@\n \
                {\n   \
                  \"name\": \"a\",\n\
               -  \"port\": 1\n\
               +  \"port\": 2\n \
                }\n\
               hint: bazel run //:x_test.update\n",
        provoke: |folder| {
            folder.file("golden.json", "{ port: 1, name: 'a' }");
            golden::test(
                "//:x_test",
                &rendering(folder, "{ port: 2, name: 'a' }"),
                &here,
            )
        },
    },
    Case {
        variant: "NoMatch",
        exit: Exit::Input,
        text: "error: `//:x_test`: the regular expression of `DIR/golden.json` does not match\n  \
                 want\n  \
                 | no .*host\n  \
                 got\n  \
                 | error: cannot render `//:x_test`\n  \
                 | cause: DIR/x.jsonnet:1:1: no port\n  \
                 |   1 | error 'no port'\n  \
                 |     | ^^^^^\n",
        provoke: |folder| {
            folder.file("golden.json", "no .*host\n");
            let mut rendering = compared(rendering(folder, "error 'no port'"), Compare::Regex);
            rendering.outcome = Outcome::Error;
            golden::test("//:x_test", &rendering, &here)
        },
    },
    Case {
        variant: "Regex",
        exit: Exit::Input,
        text: "error: cannot read the regular expression of `DIR/golden.json`\n\
               cause: regex parse error:\n    \
                   a(\n     \
                    ^\n\
               error: unclosed group\n",
        provoke: |folder| {
            folder.file("golden.json", "a(\n");
            let rendering = compared(rendering(folder, "1"), Compare::Regex);
            golden::test("//:x_test", &rendering, &here)
        },
    },
    Case {
        variant: "Golden",
        exit: Exit::Input,
        text: "error: cannot read the value of `DIR/golden.json`\n\
               cause: DIR/golden.json:1:6: syntax error: expected end of file, got '='\n  \
                 1 | port = 1\n    \
                   |      ^\n\
               hint: canonicalize_golden = False\n",
        provoke: |folder| {
            folder.file("golden.json", "port = 1");
            golden::test("//:x_test", &rendering(folder, "1"), &here)
        },
    },
    Case {
        variant: "Workspace",
        exit: Exit::Usage,
        text: "error: cannot write `DIR/golden.json`: got no BUILD_WORKSPACE_DIRECTORY, want \
               `bazel run`\n",
        provoke: |folder| golden::update("//:x_test", &rendering(folder, "1"), &nowhere(), &here),
    },
    Case {
        variant: "Start",
        exit: Exit::Failure,
        text: "error: cannot start `DIR/gone` for `//:x_fmt_test`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            let files = files(folder.path("gone"), folder.file("x.jsonnet", "1"));
            program::format("//:x_fmt_test", &files)
        },
    },
    Case {
        variant: "Program",
        exit: Exit::Input,
        text: "error: `//:x_fmt_test`: cannot format `DIR/x.jsonnet`\n  \
                 | 1:1 not Jsonnet\n",
        provoke: |folder| {
            let files = files("/bin/sh".to_owned(), folder.file("x.jsonnet", SAYS_NO));
            program::format("//:x_fmt_test", &files)
        },
    },
    Case {
        variant: "Format",
        exit: Exit::Input,
        text: "error: `//:x_fmt_test`: not formatted: `DIR/x.jsonnet`\n\
               --- DIR/x.jsonnet\n\
               +++ formatted\n\
               @@ -1,2 +1,2 @@\n\
               +a\n \
                b\n\
               -a\n\
               hint: jsonnetfmt -i DIR/x.jsonnet\n",
        provoke: |folder| {
            let files = files(
                "/usr/bin/sort".to_owned(),
                folder.file("x.jsonnet", "b\na\n"),
            );
            program::format("//:x_fmt_test", &files)
        },
    },
    Case {
        variant: "Lint",
        exit: Exit::Input,
        text: "error: `//:x_lint_test`: the linter found something\n  \
                 | 1:1 not Jsonnet\n",
        provoke: |folder| {
            let files = files("/bin/sh".to_owned(), folder.file("x.jsonnet", SAYS_NO));
            program::lint("//:x_lint_test", &files, &nowhere())
        },
    },
];

#[test]
fn every_error_has_a_case() {
    check(CASES, Error::VARIANTS, |error| error.into());
}

#[test]
fn what_is_as_it_should_be_is_no_error() {
    let folder = Folder::new();
    folder.file(
        "golden.json",
        "{ port: 1, // as JSON has no comments\n name: 'a' }",
    );
    let rendered = rendering(&folder, "{ name: 'a', port: 1 }");
    golden::test("//:x_test", &rendered, &here).expect("the same value");

    folder.file("golden.json", "No.*PORT\n");
    let mut failing = compared(rendering(&folder, "error 'no port'"), Compare::Regex);
    failing.outcome = Outcome::Error;
    golden::test("//:x_test", &failing, &here).expect("it matches");

    let formatted = folder.file("x.jsonnet", "a\nb\n");
    let files = files("/usr/bin/sort".to_owned(), formatted);
    program::format("//:x_fmt_test", &files).expect("sorted");
}

#[test]
fn a_golden_is_written() {
    let folder = Folder::new();
    let environment = Environment {
        workspace: Some(folder.folder("").into()),
        ..nowhere()
    };
    let rendering = rendering(&folder, "{ port: 1 }");
    golden::update("//:x_test", &rendering, &environment, &here).expect("writes");
    let written = std::fs::read_to_string(folder.path("golden.json")).expect("there");
    assert_eq!(written, "{\n  \"port\": 1\n}\n");
    golden::test("//:x_test", &rendering, &here).expect("as it was written");
}

/// A program that refuses what it is given: itself.
const SAYS_NO: &str = "echo '1:1 not Jsonnet' >&2; exit 1";

/// An environment without anything.
fn nowhere() -> Environment {
    Environment::default()
}

/// Renders in this process: nothing here ends it.
#[expect(clippy::unnecessary_wraps, reason = "others start a process for it")]
fn here(words: Vec<String>) -> std::io::Result<Told> {
    let words = std::iter::once("jsonnet".to_owned()).chain(words);
    let arguments = cli::Arguments::try_parse_from(words).expect("usage");
    let rendered = evaluate(&(&arguments).try_into().expect("a request"));
    let (label, texts) = (arguments.label, |(_, text)| text);
    Ok(Told {
        outcome: match rendered.files {
            Ok(files) => Ok(files.into_iter().map(texts).collect()),
            Err(cause) => Err(render(&windlass_jsonnet::Error::Render { label, cause })),
        },
        traces: rendered.traces,
    })
}

/// Renders `code`, and compares it with the value of `golden.json`.
fn rendering(folder: &Folder, code: &str) -> Rendering {
    let source = folder.file("x.jsonnet", code);
    let arguments =
        format!("--label\n//:x\n--src=x.jsonnet\n--file\nx.jsonnet\n{source}\n--out\n-\n-\n");
    Rendering {
        arguments: folder.file("x_test.params", arguments),
        golden: Some(Golden {
            path: folder.path("golden.json"),
            compare: Compare::Value,
            update: Some("//:x_test.update".to_owned()),
        }),
        outcome: Outcome::Value,
        output: Output::Shown,
    }
}

fn compared(mut rendering: Rendering, compare: Compare) -> Rendering {
    if let Some(golden) = &mut rendering.golden {
        golden.compare = compare;
    }
    rendering
}

fn files(program: String, file: String) -> Files {
    Files {
        program,
        files: vec![file],
        imports: None,
    }
}

/// Checks the deps of `//:x`.
fn deps(folder: &Folder, lines: &[&str]) -> Result<(), Error> {
    let out = format!("--out={}", folder.path("marker"));
    let all = [&["--label=//:x", &out], lines].concat().join("\n");
    folder.file("x.params", all);
    run(folder.args("jsonnet_check deps @DIR/x.params"), &nowhere())
}
