//! The client: it waits for its server, and logs what the fixture says.

use super::program::{Program, output};
use super::redis::Redis;
use super::{free_port, until};
use crate::expected;
use std::path::Path;

/// Fails where the program is no client. `server` is the one in Rust.
pub fn run(program: &Path, features: &Path, server: &Path) {
    usage(program);
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let address = format!("--server=127.0.0.1:{port}");
    let mut client = Program::start(
        program,
        &[
            address.clone(),
            "--iterations=2".to_owned(),
            "--interval=0.1".to_owned(),
        ],
        folder.path(),
    );
    logs(
        &client,
        &format!("waiting for 127.0.0.1:{port}: GetFeature: "),
    );
    assert_eq!(client.ended(), None, "a server that is away is waited for");

    let redis = Redis::start(free_port(), folder.path());
    let arguments = [
        format!("--port={port}"),
        format!("--redis={}", redis.address()),
        format!("--features={}", features.display()),
    ];
    let _server = Program::start(server, &arguments, folder.path());
    for line in expected::lines(features) {
        logs(&client, &line);
    }
    // Each iteration leaves a note at each of four places, and one more at the first.
    logs(&client, "RouteChat: 5 notes sent, 1 received");
    logs(&client, "RouteChat: 5 notes sent, 8 received");
    logs(&client, "iteration 2 done in ");
    until("it ends", || {
        (client.ended() != Some(0)).then(|| format!("{:?}", client.ended()))
    });

    let mut endless = Program::start(program, &[address], folder.path());
    logs(&endless, "iteration 1 done in ");
    endless.signal("TERM");
    until("it ends", || {
        (endless.ended() != Some(0)).then(|| format!("{:?}", endless.ended()))
    });
}

#[track_caller]
fn logs(client: &Program, text: &str) {
    until(&format!("its log has `{text}`"), || {
        let log = client.log();
        (!log.contains(text)).then_some(log)
    });
}

fn usage(program: &Path) {
    for wrong in ["server", "server:0", ":1", "server:x"] {
        let output = output(program, &[&format!("--server={wrong}")]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let want = format!("error: --server: got \"{wrong}\", want host:port");
        assert_eq!(
            (output.status.code(), said.contains(&want)),
            (Some(2), true),
            "{said}"
        );
    }
}
