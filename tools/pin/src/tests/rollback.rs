//! `rollback`: what goes back, and what does not.

use std::path::PathBuf;

use super::{Bench, block_on, digest, entry, lock, short};

/// A bench whose history a test writes: a commit for each call of [`History::runs`].
struct History {
    bench: Bench,
    checkout: PathBuf,
}

impl History {
    async fn new() -> Self {
        let bench = Bench::new(vec![]).await;
        bench.service("server", "{}\n");
        bench.repository();
        let checkout = bench.folder.path().join("checkout");
        Self { bench, checkout }
    }

    fn pin(&self, image: &str) -> String {
        entry(&self.bench.push("any", image), &[])
    }

    /// A service runs these images in these environments; no commit yet.
    fn set(&self, service: &str, environments: &[(&str, &str)]) {
        let pins: Vec<_> = environments
            .iter()
            .map(|(env, image)| (*env, [("any", self.pin(image))]))
            .collect();
        let pins: Vec<_> = pins.iter().map(|(env, pins)| (*env, &pins[..])).collect();
        self.bench.service(service, &lock(&pins));
    }

    fn commit(&self, message: &str) -> String {
        super::repository::commit(&self.checkout, message)[..12].to_owned()
    }

    async fn rollback(&self, more: &[&str]) -> Vec<String> {
        let arguments: Vec<_> = ["rollback", "--env=prod"]
            .iter()
            .chain(more)
            .copied()
            .collect();
        self.bench.notes(&arguments).await
    }

    fn line(service: &str, from: &str, to: &str) -> String {
        let image = |image| format!("REGISTRY/demo/any@sha256:{}", short(image));
        let (from, to) = (image(from), image(to));
        format!("//services/{service} prod any: {from} -> {to}")
    }
}

#[test]
fn to_what_was_before_the_last_change_of_the_environment() {
    block_on(async {
        let history = History::new().await;
        history.set("client", &[("prod", "one"), ("dev", "one")]);
        history.commit("One");
        history.set("client", &[("prod", "two"), ("dev", "one")]);
        let two = history.commit("Two");
        // Of another environment, and of something else.
        history.set("client", &[("prod", "two"), ("dev", "two")]);
        history.commit("Dev");
        history.bench.write("checkout/README.md", "Hello");
        history.commit("Docs");
        let arguments = ["--service=//services/client"];
        let notes = history.rollback(&arguments).await;
        assert_eq!(
            notes,
            [
                format!("prod as before commit {two}:"),
                History::line("client", "two", "one"),
                "next: bazel run //services/client:prod-shallow.diff".to_owned(),
                format!(
                    "      git commit -m \"client: prod runs what it ran before {two}\" \
                     services/client/pins.json"
                ),
            ]
        );
        let pin = |image| [("any", history.bench.shown(&history.pin(image)))];
        let want = lock(&[("prod", &pin("one")), ("dev", &pin("two"))]);
        assert_eq!(history.bench.pins_of("client"), want);
        // Until that is committed, it is as far back as it was asked for.
        let notes = history.rollback(&arguments).await;
        let want = format!("prod runs what it ran before commit {two}; nothing was written");
        assert_eq!(notes, [want]);
        // A rollback is a change like others, and can be rolled back.
        let back = history.commit("Back");
        let notes = history.rollback(&arguments).await;
        assert_eq!(notes[0], format!("prod as before commit {back}:"));
        assert_eq!(notes[1], History::line("client", "one", "two"));
    });
}

#[test]
fn a_change_that_is_not_committed_is_not_jumped_over() {
    block_on(async {
        let history = History::new().await;
        for image in ["one", "two"] {
            history.set("client", &[("prod", image)]);
            history.commit(image);
        }
        history.set("client", &[("prod", "three")]);
        let before = history.bench.pins_of("client");
        let said = history
            .bench
            .refused(&["rollback", "--env=prod", "--all"])
            .await;
        let want = "error: `services/client/pins.json` has changes that are not committed";
        assert!(said.starts_with(want), "{said}");
        assert_eq!(history.bench.pins_of("client"), before);
    });
}

#[test]
fn what_a_protected_environment_ran_it_may_run_again() {
    block_on(async {
        let history = History::new().await;
        // One was there before anybody protected it, and nobody knows its commit.
        for image in ["one", "two"] {
            history.set("client", &[("prod", image)]);
            history.commit(image);
        }
        history.bench.protect(&["prod"]);
        let notes = history.rollback(&["--all", "--commit"]).await;
        assert_eq!(notes[1], History::line("client", "two", "one"));
    });
}

