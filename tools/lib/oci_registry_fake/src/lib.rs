//! A registry in the process, for tests: the part of the distribution API that a push uses, with
//! faults on order. It checks what a real one checks: digests, and that a manifest's blobs are
//! there, and who may do what, where it is told to.

mod guard;
mod state;
mod tls;

pub use guard::{Demand, IDENTITY_TOKEN, PASSWORD, REGISTRY_TOKEN, USER};
pub use tls::Tls;

use guard::{Guard, pairs};
use state::{State, reply};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite,
    AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use windlass_oci_reference::Digest;

/// What goes wrong, and how often.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The start of the request line that it hits, with its query: `PUT /v2/demo/server/blobs/`.
    pub request: &'static str,
    /// How many requests it still hits.
    pub times: usize,
    /// What it does.
    pub what: What,
}

/// One kind of fault.
#[derive(Clone, Debug)]
pub enum What {
    /// Answers with a status, extra header lines and a body.
    Status(u16, &'static str, &'static str),
    /// Closes the connection without an answer.
    Hangup,
    /// Does as asked, then closes the connection without an answer.
    LostAnswer,
    /// Reads so many bytes of the body, keeps what a registry keeps of them, and closes the
    /// connection.
    Cut(usize),
}

/// A running registry; ends with the runtime of the test.
#[derive(Clone, Debug)]
pub struct Registry {
    state: Arc<Mutex<State>>,
    address: SocketAddr,
    scheme: &'static str,
}

struct Asked {
    line: String,
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    /// How many bytes the body has.
    length: usize,
    body: Vec<u8>,
}

