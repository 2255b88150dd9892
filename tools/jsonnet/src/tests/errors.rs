//! Every error of the tool, by its command line.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;

use crate::process::cause;
use crate::{Error, Limits, Request, bounds, cli, once, serve, start, worker};
use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_report::Exit;

const ERRORS: &[Case<Error>] = &[
    Case {
        variant: "Render",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet:1:26: why\n  \
                 1 | { 'a.json': 1, 'b.json': error 'why' }\n    \
                   |                          ^^^^^\n  \
                 in output `b.json`\n",
        provoke: |folder| {
            let outs = "--multiple --out a.json DIR/a.json --out b.json DIR/b.json";
            jsonnet(folder, "{ 'a.json': 1, 'b.json': error 'why' }", outs)
        },
    },
    Case {
        variant: "Write",
        exit: Exit::Failure,
        text: "error: cannot write `DIR/a.json`\n\
               cause: Is a directory (os error 21)\n",
        provoke: |folder| {
            folder.folder("a.json");
            jsonnet(folder, "1", "--out a.json DIR/a.json")
        },
    },
    Case {
        variant: "Arguments",
        exit: Exit::Input,
        text: "error: cannot read arguments from `DIR/x`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            let arguments = folder.args("jsonnet @DIR/x");
            start(Path::new(&folder.path("jsonnet")), arguments).map(drop)
        },
    },
    Case {
        variant: "Start",
        exit: Exit::Failure,
        text: "error: cannot start `DIR/jsonnet`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            worker::start(Path::new(&folder.path("jsonnet")), Limits::default()).map(drop)
        },
    },
    Case {
        variant: "Thread",
        exit: Exit::Failure,
        text: "error: cannot start a thread\n\
               cause: Resource temporarily unavailable (os error 11)\n",
        provoke: |folder| {
            let limits = Limits {
                memory_mb: 1 << 40,
                ..Limits::default()
            };
            let request = request(folder, "1", "--out a DIR/a")?;
            once::render(request, limits, limits.deadline())
        },
    },
    Case {
        variant: "Enter",
        exit: Exit::Failure,
        text: "error: cannot enter `DIR/sandbox`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| serve::within(&folder.path("sandbox"), || Ok(())),
    },
    Case {
        variant: "Protocol",
        exit: Exit::Failure,
        text: "error: cannot read a request of Bazel\n\
               cause: key must be a string at line 1 column 2\n",
        provoke: |folder| {
            let program = folder.path("jsonnet");
            let (limits, sink) = (Limits::default(), std::io::sink());
            worker::work(Path::new(&program), limits, &b"{]"[..], sink)
        },
    },
];

#[test]
fn every_error_has_a_case() {
    check(ERRORS, Error::VARIANTS, |error| error.into());
}

