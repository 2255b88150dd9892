//! A collector of traces, as OpenTelemetry's protocol has it.

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::sync::{Arc, Mutex};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

type Collected = Arc<Mutex<Vec<(String, Span)>>>;

/// A running collector.
pub struct Collector {
    endpoint: String,
    collected: Collected,
    // It serves as long as this is here.
    _runtime: tokio::runtime::Runtime,
}

impl Collector {
    pub fn start() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let collected = Collected::default();
        let service = TraceServiceServer::new(Service(Arc::clone(&collected)));
        let endpoint = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(crate::program::any_port()).await;
            let listener = listener.expect("binds");
            let address = listener.local_addr().expect("has an address");
            let server = tonic::transport::Server::builder().add_service(service);
            tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
            format!("http://{address}")
        });
        Self {
            endpoint,
            collected,
            _runtime: runtime,
        }
    }

    /// Where it is.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The spans that it has got, with the names of their services.
    pub fn spans(&self) -> Vec<(String, Span)> {
        self.collected.lock().expect("not poisoned").clone()
    }
}

struct Service(Collected);

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for sent in request.into_inner().resource_spans {
            let attributes = sent.resource.unwrap_or_default().attributes;
            let name = attributes.into_iter().find_map(|attribute| {
                match (attribute.key.as_str(), attribute.value?.value?) {
                    ("service.name", Value::StringValue(name)) => Some(name),
                    _ => None,
                }
            });
            let name = name.unwrap_or_default();
            let spans = sent.scope_spans.into_iter().flat_map(|scope| scope.spans);
            let mut collected = self.0.lock().expect("not poisoned");
            collected.extend(spans.map(|span| (name.clone(), span)));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
