//! `e2e CASE`: one case against the cluster that `cluster_test` brought up for it.

use std::process::ExitCode;

fn main() -> ExitCode {
    let case = std::env::args().nth(1).unwrap_or_default();
    let harness = e2e::Harness::from_environment();
    let Some(run) = e2e::cases::named(&case) else {
        let names = e2e::cases::NAMES;
        windlass_report::say(&format!("e2e: got case `{case}`, want one of {names:?}"));
        return ExitCode::from(2);
    };
    run(&harness);
    ExitCode::SUCCESS
}
