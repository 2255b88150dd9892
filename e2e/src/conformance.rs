//! What a `RouteGuide` server and client do, whatever they are written in: asked from outside, beside a
//! Redis of the test's own on loopback.

pub mod client;
mod program;
mod redis;
pub mod server;

use std::time::{Duration, Instant};

/// Waits until `holds` gives `None`; fails after a minute with what it gave last.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> Option<String>) {
    let start = Instant::now();
    while let Some(missing) = holds() {
        assert!(
            start.elapsed() < Duration::from_mins(1),
            "not within a minute: {what}: {missing}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    windlass_report::say(&format!("ok: {what}"));
}

/// A port of loopback that nobody listens on.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
