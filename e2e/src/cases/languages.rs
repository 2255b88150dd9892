//! One stack, whose parts are taken by others in other languages, one after the other.

use super::own_namespace;
use crate::{Harness, expected};

/// Client in Rust, server in Java.
const MIXED: &str = "//examples/mixed:myns-deep.apply";
const FEATURES: &str = "services/server/features.json";

/// What takes the place of server and client.
const NEXT: [(&str, &str); 4] = [
    ("go", "python"),
    ("cpp", "java"),
    ("python", "go"),
    ("java", "cpp"),
];

pub(super) fn run(h: &Harness) {
    let ns = own_namespace(h);
    h.run("//prod:setup.apply", &[]).succeeded();
    h.run(MIXED, &["--timeout=4m"]).succeeded();
    works(h, &ns);
    assert!(server_log(h, &ns).contains(" features into redis"));
    for (server, client) in NEXT {
        let before = [image(h, &ns, "server"), image(h, &ns, "client")];
        for (language, part) in [(server, "server"), (client, "client")] {
            let target = format!("//examples/{language}/{part}:myns-shallow.apply");
            h.run(&target, &["--timeout=2m"]).succeeded();
        }
        works(h, &ns);
        let after = [image(h, &ns, "server"), image(h, &ns, "client")];
        assert!(
            before[0] != after[0] && before[1] != after[1],
            "{before:?} {after:?}"
        );
        // Each language finds what the others have written, and takes it for its own.
        let log = server_log(h, &ns);
        assert!(log.contains(" features are in redis already"), "{log}");
    }
}

/// Six of Redis, a server and a client; the client's log says what the fixture holds.
fn works(h: &Harness, ns: &str) {
    h.until("what was before is gone", 60, || h.not_ready(ns, 8));
    assert_eq!(h.restarts(ns), [""; 0]);
    let words = expected::lines(&h.runfile(FEATURES));
    h.until("the client's log has all four calls", 60, || {
        let log = h.log(ns, "deploy/client", "client");
        let missing = words.iter().find(|word| !log.contains(*word));
        missing.map(|word| format!("no `{word}` in:\n{log}"))
    });
}

fn server_log(h: &Harness, ns: &str) -> String {
    h.log(ns, "deploy/server", "server")
}

fn image(h: &Harness, ns: &str, name: &str) -> String {
    let deployment = h.get(&["deployment", name, "-n", ns]);
    let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
    image.as_str().expect("an image").to_owned()
}
