//! A containerd in the process, as far as pushes ask it: content, images, leases.

use crate::wire::{
    ABORT, AbortRequest, Action, CREATE_IMAGE, CREATE_LEASE, DELETE_LEASE, Empty, GET_IMAGE,
    GetImageRequest, INFO, Image, InfoRequest, LeaseRequest, OneImage, UPDATE_IMAGE, WRITE,
    WriteAnswer, WriteRequest,
};
use futures::stream;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use prost::Message;
use std::collections::HashMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::UnixListener;
use tokio::sync::watch;
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use windlass_oci_reference::Digest;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The call is refused.
    Status(Code, &'static str),
    /// All connections break once a write has so many bytes.
    Cut(usize),
    /// The disk is full once a write has so many bytes.
    Full(usize),
    /// A write says that so many bytes are there.
    Claims(u64),
}

/// What goes wrong, at which call, and how often.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) call: &'static str,
    pub(super) times: usize,
    pub(super) what: What,
}

/// What it has.
#[derive(Default)]
pub(super) struct Store {
    pub(super) blobs: HashMap<String, Vec<u8>>,
    pub(super) labels: HashMap<String, HashMap<String, String>>,
    pub(super) ingests: HashMap<String, Vec<u8>>,
    pub(super) images: HashMap<String, Image>,
    pub(super) leases: Vec<String>,
    /// How many bytes writes have brought.
    pub(super) received: usize,
    /// Whether the part for Kubernetes is deaf.
    pub(super) is_deaf: bool,
    faults: Vec<Fault>,
}

#[derive(Clone)]
pub(super) struct Fake {
    pub(super) socket: PathBuf,
    store: Arc<Mutex<Store>>,
    cut: watch::Sender<()>,
}

type Answer = http::Response<Body>;

impl Fake {
    /// Listens at a socket in a folder, whose path may be too long to listen at.
    pub(super) fn start(folder: &Path, faults: Vec<Fault>) -> Self {
        let here = tempfile::tempdir().expect("a folder");
        let link = here.path().join("here");
        std::os::unix::fs::symlink(folder, &link).expect("a link");
        let listener = UnixListener::bind(link.join("containerd.sock")).expect("listens");
        let store = Store {
            faults,
            ..Store::default()
        };
        let fake = Self {
            socket: folder.join("containerd.sock"),
            store: Arc::new(Mutex::new(store)),
            cut: watch::channel(()).0,
        };
        tokio::spawn(fake.clone().listen(listener));
        fake
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().expect("nobody panics with it")
    }

