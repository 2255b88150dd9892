//! In an environment that is nobody's own, data outlives a delete.

use crate::Harness;

pub(super) fn run(h: &Harness) {
    h.run("//prod:setup.apply", &[]).succeeded();
    h.run("//e2e/kept:dev-deep.apply", &["--timeout=4m"])
        .succeeded();
    let redis = |words: &[&str]| {
        let exec = [
            "exec",
            "-n",
            "dev",
            "redis-0",
            "-c",
            "redis",
            "--",
            "redis-cli",
            "-c",
        ];
        let answer = h.kubectl(&[&exec[..], words].concat());
        answer.succeeded().stdout.trim().to_owned()
    };
    assert_eq!(redis(&["set", "key", "kept"]), "OK");
    h.run("//e2e/kept:dev-deep.delete", &[]).succeeded();
    h.until("all pods are gone", 60, || h.not_ready("dev", 0));
    assert_eq!(h.list(&["pvc", "-n", "dev"]).len(), 6, "the claims stay");
    h.run("//e2e/kept:dev-deep.apply", &["--timeout=4m"])
        .succeeded();
    assert_eq!(redis(&["get", "key"]), "kept");
}
