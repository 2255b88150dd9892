//! Where logs and traces go: logs to stdout, traces to a collector of OpenTelemetry, if one is named.
//!
//! Spans have the target [`TRACES`]. Without a collector nothing takes them, which `tracing` finds out
//! once for each place that makes them: then none is made, and no header is read or written.

use crate::error::Error;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::env;
use std::ffi::OsStr;
use tracing::{Subscriber, error, info};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The target of spans that belong to a trace.
pub const TRACES: &str = "traces";

/// Any of them says where the collector is, and so that there is one.
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];
/// Is `true` where somebody wants it off all the same.
const DISABLED: &str = "OTEL_SDK_DISABLED";
/// How the service is called in traces, if not by its own name.
const NAME: &str = "OTEL_SERVICE_NAME";

/// Runs a service: what it logs is printed, and what it traces has been sent when this returns.
/// `name` is that of the service.
///
/// # Errors
/// Those of the service; before it runs, that traces cannot be sent as the environment says.
pub async fn run<T, E: From<Error>>(
    name: &'static str,
    service: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let provider = provider(name)?;
    subscriber(name, provider.as_ref()).init();
    let Some(provider) = provider else {
        return service.await;
    };
    info!("traces go to a collector");
    let ended = service.await;
    // The last of them travel on this runtime's threads, so none of these may wait for that.
    let sent = tokio::task::spawn_blocking(move || provider.shutdown()).await;
    if let Ok(Err(reason)) = sent {
        error!("the last traces are lost: {reason}");
    }
    ended
}

/// Takes log lines, and spans where a provider sends them.
fn subscriber(
    name: &'static str,
    provider: Option<&SdkTracerProvider>,
) -> impl Subscriber + Send + Sync {
    let lines = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_ansi(false);
    let log = Targets::new()
        .with_default(LevelFilter::INFO)
        // What the exporter cannot send.
        .with_target("opentelemetry", LevelFilter::WARN)
        .with_target(TRACES, LevelFilter::OFF);
    let mut layers = vec![lines.with_filter(log).boxed()];
    // An `Option` of a layer would take every span, even if it is none.
    layers.extend(provider.map(|provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer(name));
        let spans = Targets::new().with_target(TRACES, LevelFilter::INFO);
        layer.with_filter(spans).boxed()
    }));
    tracing_subscriber::registry().with(layers)
}

/// What sends traces; `None` if the environment names no collector.
fn provider(name: &'static str) -> Result<Option<SdkTracerProvider>, Error> {
    let set = |variable| env::var_os(variable).filter(|value| !value.is_empty());
    let disabled =
        set(DISABLED).is_some_and(|value| value.eq_ignore_ascii_case(OsStr::new("true")));
    if disabled || ENDPOINTS.into_iter().find_map(set).is_none() {
        return Ok(None);
    }
    let exporter = SpanExporter::builder().with_tonic().build();
    let resource = match set(NAME) {
        Some(_) => Resource::builder(),
        None => Resource::builder().with_service_name(name),
    };
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter.map_err(Error::Traces)?)
        .with_resource(resource.build());
    Ok(Some(provider.build()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::{Side, register};
    use crate::spans;
    use http::HeaderMap;
    use prometheus_client::registry::Registry;
    use tracing::subscriber::with_default;

    /// What a call says in its headers, and of how many spans it is made.
    fn called(provider: Option<&SdkTracerProvider>) -> (HeaderMap, usize) {
        let mut headers = HeaderMap::new();
        let mut registry = Registry::default();
        let methods = register(&mut registry, Side::Client, &["/p.S/M"]);
        let spans = with_default(subscriber("test", provider), || {
            let call = spans::call(&methods["/p.S/M"], &mut headers);
            let command = call.in_scope(|| spans::command("redis", "GET"));
            let spans = [call, command];
            spans.iter().filter(|span| !span.is_disabled()).count()
        });
        (headers, spans)
    }

    #[test]
    fn without_a_collector_there_are_no_spans_and_no_headers() {
        assert_eq!(called(None), (HeaderMap::new(), 0));
    }

    #[test]
    fn with_one_there_are() {
        let provider = SdkTracerProvider::builder().build();
        let (headers, spans) = called(Some(&provider));
        assert!(headers.contains_key("traceparent"), "{headers:?}");
        assert_eq!(spans, 2);
    }

    #[test]
    fn what_a_service_does_by_itself_makes_no_trace() {
        let provider = SdkTracerProvider::builder().build();
        with_default(subscriber("test", Some(&provider)), || {
            assert!(spans::command("redis", "PING").is_disabled());
        });
    }
}
