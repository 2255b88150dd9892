//! Tests that pass, and what they write.

use serde_json::{Value, json};
use windlass_error_cases::Folder;

use super::{Test, event};
use crate::error::Error;

fn passes(test: &Test) {
    if let Err(error) = test.run() {
        panic!("{}", windlass_report::render(&error));
    }
}

#[test]
fn one_that_holds() {
    let folder = Folder::new();
    passes(&Test::new(&folder));
}

#[test]
fn what_is_set_up_before_is_not_looked_at() {
    let folder = Folder::new();
    let mut test = Test::new(&folder);
    test.request["setup"] = json!([test.request["target"]]);
    test.request["expected"]["steps"] = json!([]);
    passes(&test);
}

#[test]
fn a_golden_is_compared_and_written() {
    let folder = Folder::new();
    let mut test = Test::new(&folder);
    test.golden("a.steps");
    folder.file("a.steps", "create ConfigMap b\n");
    assert!(matches!(test.run(), Err(Error::Unexpected { .. })));

    folder.file("first", [event("a", 201), event("b", 200)].concat());
    std::fs::remove_file(folder.path("again")).expect("it was run");
    test.request["verb"] = Value::from("update");
    test.environment.workspace = Some(folder.path("").into());
    passes(&test);
    let written = std::fs::read_to_string(folder.path("a.steps")).expect("a golden");
    assert_eq!(written, "create ConfigMap a\nchange ConfigMap b\n");

    std::fs::remove_file(folder.path("again")).expect("it was run");
    test.request["verb"] = Value::from("test");
    passes(&test);
}

#[test]
fn a_run_sees_the_api_server_and_nothing_of_the_caller() {
    let folder = Folder::new();
    let test = Test::new(&folder);
    let target = std::fs::read_to_string(folder.path("target")).expect("a script");
    test.script(
        "target",
        &format!(
            "{target}\nenv > \"$RUNFILES_DIR/variables\"; echo \"$@\" > \"$RUNFILES_DIR/arguments\""
        ),
    );
    passes(&test);
    let read = |name: &str| std::fs::read_to_string(folder.path(name)).expect("written");
    assert_eq!(read("arguments"), "--wait=false --output=json\n");
    let variables = read("variables");
    let names = variables.lines().filter_map(|line| line.split('=').next());
    let own = ["KUBECONFIG", "RUNFILES_DIR"];
    let others: Vec<_> = names.filter(|name| !own.contains(name)).collect();
    // What the shell sets by itself.
    assert!(
        others
            .iter()
            .all(|name| ["PWD", "OLDPWD", "SHLVL", "_", "log"].contains(name)),
        "{others:?}"
    );
}
