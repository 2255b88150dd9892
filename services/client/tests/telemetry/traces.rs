//! Traces: one for each call of the client, down to Redis.

use crate::collector::Collector;
use crate::program::{Program, Variables, program};
use crate::redis::Redis;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use std::process::Command;

/// All spans of one iteration. Both programs have ended: what they had they have sent.
fn traced(
    client: Variables<'_>,
    server: Variables<'_>,
    collector: &Collector,
) -> Vec<(String, Span)> {
    let redis = Redis::start();
    let server = Program::server(redis.address(), server);
    server.wait_for("readiness: SERVING");
    let client = Program::client(server.port(), "1", client);
    client.wait_for_end();
    server.terminate();
    server.wait_for_end();
    collector.spans()
}

/// The spans whose parent is this one, in the order of their begin.
fn children<'a>(of: &Span, spans: &'a [(String, Span)]) -> Vec<&'a (String, Span)> {
    let mut children: Vec<_> = spans
        .iter()
        .filter(|(_, span)| span.parent_span_id == of.span_id && span.trace_id == of.trace_id)
        .collect();
    children.sort_by_key(|(_, span)| span.start_time_unix_nano);
    children
}

#[test]
fn one_trace_spans_client_server_and_redis() {
    let collector = Collector::start();
    let on = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())];
    let spans = traced(&on, &on, &collector);
    let mut roots: Vec<_> = spans
        .iter()
        .filter(|(_, span)| span.parent_span_id.is_empty())
        .collect();
    roots.sort_by_key(|(_, span)| span.start_time_unix_nano);
    let mut seen = Vec::new();
    for (service, root) in &roots {
        assert_eq!(
            (service.as_str(), root.kind()),
            ("client", SpanKind::Client),
            "{root:?}"
        );
        let answers = children(root, &spans);
        let [(service, answer)] = answers[..] else {
            panic!("want one answer to {root:?}, got {answers:?}");
        };
        assert_eq!(
            (service.as_str(), answer.kind(), &answer.name),
            ("server", SpanKind::Server, &root.name)
        );
        let commands = children(answer, &spans);
        let names: Vec<_> = commands.iter().map(|(_, span)| &*span.name).collect();
        let method = root.name.strip_prefix("routeguide.v1.RouteGuide/");
        let method = method.expect("a method");
        seen.push(format!("{method}: {}", names.join(" ")));
    }
    assert_eq!(
        seen,
        [
            "GetFeature: HGET",
            "GetFeature: HGET",
            "ListFeatures: GEOSEARCH HMGET",
            "RecordRoute: HGET HGET HGET HGET",
            "RouteChat: MULTI MULTI MULTI MULTI MULTI"
        ]
    );
    // Readiness and its commands are part of no call.
    assert_eq!(spans.len(), 5 + 5 + 13, "{spans:?}");
}

#[test]
fn who_knows_of_no_collector_sends_nothing() {
    let collector = Collector::start();
    let on = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())];
    let spans = traced(&[], &on, &collector);
    let calls: Vec<_> = spans
        .iter()
        .filter(|(_, span)| span.kind() == SpanKind::Server)
        .collect();
    assert_eq!(calls.len(), 5, "{spans:?}");
    // Nor does it say in its calls that there is a trace.
    for (service, span) in calls {
        assert_eq!(service, "server");
        assert!(span.parent_span_id.is_empty(), "{span:?}");
    }
}

#[test]
fn it_can_be_switched_off_and_named() {
    let collector = Collector::start();
    let endpoint = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.endpoint());
    let off = [endpoint, ("OTEL_SDK_DISABLED", "true")];
    let named = [endpoint, ("OTEL_SERVICE_NAME", "guide")];
    let spans = traced(&off, &named, &collector);
    assert!(!spans.is_empty());
    let of_guide = |(service, _): &(String, Span)| service == "guide";
    assert!(spans.iter().all(of_guide), "{spans:?}");
}

#[test]
fn a_collector_that_is_away_holds_up_nobody_and_is_told() {
    let redis = Redis::start();
    let server = Program::server(redis.address(), &[]);
    server.wait_for("readiness: SERVING");
    let nobody = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")];
    let client = Program::client(server.port(), "1", &nobody);
    client.wait_for("iteration 1 done");
    client.wait_for("BatchSpanProcessor.ExportError");
    client.wait_for_end();
}

#[test]
fn an_endpoint_that_cannot_be_is_an_error_with_a_way_out() {
    let arguments = ["--server=127.0.0.1:1", "--metrics-address=127.0.0.1:0"];
    let ended = Command::new(program("CLIENT", "client"))
        .args(arguments)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:1")
        .output()
        .expect("starts");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(
        (ended.status.code(), &*ended.stdout),
        (Some(2), &b""[..]),
        "{said}"
    );
    let lines: Vec<_> = said.lines().collect();
    let [error, cause, hint] = lines[..] else {
        panic!("want three lines: {said}");
    };
    assert_eq!(error, "error: cannot send traces");
    assert!(
        cause.contains("OTEL_EXPORTER_OTLP_ENDPOINT: endpoint 'https://127.0.0.1:1'"),
        "{cause}"
    );
    assert_eq!(
        hint,
        "hint: OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317"
    );
}
