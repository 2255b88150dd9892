//! Single calls: where they go, what failed, and whether it is worth repeating.

use std::error::Error as _;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use http::Uri;
use http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use prost::Message;
use tokio::net::UnixStream;
use tonic::client::Grpc;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::Cause;

/// The namespace of containerd that Kubernetes has its images in.
const NAMESPACE: &str = "k8s.io";

/// The longest path that a socket can be connected to by; the terminating zero is not in it.
const LONGEST: usize = 107;

/// One try that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    /// The status, where containerd has answered.
    pub(crate) code: Option<Code>,
    pub(crate) outlook: Outlook,
}

/// Whether it is worth trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// It will fail again.
    Final,
    /// It may pass: no answer.
    Passing,
    /// Somebody else is writing the same, which takes as long as it takes.
    Busy,
}

impl Failure {
    pub(crate) fn new(call: &'static str, status: &Status) -> Self {
        let call = name(call);
        if let Some(reason) = innermost(status) {
            return Self {
                cause: Cause::Connection { call, reason },
                code: None,
                outlook: Outlook::Passing,
            };
        }
        let code = status.code();
        Self {
            cause: Cause::Status {
                call,
                code: format!("{code:?}"),
                message: status.message().to_owned(),
            },
            code: Some(code),
            outlook: match code {
                Code::Unavailable => Outlook::Busy,
                _ => Outlook::Final,
            },
        }
    }

    /// Nobody has answered in time. A further try would take as long.
    fn silence(call: &'static str, within: Duration) -> Self {
        Self {
            cause: Cause::Connection {
                call: name(call),
                reason: format!("no answer within {} s", within.as_secs()),
            },
            code: None,
            outlook: Outlook::Final,
        }
    }

    pub(crate) fn answer(call: &'static str, got: &str, want: &str) -> Self {
        Self {
            cause: Cause::Answer {
                call: name(call),
                got: got.to_owned(),
                want: want.to_owned(),
            },
            code: None,
            outlook: Outlook::Final,
        }
    }

    pub(crate) fn blob(cause: windlass_oci_registry::Cause, outlook: Outlook) -> Self {
        Self {
            cause: cause.into(),
            code: None,
            outlook,
        }
    }

    pub(crate) fn is(&self, code: Code) -> bool {
        self.code == Some(code)
    }

    /// Whether nobody has answered.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(self.cause, Cause::Connection { .. })
    }
}

/// `/containerd.services.content.v1.Content/Write` is `Content/Write`.
fn name(call: &'static str) -> String {
    call.rsplit('.').next().unwrap_or(call).to_owned()
}

/// Why there is no answer; `None` if the status is one: only what is made here has a source.
fn innermost(status: &Status) -> Option<String> {
    let mut error = status.source()?;
    while let Some(source) = error.source() {
        error = source;
    }
    Some(error.to_string())
}

/// A connection to one socket, made when it is needed and again when it has broken.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    channel: Channel,
    /// How long an answer may take.
    within: Duration,
}

impl Connection {
    pub(crate) fn new(socket: &Path, within: Duration) -> Self {
        let socket: Arc<Path> = socket.into();
        let connector = tower::service_fn(move |_: Uri| {
            let socket = Arc::clone(&socket);
            async move { connect(&socket).await.map(TokioIo::new) }
        });
        // The name goes nowhere.
        let endpoint = Endpoint::from_static("http://containerd");
        Self {
            channel: endpoint.connect_with_connector_lazy(connector),
            within,
        }
    }

    /// One question and its answer.
    pub(crate) async fn ask<Q, A>(
        &self,
        call: &'static str,
        question: Q,
        lease: Option<&Lease>,
    ) -> Result<A, Failure>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut grpc = self.ready(call).await?;
        let codec = ProstCodec::<Q, A>::default();
        let question = addressed(Request::new(question), lease);
        let path = PathAndQuery::from_static(call);
        let answer = grpc.unary(question, path, codec);
        let answer = self.in_time(call, answer).await?;
        let answer = answer.map_err(|status| Failure::new(call, &status))?;
        Ok(answer.into_inner())
    }

    /// Questions and their answers, on one stream.
    pub(crate) async fn converse<Q, A>(
        &self,
        call: &'static str,
        questions: impl Stream<Item = Q> + Send + 'static,
        lease: &Lease,
    ) -> Result<Streaming<A>, Failure>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut grpc = self.ready(call).await?;
        let codec = ProstCodec::<Q, A>::default();
        let questions = addressed(Request::new(questions), Some(lease));
        let path = PathAndQuery::from_static(call);
        let answers = grpc.streaming(questions, path, codec);
        let answers = self.in_time(call, answers).await?;
        let answers = answers.map_err(|status| Failure::new(call, &status))?;
        Ok(answers.into_inner())
    }

    /// What is waited for must come in time: a socket may be somebody else's.
    pub(crate) async fn in_time<T>(
        &self,
        call: &'static str,
        answer: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        let answer = tokio::time::timeout(self.within, answer).await;
        answer.map_err(|_| Failure::silence(call, self.within))
    }

    async fn ready(&self, call: &'static str) -> Result<Grpc<Channel>, Failure> {
        let mut grpc = Grpc::new(self.channel.clone());
        let ready = self.in_time(call, grpc.ready()).await?;
        ready.map_err(|error| Failure::new(call, &Status::from_error(Box::new(error))))?;
        Ok(grpc)
    }
}

/// What keeps content from being collected before an image names it.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    pub(crate) id: String,
}

/// A request in the namespace of Kubernetes, and under a lease.
fn addressed<T>(mut request: Request<T>, lease: Option<&Lease>) -> Request<T> {
    let headers = request.metadata_mut();
    headers.insert(
        "containerd-namespace",
        MetadataValue::from_static(NAMESPACE),
    );
    // Ours are of letters, digits and hyphens.
    if let Some(id) = lease.and_then(|lease| lease.id.parse().ok()) {
        headers.insert("containerd-lease", id);
    }
    request
}

/// Connects to a socket whose path may be longer than the kernel takes: by its folder, then.
async fn connect(socket: &Path) -> io::Result<UnixStream> {
    let (folder, name) = match (socket.parent(), socket.file_name()) {
        (Some(folder), Some(name)) if socket.as_os_str().len() > LONGEST => (folder, name),
        _ => return UnixStream::connect(socket).await,
    };
    let folder = File::open(folder)?;
    let by_folder = format!("/proc/self/fd/{}", folder.as_raw_fd());
    UnixStream::connect(Path::new(&by_folder).join(name)).await
}
