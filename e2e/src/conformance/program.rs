//! A program that runs until it is told to end.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A program under test, or one that it needs. It ends with this.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    log: PathBuf,
}

/// What `rust_image` calls a program: the services in Rust serve metrics too, and several run at once.
const IN_RUST: &str = "image.binary";

/// Where the programs of `bazel test` find their runfiles: ours are theirs, too.
fn command(program: &Path) -> Command {
    let mut command = Command::new(std::path::absolute(program).expect("a path"));
    if let Some(runfiles) = std::env::var_os("TEST_SRCDIR") {
        command
            .env("RUNFILES_DIR", &runfiles)
            .env("JAVA_RUNFILES", &runfiles);
    }
    command
}

/// What a program says that ends by itself.
#[track_caller]
pub(super) fn output(program: &Path, arguments: &[&str]) -> Output {
    let output = command(program).args(arguments).output();
    output.unwrap_or_else(|error| panic!("cannot run `{}`: {error}", program.display()))
}

impl Program {
    /// Starts it; what it says goes to a file in `folder`.
    #[track_caller]
    pub(super) fn start(program: &Path, arguments: &[String], folder: &Path) -> Self {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let log = folder.join(format!("{name}.log"));
        let said = File::create(&log).expect("a file");
        let metrics = (name == IN_RUST).then_some("--metrics-address=127.0.0.1:0");
        let child = command(program)
            .args(arguments)
            .args(metrics)
            .stdin(Stdio::null())
            .stderr(said.try_clone().expect("a file"))
            .stdout(said)
            .spawn();
        let child =
            child.unwrap_or_else(|error| panic!("cannot run `{}`: {error}", program.display()));
        windlass_report::say(&format!("$ {name} {}", arguments.join(" ")));
        Self { child, log }
    }

    /// What it has said so far.
    pub(super) fn log(&self) -> String {
        let mut text = Vec::new();
        let read = File::open(&self.log).and_then(|mut file| file.read_to_end(&mut text));
        read.expect("its log can be read");
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Sends it a signal: `TERM`.
    pub(super) fn signal(&self, signal: &str) {
        crate::processes::signal(self.child.id(), signal);
    }

    /// Its exit code, where it has ended; -1 where a signal ended it.
    pub(super) fn ended(&mut self) -> Option<i32> {
        let status = self.child.try_wait().expect("it can be asked");
        status.map(|status| status.code().unwrap_or(-1))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if std::thread::panicking() {
            windlass_report::say(&format!("--- {}\n{}", self.log.display(), self.log()));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
