//! An `image_test` whose expectations do not hold fails, says all that does not hold, and shows the
//! image's size.

use std::path::PathBuf;
use std::process::Command;

#[test]
fn it_fails_and_says_why() {
    let runfiles = std::env::var_os("TEST_SRCDIR").expect("a test of Bazel's");
    let test = PathBuf::from(runfiles).join("_main/rules/tests/image/wrong_test");
    let output = Command::new(test).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let size = "compressed size: got ";
    let lines: Vec<&str> = said.lines().filter(|line| !line.contains(size)).collect();
    assert_eq!(
        lines,
        [
            "error: `//rules/tests/image:wrong` is not as `//rules/tests/image:wrong_test` expects",
            "cause: program `/etc/server/link`: got mode 0600, want a file that can be run",
            "cause: mode of `/data`: got 0700, want 1777",
            "cause: file `/server`: got none, want one",
            "cause: file `/etc/server/link`: got one, want none",
            "cause: user: got `0:0`, want `<uid>:<gid>` with a uid that is not 0",
            "cause: entrypoint: got [\"/etc/server/link\"], want [\"/server\"]",
            "cause: env `A`: got `1`, want `2`",
            "cause: label `b`: got none, want `c`",
        ]
    );
    assert!(
        said.contains(size) && said.contains(", want at most 10 B (10 bytes)"),
        "{said}"
    );
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains(" 2 B unpacked, 1 layers\n"), "{shown}");
    assert!(
        shown.contains("2 B  0600  /etc/server/config.json\n"),
        "{shown}"
    );
}
