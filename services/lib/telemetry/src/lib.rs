//! What a service tells about itself: metrics, as Prometheus reads them.
//!
//! ```ignore
//! let mut registry = telemetry::registry();
//! let calls = Calls::of_server(&mut registry, routeguide::v1::METHODS);
//! telemetry::page::open(args.telemetry.metrics_address, registry).await?;
//! Server::builder().layer(calls).add_service(...)
//! ```
//!
//! What there is, with names and labels, stands in `docs/metrics.md`.
//!
//! - [`calls`]: a layer of tower that counts and times gRPC calls, on either side; [`call`]: one of
//!   them; [`methods`]: what is counted; - [`page`]: `/metrics`; - [`process`]: what the kernel says of
//!   the process; - [`options`]: arguments; - [`error`]: what ends a service here.

mod call;
pub mod calls;
pub mod error;
mod methods;
pub mod options;
pub mod page;
mod process;

pub use calls::Calls;
pub use error::Error;
pub use options::Options;

use prometheus_client::registry::Registry;

/// A registry that has the metrics of the process, and takes those of the service.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(process::Process::now()));
    registry
}
