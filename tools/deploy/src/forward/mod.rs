//! Local ports that lead to pods, through the API server.
//!
//! A connection is one websocket of the API server (`pods/portforward`), made when somebody
//! connects, to a pod that is ready at that moment.

pub mod ports;

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::api_error::ApiError;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::progress::Progress;
use crate::screen;
use crate::watch::{Store, Watcher};

use ports::{Behind, Forward, Local, Service, behind};

/// How long a connection waits for a pod that is ready.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a pod that cannot be reached is let rest.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a pod may be silent after a client has said its last word. The protocol has no word
/// for that, so a pod never hears it: the client may be waiting for an answer, or be gone.
const SILENCE: Duration = Duration::from_secs(30);

/// A local port that leads to a port of a Service.
#[derive(Debug)]
pub struct Listening<'a> {
    listener: TcpListener,
    local: u16,
    service: &'a Service,
    forward: &'a Forward,
    /// Why it is another port than the Service's; empty if it is not, or nobody cares.
    why: String,
    /// The pod that the last connection went to.
    last: RefCell<Option<String>>,
}

/// Listens on each local port.
///
/// # Errors
/// A port that a user named cannot be had; `other` is what takes another one.
pub async fn listen<'a>(
    services: &'a [Service],
    forwards: &'a [Forward],
    other: impl Fn(&Forward) -> String,
) -> Result<Vec<Listening<'a>>, Error> {
    let mut all = Vec::new();
    for forward in forwards {
        let refused = |port, source| Error::Listen {
            port,
            source,
            other: other(forward),
        };
        let bind = async |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let any = async || bind(0).await.map_err(|error| refused(0, error));
        let (listener, why) = match forward.local {
            Local::Only(port) => {
                let bound = bind(port).await;
                (bound.map_err(|error| refused(port, error))?, String::new())
            }
            Local::Any => (any().await?, String::new()),
            Local::Preferred(port) => match bind(port).await {
                Ok(listener) => (listener, String::new()),
                Err(error) => (
                    any().await?,
                    format!("{port}: {}", screen::in_words(&error)),
                ),
            },
        };
        let local = listener.local_addr().map_err(|error| refused(0, error))?;
        all.push(Listening {
            listener,
            local: local.port(),
            service: &services[forward.service],
            forward,
            why,
            last: RefCell::default(),
        });
    }
    Ok(all)
}

impl Listening<'_> {
    /// `server:50001`.
    fn remote(&self) -> String {
        format!("{}:{}", self.service.name, self.forward.port.number)
    }

    fn behind(&self, store: &Store) -> Option<Behind> {
        let pods = store.all("v1", "Pod", &self.service.namespace);
        let last = self.last.borrow();
        behind(pods, self.service, &self.forward.port, last.as_deref())
    }

    /// `127.0.0.1:50001 -> server:50001 (server-6f5d-x2x9k)`, for people and scripts.
    fn line(&self, store: &Store) -> String {
        let pod = self.behind(store).map(|behind| behind.pod);
        let pod_text = pod.as_deref().unwrap_or("no pod is ready");
        let why = match self.why.as_str() {
            "" => String::new(),
            why => format!("  {why}"),
        };
        let line = format!(
            "127.0.0.1:{} -> {} ({pod_text}){why}",
            self.local,
            self.remote()
        );
        *self.last.borrow_mut() = pod;
        line
    }
}

/// Leads connections to pods.
pub struct Forwarding<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The kubeconfig context that leads to it, for messages.
    pub context: &'a str,
    /// Where it is shown.
    pub progress: &'a Progress,
    /// The local ports.
    pub all: Vec<Listening<'a>>,
}

