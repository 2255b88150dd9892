//! `verify --rebuild`, in a real repository, with a Bazel that builds what its commit says.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use windlass_error_cases::{Case, Folder};
use windlass_interrupt::Interrupt;
use windlass_report::Exit;

use super::errors::{run_in, with_pins};
use super::repositories::bazelw;
use super::{Bench, ELSEWHERE, block_on, cli, digest, entry, environment, lock, repository};
use crate::environment::Environment;
use crate::error::Error;
use crate::run;
use crate::verbs::Outcome;

/// `verify --rebuild` of a pin whose commit has a `bazelw` that does this.
fn verify(folder: &Folder, script: &str) -> Result<(), Error> {
    verify_unless(folder, script, &Interrupt::default())
}

/// The same, of somebody who may want it to end.
fn verify_unless(folder: &Folder, script: &str, interrupt: &Interrupt) -> Result<(), Error> {
    with_pins(folder, "{}");
    bazelw(folder, script);
    let checkout = PathBuf::from(folder.path("checkout"));
    repository::init(&checkout);
    let commit = repository::commit(&checkout, "All");
    folder.show_as(&commit[..12], "COMMIT");
    let image = format!("{ELSEWHERE}/demo/client@{}", digest("one"));
    let pin = entry(&image, &[("commit", &commit), TOOLCHAIN]);
    with_pins(folder, &lock(&[("dev", &[("client", pin)])]));
    folder.keep();
    let root = folder.path("");
    let argv0 = folder.path("bin/pin");
    let environment = Environment {
        interrupt: interrupt.clone(),
        ..environment(root.as_ref())
    };
    let cli = cli(&["verify", "--rebuild", "--digest-only"]);
    let mut out = Vec::new();
    block_on(run(Some(argv0.as_ref()), &cli, &environment, &mut out))
}

/// `toolchain` in a checkout whose `bazelw` does this.
fn toolchain(folder: &Folder, script: &str) -> Result<(), Error> {
    with_pins(folder, "{}");
    bazelw(folder, script);
    folder.keep();
    run_in(folder, &["toolchain"])
}

/// `promote --diff` in a checkout whose `bazelw` does this.
fn difference(folder: &Folder, script: &str) -> Result<(), Error> {
    let image = format!("{ELSEWHERE}/demo/client@{}", digest("one"));
    with_pins(folder, &lock(&[("dev", &[("client", entry(&image, &[]))])]));
    bazelw(folder, script);
    let result = run_in(
        folder,
        &[
            "promote",
            "--from=dev",
            "--to=staging",
            "--service=//services/client",
            "--digest-only",
            "--diff",
        ],
    );
    // The pins have changed, and stay so.
    folder.keep();
    result
}

pub(super) const REBUILDS: &[Case<Error>] = &[
    Case {
        variant: "Interrupted",
        exit: Exit::Interrupted,
        text: "error: interrupted; what was checked out and built anew is removed\n",
        provoke: |folder| {
            let interrupt = Interrupt::default();
            interrupt.set();
            verify_unless(folder, "exit 7", &interrupt)
        },
    },
    Case {
        variant: "Difference",
        exit: Exit::Failure,
        text: "error: the pins are changed, and what that does to manifests cannot be told\n\
               cause: `bazel run //:rendered`: exit status: 7\n\
               hint: have `rendered_diff(name = \"rendered\")` of @windlass//rules:rendered.bzl in the root, and build it\n",
        provoke: |folder| difference(folder, "exit 7"),
    },
    Case {
        variant: "Toolchain",
        exit: Exit::Failure,
        text: "error: cannot ask which compiler there is\n\
               cause: `bazel run`: exit status: 7\n",
        provoke: |folder| toolchain(folder, "exit 7"),
    },
    Case {
        variant: "Toolchain",
        exit: Exit::Failure,
        text: "error: cannot ask which compiler there is\n\
               cause: it calls itself `gcc`\n",
        provoke: |folder| toolchain(folder, "echo gcc"),
    },
    Case {
        variant: "OtherToolchain",
        exit: Exit::Preflight,
        text: "error: 1 of 1 pins were built with another toolchain than there is here\n",
        provoke: |folder| verify(folder, "echo rustc 1.98.0"),
    },
    Case {
        variant: "Rebuild",
        exit: Exit::Failure,
        text: "error: cannot rebuild image `client` of `//services/client` at commit `COMMIT`\n\
               cause: `bazel run`: exit status: 7\n",
        provoke: |folder| verify(folder, "exit 7"),
    },
    Case {
        variant: "Rebuild",
        exit: Exit::Failure,
        text: "error: cannot rebuild image `client` of `//services/client` at commit `COMMIT`\n\
               cause: the compiler calls itself `cargo 1.97.1`\n",
        provoke: |folder| verify(folder, "echo cargo 1.97.1"),
    },
    Case {
        variant: "Rebuild",
        exit: Exit::Failure,
        text: "error: cannot rebuild image `client` of `//services/client` at commit `COMMIT`\n\
               cause: no k8s_object of `//services/client` has an image `client` there\n",
        provoke: |folder| verify(folder, "echo rustc 1.97.1"),
    },
];

