//! What a service tells about itself: metrics, as Prometheus reads them, and traces, for OpenTelemetry.
//!
//! ```ignore
//! // in main
//! runtime.block_on(telemetry::traces::run("server", run(&args)))
//! // in run
//! let mut registry = telemetry::registry();
//! let calls = Calls::of_server(&mut registry, routeguide::v1::METHODS);
//! telemetry::page::open(args.telemetry.metrics_address, registry).await?;
//! telemetry::serve(Routes::new(...), calls, listener, stop)
//! ```
//!
//! What there is stands in `docs/metrics.md` and `docs/tracing.md`.
//!
//! - [`calls`]: a layer of tower around gRPC, on either side; `call`: one of them; `methods`: what is
//!   counted of it; - [`page`]: `/metrics`; `process`: what the kernel says of the process;
//! - [`traces`]: logs, and where traces go; [`spans`]: what they are made of; `context`: how they get to
//!   another process; - [`serve`](serve()): the server itself;
//! - [`options`]: arguments; - [`error`]: what ends a service here.

mod call;
pub mod calls;
mod context;
pub mod error;
mod methods;
pub mod options;
pub mod page;
mod process;
mod serve;
pub mod spans;
pub mod traces;

pub use calls::Calls;
pub use error::Error;
pub use options::Options;
pub use serve::serve;

use prometheus_client::registry::Registry;

/// A registry that has the metrics of the process, and takes those of the service.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(process::Process::now()));
    registry
}