const CAUSES: &[Case<Error>] = &[
    Case {
        variant: "PlaceTwice",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: two files at `a`: `DIR/1` and `DIR/2`\n",
        provoke: |folder| refused(folder, "1", "--file a DIR/1 --file a DIR/2"),
    },
    Case {
        variant: "NameTwice",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: two files can be imported as `a`: `1` and `2`\n",
        provoke: |folder| refused(folder, "1", "--import-name a 1 --import-name a 2"),
    },
    Case {
        variant: "VariableTwice",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: argument `params` is given twice\n",
        provoke: |folder| refused(folder, "1", r#"--tla-strs={"params":""} --params={}"#),
    },
    Case {
        variant: "VariableTwice",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: external variable `a` is given twice\n",
        provoke: |folder| refused(folder, "1", r#"--ext-strs={"a":""} --ext-code={"a":"1"}"#),
    },
    Case {
        variant: "FieldTwice",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: external variable `//s`: field `service` is given twice\n",
        provoke: |folder| {
            let given = "--ext-rendered //s service DIR/1 --ext-rendered //s service DIR/2";
            refused(folder, "1", given)
        },
    },
    Case {
        variant: "OutputTwice",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: output `a.json` is declared twice\n",
        provoke: |folder| refused(folder, "1", "--multiple --out a.json DIR/2"),
    },
    Case {
        variant: "Outputs",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: got 2 outputs, want one without --multiple\n",
        provoke: |folder| refused(folder, "1", "--out b.json DIR/b.json"),
    },
    Case {
        variant: "Undeclared",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: `b/c.txt` is not among the files of the target\n",
        provoke: |folder| refused(folder, "1", "--ext-str-file c b/c.txt"),
    },
    Case {
        variant: "Read",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: cannot read `DIR/service.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| refused(folder, "1", "--ext-rendered //s service DIR/service.json"),
    },
    Case {
        variant: "Parse",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: cannot parse `DIR/service.json`\n\
               cause: key must be a string at line 1 column 2\n",
        provoke: |folder| {
            folder.file("service.json", "{]");
            refused(folder, "1", "--ext-rendered //s service DIR/service.json")
        },
    },
    Case {
        variant: "Evaluation",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet:1:11: external variable is not defined: a\n  \
                 1 | std.extVar('a')\n    \
                   |           ^^^^^\n  \
                 none is given\n",
        provoke: |folder| refused(folder, "std.extVar('a')", ""),
    },
    Case {
        variant: "Evaluation",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet:1:11: external variable is not defined: //services/helo\n  \
                 1 | std.extVar('//services/helo')\n    \
                   |           ^^^^^^^^^^^^^^^^^^^\n  \
                 want one of `//services/hello`, `//services/redis`; the nearest is `//services/hello`: \
               those are the labels in `deps`\n",
        provoke: |folder| {
            folder.file("service.json", "{}");
            refused(
                folder,
                "std.extVar('//services/helo')",
                "--ext-rendered //services/hello service DIR/service.json \
                 --ext-rendered //services/redis service DIR/service.json",
            )
        },
    },
    Case {
        variant: "Evaluation",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet: cannot read `DIR/gone.txt`: \
               No such file or directory (os error 2)\n",
        provoke: |folder| {
            refused(
                folder,
                "importstr 'gone.txt'",
                "--file gone.txt DIR/gone.txt",
            )
        },
    },
    Case {
        variant: "NoObject",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet: got array, want an object with a field for each output: \
               `a.json`\n",
        provoke: |folder| refused(folder, "[1]", "--multiple"),
    },
    Case {
        variant: "NoField",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet: no field for the declared output `a.json`\n  \
                 fields: `b.json`, `c.json`\n",
        provoke: |folder| refused(folder, "{ 'b.json': 1, 'c.json': 2 }", "--multiple"),
    },
    Case {
        variant: "NoFolder",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet: got number, want an object with a field for each file of the \
               folder\n",
        provoke: |folder| jsonnet(folder, "1", "--out-dir DIR/out"),
    },
    Case {
        variant: "NoFile",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet: got field `../a.json`, want a path in the folder, such as \
               `service.json`\n",
        provoke: |folder| jsonnet(folder, "{ '../a.json': 1 }", "--out-dir DIR/out"),
    },
    Case {
        variant: "NoFile",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet: got field `/etc/a.json`, want a path in the folder, such as \
               `service.json`\n",
        provoke: |folder| jsonnet(folder, "{ '/etc/a.json': 1 }", "--out-dir DIR/out"),
    },
    Case {
        variant: "NoFile",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet: got field `a/./b`, want a path in the folder, such as `a/b`\n",
        provoke: |folder| jsonnet(folder, "{ 'a/b': 1, 'a/./b': 2 }", "--out-dir DIR/out"),
    },
    Case {
        variant: "NoFile",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet: got field `a//b`, want a path in the folder, such as `a/b`\n",
        provoke: |folder| jsonnet(folder, "{ 'a//b': 1 }", "--out-dir DIR/out"),
    },
    Case {
        variant: "FileAndFolder",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet: got fields `a` and `a/b`, want `a` to be a file or a folder\n",
        provoke: |folder| jsonnet(folder, "{ a: 1, 'a-b': 2, 'a/b': 3 }", "--out-dir DIR/out"),
    },
    Case {
        variant: "Evaluation",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet: got object, want an array: with `yaml_stream`, each of its \
               elements is a document\n",
        provoke: |folder| refused(folder, "{}", "--stream"),
    },
    Case {
        variant: "Evaluation",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet: got number, want a string: with `--string`, it is the text of \
               the file\n  \
                 in output `a.txt`\n",
        provoke: |folder| {
            let args = "--format string --multiple --out a.txt DIR/a.txt";
            jsonnet(folder, "{ 'a.txt': 1 }", args)
        },
    },
    Case {
        variant: "NoOutput",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: DIR/x.jsonnet: not declared in `outs`: field `b.json`\n  \
                 declared: `a.json`\n",
        provoke: |folder| refused(folder, "{ 'a.json': 1, 'b.json': 2 }", "--multiple"),
    },
    Case {
        variant: "Memory",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: its evaluation takes more memory than 480 MB and 160 times its files\n\
               hint: bazel build --worker_extra_flag=Jsonnet=--memory-mb=960\n",
        provoke: |_| {
            let words = "memory allocation of 4096 bytes failed\n";
            ended(i32::from(bounds::MEMORY) << 8, words)
        },
    },
    Case {
        variant: "Depth",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: its code or its values nest too deep\n",
        provoke: |_| ended(i32::from(bounds::DEPTH) << 8, ""),
    },
    Case {
        variant: "Time",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: its evaluation takes longer than 0 s\n\
               hint: bazel build --worker_extra_flag=Jsonnet=--seconds=1\n",
        provoke: |folder| {
            let endless = "std.foldl(function(a, i) a, std.range(0, 2000000000), 0)";
            let limits = Limits {
                seconds: 0,
                ..Limits::default()
            };
            let request = request(folder, endless, "--out a DIR/a")?;
            once::render(request, limits, limits.deadline())
        },
    },
    Case {
        variant: "Ended",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: the evaluator ended: exit status: 71\n  \
                 free(): invalid pointer\n",
        provoke: |_| ended(i32::from(bounds::MEMORY) << 8, "free(): invalid pointer\n"),
    },
    Case {
        variant: "Ended",
        exit: Exit::Input,
        text: "error: cannot render `//x`\n\
               cause: the evaluator ended: exit status: 101\n  \
                 thread panicked:\n  \
                 attempt to multiply with overflow\n",
        provoke: |_| {
            ended(
                101 << 8,
                "\nthread panicked:\nattempt to multiply with overflow\n",
            )
        },
    },
];

/// What is said of an evaluator that ended with a status of the operating system.
fn ended(status: i32, words: &str) -> Result<(), Error> {
    let status = Some(ExitStatus::from_raw(status));
    render(cause(status, words, Limits::default()))
}

fn render(cause: crate::Cause) -> Result<(), Error> {
    Err(Error::Render {
        label: "//x".to_owned(),
        cause,
    })
}

#[test]
fn every_cause_has_a_case() {
    check(CAUSES, crate::Cause::VARIANTS, |error| match error {
        Error::Render { cause, .. } => cause.into(),
        _ => "no cause",
    });
}

/// Renders `code` to `a.json`.
fn refused(folder: &Folder, code: &str, args: &str) -> Result<(), Error> {
    jsonnet(folder, code, &format!("--out a.json DIR/a.json {args}"))
}

fn jsonnet(folder: &Folder, code: &str, args: &str) -> Result<(), Error> {
    let limits = Limits::default();
    once::render(request(folder, code, args)?, limits, limits.deadline())
}

fn request(folder: &Folder, code: &str, args: &str) -> Result<Request, Error> {
    folder.file("x.jsonnet", code);
    let source = "--label //x --src x.jsonnet --file x.jsonnet DIR/x.jsonnet";
    let args = folder.args(&format!("jsonnet {source} {args}"));
    let arguments: cli::Arguments = windlass_param_file::parse(args).expect("usage");
    Request::try_from(&arguments)
}