/// A Bazel of few words. What it does stands in the checkout that it is run in: `rustc` is the
/// version of the compiler, `manifest` what it builds. Its command lines go to the file LOG.
const BAZEL: &str = r#"#!/bin/sh
[ "$1" = settle ] && exit 0
echo "$*" >>LOG
case $1 in
query)
  echo '{"type":"RULE","rule":{"name":"//services/client:myns-service","attribute":[{"name":"images","type":"LABEL_KEYED_STRING_DICT"}]}}'
  echo '{"type":"RULE","rule":{"name":"//services/client:myns-deployment","attribute":[{"name":"images","type":"LABEL_KEYED_STRING_DICT","labelKeyedStringDictValue":[{"key":"//services/client:proxy","value":"proxy"},{"key":"//services/client:image","value":"client"}]}]}}'
  ;;
run) echo "rustc $(cat rustc) (8bab26f4f 2026-07-14)" ;;
build)
  [ -f broken ] && exit 1
  if [ -f endless ]; then
    trap 'echo interrupted >>LOG; exit 8' TERM
    echo waits >>LOG
    while :; do sleep 0.01; done
  fi
  mkdir bazel-out && cd bazel-out
  digest=sha256:$(printf %s "$(cat ../manifest)" | sha256sum | cut -d' ' -f1)
  echo "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"$digest\",\"size\":3}" >descriptor.json
  echo "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"sha256:$(printf %064d 0)\",\"size\":3,\"diffId\":\"x\"}" >layer.json
  ;;
cquery)
  echo bazel-out/manifest
  echo bazel-out/layer.json
  echo bazel-out/descriptor.json
  ;;
esac
"#;

/// A checkout whose first commit builds the image `one` with this compiler.
struct Built {
    bench: Bench,
    commit: String,
    folder: PathBuf,
}

async fn built(rustc: &str) -> Built {
    let bench = Bench::new(vec![]).await;
    let folder = bench.folder.path().to_owned();
    bench.write("checkout/rustc", rustc);
    bench.write("checkout/manifest", "one");
    let commit = bench.repository();
    let log = folder.join("log");
    bench.write(
        "tools/bazel",
        &BAZEL.replace("LOG", &log.display().to_string()),
    );
    let program = folder.join("tools/bazel");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, executable).expect("sets");
    // A process that another test is just starting may have the file open for writing still.
    while let Err(error) = Command::new(&program).arg("settle").status() {
        assert_eq!(error.kind(), ErrorKind::ExecutableFileBusy, "{error}");
        std::thread::sleep(Duration::from_millis(1));
    }
    Built {
        bench,
        commit,
        folder,
    }
}

impl Built {
    /// Pins an image of `client` in `dev`, and goes on with another one at head.
    fn pin(&self, manifest: &str, more: &[(&str, &str)]) {
        let image = self.bench.push("client", manifest);
        let pin = entry(&image, more);
        self.bench
            .service("client", &lock(&[("dev", &[("client", pin)])]));
        self.bench.write("checkout/manifest", "at head");
        repository::commit(&self.folder.join("checkout"), "Go on");
    }

    async fn try_verify(&self) -> Result<Outcome, Error> {
        self.verify_unless(Interrupt::default()).await
    }

