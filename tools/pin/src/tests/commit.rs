//! `--commit` and `--branch`: what git has afterwards.

use super::{Bench, block_on, digest, entry, lock};

/// Two services with an image in `dev`, and a file; all committed.
async fn bench() -> Bench {
    let bench = Bench::new(vec![]).await;
    for name in ["client", "server"] {
        let pin = entry(&bench.push(name, name), &[]);
        bench.service(name, &lock(&[("dev", &[(name, pin)])]));
    }
    bench.write("checkout/README.md", "Hello");
    bench.repository();
    bench
}

fn promote<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let given = ["promote", "--from=dev", "--to=staging"];
    given.iter().chain(more).copied().collect()
}

#[test]
fn exactly_the_pins_are_committed() {
    block_on(async {
        let bench = bench().await;
        let base = bench.git(&["rev-parse", "HEAD"]);
        // Of the user's, and none of ours: staged, not staged, in another service, and new.
        bench.write("checkout/README.md", "Staged");
        bench.git(&["add", "README.md"]);
        bench.write("checkout/README.md", "Not staged");
        bench.write("checkout/services/server/pins.json", "{}\n");
        bench.write("checkout/new", "");
        let before = bench.git(&["status", "--porcelain"]);
        let notes = bench
            .notes(&promote(&["--service=//services/client", "--commit"]))
            .await;
        let head = bench.git(&["rev-parse", "HEAD"]);
        assert_eq!(
            notes[1..],
            [
                &*format!(
                    "HEAD is commit {}: client: staging runs what dev runs",
                    &head[..12]
                ),
                "next: bazel run //services/client:staging-shallow.diff",
                "      git push"
            ]
        );
        assert_eq!(bench.git(&["status", "--porcelain"]), before);
        let changed = bench.git(&["diff", "--name-only", "HEAD^", "HEAD"]);
        assert_eq!(changed, "services/client/pins.json");
        assert_eq!(bench.git(&["rev-parse", "HEAD^"]), base);
        assert_eq!(bench.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
        let message = bench.git(&["log", "-1", "--format=%B"]);
        assert_eq!(
            bench.shown(&message),
            format!("client: staging runs what dev runs\n\n{}", notes[0])
        );
        let there = bench.git(&["show", "HEAD:services/client/pins.json"]);
        assert_eq!(bench.shown(&there) + "\n", bench.pins_of("client"));
    });
}

#[test]
fn a_worktree_and_no_branch() {
    block_on(async {
        let bench = bench().await;
        let main = bench.folder.path().join("main");
        let checkout = bench.folder.path().join("checkout");
        std::fs::rename(&checkout, &main).expect("moves");
        let tree = checkout.display().to_string();
        let arguments = ["worktree", "add", "--quiet", "--detach", &tree];
        super::repository::git(&main, &arguments);
        bench.notes(&promote(&["--all", "--commit"])).await;
        assert_eq!(bench.git(&["rev-list", "--count", "HEAD"]), "2");
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
        // The other one has an index and a HEAD of its own.
        let status = super::repository::git(&main, &["status", "--porcelain", "--branch"]);
        assert_eq!(status, "## main");
        let count = super::repository::git(&main, &["rev-list", "--count", "HEAD"]);
        assert_eq!(count, "1");
    });
}

#[test]
fn a_branch_leaves_checkout_and_head() {
    block_on(async {
        let bench = bench().await;
        let base = bench.git(&["rev-parse", "HEAD"]);
        bench.write("checkout/README.md", "Staged");
        bench.git(&["add", "README.md"]);
        let (status, pins) = (
            bench.git(&["status", "--porcelain"]),
            bench.pins_of("client"),
        );
        let notes = bench
            .notes(&promote(&["--all", "--branch=pins/staging"]))
            .await;
        let next = [
            "next: git show pins/staging",
            "      git push origin pins/staging",
        ];
        assert_eq!(notes[3..], next);
        assert_eq!(bench.git(&["rev-parse", "HEAD"]), base);
        assert_eq!(bench.git(&["status", "--porcelain"]), status);
        assert_eq!(bench.pins_of("client"), pins);
        assert_eq!(bench.git(&["rev-parse", "pins/staging^"]), base);
        let changed = bench.git(&["diff", "--name-only", "HEAD", "pins/staging"]);
        assert_eq!(
            changed,
            "services/client/pins.json\nservices/server/pins.json"
        );
        let there = bench.git(&["show", "pins/staging:services/client/pins.json"]);
        assert_eq!(there.matches(&digest("client")).count(), 2);
    });
}

#[test]
fn a_commit_is_signed_where_the_users_are() {
    block_on(async {
        let bench = bench().await;
        // git asks a program of the user's to sign; this one says what it was asked.
        let signer = bench.program(
            "signer",
            "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\n\
             printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nSigned\\n-----END PGP SIGNATURE-----\\n'\n",
        );
        bench.git(&["config", "commit.gpgSign", "true"]);
        bench.git(&["config", "gpg.program", &signer]);
        bench.notes(&promote(&["--all", "--commit"])).await;
        let commit = bench.git(&["cat-file", "commit", "HEAD"]);
        assert!(
            commit.contains("gpgsig -----BEGIN PGP SIGNATURE-----"),
            "{commit}"
        );
    });
}

#[test]
fn hooks_do_not_run() {
    block_on(async {
        let bench = bench().await;
        for name in ["pre-commit", "reference-transaction", "post-index-change"] {
            bench.program(
                &format!("hooks/{name}"),
                "#!/bin/sh\necho ran > hooked\nexit 1\n",
            );
        }
        let hooks = bench.folder.path().join("hooks").display().to_string();
        bench.git(&["config", "core.hooksPath", &hooks]);
        bench.notes(&promote(&["--all", "--branch=next"])).await;
        bench.notes(&promote(&["--all", "--commit"])).await;
        assert_eq!(bench.git(&["rev-list", "--count", "HEAD"]), "2");
        assert!(!bench.folder.path().join("checkout/hooked").exists());
    });
}

#[test]
fn a_link_out_of_the_workspace_stays_one() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        let pin = entry(&bench.push("client", "client"), &[]);
        bench.write("locks/client.json", &lock(&[("dev", &[("client", pin)])]));
        let link = bench
            .folder
            .path()
            .join("checkout/services/client/pins.json");
        std::fs::remove_file(&link).expect("removes");
        std::os::unix::fs::symlink("../../../locks/client.json", &link).expect("links");
        super::repository::init(bench.folder.path());
        super::repository::commit(bench.folder.path(), "All");
        let said = bench.refused(&promote(&["--all", "--commit"])).await;
        assert_eq!(
            said,
            "error: cannot make a commit\n\
             cause: `services/client/pins.json` is a link out of the workspace\n"
        );
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
        assert_eq!(bench.git(&["rev-list", "--count", "HEAD"]), "1");
    });
}

