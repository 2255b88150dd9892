//! A layer of tower that counts, times and traces gRPC calls. The same on either side:
//!
//! ```ignore
//! Server::builder().layer(Calls::of_server(&mut registry, routeguide::v1::METHODS))
//! RouteGuideClient::new(Calls::of_client(&mut registry, routeguide::v1::METHODS).layer(channel))
//! ```
//!
//! A call ends with the trailers of its answer, so streams are timed to their end. One that is given
//! up counts as `Canceled`, a deadline that has passed too: whoever waited has dropped it.

use crate::call::{Answer, Call};
use crate::methods::{Method, Side, register};
use http::{Request, Response};
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::Status;
use tonic::body::Body;
use tower::{BoxError, Layer, Service};
use tracing::{Instrument as _, Span};

/// The layer, and what it counts in.
#[derive(Clone, Debug)]
pub struct Calls {
    methods: Arc<BTreeMap<&'static str, Arc<Method>>>,
}

impl Calls {
    /// Calls that are answered here. `paths` are those of all methods, `/package.Service/Method`.
    pub fn of_server(registry: &mut Registry, paths: &[&'static str]) -> Self {
        Self::new(registry, Side::Server, paths)
    }

    /// Calls that are made from here. `paths` are those of all methods, `/package.Service/Method`.
    pub fn of_client(registry: &mut Registry, paths: &[&'static str]) -> Self {
        Self::new(registry, Side::Client, paths)
    }

    fn new(registry: &mut Registry, side: Side, paths: &[&'static str]) -> Self {
        Self {
            methods: Arc::new(register(registry, side, paths)),
        }
    }
}

impl<S> Layer<S> for Calls {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted {
            inner,
            calls: self.clone(),
        }
    }
}

/// A service whose calls are counted.
#[derive(Clone, Debug)]
pub struct Counted<S> {
    inner: S,
    calls: Calls,
}

impl<S, T> Service<Request<T>> for Counted<S>
where
    S: Service<Request<T>, Response = Response<Body>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let ready = self.inner.poll_ready(context);
        ready.map_err(|error| Status::from_error(error.into()))
    }

    fn call(&mut self, mut request: Request<T>) -> Self::Future {
        let method = self.calls.methods.get(request.uri().path()).cloned();
        let call = method.map(|method| Call::begin(method, request.headers_mut()));
        let span = call
            .as_ref()
            .map_or(Span::none(), |call| call.span().clone());
        let answer = span.in_scope(|| self.inner.call(request)).instrument(span);
        Box::pin(async move {
            let answer = answer
                .await
                .map_err(|error| Status::from_error(error.into()));
            match call {
                Some(call) => followed(call, answer),
                None => answer,
            }
        })
    }
}

/// The answer, with which the call ends: here, or with its body.
fn followed(call: Call, answer: Result<Response<Body>, Status>) -> Result<Response<Body>, Status> {
    match answer {
        Ok(answer) => {
            if let Some(status) = Status::from_header_map(answer.headers()) {
                call.end(status.code());
                return Ok(answer);
            }
            Ok(answer.map(|body| Body::new(Answer::new(body, call))))
        }
        Err(status) => {
            call.end(status.code());
            Err(status)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body::Frame;
    use std::collections::VecDeque;
    use std::future::poll_fn;
    use tonic::Code;
    use tower::service_fn;

    /// The frames of an answer.
    struct Frames(VecDeque<Frame<Bytes>>);

    impl http_body::Body for Frames {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            Poll::Ready(self.0.pop_front().map(Ok))
        }
    }

    /// An answer with a message, and its end.
    fn answer(end: Option<&Status>) -> Response<Body> {
        let mut frames = VecDeque::from([Frame::data(Bytes::from_static(b"message"))]);
        if let Some(status) = end {
            let mut trailers = http::HeaderMap::new();
            status.add_header(&mut trailers).expect("fits a header");
            frames.push_back(Frame::trailers(trailers));
        }
        Response::new(Body::new(Frames(frames)))
    }

    /// One call of `path`, read as far as `read` does, and what was counted.
    async fn counted<R: Future<Output = ()>>(
        path: &str,
        result: Result<Response<Body>, Status>,
        read: impl FnOnce(Body) -> R,
    ) -> Vec<String> {
        let mut registry = Registry::default();
        let calls = Calls::of_server(&mut registry, &["/p.S/M"]);
        let mut result = Some(result);
        let inner =
            service_fn(move |_: Request<()>| std::future::ready(result.take().expect("one call")));
        let mut service = calls.layer(inner);
        let request = Request::builder().uri(path).body(()).expect("a request");
        if let Ok(answer) = service.call(request).await {
            read(answer.into_body()).await;
        }
        let text = crate::page::text(&registry);
        let labels = "{grpc_service=\"p.S\",grpc_method=\"M\"";
        let counts = text.lines().filter(|line| {
            let is_count = line.contains("_total{") || line.contains("_count{");
            is_count && !line.ends_with(" 0")
        });
        counts.map(|line| line.replace(labels, "{")).collect()
    }

    async fn read_all(mut body: Body) {
        while poll_fn(|context| http_body::Body::poll_frame(Pin::new(&mut body), context))
            .await
            .is_some()
        {}
    }

    async fn read_nothing(_: Body) {}

    fn one(code: &str) -> Vec<String> {
        vec![
            "grpc_server_started_total{} 1".to_owned(),
            format!("grpc_server_handled_total{{,grpc_code=\"{code}\"}} 1"),
            "grpc_server_handling_seconds_count{} 1".to_owned(),
        ]
    }

    #[tokio::test]
    async fn the_trailers_say_how_a_call_ended() {
        for (status, want) in [
            (Status::new(Code::Ok, ""), "OK"),
            (Status::unavailable("no redis"), "Unavailable"),
        ] {
            let answer = Ok(answer(Some(&status)));
            assert_eq!(counted("/p.S/M", answer, read_all).await, one(want));
        }
    }

    #[tokio::test]
    async fn an_error_without_a_body_is_in_the_headers() {
        let answer = Status::not_found("x").into_http::<Body>();
        assert_eq!(
            counted("/p.S/M", Ok(answer), read_nothing).await,
            one("NotFound")
        );
    }

    #[tokio::test]
    async fn a_connection_that_fails_has_a_code_too() {
        let failed = Err(Status::unavailable("refused"));
        assert_eq!(
            counted("/p.S/M", failed, read_nothing).await,
            one("Unavailable")
        );
    }

    #[tokio::test]
    async fn who_does_not_read_to_the_end_has_cancelled() {
        let answer = Ok(answer(Some(&Status::new(Code::Ok, ""))));
        assert_eq!(
            counted("/p.S/M", answer, read_nothing).await,
            one("Canceled")
        );
    }

    #[tokio::test]
    async fn an_answer_without_trailers_is_no_success() {
        assert_eq!(
            counted("/p.S/M", Ok(answer(None)), read_all).await,
            one("Unknown")
        );
    }

    #[tokio::test]
    async fn what_is_no_method_makes_no_series() {
        let answer = Ok(answer(Some(&Status::unimplemented(""))));
        assert_eq!(counted("/p.S/Other", answer, read_all).await, [""; 0]);
    }
}
