//! A service in Python, from its image to its answers.

use super::own_namespace;
use crate::{Harness, audit};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

const APPLY: &str = "//examples/python:myns-deep.apply";

/// Computed by another formula than the service has: the spherical law of cosines.
const ANSWERS: [(&str, &str); 3] = [
    ("/distance/berlin/oslo", "berlin to oslo: 838 km"),
    ("/distance/lisbon/berlin", "lisbon to berlin: 2312 km"),
    (
        "/distance/berlin/atlantis",
        "want /distance/A/B with two of berlin, lisbon, oslo",
    ),
];

pub(super) fn run(h: &Harness) {
    let ns = own_namespace(h);
    h.run("//prod:setup.apply", &[]).succeeded();
    h.run(APPLY, &["--timeout=1m"]).succeeded();
    assert_eq!(h.not_ready(&ns, 1), None);
    assert_eq!(h.restarts(&ns), [""; 0]);
    answers(h);
    again(h, &ns);
}

fn answers(h: &Harness) {
    let forward = h.start("//examples/python:myns-service.port-forward", &[]);
    let line = forward.until(h, "-> python:");
    let address = line.split(' ').next().expect("an address");
    for (path, want) in ANSWERS {
        let got = get(address, path);
        assert_eq!(got.lines().last(), Some(want), "{path}: {got}");
    }
    forward.interrupt().succeeded();
}

/// The same image and the same objects: nothing is sent.
fn again(h: &Harness, ns: &str) {
    let (writes, uploads) = (audit::writes(h).len(), audit::uploads(h).len());
    let versions = h.versions(ns);
    h.run(APPLY, &[]).succeeded().says("nothing changed");
    assert_eq!(audit::writes(h)[writes..], [""; 0]);
    assert_eq!(audit::uploads(h)[uploads..], [""; 0]);
    assert_eq!(h.versions(ns), versions);
}

/// The whole response, head and body.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    let request = format!("GET {path} HTTP/1.0\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("an answer");
    response
}
