//! What is counted of each method, by the names of [go-grpc-middleware], for which dashboards exist.
//!
//! [go-grpc-middleware]: https://github.com/grpc-ecosystem/go-grpc-middleware/tree/main/providers/prometheus

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tonic::Code;

/// Upper ends of the buckets, in seconds: those of Prometheus' own clients.
const BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// How many status codes gRPC has.
const CODES: usize = 17;

/// Which side of a call is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Who asks.
    Client,
    /// Who answers.
    Server,
}

impl Side {
    /// As it stands in the names of metrics, and in traces.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    grpc_service: &'static str,
    grpc_method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
#[expect(clippy::struct_field_names, reason = "these are the labels")]
struct WithCode {
    grpc_service: &'static str,
    grpc_method: &'static str,
    grpc_code: String,
}

/// The metrics of one method. All of its series are there from the start, so that the first error
/// is an increase and no new series.
#[derive(Debug)]
pub(crate) struct Method {
    /// The side that is counted here.
    pub(crate) side: Side,
    /// The full name of its service.
    pub(crate) service: &'static str,
    /// Its own name.
    pub(crate) name: &'static str,
    started: Counter,
    handled: [Counter; CODES],
    seconds: Histogram,
}

impl Method {
    /// A call has begun.
    pub(crate) fn begin(&self) {
        self.started.inc();
    }

    /// It has ended.
    pub(crate) fn end(&self, code: Code, took: Duration) {
        if let Some(handled) = self.handled.get(code as usize) {
            handled.inc();
        }
        self.seconds.observe(took.as_secs_f64());
    }
}

/// Metrics for the methods, by their paths (`/package.Service/Method`). What else somebody calls is in
/// no metric: a caller must not be able to make series.
pub(crate) fn register(
    registry: &mut Registry,
    side: Side,
    paths: &[&'static str],
) -> BTreeMap<&'static str, Arc<Method>> {
    let started = Family::<Labels, Counter>::default();
    let handled = Family::<WithCode, Counter>::default();
    let seconds: Family<Labels, Histogram, fn() -> Histogram> =
        Family::new_with_constructor(|| Histogram::new(BUCKETS));
    let name = |what| format!("grpc_{}_{what}", side.name());
    let help = "Calls that have begun";
    registry.register(name("started"), help, started.clone());
    let help = "Calls that have ended, by how";
    registry.register(name("handled"), help, handled.clone());
    let help = "Time from a call's begin to its end";
    registry.register(name("handling_seconds"), help, seconds.clone());

    let method = |path: &&'static str| {
        let (grpc_service, grpc_method) = path.trim_start_matches('/').split_once('/')?;
        let labels = Labels {
            grpc_service,
            grpc_method,
        };
        let with_code = |code| WithCode {
            grpc_service,
            grpc_method,
            grpc_code: code_name(Code::from(code)),
        };
        let method = Method {
            side,
            service: grpc_service,
            name: grpc_method,
            started: started.get_or_create_owned(&labels),
            handled: std::array::from_fn(|code| {
                handled.get_or_create_owned(&with_code(i32::try_from(code).unwrap_or_default()))
            }),
            seconds: seconds.get_or_create_owned(&labels),
        };
        Some((*path, Arc::new(method)))
    };
    paths.iter().filter_map(method).collect()
}

/// The names that Go's gRPC has for status codes: those in metrics and queries everywhere.
pub(crate) fn code_name(code: Code) -> String {
    match code {
        Code::Ok => "OK".to_owned(),
        Code::Cancelled => "Canceled".to_owned(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_called_as_in_go() {
        let names: Vec<_> = (0..17).map(|code| code_name(Code::from(code))).collect();
        assert_eq!(
            names,
            [
                "OK",
                "Canceled",
                "Unknown",
                "InvalidArgument",
                "DeadlineExceeded",
                "NotFound",
                "AlreadyExists",
                "PermissionDenied",
                "ResourceExhausted",
                "FailedPrecondition",
                "Aborted",
                "OutOfRange",
                "Unimplemented",
                "Internal",
                "Unavailable",
                "DataLoss",
                "Unauthenticated"
            ]
        );
    }

    #[test]
    fn every_series_is_there_before_the_first_call() {
        let mut registry = Registry::default();
        register(&mut registry, Side::Client, &["/p.v1.S/A", "/p.v1.S/B"]);
        let text = crate::page::text(&registry);
        let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(count("grpc_client_started_total{"), 2);
        assert_eq!(count("grpc_client_handled_total{"), 2 * 17);
        assert_eq!(count("grpc_client_handling_seconds_bucket{"), 2 * 12);
        let one = "grpc_client_handled_total{grpc_service=\"p.v1.S\",grpc_method=\"B\",grpc_code=\"OK\"} 0";
        assert!(text.lines().any(|line| line == one), "{text}");
    }
}