impl Forwarding<'_> {
    /// Prints the table, then serves until it is dropped.
    ///
    /// # Errors
    /// No port leads to a pod that is ready, or pods cannot be read. `none` is the first of these.
    pub async fn run(&self, mut watcher: Watcher, none: Error) -> Result<(), Error> {
        while !watcher.is_complete() {
            watcher.changed().await;
            self.check(&watcher)?;
        }
        if self
            .all
            .iter()
            .all(|one| one.behind(&watcher.store).is_none())
        {
            return Err(none);
        }
        for one in &self.all {
            let line = one.line(&watcher.store) + "\n";
            self.progress
                .print(line.as_bytes())
                .map_err(Error::Output)?;
        }
        let (sender, pods) = watch::channel(watcher.store.clone());
        let serving = self.all.iter().map(|one| self.serve(one, pods.clone()));
        let mut serving: FuturesUnordered<_> = serving.collect();
        loop {
            tokio::select! {
                () = watcher.changed() => {
                    self.check(&watcher)?;
                    sender.send_replace(watcher.store.clone());
                }
                Some(()) = serving.next() => {}
            }
        }
    }

    fn check(&self, watcher: &Watcher) -> Result<(), Error> {
        match watcher.refusal() {
            None => Ok(()),
            Some((what, error)) => Err(Error::Watch {
                what,
                context: self.context.to_owned(),
                source: Box::new(error.clone()),
            }),
        }
    }

    fn note(&self, text: &str) {
        self.progress.line(&screen::note_line(text));
    }

    /// Takes connections of one port, and serves as many as there are.
    async fn serve(&self, one: &Listening<'_>, pods: watch::Receiver<Store>) {
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = one.listener.accept() => match accepted {
                    Ok((stream, _)) => open.push(self.connect(one, stream, pods.clone())),
                    Err(error) => {
                        // Too many open files: some will be closed.
                        self.note(&format!("{}: {}", one.remote(), screen::in_words(&error)));
                        tokio::time::sleep(PAUSE).await;
                    }
                },
                Some(()) = open.next() => {}
            }
        }
    }

    /// Serves one connection.
    async fn connect(
        &self,
        one: &Listening<'_>,
        local: TcpStream,
        mut pods: watch::Receiver<Store>,
    ) {
        let found = tokio::time::timeout(PATIENCE, self.reach(one, &mut pods)).await;
        let Ok((behind, mut forwarder)) = found else {
            self.note(&format!("{}: no pod is ready", one.remote()));
            return;
        };
        let Some(pod) = forwarder.take_stream(behind.port) else {
            return;
        };
        let refusal = forwarder.take_error(behind.port);
        copy(local, pod).await;
        forwarder.abort();
        // The pod has said why it would not: nobody listens there.
        if let Some(refusal) = refusal
            && let Some(Some(text)) = futures::FutureExt::now_or_never(refusal)
        {
            self.note(&format!("{}: {}", one.remote(), text.trim()));
        }
    }

    /// A connection to a pod that is ready: to another one if the one that was is gone.
    async fn reach(
        &self,
        one: &Listening<'_>,
        pods: &mut watch::Receiver<Store>,
    ) -> (Behind, kube::api::Portforwarder) {
        loop {
            let behind = one.behind(&pods.borrow_and_update());
            let Some(behind) = behind else {
                // It ends with the run.
                let _ = pods.changed().await;
                continue;
            };
            let namespace = &one.service.namespace;
            let reached = self.cluster.forward(namespace, &behind.pod, behind.port);
            match reached.await {
                Ok(forwarder) => {
                    self.tell_of_pod(one, &behind.pod);
                    return (behind, forwarder);
                }
                Err(error) => {
                    self.tell_of_error(one, &behind.pod, &error);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn tell_of_pod(&self, one: &Listening<'_>, pod: &str) {
        let last = one.last.replace(Some(pod.to_owned()));
        if let Some(last) = last.filter(|last| last != pod) {
            let remote = one.remote();
            self.note(&format!("{remote} leads to {pod} now, no more to {last}"));
        }
    }

    fn tell_of_error(&self, one: &Listening<'_>, pod: &str, error: &ApiError) {
        self.note(&format!("{} ({pod}): {error}", one.remote()));
    }
}

/// Carries bytes both ways until one side has ended.
async fn copy(local: TcpStream, pod: impl AsyncRead + AsyncWrite) {
    let (mut from_local, mut to_local) = local.into_split();
    let (mut from_pod, mut to_pod) = tokio::io::split(pod);
    // Its end is not passed on: it would close the other way too, before the answer has come.
    let up = async { tokio::io::copy(&mut from_local, &mut to_pod).await };
    let mut up = std::pin::pin!(up);
    let mut buffer = vec![0; 64 * 1024];
    let mut is_said = false;
    loop {
        tokio::select! {
            ended = &mut up, if !is_said => match ended {
                Ok(_) => is_said = true,
                Err(_) => return,
            },
            read = from_pod.read(&mut buffer) => {
                let count = read.unwrap_or(0);
                if count == 0 || to_local.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
            }
            () = tokio::time::sleep(SILENCE), if is_said => break,
        }
    }
    let _ = to_local.shutdown().await;
}