    async fn listen(self, listener: UnixListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let fake = self.clone();
            let mut cut = self.cut.subscribe();
            tokio::spawn(async move {
                let service = hyper_util::service::TowerToHyperService::new(tower::service_fn(
                    move |request| {
                        let fake = fake.clone();
                        async move { Ok::<_, Infallible>(fake.answer(request).await) }
                    },
                ));
                let builder = Builder::new(TokioExecutor::new()).http2_only();
                let served = builder.serve_connection(TokioIo::new(stream), service);
                tokio::select! {
                    _ = served => {}
                    _ = cut.changed() => {}
                }
            });
        }
    }

    async fn answer<B>(&self, request: http::Request<B>) -> Answer
    where
        B: http_body::Body + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let headers = request.headers();
        assert_eq!(headers["containerd-namespace"], "k8s.io");
        let lease = headers.get("containerd-lease").cloned();
        let path = request.uri().path().to_owned();
        if let Some(What::Status(code, message)) =
            self.fault(&path, |what| matches!(what, What::Status(..)))
        {
            return Status::new(code, message).into_http();
        }
        let fake = self.clone();
        match path.as_str() {
            INFO => unary(request, move |info: InfoRequest| fake.info(&info)).await,
            ABORT => unary(request, move |abort: AbortRequest| Ok(fake.abort(&abort))).await,
            GET_IMAGE => unary(request, move |get: GetImageRequest| fake.image(&get)).await,
            CREATE_IMAGE => unary(request, move |one| fake.name(one, false)).await,
            UPDATE_IMAGE => unary(request, move |one| fake.name(one, true)).await,
            CREATE_LEASE => unary(request, move |lease: LeaseRequest| Ok(fake.lease(lease))).await,
            DELETE_LEASE => {
                unary(request, move |lease: LeaseRequest| Ok(fake.release(&lease))).await
            }
            WRITE => {
                let lease = lease.expect("a write has a lease");
                let id = lease.to_str().expect("text").to_owned();
                assert!(self.store().leases.contains(&id), "{id}");
                self.write(request).await
            }
            other => panic!("nobody asks for {other}"),
        }
    }

    /// Uses up a fault of a call.
    fn fault(&self, call: &str, is: impl Fn(&What) -> bool) -> Option<What> {
        let mut store = self.store();
        let fits = |fault: &&mut Fault| fault.call == call && fault.times > 0 && is(&fault.what);
        let fault = store.faults.iter_mut().find(fits)?;
        fault.times -= 1;
        Some(fault.what)
    }

    fn info(&self, info: &InfoRequest) -> Result<Empty, Status> {
        if self.store().blobs.contains_key(&info.digest) {
            return Ok(Empty {});
        }
        Err(Status::not_found(format!("content {}", info.digest)))
    }

    fn abort(&self, abort: &AbortRequest) -> Empty {
        self.store().ingests.remove(&abort.reference);
        Empty {}
    }

    fn image(&self, get: &GetImageRequest) -> Result<OneImage, Status> {
        let image = self.store().images.get(&get.name).cloned();
        let image = image.ok_or_else(|| Status::not_found(get.name.clone()))?;
        Ok(OneImage { image: Some(image) })
    }

    fn name(&self, one: OneImage, is_update: bool) -> Result<Empty, Status> {
        let mut image = one.image.expect("an image");
        let mut store = self.store();
        if store.images.contains_key(&image.name) != is_update {
            return Err(Status::already_exists(image.name));
        }
        if !store.is_deaf {
            let taken = ("io.cri-containerd.image".into(), "managed".into());
            image.labels = HashMap::from([taken]);
        }
        store.images.insert(image.name.clone(), image);
        Ok(Empty {})
    }

    fn lease(&self, lease: LeaseRequest) -> Empty {
        let expires = &lease.labels["containerd.io/gc.expire"];
        let expires: jiff::Timestamp = expires.parse().expect("a time");
        assert!(expires > jiff::Timestamp::now());
        self.store().leases.push(lease.id);
        Empty {}
    }

    fn release(&self, lease: &LeaseRequest) -> Empty {
        self.store().leases.retain(|id| *id != lease.id);
        Empty {}
    }

    async fn write<B>(&self, request: http::Request<B>) -> Answer
    where
        B: http_body::Body + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let fake = self.clone();
        let service = tower::service_fn(move |request: Request<Streaming<WriteRequest>>| {
            let state = (request.into_inner(), fake.clone());
            let answers = stream::unfold(state, |(mut messages, fake)| async move {
                let message = messages.message().await.ok()??;
                match fake.take(&message) {
                    Some(answer) => Some((answer, (messages, fake))),
                    // The connection breaks meanwhile.
                    None => std::future::pending().await,
                }
            });
            std::future::ready(Ok::<_, Status>(Response::new(answers)))
        });
        let codec = ProstCodec::<WriteAnswer, WriteRequest>::default();
        Grpc::new(codec).streaming(service, request).await
    }

    /// One message of a write; `None` if nobody hears the answer.
    fn take(&self, message: &WriteRequest) -> Option<Result<WriteAnswer, Status>> {
        let reached = match self.keep(message) {
            Ok(reached) => reached,
            Err(status) => return Some(Err(status)),
        };
        let is_due = |what: &What| match what {
            What::Cut(at) | What::Full(at) => *at as u64 <= reached,
            _ => false,
        };
        match self.fault(WRITE, is_due) {
            Some(What::Full(_)) => {
                let full = Status::unknown("write data: no space left on device");
                Some(Err(full))
            }
            Some(_) => {
                self.cut.send_replace(());
                None
            }
            None => Some(Ok(WriteAnswer { offset: reached })),
        }
    }

    /// Keeps what a message brings; gives back how much is there.
    fn keep(&self, message: &WriteRequest) -> Result<u64, Status> {
        if let Some(What::Claims(offset)) =
            self.fault(WRITE, |what| matches!(what, What::Claims(_)))
        {
            return Ok(offset);
        }
        let mut store = self.store();
        if store.blobs.contains_key(&message.expected) {
            return Err(Status::already_exists(message.expected.clone()));
        }
        let ingest = store.ingests.entry(message.reference.clone()).or_default();
        if message.action != i32::from(Action::Stat) {
            if message.offset == 0 {
                ingest.clear();
            }
            if message.offset != ingest.len() as u64 {
                return Err(Status::out_of_range("offset"));
            }
            ingest.extend_from_slice(&message.data);
        }
        let length = ingest.len();
        store.received += message.data.len();
        if message.action == i32::from(Action::Commit) {
            let content = store.ingests[&message.reference].clone();
            let got = Digest::of(&content).to_string();
            if got != message.expected {
                let text = format!("unexpected commit digest {got}");
                return Err(Status::failed_precondition(text));
            }
            store.ingests.remove(&message.reference);
            store.blobs.insert(got.clone(), content);
            store.labels.insert(got, message.labels.clone());
        }
        Ok(length as u64)
    }
}

async fn unary<B, Q, A>(
    request: http::Request<B>,
    handle: impl FnOnce(Q) -> Result<A, Status> + Clone + Send + 'static,
) -> Answer
where
    B: http_body::Body + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    Q: Message + Default + 'static,
    A: Message + Default + 'static,
{
    let service = tower::service_fn(move |request: Request<Q>| {
        let answer = handle.clone()(request.into_inner());
        std::future::ready(answer.map(Response::new))
    });
    let codec = ProstCodec::<A, Q>::default();
    Grpc::new(codec).unary(service, request).await
}