impl Asked {
    /// A value of the query.
    fn query(&self, name: &str) -> Option<String> {
        let mut pairs = pairs(self.query_text()).into_iter();
        pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    fn query_text(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

impl Registry {
    /// Listens on a port of 127.0.0.1.
    pub async fn start(faults: Vec<Fault>) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::listen(any, faults).await.expect("a port")
    }

    /// Listens on an address.
    ///
    /// # Errors
    /// What the operating system says: it is not this machine's, or in use.
    pub async fn listen(address: SocketAddr, faults: Vec<Fault>) -> io::Result<Self> {
        Self::serve_all(address, None, faults).await
    }

    /// Listens on a port of 127.0.0.1, by https, and calls itself as its certificate does.
    pub async fn start_by_https(tls: &Tls, faults: Vec<Fault>) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let registry = Self::serve_all(any, Some(tls.clone()), faults).await;
        registry.expect("a port")
    }

    async fn serve_all(
        address: SocketAddr,
        tls: Option<Tls>,
        faults: Vec<Fault>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state = State {
            faults,
            ..State::default()
        };
        let registry = Self {
            state: Arc::new(Mutex::new(state)),
            address,
            scheme: if tls.is_some() { "https" } else { "http" },
        };
        let served = registry.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (served, tls) = (served.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => served.serve(stream).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.acceptor.accept(stream).await {
                                served.serve(stream).await;
                            }
                        }
                    }
                });
            }
        });
        Ok(registry)
    }

    /// `127.0.0.1:<port>`; by https, with the host of [`Tls::HOST`].
    pub fn name(&self) -> String {
        match self.scheme {
            "https" => format!("{}:{}", Tls::HOST, self.address.port()),
            _ => self.address.to_string(),
        }
    }

    /// The request lines since the last call, queries left out.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.locked().requests)
    }

    /// After `well` more requests, one meets a fault.
    pub fn fail_after(&self, well: usize, what: What) {
        self.locked().next = Some((well, what));
    }

    /// From here on, it has these faults as well.
    pub fn add_faults(&self, faults: Vec<Fault>) {
        self.locked().faults.extend(faults);
    }

    /// From here on, it takes no blob over from another repository, and answers so. 202 begins an
    /// upload instead, as the specification says.
    pub fn refuse_mounts(&self, status: u16) {
        self.locked().mounts = Some(status);
    }

    /// From here on, it answers with a whole blob, whatever part of it is asked for.
    pub fn ignore_ranges(&self) {
        self.locked().ranges_ignored = true;
    }

    /// From here on, it lists what is said of an image, as the specification says.
    pub fn list_referrers(&self) {
        self.locked().lists_referrers = true;
    }

    /// It loses all blobs of a repository.
    pub fn forget_blobs(&self, repository: &str) {
        let prefix = format!("{repository}/blobs/");
        let mut state = self.locked();
        state.blobs.retain(|blob, _| !blob.starts_with(&prefix));
    }

    /// Whether the fault of [`Registry::fail_after`] was met.
    pub fn has_failed(&self) -> bool {
        self.locked().next.is_none()
    }

    /// Tags that name an image of which something is missing, as `repository:tag`.
    pub fn broken_tags(&self) -> Vec<String> {
        let state = self.locked();
        let broken = state.manifests.iter().filter_map(|(path, bytes)| {
            let name = path.strip_prefix("/v2/")?;
            let (repository, tag) = name.split_once("/manifests/")?;
            let is_tag = !tag.starts_with("sha256:");
            (is_tag && state.lacks(repository, bytes)).then(|| format!("{repository}:{tag}"))
        });
        broken.collect()
    }

    /// The bytes of a blob.
    pub fn blob(&self, repository: &str, digest: &Digest) -> Option<Vec<u8>> {
        let name = format!("{repository}/blobs/{digest}");
        self.locked().blobs.get(&name).cloned()
    }

    /// From here on, it has this blob.
    pub fn add_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let name = format!("{repository}/blobs/{digest}");
        self.locked().blobs.insert(name, bytes.to_vec());
        digest
    }

    /// From here on, it has this manifest, by its digest; what that names is not looked at.
    pub fn add_manifest(&self, repository: &str, manifest: &[u8]) -> Digest {
        let digest = Digest::of(manifest);
        self.locked().manifests.insert(
            format!("/v2/{repository}/manifests/{digest}"),
            manifest.to_vec(),
        );
        digest
    }

    /// From here on, it has this manifest by a tag, too.
    pub fn add_tag(&self, repository: &str, tag: &str, manifest: &[u8]) {
        self.add_manifest(repository, manifest);
        self.locked().manifests.insert(
            format!("/v2/{repository}/manifests/{tag}"),
            manifest.to_vec(),
        );
    }

    /// A manifest by digest or tag.
    pub fn manifest(&self, repository: &str, name: &str) -> Option<Vec<u8>> {
        self.locked()
            .manifests
            .get(&format!("/v2/{repository}/manifests/{name}"))
            .cloned()
    }

    /// From here on, looks for blobs are answered `together` at a time.
    pub fn hold(&self, together: usize) {
        self.locked().gate = Some(Arc::new(Barrier::new(together)));
    }

    /// From here on, it wants to know who asks, and is the token server too. It knows [`USER`].
    pub fn demand(&self, demand: Demand) {
        let url = format!("{}://{}", self.scheme, self.name());
        self.locked().guard = Some(Guard::new(demand, url));
    }

    /// From here on, all may pull from a repository. Only after [`Registry::demand`].
    pub fn open(&self, repository: &str) {
        self.guarded(|guard| guard.open.insert(repository.to_owned()));
    }

    /// After `well` more requests, the tokens that it has given until then are good for nothing.
    pub fn expire_after(&self, well: usize) {
        self.guarded(|guard| guard.expires = Some(well));
    }

    /// Whether the tokens of [`Registry::expire_after`] have expired.
    pub fn has_expired(&self) -> bool {
        self.guarded(|guard| guard.expires.is_none())
    }

    /// Who was given tokens for what since the last call: `me: repository:a:pull,push`.
    pub fn tokens(&self) -> Vec<String> {
        self.guarded(|guard| std::mem::take(&mut guard.given))
    }

    fn guarded<T>(&self, act: impl FnOnce(&mut Guard) -> T) -> T {
        act(self.locked().guard.as_mut().expect("it demands something"))
    }

    /// Whether any request brought an `Authorization`.
    pub fn saw_authorization(&self) -> bool {
        self.locked().authorized
    }

    /// The most requests that were being answered at one time.
    pub fn most_at_once(&self) -> usize {
        self.locked().most_at_once
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no test panicked in here")
    }

    async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut stream = BufReader::new(stream);
        while let Some(mut asked) = read_head(&mut stream).await {
            let fault = self.fault(&asked);
            let length = match &fault {
                Some(What::Cut(bytes)) => asked.length.min(*bytes),
                _ => asked.length,
            };
            asked.body = vec![0; length];
            if stream.read_exact(&mut asked.body).await.is_err() {
                return;
            }
            let gate = {
                let mut state = self.locked();
                state.requests.push(asked.line.clone());
                state.authorized |= asked.headers.contains_key("authorization");
                if let Some(guard) = &mut state.guard {
                    guard.count();
                }
                state.at_once += 1;
                state.most_at_once = state.most_at_once.max(state.at_once);
                let look = asked.line.starts_with("HEAD") && asked.line.contains("/blobs/");
                state.gate.clone().filter(|_| look)
            };
            if let Some(gate) = gate {
                gate.wait().await;
            }
            let answer = self.answer(&asked, fault.as_ref());
            self.locked().at_once -= 1;
            let Some(answer) = answer else { return };
            let written = stream.write_all(&answer).await;
            if written.is_err() || stream.flush().await.is_err() {
                return;
            }
        }
    }

    /// What a request meets.
    fn fault(&self, asked: &Asked) -> Option<What> {
        let mut state = self.locked();
        match state.next.take() {
            Some((0, what)) => return Some(what),
            Some((well, what)) => state.next = Some((well - 1, what)),
            None => {}
        }
        let line = format!("{} {}", asked.method, asked.target);
        let hit = |fault: &&mut Fault| fault.times > 0 && line.starts_with(fault.request);
        let fault = state.faults.iter_mut().find(hit)?;
        fault.times -= 1;
        Some(fault.what.clone())
    }

    fn answer(&self, asked: &Asked, fault: Option<&What>) -> Option<Vec<u8>> {
        let mut state = self.locked();
        match fault {
            Some(What::Status(status, headers, body)) => Some(reply(*status, headers, body)),
            Some(What::Hangup) => None,
            Some(What::LostAnswer) => {
                state.handle(asked);
                None
            }
            Some(What::Cut(_)) => {
                if asked.method == "PATCH" {
                    state.handle(asked);
                }
                None
            }
            None => Some(state.handle(asked)),
        }
    }
}

/// A request without its body.
async fn read_head(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<Asked> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok()?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    // A body without a length would be a chunked one, which not every registry takes.
    let length = headers
        .get("content-length")
        .map_or(0, |text| text.parse().expect("a length"));
    let line = format!("{method} {}", target.split('?').next()?);
    Some(Asked {
        line,
        method,
        target,
        headers,
        length,
        body: Vec::new(),
    })
}