#[test]
fn a_workspace_below_the_root_and_a_link() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        let pin = entry(&bench.push("client", "client"), &[]);
        let pins = lock(&[("dev", &[("client", pin)])]);
        bench.write("checkout/locks/client.json", &pins);
        let link = bench
            .folder
            .path()
            .join("checkout/services/client/pins.json");
        std::fs::remove_file(&link).expect("removes");
        std::os::unix::fs::symlink("../../locks/client.json", &link).expect("links");
        // The repository is one folder up.
        super::repository::init(bench.folder.path());
        super::repository::commit(bench.folder.path(), "All");
        let all = promote(&["--service=//services/client", "--commit"]);
        bench.notes(&all).await;
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
        let changed = bench.git(&["diff", "--name-only", "HEAD^", "HEAD"]);
        assert_eq!(changed, "checkout/locks/client.json");
        let notes = bench
            .notes(&["rollback", "--env=staging", "--all", "--commit"])
            .await;
        assert!(notes[1].ends_with("-> unpinned"), "{}", notes[1]);
        assert_eq!(bench.git(&["diff", "HEAD~2", "HEAD"]), "");
    });
}

#[test]
fn what_is_done_and_not_committed_is_no_nothing_to_do() {
    block_on(async {
        let bench = bench().await;
        bench.notes(&promote(&["--all"])).await;
        let said = bench.refused(&promote(&["--all", "--commit"])).await;
        let want = "error: `services/client/pins.json` has changes that are not committed";
        assert!(said.starts_with(want), "{said}");
        let rollback = ["rollback", "--env=staging", "--all", "--commit"];
        assert!(bench.refused(&rollback).await.starts_with(want));
        bench.notes(&promote(&["--all"])).await;
    });
}

#[test]
fn a_commit_leaves_out_nothing_that_an_earlier_run_has_done() {
    block_on(async {
        let bench = bench().await;
        // As somebody leaves it who is killed after the first of two files.
        bench
            .notes(&promote(&["--service=//services/client"]))
            .await;
        let said = bench.refused(&promote(&["--all", "--commit"])).await;
        let want = "error: `services/client/pins.json` has changes that are not committed";
        assert!(said.starts_with(want), "{said}");
        // Without a commit, it goes on.
        bench.notes(&promote(&["--all"])).await;
        assert!(bench.pins_of("server").contains("staging"));
    });
}

#[test]
fn a_commit_that_git_refuses_leaves_all_as_it_was() {
    block_on(async {
        let bench = bench().await;
        let pins = bench.pins_of("client");
        // Another git is at work in the index.
        bench.write("checkout/.git/index.lock", "");
        let said = bench.refused(&promote(&["--all", "--commit"])).await;
        assert!(said.starts_with("error: cannot commit\ncause: "), "{said}");
        assert!(said.contains("index.lock"), "{said}");
        let lock = bench.folder.path().join("checkout/.git/index.lock");
        std::fs::remove_file(lock).expect("removes");
        assert_eq!(bench.pins_of("client"), pins);
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
        assert_eq!(bench.git(&["rev-list", "--count", "HEAD"]), "1");
    });
}