    async fn verify_unless(&self, interrupt: Interrupt) -> Result<Outcome, Error> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let tools = [self.folder.join("tools")].into_iter();
        let path = std::env::join_paths(tools.chain(std::env::split_paths(&path)));
        let mut environment = environment(&self.folder);
        environment.path = Some(path.expect("a path"));
        environment.interrupt = interrupt;
        let argv0 = self.folder.join("bin/pin");
        let cli = cli(&["verify", "--rebuild"]);
        let outcome = crate::outcome(Some(argv0.as_os_str()), &cli, &environment).await;
        self.nothing_is_left();
        outcome
    }

    /// The last column of the one row, and how it ends.
    async fn verify(&self) -> (String, Option<String>) {
        let outcome = self.try_verify().await.expect("asks");
        let (_, finding) = outcome.data.split_once('\n').expect("a head");
        let words: Vec<&str> = finding.trim().splitn(6, "  ").collect();
        let finding = words.last().expect("a finding").trim().to_owned();
        let failure = outcome.failure.as_ref();
        (finding, failure.map(|error| windlass_report::render(error)))
    }

    /// What Bazel was asked.
    fn log(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// Neither git nor the checkout know that there was another one.
    fn nothing_is_left(&self) {
        let trees = self.bench.git(&["worktree", "list", "--porcelain"]);
        assert_eq!(trees.matches("worktree ").count(), 1, "{trees}");
        let changed = self.bench.git(&["status", "--porcelain"]);
        assert_eq!(changed, "");
    }
}

/// The commands of `docs/proof.md`.
#[test]
fn what_is_documented_is_there() {
    let places = ["docs/proof.md", "../../docs/proof.md"];
    let mut texts = places
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok());
    let text = texts.next().expect("the page is there");
    let text = text.replace('`', "\n");
    let commands = text.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches("$ ");
        line.strip_prefix("bazel run //tools/pin -- ")
    });
    let mut verbs = Vec::new();
    for line in commands {
        let words: Vec<&str> = line.split_whitespace().collect();
        verbs.push(words[0]);
        cli(&words);
    }
    assert_eq!(
        verbs,
        ["verify", "verify", "list", "verify", "toolchain", "verify"]
    );
}

const TOOLCHAIN: (&str, &str) = ("toolchain", "rustc 1.97.1, --config=release");

#[test]
fn the_commit_builds_the_image() {
    block_on(async {
        let built = built("1.97.1").await;
        built.pin("one", &[("commit", &built.commit), TOOLCHAIN]);
        assert_eq!(built.verify().await, ("none".to_owned(), None));
        assert_eq!(
            built.log(),
            [
                "run --config=release --disk_cache= --remote_cache= \
                 @rules_rust//tools/upstream_wrapper:rustc -- --version",
                "query --output=streamed_jsonproto kind('^k8s_object rule$', \
                 //services/client:all)",
                "build --config=release --disk_cache= --remote_cache= //services/client:image",
                "cquery --config=release --output=files //services/client:image",
                "clean --expunge",
            ]
        );
    });
}

#[test]
fn the_commit_builds_another_image() {
    block_on(async {
        let built = built("1.97.1").await;
        built.pin("tampered", &[("commit", &built.commit), TOOLCHAIN]);
        let (finding, failure) = built.verify().await;
        let one = &digest("one")[7..19];
        let commit = &built.commit[..12];
        assert_eq!(
            finding,
            format!("commit `{commit}` builds sha256:{one}, another image")
        );
        assert_eq!(failure.as_deref(), Some("error: 1 of 1 pins do not hold\n"));
    });
}

/// Not tampering: nobody knows, and it is not built in vain.
#[test]
fn another_compiler_is_an_answer_of_its_own() {
    block_on(async {
        let built = built("1.98.0").await;
        built.pin("tampered", &[("commit", &built.commit), TOOLCHAIN]);
        let (finding, failure) = built.verify().await;
        assert_eq!(
            finding,
            "built with `rustc 1.97.1, --config=release`, here `rustc 1.98.0, \
             --config=release`: it was not rebuilt"
        );
        assert_eq!(
            failure.as_deref(),
            Some("error: 1 of 1 pins were built with another toolchain than there is here\n")
        );
        let asked = built.log();
        assert_eq!(
            (asked.len(), &*asked[1]),
            (2, "clean --expunge"),
            "{asked:?}"
        );
    });
}

