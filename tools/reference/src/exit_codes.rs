//! `docs/cli/exit-codes.md`.

use std::fmt::Write as _;

use windlass_report::Exit;

const HEAD: &str = "\
# Exit codes

Every tool ends with one of these. They are stable; `tools/lib/report/src/exit.rs` is where they are defined, and this page is made
from it by `bazel run //:update`.

| code | name | meaning |
|---|---|---|
";

const TAIL: &str = "
`diff` ends with 0 whether or not something would change: what it shows is its answer. Where `apply` would be refused, by a field of
another manager or by the API server, it shows the rest and ends with 6, as `apply` would.
";

pub(crate) fn page() -> String {
    let mut text = HEAD.to_owned();
    for (exit, meaning) in Exit::ALL {
        let (code, name) = (*exit as u8, format!("{exit:?}").to_lowercase());
        let meaning = meaning.trim();
        let _ = writeln!(text, "| {code} | {name} | {meaning} |");
    }
    text + TAIL
}
