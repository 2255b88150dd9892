//! The errors, provoked through `run`.

use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_report::Exit;

use crate::{Arguments, Error, Outcome, run};

/// A suite of one case, `x`, and a renderer that always fails by itself.
fn suite(folder: &Folder, known: &str) -> Arguments {
    folder.file("suite/x.jsonnet", "1");
    folder.file("suite/x.golden", "1\n");
    folder.file("known.txt", known);
    Arguments {
        renderer: "false".into(),
        suite: folder.path("suite").into(),
        known: folder.path("known.txt").into(),
    }
}

const CASES: &[Case<Error>] = &[
    Case {
        variant: "File",
        exit: Exit::Input,
        text: "error: cannot run `DIR/renderer`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            let renderer = folder.path("renderer").into();
            run(&Arguments {
                renderer,
                ..suite(folder, "")
            })
        },
    },
    Case {
        variant: "Empty",
        exit: Exit::Input,
        text: "error: cannot find cases in `DIR/`: there is no file `*.jsonnet`\n",
        provoke: |folder| {
            let arguments = suite(folder, "");
            run(&Arguments {
                suite: folder.path("").into(),
                ..arguments
            })
        },
    },
    Case {
        variant: "Line",
        exit: Exit::Input,
        text: "error: cannot read line 2 of the known differences: got `x`, want `<case>: <reason>`, \
               each case once\n",
        provoke: |folder| run(&suite(folder, "# a comment\nx\n")),
    },
    Case {
        variant: "Differs",
        exit: Exit::Failure,
        text: "error: the renderer differs from the suite in other cases than those that are known\n\
               x: want Value(\"1\"), got Broken(\"exit status: 1: \")\n\
               y: is as in the suite; remove it from the list\n",
        provoke: |folder| run(&suite(folder, "y: for a reason\n")),
    },
];

#[test]
fn every_error_has_a_case() {
    check(CASES, Error::VARIANTS, |error| error.into());
}

#[test]
fn a_golden_is_a_value_or_an_error() {
    assert_eq!(
        Outcome::of_golden("[\n  1.5\n]\n"),
        Outcome::Value("[1.5]".into())
    );
    let error = "RUNTIME ERROR: x\n\tx.jsonnet:1:1-2\n";
    assert_eq!(
        Outcome::of_golden(error),
        Outcome::Failed("RUNTIME ERROR: x".into())
    );
}

#[test]
fn errors_are_the_same_whatever_they_say_but_not_a_crash() {
    let failed = |text: &str| Outcome::Failed(text.into());
    assert!(failed("a").is_same(&failed("b")));
    assert!(!failed("a").is_same(&Outcome::Broken("signal: 11".into())));
    assert!(!failed("1").is_same(&Outcome::Value("1".into())));
    assert!(!Outcome::Value("1".into()).is_same(&Outcome::Value("1.0".into())));
}