/// What is no Rust, or of which nobody says what built it, is built all the same.
#[test]
fn what_says_nothing_of_rustc() {
    block_on(async {
        for more in [&[("toolchain", "go 1.24")][..], &[]] {
            let built = built("1.98.0").await;
            let commit = [("commit", &*built.commit)];
            built.pin("one", &[&commit, more].concat());
            assert_eq!(built.verify().await, ("none".to_owned(), None));
            assert!(built.log()[0].starts_with("query "), "{:?}", built.log());
        }
    });
}

#[test]
fn without_a_commit_there_is_nothing_to_build() {
    block_on(async {
        let built = built("1.97.1").await;
        built.pin("one", &[]);
        let (finding, failure) = built.verify().await;
        assert_eq!(finding, "no commit to rebuild it from");
        assert_eq!(failure.as_deref(), Some("error: 1 of 1 pins do not hold\n"));
        assert!(built.log().is_empty());
    });
}

/// Bazel is asked to end, and then to remove what it has made; so is the checkout.
#[test]
fn nothing_is_left_of_what_is_interrupted() {
    block_on(async {
        let built = built("1.97.1").await;
        built.bench.write("checkout/endless", "");
        let endless = repository::commit(&built.folder.join("checkout"), "Never end");
        std::fs::remove_file(built.folder.join("checkout/endless")).expect("was there");
        built.pin("one", &[("commit", &endless), TOOLCHAIN]);
        let interrupt = Interrupt::default();
        let (log, signal) = (built.folder.join("log"), interrupt.clone());
        let signal = std::thread::spawn(move || {
            let waits = || std::fs::read_to_string(&log).is_ok_and(|log| log.ends_with("waits\n"));
            while !waits() {
                std::thread::sleep(Duration::from_millis(1));
            }
            signal.set();
            signal.end_child();
        });
        let error = built.verify_unless(interrupt).await;
        let error = error.expect_err("is interrupted");
        signal.join().expect("ends");
        assert_eq!(
            windlass_report::render(&error),
            "error: interrupted; what was checked out and built anew is removed\n"
        );
        assert_eq!(
            built.log()[2..],
            [
                "build --config=release --disk_cache= --remote_cache= //services/client:image",
                "waits",
                "interrupted",
                "clean --expunge",
            ]
        );
    });
}

#[test]
fn what_compiles_here() {
    let folder = Folder::new();
    with_pins(&folder, "{}");
    bazelw(&folder, "echo \"rustc 1.97.1 (8bab26f4f 2026-07-14)\"");
    let root = folder.path("");
    let (argv0, environment) = (folder.path("bin/pin"), environment(root.as_ref()));
    let cli = cli(&["toolchain"]);
    let outcome = crate::outcome(Some(argv0.as_ref()), &cli, &environment);
    let outcome = block_on(outcome).expect("asks");
    assert_eq!(outcome.data, "rustc 1.97.1, --config=release\n");
}

#[test]
fn nothing_is_left_of_what_does_not_build() {
    block_on(async {
        let built = built("1.97.1").await;
        built.bench.write("checkout/broken", "");
        let broken = repository::commit(&built.folder.join("checkout"), "Break");
        std::fs::remove_file(built.folder.join("checkout/broken")).expect("was there");
        built.pin("one", &[("commit", &broken), TOOLCHAIN]);
        let error = built.try_verify().await.expect_err("does not build");
        let commit = &broken[..12];
        assert_eq!(
            windlass_report::render(&error),
            format!(
                "error: cannot rebuild image `client` of `//services/client` at commit `{commit}`\n\
                 cause: `bazel build`: exit status: 1\n"
            )
        );
        assert_eq!(
            built.log().last().map(String::as_str),
            Some("clean --expunge")
        );
        // A commit that is not there.
        built.pin("one", &[("commit", "0000000000000000"), TOOLCHAIN]);
        let error = built.try_verify().await.expect_err("is not there");
        let text = windlass_report::render(&error);
        let want = "error: cannot check out commit `000000000000`\ncause: fatal: ";
        assert!(text.starts_with(want), "{text}");
    });
}
