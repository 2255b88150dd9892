//! An API server in the process, for tests: discovery, reads, server-side apply, deletes, reviews. It
//! keeps objects in memory, and notes what it is asked. Nothing comes of objects: nodes and
//! controllers are what a test makes of them.

mod answers;
mod asking;
mod books;
mod streams;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use answers::{answer, linger};
pub use asking::FakeRunner;
pub use streams::{Log, LogEnd, Logs};

/// How the server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// All goes well.
    Usual,
    /// Another manager owns `data.k` of every `ConfigMap`.
    Owned,
    /// The first answer to every write is lost: 503.
    Busy,
    /// Writes of `Service`s are refused; of deletions, that of `redis`.
    Refuses,
    /// `Service`s can be made and not changed.
    Immutable,
    /// The same, and the port of one that is there is taken.
    TakesPorts,
    /// The port that a `Service` is to have is that of another one.
    TakenPorts,
    /// The deletion of a `ConfigMap` is refused.
    Guards,
    /// The deletion of a `Service` is never answered: it hangs up.
    DropsDeletions,
    /// No more claims may be made.
    Full,
    /// What is deleted is gone a moment later.
    Lingers,
    /// What is deleted is never gone: finalizers hold it.
    Holds,
    /// We may not read Secrets.
    HidesSecrets,
    /// We are nobody that it knows.
    Unauthorized,
    /// It cannot tell which kinds it serves.
    LosesKinds,
    /// It hangs up when it is asked for that.
    HangsUp,
    /// Writes of pods are never answered.
    Stalls,
    /// We may not list pods.
    HidesPods,
    /// Lists of pods fail.
    LosesPods,
    /// Each list of pods shows each container started once more.
    Crashes,
    /// We may not read what only helps: endpoints, classes of storage, events.
    HidesMore,
    /// The user has no name.
    Nameless,
    /// The user is the account of `alice` that the runner applies by.
    Account,
    /// We may not list anything, as its reviews say.
    HidesLists,
    /// We may not read definitions of kinds.
    HidesDefinitions,
    /// We may not do anything but read.
    ReadOnly,
    /// We may do what a Role grants by names: all but write one `ConfigMap`.
    GrantsNames,
    /// We may not write, as its answers say.
    HidesWrites,
    /// We may do nothing with parts of objects: logs of pods, ways to their ports.
    HidesParts,
}

/// What goes wrong at one write, inventories and leases included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is never looked at.
    Unheard,
    /// It is stored and never answered.
    Unanswered,
    /// It is stored, and the connection ends without an answer.
    HangsUp,
    /// Too many requests: try again.
    TooMany,
    /// The server is not ready: three times.
    Unavailable,
    /// The credentials have expired meanwhile.
    Unauthorized,
}

/// What the server keeps.
#[derive(Debug, Default)]
pub struct State {
    /// What goes wrong, and at which write, from 1.
    pub fault: Option<(usize, Fault)>,
    /// How many writes have come.
    pub arrived: usize,
    /// Objects by path.
    pub objects: BTreeMap<String, Value>,
    /// Writes that were stored, as `PATCH /api/v1/...`.
    pub writes: Vec<String>,
    /// The same, of what the tool keeps for itself.
    pub books: Vec<String>,
    /// All requests, as `GET /api/v1/...`; dry runs as `DRY PATCH ...`.
    pub requests: Vec<String>,
    /// What containers say.
    pub logs: Logs,
    /// The runner; `None` where there is none.
    pub runner: Option<FakeRunner>,
    /// Paths of objects that are being deleted, with the lists that still show them.
    going: BTreeMap<String, usize>,
    refused_once: Vec<String>,
    /// Whether somebody waits for an answer that does not come.
    pub stalled: bool,
    version: u64,
}

/// A running server.
pub struct Fake {
    /// Host and port.
    pub address: String,
    /// What it keeps.
    pub state: Arc<Mutex<State>>,
    _task: tokio::task::JoinSet<()>,
}

struct Request {
    method: String,
    path: String,
    query: String,
    body: Value,
    /// `Sec-WebSocket-Key`; empty where there is none.
    key: String,
}

impl Request {
    fn is_dry(&self) -> bool {
        // Of a deletion it is in the body.
        self.query.contains("dryRun=All") || self.body["dryRun"] == json!(["All"])
    }
}

impl Fake {
    /// Starts a server on a port of 127.0.0.1, with the namespaces `kube-system` and those that are named.
    pub async fn start(scenario: Scenario, namespaces: &[&str]) -> Self {
        Self::start_with(scenario, namespaces, None).await
    }

