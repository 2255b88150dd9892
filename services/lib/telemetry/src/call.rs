//! One call, from its begin to its end, whatever the end is.

use crate::methods::Method;
use crate::spans;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::Span;

/// A call that has begun. It ends when this is dropped: cancelled, if nothing else has been said.
#[derive(Debug)]
pub(crate) struct Call {
    method: Arc<Method>,
    start: Instant,
    code: Code,
    span: Span,
}

impl Call {
    /// Begins one; the headers are those of its request.
    pub(crate) fn begin(method: Arc<Method>, headers: &mut HeaderMap) -> Self {
        method.begin();
        Self {
            span: spans::call(&method, headers),
            method,
            start: Instant::now(),
            code: Code::Cancelled,
        }
    }

    /// Its part of a trace.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// The call has ended by itself.
    pub(crate) fn end(mut self, code: Code) {
        self.code = code;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.method.end(self.code, self.start.elapsed());
        spans::end(&self.span, self.method.side, self.code);
    }
}

/// The body of an answer, with which its call ends: gRPC says how in the trailers.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Body,
    call: Option<Call>,
}

impl Answer {
    pub(crate) fn new(body: Body, call: Call) -> Self {
        Self {
            body,
            call: Some(call),
        }
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let span = self.call.as_ref().map(|call| call.span().clone());
        let entered = span.as_ref().map(Span::enter);
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        drop(entered);
        if let Some(code) = last(frame.as_ref())
            && let Some(call) = self.call.take()
        {
            call.end(code);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// How the call has ended, if this is the end of its answer.
fn last(frame: Option<&Result<Frame<Bytes>, Status>>) -> Option<Code> {
    match frame {
        Some(Ok(frame)) => {
            let trailers = frame.trailers_ref()?;
            Some(Status::from_header_map(trailers).map_or(Code::Unknown, |status| status.code()))
        }
        Some(Err(status)) => Some(status.code()),
        // No trailers: gRPC has none that end so.
        None => Some(Code::Unknown),
    }
}
