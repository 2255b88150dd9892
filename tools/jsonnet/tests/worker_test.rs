//! The program as Bazel runs it: a worker that answers requests, and sources that mean harm.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use nix::sys::resource::{UsageWho, getrusage};
use sha2::{Digest as _, Sha256};
use windlass_worker::{Input, WorkRequest, WorkResponse, line};

/// Longer than anything here takes on a slow machine: a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_mins(2);
/// What hostile sources may take, in megabytes; the goal that the tool's own limit is below.
const MEMORY_MB: i64 = 512;
/// A call that never comes to an end.
const ENDLESS: &str = "std.foldl(function(a, i) a, std.range(0, 2000000000), 0)";

fn program() -> PathBuf {
    let built = option_env!("CARGO_BIN_EXE_jsonnet").map(PathBuf::from);
    let path = std::env::var_os("JSONNET").map(PathBuf::from).or(built);
    let path = path.expect("JSONNET names the program");
    path.canonicalize().expect("the program is built")
}

/// A worker in a folder of its own.
struct Worker {
    folder: tempfile::TempDir,
    child: Child,
    requests: Option<ChildStdin>,
    responses: Receiver<String>,
    last: i32,
}

impl Worker {
    fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(program())
            .arg("--persistent_worker")
            .args(options)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (send, responses) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Self {
            requests: child.stdin.take(),
            folder,
            child,
            responses,
            last: 0,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("is in the folder")).expect("makes");
        std::fs::write(path, content).expect("writes");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("is written")
    }

    fn send(&mut self, request: &WorkRequest) {
        let requests = self.requests.as_mut().expect("is open");
        requests.write_all(&line(request)).expect("takes requests");
    }

    fn receive(&self) -> WorkResponse {
        let line = self.responses.recv_timeout(PATIENCE).expect("answers");
        serde_json::from_str(&line).expect("nothing but responses is on stdout")
    }

    /// A request to render `src` to `out`, which may import `files`, in its number's name.
    fn request(&mut self, src: &str, files: &[&str], out: &str) -> WorkRequest {
        self.last += 1;
        WorkRequest {
            arguments: arguments(src, files, out),
            request_id: self.last,
            ..WorkRequest::default()
        }
    }

    fn render(&mut self, src: &str, files: &[&str], out: &str) -> WorkResponse {
        let request = self.request(src, files, out);
        self.send(&request);
        let response = self.receive();
        assert_eq!(response.request_id, request.request_id);
        response
    }

    /// Ends it, and says whether all was well.
    fn end(mut self) -> bool {
        drop(self.requests.take());
        self.child.wait().expect("ends").success()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn arguments(src: &str, files: &[&str], out: &str) -> Vec<String> {
    let given = ["--label", "//x:x", "--src", src, "--out", out, out];
    let files = files.iter().chain([&src]);
    let files = files.flat_map(|file| ["--file", file, file]);
    given.into_iter().chain(files).map(str::to_owned).collect()
}

/// A file as Bazel names it that found `text` in it.
fn input(path: &str, text: &str) -> Input {
    let digits = Sha256::digest(text)
        .iter()
        .fold(String::new(), |digits, byte| {
            digits + &format!("{byte:02x}")
        });
    Input {
        path: path.to_owned(),
        digest: BASE64_STANDARD.encode(digits),
    }
}

/// A response that is all well and has nothing to say.
fn done(id: i32) -> WorkResponse {
    WorkResponse {
        request_id: id,
        ..WorkResponse::default()
    }
}

#[test]
fn requests_are_answered_one_after_another() {
    let mut worker = Worker::start(&[]);
    worker.write("a.jsonnet", "{ a: 1 }");
    worker.write("b.jsonnet", "error 'why'");
    assert_eq!(worker.render("a.jsonnet", &[], "a.json"), done(1));
    let failed = worker.render("b.jsonnet", &[], "b.json");
    assert_eq!(failed.exit_code, 3);
    assert_eq!(
        failed.output,
        "error: cannot render `//x:x`\n\
         cause: b.jsonnet:1:1: why\n  \
           1 | error 'why'\n    \
             | ^^^^^\n"
    );
    assert!(!worker.path("b.json").exists());
    assert_eq!(worker.render("a.jsonnet", &[], "c.json"), done(3));
    assert_eq!(worker.read("c.json"), "{\n  \"a\": 1\n}\n");
    assert!(worker.end());
}

#[test]
fn traces_are_in_the_response_and_said_each_time() {
    let mut worker = Worker::start(&[]);
    worker.write("a.jsonnet", "(import 'b.libsonnet').b");
    worker.write("b.libsonnet", "{ b: std.trace('seen', 1) }");
    for _ in 0..2 {
        let response = worker.render("a.jsonnet", &["b.libsonnet"], "a.json");
        assert_eq!(
            (response.exit_code, &*response.output),
            (0, "trace: seen\n")
        );
        assert_eq!(worker.read("a.json"), "1\n");
    }
}

#[test]
fn many_requests_at_a_time_are_all_answered() {
    let mut worker = Worker::start(&[]);
    worker.write("lib.libsonnet", "{ twice(n):: 2 * n }");
    let requests: Vec<_> = (1..=40)
        .map(|n| {
            let src = format!("{n}.jsonnet");
            worker.write(&src, format!("(import 'lib.libsonnet').twice({n})"));
            worker.request(&src, &["lib.libsonnet"], &format!("{n}.json"))
        })
        .collect();
    // One after another in one write, without ends of lines: Bazel writes none.
    let all: Vec<u8> = requests
        .iter()
        .flat_map(|request| serde_json::to_vec(request).expect("JSON"))
        .collect();
    let pipe = worker.requests.as_mut().expect("is open");
    pipe.write_all(&all).expect("takes requests");
    let answered: BTreeSet<i32> = requests
        .iter()
        .map(|_| {
            let response = worker.receive();
            assert_eq!(response, done(response.request_id));
            response.request_id
        })
        .collect();
    assert_eq!(answered, (1..=40).collect());
    for n in 1..=40 {
        assert_eq!(worker.read(&format!("{n}.json")), format!("{}\n", 2 * n));
    }
}

#[test]
fn a_file_that_changes_is_read_again() {
    let mut worker = Worker::start(&[]);
    worker.write("a.jsonnet", "import 'b.libsonnet'");
    worker.write("b.libsonnet", "importstr 'c.txt'");
    for text in ["1", "2", "1"] {
        worker.write("c.txt", text);
        let mut request = worker.request("a.jsonnet", &["b.libsonnet", "c.txt"], "a.json");
        // With Bazel's digests for some of the files, and without.
        request.inputs = vec![
            input("b.libsonnet", "importstr 'c.txt'"),
            Input {
                path: "c.txt".to_owned(),
                digest: String::new(),
            },
        ];
        worker.send(&request);
        assert_eq!(worker.receive(), done(request.request_id));
        assert_eq!(worker.read("a.json"), format!("\"{text}\"\n"));
    }
}

#[test]
fn a_library_that_is_known_is_not_even_read() {
    let mut worker = Worker::start(&[]);
    worker.write("a.jsonnet", "(import 'b.libsonnet').b");
    let library = "{ b: 1 }";
    worker.write("b.libsonnet", library);
    for out in ["1.json", "2.json"] {
        let mut request = worker.request("a.jsonnet", &["b.libsonnet"], out);
        request.inputs = vec![input("b.libsonnet", library)];
        worker.send(&request);
        assert_eq!(worker.receive(), done(request.request_id));
        assert_eq!(worker.read(out), "1\n");
        // Bazel would not: it shows that the value is used again.
        let _ = std::fs::remove_file(worker.path("b.libsonnet"));
    }
}

/// What a worker renders of a file when Bazel found `found` in it, and `now` is in it.
fn found(worker: &mut Worker, file: &str, found: &str, now: &str) -> String {
    worker.write("a.jsonnet", format!("import '{file}'"));
    worker.write(file, now);
    let mut request = worker.request("a.jsonnet", &[file], "a.json");
    request.inputs = vec![input(file, found)];
    worker.send(&request);
    assert_eq!(worker.receive(), done(request.request_id));
    worker.read("a.json")
}

/// A user saves a file between Bazel's look at it and ours, and takes it back later.
#[test]
fn a_value_of_other_bytes_is_not_used_again() {
    let mut worker = Worker::start(&[]);
    let mut rendered = |now| found(&mut worker, "b.libsonnet", "'old'", now);
    assert_eq!(rendered("'new'"), "\"new\"\n");
    assert_eq!(rendered("'old'"), "\"old\"\n");
}

/// The digest is that of bytes that were read, but at another place.
#[test]
fn a_value_of_other_bytes_than_those_of_a_known_digest_is_not_used_again() {
    let mut worker = Worker::start(&[]);
    let rendered = found(&mut worker, "b.libsonnet", "'old'", "'old'");
    assert_eq!(rendered, "\"old\"\n");
    let mut rendered = |now| found(&mut worker, "c.libsonnet", "'old'", now);
    assert_eq!(rendered("'new'"), "\"new\"\n");
    assert_eq!(rendered("'old'"), "\"old\"\n");
}

#[test]
fn external_variables_of_one_request_are_not_those_of_the_next() {
    let mut worker = Worker::start(&[]);
    worker.write("a.jsonnet", "import 'b.libsonnet'");
    worker.write("b.libsonnet", "std.extVar('v')");
    for value in ["1", "2"] {
        let mut request = worker.request("a.jsonnet", &["b.libsonnet"], "a.json");
        let names = format!("{{\"v\": \"{value}\"}}");
        request.arguments.extend(["--ext-strs".to_owned(), names]);
        worker.send(&request);
        assert_eq!(worker.receive(), done(request.request_id));
        assert_eq!(worker.read("a.json"), format!("\"{value}\"\n"));
    }
}

#[test]
fn a_request_for_a_sandbox_stays_in_it() {
    let mut worker = Worker::start(&[]);
    worker.write("a.jsonnet", "'outside'");
    worker.write("sandbox/1/a.jsonnet", "'inside'");
    let mut request = worker.request("a.jsonnet", &[], "a.json");
    request.sandbox_dir = "sandbox/1".to_owned();
    worker.send(&request);
    assert_eq!(worker.receive(), done(1));
    assert_eq!(worker.read("sandbox/1/a.json"), "\"inside\"\n");
    assert!(!worker.path("a.json").exists());
    assert_eq!(worker.render("a.jsonnet", &[], "a.json"), done(2));
    assert_eq!(worker.read("a.json"), "\"outside\"\n");
}

#[test]
fn what_is_cancelled_is_answered_and_ends() {
    let mut worker = Worker::start(&[]);
    worker.write("endless.jsonnet", ENDLESS);
    worker.write("a.jsonnet", "1");
    // More than there are evaluators: some of them wait.
    let requests: Vec<_> = (0..20)
        .map(|n| worker.request("endless.jsonnet", &[], &format!("{n}.json")))
        .collect();
    for request in &requests {
        worker.send(request);
    }
    for request in &requests {
        worker.send(&WorkRequest {
            request_id: request.request_id,
            cancel: true,
            ..WorkRequest::default()
        });
    }
    let answered: BTreeSet<i32> = requests
        .iter()
        .map(|_| {
            let response = worker.receive();
            assert!(response.was_cancelled, "{response:?}");
            response.request_id
        })
        .collect();
    assert_eq!(answered, (1..=20).collect());
    // One that is answered already, and one that never was.
    for id in [1, 99] {
        worker.send(&WorkRequest {
            request_id: id,
            cancel: true,
            ..WorkRequest::default()
        });
    }
    assert_eq!(worker.render("a.jsonnet", &[], "a.json"), done(21));
}

/// The processes that a process has started and that still run.
fn started_by(parent: u32) -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/proc").expect("lists");
    let is_child = |path: &PathBuf| {
        let stat = std::fs::read_to_string(path.join("stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(')').map_or("", |(_, after)| after);
        after_name.split(' ').nth(2) == Some(&parent.to_string())
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(is_child).collect()
}

#[test]
fn nothing_is_left_of_a_worker_that_is_killed() {
    let mut worker = Worker::start(&[]);
    worker.write("endless.jsonnet", ENDLESS);
    let request = worker.request("endless.jsonnet", &[], "a.json");
    worker.send(&request);
    let waited = std::time::Instant::now();
    let mut evaluators = started_by(worker.child.id());
    while evaluators.is_empty() {
        assert!(waited.elapsed() < PATIENCE, "no evaluator is started");
        std::thread::sleep(Duration::from_millis(10));
        evaluators = started_by(worker.child.id());
    }
    // It is in the middle of it: the evaluation takes years.
    std::thread::sleep(Duration::from_millis(200));
    worker.child.kill().expect("is killed");
    worker.child.wait().expect("ends");
    for evaluator in evaluators {
        let runs = |path: &Path| {
            let stat = std::fs::read_to_string(path.join("stat")).unwrap_or_default();
            stat.rsplit_once(") ")
                .is_some_and(|(_, state)| !state.starts_with('Z'))
        };
        while runs(&evaluator) {
            assert!(
                waited.elapsed() < PATIENCE,
                "{} runs on",
                evaluator.display()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn what_takes_too_long_is_ended() {
    let mut worker = Worker::start(&["--seconds=1"]);
    worker.write("endless.jsonnet", ENDLESS);
    worker.write("a.jsonnet", "1");
    let response = worker.render("endless.jsonnet", &[], "a.json");
    assert_eq!(
        (response.exit_code, &*response.output),
        (
            3,
            "error: cannot render `//x:x`\ncause: its evaluation takes longer than 1 s\n\
             hint: bazel build --worker_extra_flag=Jsonnet=--seconds=2\n"
        )
    );
    assert_eq!(worker.render("a.jsonnet", &[], "a.json"), done(2));
}

/// Names of more outputs than one process makes, and a source of them with a library.
fn many(body: &str) -> (Vec<String>, String) {
    let names = (0..1000).map(|n| format!("{n}.json")).collect();
    let code = format!(
        "local l = import 'l.libsonnet'; \
         {{ ['%d.json' % n]: {body} for n in std.range(0, 999) }}"
    );
    (names, code)
}

fn render_many(worker: &mut Worker, names: &[String], code: &str) -> WorkResponse {
    worker.write("l.libsonnet", "{ f(n):: { n: n } }");
    worker.write("many.jsonnet", code);
    let mut request = worker.request("many.jsonnet", &["l.libsonnet"], "0.json");
    request.arguments.push("--multiple".to_owned());
    for name in &names[1..] {
        let out = ["--out", name, name].map(str::to_owned);
        request.arguments.extend(out);
    }
    worker.send(&request);
    worker.receive()
}

#[test]
fn many_outputs_are_what_few_would_be() {
    let mut worker = Worker::start(&[]);
    let (names, code) = many("l.f(n)");
    let response = render_many(&mut worker, &names, &code);
    assert_eq!(response, done(response.request_id));
    for (n, name) in names.iter().enumerate() {
        assert_eq!(worker.read(name), format!("{{\n  \"n\": {n}\n}}\n"));
    }
}

/// A process of half of them does not fit.
#[test]
fn many_outputs_are_made_by_as_many_processes_as_their_memory_needs() {
    let mut worker = Worker::start(&["--memory-mb=32"]);
    let (names, code) = many(
        "{ all:: [n] + std.map(function(i) i, std.range(-1499, 1499)), n: std.sum(self.all) }",
    );
    let response = render_many(&mut worker, &names, &code);
    assert_eq!(response, done(response.request_id));
    assert_eq!(worker.read("999.json"), "{\n  \"n\": 999\n}\n");
}

#[test]
fn of_many_outputs_all_are_written_or_none() {
    let mut worker = Worker::start(&[]);
    let (names, code) = many("if n < 300 then n else error 'no %d' % n");
    let response = render_many(&mut worker, &names, &code);
    assert_eq!(response.exit_code, 3);
    assert!(
        response.output.contains(": no 300\n"),
        "{}",
        response.output
    );
    assert!(!names.iter().any(|name| worker.path(name).exists()));
}

#[test]
fn what_the_source_of_many_outputs_says_is_said_once() {
    let mut worker = Worker::start(&[]);
    let (names, code) = many("m + n");
    let code = format!("local m = std.trace('once', 1); {code}");
    let response = render_many(&mut worker, &names, &code);
    assert_eq!(
        (response.exit_code, &*response.output),
        (0, "trace: once\n")
    );
    assert_eq!(worker.read("7.json"), "8\n");
}

/// What a worker holds from renderings before must not be the end of the next.
#[test]
fn a_rendering_that_fits_by_itself_fits_after_others() {
    let mut worker = Worker::start(&["--memory-mb=96"]);
    for name in ["a", "b", "c", "d", "e", "f"] {
        let code = format!("{{ n: std.length([[i, '{name}'] for i in std.range(1, 60000)]) }}");
        worker.write(&format!("{name}.libsonnet"), code);
        let src = format!("{name}.jsonnet");
        worker.write(&src, format!("(import '{name}.libsonnet').n"));
    }
    let mut id = 0;
    for _ in 0..3 {
        for name in ["a", "b", "c", "d", "e", "f"] {
            id += 1;
            let (src, library) = (format!("{name}.jsonnet"), format!("{name}.libsonnet"));
            let response = worker.render(&src, &[&library], &format!("{name}.json"));
            assert_eq!(response, done(id));
        }
    }
}

/// Its value takes more than all of the memory that a small target has.
#[test]
fn a_large_library_is_kept() {
    let mut worker = Worker::start(&["--memory-mb=64"]);
    let functions = (0..20_000).map(|n| {
        format!("  kind{n}: {{ new(name):: {{ kind: 'kind{n}', metadata: {{ name: name }} }} }},\n")
    });
    let library = format!("{{\n{}}}\n", functions.collect::<String>());
    worker.write(
        "a.jsonnet",
        "(import 'b.libsonnet').kind7.new('x').metadata.name",
    );
    worker.write("b.libsonnet", &library);
    for out in ["1.json", "2.json"] {
        let mut request = worker.request("a.jsonnet", &["b.libsonnet"], out);
        request.inputs = vec![input("b.libsonnet", &library)];
        worker.send(&request);
        assert_eq!(worker.receive(), done(request.request_id));
        assert_eq!(worker.read(out), "\"x\"\n");
        let evaluators = started_by(worker.child.id());
        assert_eq!(evaluators.len(), 1, "{evaluators:?}");
        // It can be answered only from what is known.
        worker.write("b.libsonnet", "error 'read again'");
    }
}

/// Sources that mean harm, and a part of what is said of each.
fn hostile() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    const DEEP: usize = 100_000;
    const TOO_DEEP: &str = "cause: its code or its values nest too deep\n";
    const TOO_LARGE: &str =
        "cause: its evaluation takes more memory than 480 MB and 160 times its files\n";
    let text = |text: &str| text.as_bytes().to_vec();
    let deep = |before: &str, inside: &str, after: &str| {
        let text = [&before.repeat(DEEP), inside, &after.repeat(DEEP)].concat();
        text.into_bytes()
    };
    let doubled = "local d(s, n) = if n == 0 then s else d(s + s, n - 1); d('0123456789', 27)";
    let calls = "stack overflow: calls nest deeper than 500\n";
    vec![
        ("recursion", text("local f(x) = f(x + 1) + 1; f(1)"), calls),
        (
            "tail",
            text("local f(x) = f(x + 1) tailstrict; f(1)"),
            calls,
        ),
        ("values", text("{ a: self }"), calls),
        (
            "itself",
            text("local x = x + 1; x"),
            "infinite recursion detected\n",
        ),
        ("repeat", text("std.repeat('x', 1000000000)"), TOO_LARGE),
        ("doubled", text(doubled), TOO_LARGE),
        (
            "array",
            text("std.map(function(x) x, std.makeArray(2000000000, function(i) i))"),
            TOO_LARGE,
        ),
        ("arrays", deep("[", "", "]"), TOO_DEEP),
        ("open", deep("[", "", ""), TOO_DEEP),
        ("objects", deep("{a:", "1", "}"), TOO_DEEP),
        ("parentheses", deep("(", "1", ")"), TOO_DEEP),
        ("signs", deep("-", "1", ""), TOO_DEEP),
        ("sums", deep("1+", "1", ""), TOO_DEEP),
        ("locals", deep("local a = 1; ", "a", ""), TOO_DEEP),
        (
            "cycle",
            text("import 'cycle'"),
            "infinite recursion detected\n",
        ),
        (
            "binary",
            (0..=255).cycle().take(100_000).collect(),
            "is not valid utf-8",
        ),
        ("text", b"'\xff\xfe'".to_vec(), "is not valid utf-8"),
        (
            "absolute",
            text("importstr '/etc/hostname'"),
            "cannot import '/etc/hostname'",
        ),
        (
            "above",
            text("importstr '../../../etc/hostname'"),
            "cannot import '../../../etc/hostname'",
        ),
        ("linked", text("importstr 'link'"), "cannot import 'link'"),
    ]
}

/// What is read again nests no deeper than the stack either.
#[test]
fn a_value_that_nests_too_deep_for_the_stack_is_refused() {
    const DEEP: usize = 300_000;
    let mut worker = Worker::start(&[]);
    worker.write("a.jsonnet", "std.type(std.extVar('//s').s)");
    worker.write("s.json", "[".repeat(DEEP) + &"]".repeat(DEEP));
    let mut request = worker.request("a.jsonnet", &[], "a.json");
    let rendered = ["--ext-rendered", "//s", "s", "s.json"].map(str::to_owned);
    request.arguments.extend(rendered);
    worker.send(&request);
    let response = worker.receive();
    assert_eq!(
        (response.exit_code, &*response.output),
        (
            3,
            "error: cannot render `//x:x`\ncause: its code or its values nest too deep\n"
        )
    );
}

/// A link that leads out, beside the sources; no request declares it.
fn link(folder: &Path) {
    std::os::unix::fs::symlink("/etc/hostname", folder.join("link")).expect("links");
}

/// The most memory that a child of this process, or a child of one, has had, in megabytes.
fn peak_mb() -> i64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("is told");
    usage.max_rss() / 1024
}

#[test]
fn no_source_ends_a_worker() {
    let mut worker = Worker::start(&[]);
    link(worker.folder.path());
    worker.write("a.jsonnet", "1");
    for (name, source, why) in hostile() {
        worker.write(name, source);
        let response = worker.render(name, &[], "out.json");
        let said = &response.output;
        assert!(
            response.exit_code == 3 && said.contains(why),
            "{name}: {said}"
        );
        assert!(!worker.path("out.json").exists(), "{name} is written");
        let next = worker.render("a.jsonnet", &[], "a.json");
        assert_eq!(next, done(next.request_id), "after {name}");
    }
    assert!(worker.end());
    assert!(peak_mb() <= MEMORY_MB, "{} MB", peak_mb());
}

fn once(folder: &Path, src: &str) -> Output {
    let mut command = Command::new(program());
    command.args(arguments(src, &[], "out.json"));
    command.current_dir(folder).output().expect("runs")
}

#[test]
fn no_source_ends_a_single_rendering_without_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    link(folder.path());
    for (name, source, why) in hostile() {
        std::fs::write(folder.path().join(name), source).expect("writes");
        let output = once(folder.path(), name);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("error: cannot render `//x:x`\n"),
            "{name}: {said}"
        );
        assert!(said.contains(why), "{name}: {said}");
        assert_eq!(output.status.code(), Some(3), "{name}");
        assert!(output.stdout.is_empty(), "{name}");
        assert!(
            !folder.path().join("out.json").exists(),
            "{name} is written"
        );
    }
    assert!(peak_mb() <= MEMORY_MB, "{} MB", peak_mb());
}

/// Its empty object is the evaluator's own, one for each thread.
#[test]
fn a_rendering_ends_well_whatever_the_evaluator_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("x.jsonnet");
    std::fs::write(source, "std.toString({}) + std.toString([{}, {} + {}])").expect("writes");
    for _ in 0..20 {
        let Output { status, stderr, .. } = once(folder.path(), "x.jsonnet");
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    }
}

#[test]
fn a_declared_file_may_be_a_link() {
    let mut worker = Worker::start(&[]);
    worker.write("elsewhere/a", "1");
    std::os::unix::fs::symlink("elsewhere/a", worker.path("a.jsonnet")).expect("links");
    assert_eq!(worker.render("a.jsonnet", &[], "a.json"), done(1));
    assert_eq!(worker.read("a.json"), "1\n");
}

#[test]
fn a_worker_refuses_what_is_no_request() {
    let mut worker = Worker::start(&[]);
    let requests = worker.requests.as_mut().expect("is open");
    requests.write_all(b"hello\n").expect("takes it");
    assert!(!worker.end());
}