    /// The same, spoken to by TLS.
    pub async fn start_with(
        scenario: Scenario,
        namespaces: &[&str],
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let address = listener.local_addr().expect("address").to_string();
        let state = Arc::new(Mutex::new(State::default()));
        for name in [&["kube-system"], namespaces].concat() {
            let object = json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "uid": format!("3f9c21-{name}"), "resourceVersion": "1"}});
            let mut state = state.lock().expect("lock");
            state
                .objects
                .insert(format!("/api/v1/namespaces/{name}"), object);
        }
        let mut task = tokio::task::JoinSet::new();
        let shared = state.clone();
        task.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, tls) = (shared.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, shared, scenario).await,
                        Some(tls) => {
                            // A client that does not like us hangs up.
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, shared, scenario).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            address,
            state,
            _task: task,
        }
    }

    /// Takes each lease away as soon as a write is never answered.
    pub fn lose_leases(&self) {
        let shared = self.state.clone();
        tokio::spawn(async move {
            while !shared.lock().expect("lock").stalled {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            let mut state = shared.lock().expect("lock");
            state.objects.retain(|path, _| !path.contains("/leases/"));
        });
    }

    /// Puts an object there, as somebody else would.
    pub fn put(&self, path: &str, object: Value) {
        let mut state = self.state.lock().expect("lock");
        state.objects.insert(path.to_owned(), object);
    }

    /// Takes an object away, as somebody else would.
    pub fn remove(&self, path: &str) {
        self.state.lock().expect("lock").objects.remove(path);
    }

    /// What a container of a pod says, request by request: `server-0/server`.
    pub fn says(&self, container: &str, logs: &[(&[u8], LogEnd)]) {
        let logs = logs.iter().map(|(text, end)| Log {
            text: text.to_vec(),
            end: *end,
        });
        let mut state = self.state.lock().expect("lock");
        let by_container = &mut state.logs.by_container;
        by_container.insert(container.to_owned(), logs.collect());
    }

    /// Begins the deletion of an object, as somebody else would; it is gone a moment later.
    pub fn begin_deletion(&self, path: &str) {
        let mut state = self.state.lock().expect("lock");
        linger(&mut state, path, 1);
    }

    /// Whether somebody waits for an answer that does not come.
    pub fn is_stalled(&self) -> bool {
        self.state.lock().expect("lock").stalled
    }

    /// One object.
    pub fn object(&self, path: &str) -> Option<Value> {
        self.state.lock().expect("lock").objects.get(path).cloned()
    }

    /// All requests since the last call.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().expect("lock").requests)
    }

    /// The writes of inventories and leases that were stored.
    pub fn books(&self) -> Vec<String> {
        self.state.lock().expect("lock").books.clone()
    }

    /// The writes that were stored; without what the tool keeps for itself.
    pub fn writes(&self) -> Vec<String> {
        self.state.lock().expect("lock").writes.clone()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    state: Arc<Mutex<State>>,
    scenario: Scenario,
) {
    while let Some(request) = read(&mut stream).await {
        if scenario == Scenario::HangsUp && request.path == "/api" {
            return;
        }
        let log = streams::log_of(&request, &mut state.lock().expect("lock"));
        if let Some(log) = log {
            if streams::send(&mut stream, &log).await {
                continue;
            }
            return;
        }
        if request.path.ends_with("/portforward") {
            streams::forward(stream, &request, state).await;
            return;
        }
        let is_deletion = request.method == "DELETE" && !request.is_dry();
        if scenario == Scenario::DropsDeletions
            && is_deletion
            && request.path.contains("/services/")
        {
            return;
        }
        let is_pod = request.path.contains("/pods/");
        if scenario == Scenario::Stalls && request.method == "PATCH" && is_pod {
            state.lock().expect("lock").stalled = true;
            std::future::pending::<()>().await;
        }
        let fault = fault_at(&request, &mut state.lock().expect("lock"));
        if fault == Some(Fault::Unheard) {
            state.lock().expect("lock").stalled = true;
            std::future::pending::<()>().await;
        }
        let (status, body) = match fault.and_then(answers::refusal) {
            Some(refusal) => refusal,
            None => answer(&request, &mut state.lock().expect("lock"), scenario),
        };
        match fault {
            Some(Fault::HangsUp) => return,
            Some(Fault::Unanswered) => {
                state.lock().expect("lock").stalled = true;
                std::future::pending::<()>().await;
            }
            _ => {}
        }
        // A watch ends at once, without an event.
        let is_watch = request.query.contains("watch=true") && status == 200;
        let body = match body {
            _ if is_watch => String::new(),
            // A log is no JSON.
            Value::String(text) => text,
            body => body.to_string(),
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream
            .write_all(format!("{head}{body}").as_bytes())
            .await
            .is_err()
        {
            return;
        }
    }
}

/// What goes wrong with a request.
fn fault_at(request: &Request, state: &mut State) -> Option<Fault> {
    let reads = request.method == "GET" || request.is_dry() || request.path.contains("reviews");
    // How often a lease is renewed depends on how busy the machine is.
    if reads || request.method == "PUT" {
        return None;
    }
    state.arrived += 1;
    let (at, fault) = state.fault?;
    let last = match fault {
        Fault::Unavailable => at + 2,
        _ => at,
    };
    (at..=last).contains(&state.arrived).then_some(fault)
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        stream
            .read_buf(&mut bytes)
            .await
            .ok()
            .filter(|read| *read > 0)?;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    let length: usize = length
        .and_then(|length| length.trim().parse().ok())
        .unwrap_or(0);
    while bytes.len() < end + length {
        stream
            .read_buf(&mut bytes)
            .await
            .ok()
            .filter(|read| *read > 0)?;
    }
    let line = String::from_utf8_lossy(&bytes[..end])
        .lines()
        .next()?
        .to_owned();
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let body = serde_json::from_slice(&bytes[end..end + length]).unwrap_or(Value::Null);
    let whole = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let headers = whole.lines().filter_map(|line| line.split_once(": "));
    let mut keys = headers.filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"));
    let key = keys.next().map_or("", |(_, value)| value.trim()).to_owned();
    Some(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        body,
        key,
    })
}