#[test]
fn what_came_together_goes_together() {
    block_on(async {
        let history = History::new().await;
        history.bench.service("redis", "{}\n");
        for (client, server, redis) in [("one", "one", "one"), ("one", "one", "two")] {
            history.set("client", &[("prod", client)]);
            history.set("server", &[("prod", server)]);
            history.set("redis", &[("prod", redis)]);
            history.commit("Pins");
        }
        history.set("client", &[("prod", "two")]);
        history.set("server", &[("prod", "two")]);
        let two = history.commit("Two of them");
        // Redis has a last change of its own, which is none of this.
        let notes = history.rollback(&["--all", "--commit"]).await;
        assert_eq!(
            notes[..3],
            [
                format!("prod as before commit {two}:"),
                History::line("client", "two", "one"),
                History::line("server", "two", "one"),
            ]
        );
        assert!(history.bench.pins_of("redis").contains(&digest("two")));
        let log = history
            .bench
            .git(&["log", "-1", "--format=%an: %B", "--name-only"]);
        let lines: Vec<_> = log.lines().filter(|line| !line.is_empty()).collect();
        let subject = format!("Alice: prod runs what it ran before {two}, of 2 services");
        assert_eq!(lines[0], subject);
        assert_eq!(lines.len(), 5);
        assert!(
            lines[1].starts_with("//services/client prod any: "),
            "{}",
            lines[1]
        );
        assert_eq!(
            lines[3..],
            ["services/client/pins.json", "services/server/pins.json"]
        );
    });
}

#[test]
fn a_merge_is_one_change() {
    block_on(async {
        let history = History::new().await;
        history.set("client", &[("prod", "one")]);
        history.commit("One");
        history.bench.git(&["checkout", "--quiet", "-b", "side"]);
        for image in ["two", "three"] {
            history.set("client", &[("prod", image)]);
            history.commit(image);
        }
        history.bench.git(&["checkout", "--quiet", "main"]);
        history
            .bench
            .git(&["merge", "--quiet", "--no-ff", "--no-edit", "side"]);
        let merge = history.bench.git(&["rev-parse", "HEAD"]);
        let notes = history.rollback(&["--all"]).await;
        assert_eq!(notes[0], format!("prod as before commit {}:", &merge[..12]));
        assert_eq!(notes[1], History::line("client", "three", "one"));
    });
}

#[test]
fn to_nothing_where_nothing_was() {
    block_on(async {
        let history = History::new().await;
        history.set("client", &[("prod", "one"), ("dev", "one")]);
        history.commit("One");
        let notes = history.rollback(&["--all"]).await;
        let short = short("one");
        assert_eq!(
            notes[1],
            format!("//services/client prod any: REGISTRY/demo/any@sha256:{short} -> unpinned")
        );
        assert!(!history.bench.pins_of("client").contains("prod"));
    });
}

#[test]
fn a_service_that_moves_has_not_changed() {
    block_on(async {
        let history = History::new().await;
        history.set("server", &[("prod", "one")]);
        history.commit("One");
        history.set("client", &[("prod", "one")]);
        let one = history.commit("One");
        history
            .bench
            .git(&["mv", "services/server", "services/guide"]);
        history.commit("A better name");
        let notes = history.rollback(&["--service=//services/guide"]).await;
        let nothing = "git knows no change of what prod runs; nothing was written";
        assert_eq!(notes, [nothing]);
        let notes = history.rollback(&["--all"]).await;
        assert_eq!(notes[0], format!("prod as before commit {one}:"));
        assert!(notes[1].starts_with("//services/client prod any: "));
    });
}

#[test]
fn signatures_that_git_shows_are_no_commits() {
    block_on(async {
        let history = History::new().await;
        // It signs, and says who signed.
        let signer = "#!/bin/sh\ncat >/dev/null\n\
                      echo '-----BEGIN PGP SIGNATURE-----'\n\
                      echo '[GNUPG:] SIG_CREATED ' >&2\n";
        let signer = history.bench.program("signer", signer);
        let configured = [
            ("gpg.program", &*signer),
            ("commit.gpgSign", "true"),
            ("log.showSignature", "true"),
        ];
        for (key, value) in configured {
            history.bench.git(&["config", key, value]);
        }
        for image in ["one", "two"] {
            history.set("client", &[("prod", image)]);
            history.commit(image);
        }
        let notes = history.rollback(&["--all"]).await;
        assert_eq!(notes[1], History::line("client", "two", "one"));
    });
}

#[test]
fn nothing_ever_changed() {
    block_on(async {
        let history = History::new().await;
        let notes = history.rollback(&["--all"]).await;
        assert_eq!(
            notes,
            ["git knows no change of what prod runs; nothing was written"]
        );
    });
}

#[test]
fn an_image_that_is_gone_is_not_gone_back_to() {
    block_on(async {
        let history = History::new().await;
        let gone = format!(
            "{}/demo/any@{}",
            history.bench.registry.name(),
            digest("gone")
        );
        let gone = [("any", entry(&gone, &[]))];
        history.bench.service("client", &lock(&[("prod", &gone)]));
        history.commit("One");
        history.set("client", &[("prod", "two")]);
        history.commit("Two");
        let before = history.bench.pins_of("client");
        let arguments = ["rollback", "--env=prod", "--all"];
        let said = history.bench.refused(&arguments).await;
        assert!(said.contains("has no image `demo/any@"), "{said}");
        assert_eq!(history.bench.pins_of("client"), before);
        history.rollback(&["--all", "--digest-only"]).await;
        assert!(history.bench.pins_of("client").contains(&digest("gone")));
    });
}
