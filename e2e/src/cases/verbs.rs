//! The verbs that look, and those that are less usual than `apply`.

use crate::running::Running;
use crate::{Harness, audit};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

const HELLO: &str = "//e2e/alice:myns-deep";

fn verb(name: &str) -> String {
    format!("{HELLO}.{name}")
}

fn uid(h: &Harness) -> String {
    let deployment = h.get(&["deployment", "hello", "-n", "alice"]);
    let uid = deployment["metadata"]["uid"].as_str();
    uid.expect("a live object has a uid").to_owned()
}

pub(super) fn run(h: &Harness) {
    before_setup(h);
    h.run("//e2e/alice:setup.apply", &[]).succeeded();
    images_alone(h);
    h.run(&verb("create"), &[]).succeeded().says("1 created");
    as_wanted(h);
    what_pods_say(h);
    a_way_to_pods(h);
    replaced(h);
    changed_by_hand(h);
    node_port(h);
    h.run(&verb("delete"), &[]).succeeded();
}

/// Without the namespace all is new, and missing; nothing is refused, and nothing is written.
fn before_setup(h: &Harness) {
    let diff = h.run(&verb("diff"), &[]);
    let shown = &diff.succeeded().stdout;
    assert!(shown.starts_with("+ Deployment alice/hello\n"), "{shown}");
    let status = h.run(&verb("status"), &[]);
    assert_eq!(status.code, 5, "{}", status.stderr);
    assert!(status.stdout.contains("missing"), "{}", status.stdout);
    drawn(h, "○ missing");
    assert_eq!(audit::writes(h), [""; 0]);
}

/// `push` sends the image, and a second one nothing; no cluster is asked.
fn images_alone(h: &Harness) {
    let writes = audit::writes(h).len();
    h.run_with(std::path::Path::new("/nowhere"), &verb("push"), &[])
        .succeeded();
    let uploads = audit::uploads(h).len();
    assert!(uploads > 0, "the image was sent");
    h.run(&verb("push"), &[]).succeeded();
    assert_eq!(audit::uploads(h)[uploads..], [""; 0]);
    assert_eq!(audit::writes(h)[writes..], [""; 0]);
}

fn as_wanted(h: &Harness) {
    let writes = audit::writes(h).len();
    let status = h.run(&verb("status"), &[]);
    let shown = &status.succeeded().stdout;
    let line = shown
        .lines()
        .find(|line| line.contains("Deployment alice/hello"));
    let words: Vec<&str> = line.expect("it is shown").split_whitespace().collect();
    assert_eq!(words[2..4], ["ready", "same"], "{shown}");
    drawn(h, "✓ ready");
    assert_eq!(h.run(&verb("diff"), &[]).succeeded().stdout, "");
    let create = h.run(&verb("create"), &[]);
    assert_eq!(create.code, 4, "what exists is not created");
    assert_eq!(
        audit::writes(h)[writes..],
        [""; 0],
        "looking writes nothing"
    );
}

/// The page of `graph` says of the deployment what `status` says.
fn drawn(h: &Harness, state: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let [page, picture] = ["html", "svg"].map(|name| folder.path().join(name));
    let flags = [
        format!("--html={}", page.display()),
        format!("--svg={}", picture.display()),
    ];
    let graph = h.run(&verb("graph"), &[&flags[0], &flags[1]]);
    let said = &graph.succeeded().stderr;
    assert!(!said.contains("without live state"), "{said}");
    let text = std::fs::read_to_string(&page).expect("a page");
    let row = text.split("data-name=\"Deployment hello\"").nth(1);
    let row = row
        .and_then(|row| row.split("</tr>").next())
        .expect("a line");
    assert!(row.contains(state), "want {state}: {row}");
    let svg = std::fs::read_to_string(&picture).expect("a picture");
    assert!(svg.contains("Deployment hello"), "{svg}");
}

