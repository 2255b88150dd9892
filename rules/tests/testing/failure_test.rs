//! A `k8s_apply_test` whose expectations do not hold fails, and says what it got and what it wants.

use std::path::PathBuf;
use std::process::Command;

#[test]
fn it_fails_and_says_why() {
    let runfiles = std::env::var_os("TEST_SRCDIR").expect("a test of Bazel's");
    let test = PathBuf::from(runfiles).join("_main/rules/tests/testing/wrong_test");
    let output = Command::new(test).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let steps = "\
steps: got lines with +, want lines with -
- create Service basis
+ push shop/web
+ create Service base
  create Deployment left
  create Secret right
  create Deployment top
";
    let error = "error: `//rules/tests/testing:top.apply` did not do what \
                 `//rules/tests/testing:wrong_test` expects\n";
    let order = "before: got `Service base` asked for at ";
    for want in [error, steps, order, "first run asked:"] {
        assert!(said.contains(want), "want\n{want}\nin\n{said}");
    }
    // The requests are there to find out why.
    let pushed = said.matches("PUT /v2/shop/web/manifests/kept_").count();
    assert_eq!(pushed, 1, "{said}");
}
