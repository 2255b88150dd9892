//! The spans of a trace. What they are called, and what they say, follows OpenTelemetry's
//! conventions for RPC and databases (<https://opentelemetry.io/docs/specs/semconv/>).

use crate::context;
use crate::methods::{Method, Side};
use crate::traces::TRACES;
use http::HeaderMap;
use tonic::Code;
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The span of a call. On the client's side the headers are told of it, on the server's they say whose
/// child it is.
pub(crate) fn call(method: &Method, headers: &mut HeaderMap) -> Span {
    let side = method.side;
    let span = info_span!(
        target: TRACES,
        "call",
        otel.name = %format_args!("{}/{}", method.service, method.name),
        otel.kind = side.name(),
        otel.status_code = Empty,
        rpc.system = "grpc",
        rpc.service = method.service,
        rpc.method = method.name,
        rpc.grpc.status_code = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    match side {
        Side::Client => context::inject(&span.context(), headers),
        // It fails for a span that has begun, which this has not.
        Side::Server => drop(span.set_parent(context::extract(headers))),
    }
    span
}

/// How the call of a span ended.
pub(crate) fn end(span: &Span, side: Side, code: Code) {
    span.record("rpc.grpc.status_code", i64::from(code as i32));
    if is_error(side, code) {
        span.record("otel.status_code", "ERROR");
    }
}

/// Whether it is the fault of the side that says so: a server that refuses a wrong argument has made none.
fn is_error(side: Side, code: Code) -> bool {
    match side {
        Side::Client => code != Code::Ok,
        Side::Server => matches!(
            code,
            Code::Unknown
                | Code::DeadlineExceeded
                | Code::Unimplemented
                | Code::Internal
                | Code::Unavailable
                | Code::DataLoss
        ),
    }
}

/// The span of a command of a database, as part of the call that is under way; none where there is none,
/// so that what a service does by itself makes no traces.
pub fn command(system: &'static str, name: &'static str) -> Span {
    if Span::current().is_none() {
        return Span::none();
    }
    info_span!(
        target: TRACES,
        "command",
        otel.name = name,
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = system,
        db.operation.name = name,
    )
}

/// The command of a span has failed.
pub fn failed(span: &Span) {
    span.record("otel.status_code", "ERROR");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_not_blamed_for_its_callers() {
        for code in [Code::InvalidArgument, Code::NotFound, Code::Cancelled] {
            assert!(is_error(Side::Client, code), "{code:?}");
            assert!(!is_error(Side::Server, code), "{code:?}");
        }
        for side in [Side::Client, Side::Server] {
            assert!(is_error(side, Code::Unavailable));
            assert!(!is_error(side, Code::Ok));
        }
    }
}
