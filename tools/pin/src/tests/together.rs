//! People who promote at the same time: no pin is lost.

use std::path::{Path, PathBuf};
use std::sync::Barrier;

use windlass_pins::Pin;

use super::repository::{commit, configure, git, init, try_git};
use super::{block_on, digest, entry, environment, lock, request};
use crate::checks::Entry;
use crate::cli::Cli;
use crate::error::Error;
use crate::pins_file::{Change, Held, PinsFile};
use crate::verbs::Outcome;

const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "prod"];

fn pin(text: &str) -> Pin {
    let image = format!("localhost:31000/demo/client@{}", digest(text));
    Pin::try_new(image.parse().expect("an image")).expect("a digest")
}

#[test]
fn of_many_at_once_none_is_lost() {
    const WRITERS: usize = 16;
    let folder = tempfile::tempdir().expect("a folder");
    let files = ["a", "b"].map(|name| {
        let shown = PathBuf::from(format!("{name}.json"));
        std::fs::write(folder.path().join(&shown), "{}\n").expect("writes");
        PinsFile::new(folder.path(), shown)
    });
    let start = Barrier::new(WRITERS);
    let write = |writer: usize| {
        start.wait();
        let mut old = None;
        for round in 0..4 {
            let new = Some(pin(&format!("{writer} {round}")));
            // Both files, half of the writers in another order than the others.
            let mut changes = files.clone().map(|file| Change {
                entry: Entry {
                    service: "//any".parse().expect("a label"),
                    env: "prod".to_owned(),
                    key: format!("image-{writer}"),
                },
                file,
                old: old.clone(),
                new: new.clone(),
            });
            if writer.is_multiple_of(2) {
                changes.reverse();
            }
            let held = Held::take(&changes, &["prod"]).expect("its pin is as it left it");
            held.replace(|| Ok(())).expect("writes");
            old = new;
        }
    };
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let write = &write;
            scope.spawn(move || write(writer));
        }
    });
    for file in files {
        let lock = file.read(&["prod"]).expect("reads");
        assert_eq!(lock.images().len(), WRITERS);
        for writer in 0..WRITERS {
            let got = lock.get("prod", &format!("image-{writer}"));
            assert_eq!(got, Some(&pin(&format!("{writer} 3"))));
        }
    }
}

#[test]
fn who_comes_next_waits_until_all_is_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.json");
    std::fs::write(&path, "{}\n").expect("writes");
    let change = Change {
        entry: Entry {
            service: "//any".parse().expect("a label"),
            env: "prod".to_owned(),
            key: "any".to_owned(),
        },
        file: PinsFile::new(folder.path(), PathBuf::from("a.json")),
        old: None,
        new: Some(pin("one")),
    };
    let held = Held::take(&[change], &["prod"]).expect("takes");
    let last = || {
        // The new file is there, and has names beside it still.
        assert_ne!(std::fs::read_to_string(&path).expect("reads"), "{}\n");
        let there = std::fs::File::open(&path).expect("opens");
        there.try_lock().expect_err("it is held");
        Ok(())
    };
    held.replace(last).expect("writes");
    let there = std::fs::File::open(&path).expect("opens");
    there.try_lock().expect("nobody holds it");
}

/// Somebody with a clone of the repository.
struct Person {
    folder: tempfile::TempDir,
}

impl Person {
    fn new(repository: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = repository.display().to_string();
        git(folder.path(), &["clone", "--quiet", &url, "checkout"]);
        let person = Self { folder };
        configure(&person.checkout());
        std::fs::create_dir(person.folder.path().join("bin")).expect("makes a folder");
        let request = request("localhost:31000");
        std::fs::write(person.folder.path().join("bin/pin.json"), request).expect("writes");
        person
    }

    fn checkout(&self) -> PathBuf {
        self.folder.path().join("checkout")
    }

    /// Runs the tool, as a process of its own would.
    fn run(&self, line: &str) -> Result<Outcome, Error> {
        let arguments = ["pin"].into_iter().chain(line.split_whitespace());
        let cli = <Cli as clap::Parser>::try_parse_from(arguments).expect("parses");
        let argv0 = self.folder.path().join("bin/pin");
        let environment = environment(self.folder.path());
        block_on(crate::outcome(Some(argv0.as_os_str()), &cli, &environment))
    }

    fn push(&self) -> bool {
        try_git(
            &self.checkout(),
            &["push", "--quiet", "origin", "HEAD:main"],
        )
        .0
    }

    /// Takes over what others have pushed, and pushes, until nobody was quicker.
    fn share(&self) {
        for _ in 0..20 {
            if self.push() {
                return;
            }
            git(
                &self.checkout(),
                &["pull", "--quiet", "--rebase", "origin", "main"],
            );
        }
        panic!("somebody else was quicker, each time");
    }

    fn runs(&self, service: &str, env: &str) -> Option<Pin> {
        let path = self
            .checkout()
            .join(format!("services/{service}/pins.json"));
        let text = std::fs::read_to_string(path).expect("reads");
        let lock = windlass_pins::Lock::parse(&text).expect("pins");
        lock.get(env, "client").cloned()
    }
}

