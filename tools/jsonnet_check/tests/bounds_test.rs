//! The program itself: tests of sources that end what evaluates them.

use std::path::PathBuf;

use windlass_jsonnet::{Limits, Told, told};
use windlass_jsonnet_check::Error;
use windlass_jsonnet_check::golden::test;
use windlass_jsonnet_check::request::{Compare, Golden, Outcome, Output, Rendering};

fn program() -> PathBuf {
    let built = option_env!("CARGO_BIN_EXE_jsonnet_check").map(PathBuf::from);
    let path = std::env::var_os("JSONNET_CHECK")
        .map(PathBuf::from)
        .or(built);
    let path = path.expect("JSONNET_CHECK names the program");
    path.canonicalize().expect("the program is built")
}

/// What a `jsonnet_to_json_test` says of a source and its golden.
fn checked(
    source: &str,
    outcome: Outcome,
    compare: Compare,
    golden: &str,
    limits: Limits,
) -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writes");
        path.display().to_string()
    };
    let path = file("x.jsonnet", source);
    let words = format!("--label\n//:x.update\n--src\nx\n--file\nx\n{path}\n--out\n-\n-\n");
    let rendering = Rendering {
        arguments: file("x.arguments", &words),
        golden: Some(Golden {
            path: file("golden", golden),
            compare,
            update: None,
        }),
        outcome,
        output: Output::Shown,
    };
    let program = program();
    let ask = |words| -> std::io::Result<Told> { told(&program, limits, words) };
    test("//:x", &rendering, &ask)
}

/// Whether the error is what the golden says: the label and the limits in it too.
fn fails_as(source: &str, limits: Limits, golden: &str) {
    checked(source, Outcome::Error, Compare::Text, golden, limits).expect("as it says");
    let other = format!("{golden}no\n");
    let differs = checked(source, Outcome::Error, Compare::Text, &other, limits);
    assert!(matches!(differs, Err(Error::Differs { .. })), "{differs:?}");
}

#[test]
fn a_source_that_nests_too_deep_is_an_error_to_compare() {
    let golden = "error: cannot render `//:x`\n\
                  cause: its code or its values nest too deep\n";
    fails_as(&"[".repeat(200_000), Limits::default(), golden);
}

#[test]
fn a_source_that_takes_too_much_memory_is_an_error_to_compare() {
    let golden = "error: cannot render `//:x`\n\
                  cause: its evaluation takes more memory than 480 MB and 160 times its files\n\
                  hint: bazel build --worker_extra_flag=Jsonnet=--memory-mb=960\n";
    fails_as("std.repeat('x', 1000000000)", Limits::default(), golden);
}

#[test]
fn a_source_without_an_end_is_an_error_to_compare() {
    let endless = "std.foldl(function(a, i) a, std.range(0, 2000000000), 0)";
    let limits = Limits {
        seconds: 1,
        ..Limits::default()
    };
    let golden = "error: cannot render `//:x`\n\
                  cause: its evaluation takes longer than 1 s\n\
                  hint: bazel build --worker_extra_flag=Jsonnet=--seconds=2\n";
    fails_as(endless, limits, golden);
}

#[test]
fn a_golden_that_nests_too_deep_is_an_error() {
    let golden = "[".repeat(200_000);
    let limits = Limits::default();
    let error = checked("1", Outcome::Value, Compare::Value, &golden, limits);
    let Err(Error::Golden { said, .. }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(said, ["cause: its code or its values nest too deep"]);
}

#[test]
fn what_a_source_gives_is_compared() {
    let source = "local n = std.trace('said', 1); { n: n }";
    let checked = |golden| {
        checked(
            source,
            Outcome::Value,
            Compare::Value,
            golden,
            Limits::default(),
        )
    };
    checked("{ n: 1 }").expect("the same");
    assert!(matches!(checked("{ n: 2 }"), Err(Error::Differs { .. })));
}