/// Each line with the name of who said it; followed are lines that come, also of another pod.
fn what_pods_say(h: &Harness) {
    let logs = h.run("//prod:cluster.logs", &["--tail=5"]);
    let shown = &logs.succeeded().stdout;
    for (pod, container) in [
        ("registry-", " registry | "),
        ("local-path-provisioner-", " local-path-provisioner | "),
    ] {
        let is_it = |line: &str| {
            line.starts_with(&format!("prod/cluster/{pod}")) && line.contains(container)
        };
        assert!(
            shown.lines().any(is_it),
            "want {pod}.. {container} in:\n{shown}"
        );
    }
    // It waits for a server that is nowhere, and says so again and again.
    let hello = h.start(&verb("logs"), &["--container=hello", "--follow"]);
    let line = hello.until(h, "waiting for nowhere:50001");
    assert!(line.starts_with("hello/hello-"), "{line}");
    assert!(line.contains(" hello | "), "{line}");
    let shown = hello.stdout().lines().count();
    h.until("it says more", 60, || {
        let now = hello.stdout().lines().count();
        (now == shown).then(|| format!("{now} lines"))
    });
    ended(hello);
    let absent = h.run(&verb("logs"), &["--container=nobody"]);
    assert_eq!(absent.code, 2);
    absent.says("cause: want `hello`");
}

/// The registry answers on loopback, also after its pod has gone; its log is followed meanwhile.
fn a_way_to_pods(h: &Harness) {
    let logs = h.start("//prod:registry-deployment.logs", &["--follow", "--tail=0"]);
    let forward = h.start("//prod:registry-service.port-forward", &[]);
    let line = forward.until(h, "-> registry:");
    let address = line.split(' ').next().expect("an address").to_owned();
    // Two at a time.
    let (first, second) = (ask(&address, "/v2/"), ask(&address, "/v2/"));
    for answer in [first, second].map(answer) {
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    answer(ask(&address, "/v2/one/tags/list"));
    let before = speaker(&logs.until(h, "GET /v2/one/tags/list"));
    h.kubectl(&[
        "delete",
        "pod",
        "-n",
        "windlass-system",
        "-l",
        "app.kubernetes.io/name=registry",
    ])
    .succeeded();
    h.until("the new pod answers on the same port", 90, || {
        let answer = answer(ask(&address, "/v2/two/tags/list"));
        (!answer.starts_with("HTTP/1.1 404")).then_some(answer)
    });
    let after = speaker(&logs.until(h, "GET /v2/two/tags/list"));
    assert_ne!(before, after, "another pod says that");
    ended(forward);
    assert!(
        TcpStream::connect(&address).is_err(),
        "nobody listens any more"
    );
    let said = ended(logs);
    let once = said
        .lines()
        .filter(|line| line.contains("GET /v2/one/"))
        .count();
    assert_eq!(once, 1, "{said}");
}

/// Ends it as Ctrl-C does, which is how it ends well; gives back what it printed.
fn ended(running: Running) -> String {
    let outcome = running.interrupt();
    outcome.succeeded();
    assert!(!outcome.stderr.contains("error:"), "{}", outcome.stderr);
    outcome.stdout
}

/// Who said a line: `registry-deployment/registry-5c9 registry`.
fn speaker(line: &str) -> String {
    line.split(" | ").next().unwrap_or_default().to_owned()
}

fn ask(address: &str, path: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: registry\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    Some(stream)
}

/// What comes until the other side ends; nothing if it ended before.
fn answer(stream: Option<TcpStream>) -> String {
    let mut bytes = Vec::new();
    let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `replace` makes another object of the same description.
fn replaced(h: &Harness) {
    let before = uid(h);
    h.run(&verb("replace"), &[]).succeeded();
    assert_ne!(uid(h), before, "another object stands there");
    assert_eq!(h.run(&verb("diff"), &[]).succeeded().stdout, "");
}

/// What somebody changed is in the diff, which ends as `apply` would: it is theirs, and by whom.
fn changed_by_hand(h: &Harness) {
    let patch = r#"{"spec":{"template":{"spec":{"containers":[{"name":"hello","args":["--server","elsewhere:1"]}]}}}}"#;
    let words = ["patch", "deployment", "hello", "-n", "alice", "-p", patch];
    h.kubectl(&words).succeeded();
    let diff = h.run(&verb("diff"), &[]);
    assert_eq!(diff.code, 6, "{}", diff.stderr);
    diff.says("args: owned by `kubectl-patch`");
    assert!(
        diff.stdout.contains("~ Deployment alice/hello") && diff.stdout.contains("elsewhere:1"),
        "{}\n{}",
        diff.stdout,
        diff.stderr
    );
}

/// A Service with a fixed node port: the old one frees it for the new one.
fn node_port(h: &Harness) {
    let registry = |h: &Harness| h.get(&["service", "registry", "-n", "windlass-system"]);
    let before = registry(h);
    h.run("//prod:registry-service.replace", &[]).succeeded();
    let after = registry(h);
    let port = |service: &serde_json::Value| service["spec"]["ports"][0]["nodePort"].clone();
    assert_eq!(port(&after), port(&before));
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
}