/// A bare repository with services that run `new` in `dev`, and `old` elsewhere.
fn repository(services: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("source");
    for name in services {
        let folder = source.join("services").join(name);
        std::fs::create_dir_all(&folder).expect("makes folders");
        std::fs::write(folder.join("BUILD.bazel"), "").expect("writes");
        let pin = |text: &str| [("client", entry(&pin(text).image().to_string(), &[]))];
        let pins = ENVIRONMENTS.map(|env| (env, pin(if env == "dev" { "new" } else { "old" })));
        let pins: Vec<_> = pins.iter().map(|(env, pins)| (*env, &pins[..])).collect();
        std::fs::write(folder.join("pins.json"), lock(&pins)).expect("writes");
    }
    init(&source);
    commit(&source, "Services");
    let bare = folder.path().join("bare.git").display().to_string();
    git(&source, &["clone", "--quiet", "--bare", ".", &bare]);
    folder
}

fn bare(repository: &tempfile::TempDir) -> PathBuf {
    repository.path().join("bare.git")
}

const PROMOTE: &str = "promote --from=dev --to=staging --digest-only";

#[test]
fn of_people_who_promote_services_no_pin_is_lost() {
    const SERVICES: [&str; 4] = ["client", "redis", "server", "web"];
    let repository = repository(&SERVICES);
    let start = Barrier::new(SERVICES.len());
    std::thread::scope(|scope| {
        for service in SERVICES {
            let (start, repository) = (&start, &repository);
            scope.spawn(move || {
                let person = Person::new(&bare(repository));
                start.wait();
                let line = format!("{PROMOTE} --service=//services/{service} --commit");
                person.run(&line).expect("promotes");
                person.share();
            });
        }
    });
    let reader = Person::new(&bare(&repository));
    for service in SERVICES {
        assert_eq!(
            reader.runs(service, "staging"),
            Some(pin("new")),
            "{service}"
        );
        assert_eq!(reader.runs(service, "prod"), Some(pin("old")), "{service}");
    }
    let commits = git(&reader.checkout(), &["rev-list", "--count", "HEAD"]);
    assert_eq!(commits, "5");
}

#[test]
fn environments_of_one_service_merge() {
    let repository = repository(&["client"]);
    let (alice, bob) = (
        Person::new(&bare(&repository)),
        Person::new(&bare(&repository)),
    );
    let service = "--service=//services/client --digest-only";
    let to = |env| format!("promote --from=dev --to={env} {service} --branch=pins/{env}");
    alice.run(&to("staging")).expect("promotes");
    bob.run(&to("prod")).expect("promotes");
    for (person, env) in [(&alice, "staging"), (&bob, "prod")] {
        let branch = format!("pins/{env}");
        git(&person.checkout(), &["push", "--quiet", "origin", &branch]);
    }
    git(&alice.checkout(), &["fetch", "--quiet"]);
    for branch in ["origin/pins/staging", "origin/pins/prod"] {
        git(
            &alice.checkout(),
            &["merge", "--quiet", "--no-edit", branch],
        );
    }
    for env in ENVIRONMENTS {
        assert_eq!(alice.runs("client", env), Some(pin("new")), "{env}");
    }
}

#[test]
fn two_who_say_different_things_of_one_pin_meet() {
    let repository = repository(&["client"]);
    let (alice, bob) = (
        Person::new(&bare(&repository)),
        Person::new(&bare(&repository)),
    );
    let image = |text| format!("client=localhost:31000/demo/client@{}", digest(text));
    for (person, text) in [(&alice, "hers"), (&bob, "his")] {
        let service = "--service //services/client --env staging --digest-only";
        let line = format!("set {service} --image {}", image(text));
        person.run(&line).expect("sets");
        commit(&person.checkout(), text);
    }
    assert!(alice.push());
    assert!(!bob.push(), "git takes it for what it is");
    let (merged, _) = try_git(
        &bob.checkout(),
        &["pull", "--quiet", "--rebase", "origin", "main"],
    );
    assert!(!merged, "a person says which");
}

#[test]
fn of_runs_in_one_checkout_each_is_whole_or_nothing() {
    const SERVICES: [&str; 4] = ["client", "redis", "server", "web"];
    let repository = repository(&SERVICES);
    let person = Person::new(&bare(&repository));
    let start = Barrier::new(SERVICES.len());
    let promoted: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = SERVICES
            .iter()
            .map(|service| {
                let (start, person) = (&start, &person);
                scope.spawn(move || {
                    start.wait();
                    let line = format!("{PROMOTE} --service=//services/{service} --commit");
                    person.run(&line).map(|_| *service)
                })
            })
            .collect();
        runs.into_iter()
            .map(|run| run.join().expect("ends"))
            .collect()
    });
    let well: Vec<_> = promoted.iter().flatten().copied().collect();
    assert!(!well.is_empty(), "somebody is the first: {promoted:?}");
    for service in SERVICES {
        let want = if well.contains(&service) {
            "new"
        } else {
            "old"
        };
        assert_eq!(
            person.runs(service, "staging"),
            Some(pin(want)),
            "{promoted:?}"
        );
    }
    let late = promoted.iter().filter_map(|run| run.as_ref().err());
    let late: Vec<_> = late.collect();
    assert!(
        late.iter()
            .all(|error| matches!(error, Error::HeadMoved { .. })),
        "{late:?}"
    );
    // What is committed is what is there, and nothing else is staged.
    assert_eq!(git(&person.checkout(), &["status", "--porcelain"]), "");
    let commits = git(&person.checkout(), &["rev-list", "--count", "HEAD"]);
    assert_eq!(commits, (1 + well.len()).to_string());
    // Those that came too late have nothing to mend before they go on.
    for service in SERVICES {
        let line = format!("{PROMOTE} --service=//services/{service} --commit");
        person.run(&line).expect("nobody is in the way");
        assert_eq!(person.runs(service, "staging"), Some(pin("new")));
    }
}
