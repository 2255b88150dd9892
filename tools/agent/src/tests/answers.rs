//! What is answered to those who ask how an agent stands.

use std::time::Duration;

use serde_json::json;

use super::scene::Scene;
use crate::apply::board::Board;
use crate::apply::listen::Detail;
use crate::apply::status::{Status, schema};
use crate::apply::{listen, metrics};

/// A status of an agent that has applied a commit, and found another one that is bad.
fn status() -> Status {
    serde_json::from_value(json!({
        "version": 1, "environment": "prod", "branch": "main", "state": "failed", "reason": null,
        "error": {"text": "error: it is bad\n", "exit": 5, "time": "2026-11-29T12:05:00Z"},
        "failures": 2, "head": "2".repeat(40), "reached": "2".repeat(40),
        "applied": {"commit": "1".repeat(40), "since": "2026-11-29T12:00:00Z",
            "checked": "2026-11-29T12:04:00Z"},
        "turn": {"commit": "2".repeat(40), "why": "commit", "started": "2026-11-29T12:04:30Z",
            "ended": "2026-11-29T12:05:00Z", "releases": []},
        "cutOff": null,
        "drift": {"objects": 3, "time": "2026-11-29T12:04:00Z", "changes": []},
        "time": "2026-11-29T12:05:00Z",
    }))
    .expect("a status")
}

const METRICS: &str = "\
# HELP windlass_agent_state 1 for the state that the agent is in
# TYPE windlass_agent_state gauge
windlass_agent_state{environment=\"prod\",state=\"started\"} 0
windlass_agent_state{environment=\"prod\",state=\"applied\"} 0
windlass_agent_state{environment=\"prod\",state=\"applying\"} 0
windlass_agent_state{environment=\"prod\",state=\"waiting\"} 0
windlass_agent_state{environment=\"prod\",state=\"paused\"} 0
windlass_agent_state{environment=\"prod\",state=\"refused\"} 0
windlass_agent_state{environment=\"prod\",state=\"failed\"} 1
# HELP windlass_agent_commit 1; the label has the commit
# TYPE windlass_agent_commit gauge
windlass_agent_commit{environment=\"prod\",at=\"head\",commit=\"2222222222222222222222222222222222222222\"} 1
windlass_agent_commit{environment=\"prod\",at=\"applied\",commit=\"1111111111111111111111111111111111111111\"} 1
# HELP windlass_agent_behind 1 while the head of the branch is not applied
# TYPE windlass_agent_behind gauge
windlass_agent_behind{environment=\"prod\"} 1
# HELP windlass_agent_failures turns that failed in a row
# TYPE windlass_agent_failures gauge
windlass_agent_failures{environment=\"prod\"} 2
# HELP windlass_agent_turns_total turns since the agent was started
# TYPE windlass_agent_turns_total counter
windlass_agent_turns_total{environment=\"prod\",result=\"well\"} 4
windlass_agent_turns_total{environment=\"prod\",result=\"failed\"} 1
# HELP windlass_agent_drift_objects_total objects that were found changed and put back
# TYPE windlass_agent_drift_objects_total counter
windlass_agent_drift_objects_total{environment=\"prod\"} 3
# HELP windlass_agent_checked_timestamp_seconds when the cluster was last as the commit says
# TYPE windlass_agent_checked_timestamp_seconds gauge
windlass_agent_checked_timestamp_seconds{environment=\"prod\"} 1795953840
";

#[test]
fn metrics_of_an_agent() {
    let board = Board::new(status());
    board.count(|turns| (turns.well, turns.failed) = (4, 1));
    assert_eq!(metrics::text(&board.shown()), METRICS);
    let mut odd = status();
    odd.environment = "a\"b\\c\n".to_owned();
    odd.applied = None;
    let text = metrics::text(&Board::new(odd).shown());
    assert!(
        text.contains(r#"failures{environment="a\"b\\c\n"} 2"#),
        "{text}"
    );
    assert!(text.ends_with("} 0\n"), "{text}");
}

#[test]
fn an_agent_that_does_not_come_on_is_not_well() {
    let board = Board::new(status());
    let answer = |line: &str| {
        let answer = String::from_utf8(listen::response(line, &board, Detail::All)).expect("text");
        answer.lines().next().expect("a line").to_owned()
    };
    let ask = "GET /healthz HTTP/1.1";
    board.show(&status(), Duration::ZERO);
    assert_eq!(answer(ask), "HTTP/1.1 503 Service Unavailable");
    // That it has failed is no reason to start it again.
    board.show(&status(), Duration::from_hours(1));
    assert_eq!(answer(ask), "HTTP/1.1 200 OK");
    assert_eq!(answer("GET /metrics?x HTTP/1.1"), "HTTP/1.1 200 OK");
    assert_eq!(answer("GET / HTTP/1.1"), "HTTP/1.1 404 Not Found");
    assert_eq!(
        answer("POST /status HTTP/1.1"),
        "HTTP/1.1 405 Method Not Allowed"
    );
    assert_eq!(answer(""), "HTTP/1.1 405 Method Not Allowed");
    let head = listen::response("HEAD /healthz HTTP/1.1", &board, Detail::All);
    assert!(head.ends_with(b"\r\n\r\n"));
}

#[test]
fn who_is_not_on_this_machine_is_told_no_evidence() {
    let mut status = status();
    let failure = status.error.as_mut().expect("one");
    failure.text = "error: it is bad\nlog: the password is xyz\n".to_owned();
    status.drift.error.clone_from(&status.error);
    let board = Board::new(status);
    let said = |detail| {
        let answer = listen::response("GET /status HTTP/1.1", &board, detail);
        String::from_utf8(answer).expect("text")
    };
    assert_eq!(said(Detail::All).matches("xyz").count(), 2);
    let short = said(Detail::FirstLines);
    assert_eq!(short.matches("xyz").count(), 0, "{short}");
    assert_eq!(short.matches("error: it is bad").count(), 2, "{short}");
}

#[tokio::test]
async fn what_is_written_is_as_its_schema_says() {
    let schema = serde_json::to_value(schema()).expect("JSON");
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler
        .add_resource("status.json", schema)
        .expect("a schema");
    let schema = compiler
        .compile("status.json", &mut schemas)
        .expect("compiles");
    let check = |status: &Status| {
        let document = serde_json::to_value(status).expect("JSON");
        if let Err(error) = schemas.validate(&document, schema) {
            panic!("{error}\n{document:#}");
        }
    };
    check(&status());
    let scene = Scene::new().await;
    check(&scene.turn().await.status);
    scene.release("1").await;
    check(&scene.turn().await.status);
}
