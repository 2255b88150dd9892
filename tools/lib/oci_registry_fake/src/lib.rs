//! A registry in the process, for tests: the part of the distribution API that a push uses, with
//! faults on order. It checks what a real one checks: digests, and that a manifest's blobs are
//! there.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use windlass_oci_reference::Digest;

/// What goes wrong, and how often.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The start of the request line that it hits: `PUT /v2/demo/server/blobs/`.
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
}

#[derive(Debug, Default)]
struct State {
    blobs: BTreeSet<String>,
    manifests: BTreeMap<String, Vec<u8>>,
    requests: Vec<String>,
    faults: Vec<Fault>,
    authorized: bool,
    /// Where a token is to be had, if one is asked for.
    realm: Option<String>,
    at_once: usize,
    most_at_once: usize,
    /// Each look for a blob waits until this many do.
    gate: Option<Arc<Barrier>>,
}

/// A running registry; ends with the runtime of the test.
#[derive(Clone, Debug)]
pub struct Registry {
    state: Arc<Mutex<State>>,
    address: SocketAddr,
}

struct Asked {
    line: String,
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
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
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state = State {
            faults,
            ..State::default()
        };
        let registry = Self {
            state: Arc::new(Mutex::new(state)),
            address,
        };
        let served = registry.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let served = served.clone();
                tokio::spawn(async move { served.serve(stream).await });
            }
        });
        Ok(registry)
    }

    /// `127.0.0.1:<port>`.
    pub fn name(&self) -> String {
        self.address.to_string()
    }

    /// The request lines since the last call, queries left out.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.locked().requests)
    }

    /// From here on, it has this blob.
    pub fn add_blob(&self, repository: &str, digest: Digest) {
        self.locked()
            .blobs
            .insert(format!("{repository}/blobs/{digest}"));
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

    /// From here on, it wants a token, and is the token server too.
    pub fn ask_for_token(&self) {
        let realm = format!("http://{}/token", self.address);
        self.locked().realm = Some(realm);
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

    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(asked) = read(&mut stream).await {
            let gate = {
                let mut state = self.locked();
                state.requests.push(asked.line.clone());
                state.authorized |= asked.headers.contains_key("authorization");
                state.at_once += 1;
                state.most_at_once = state.most_at_once.max(state.at_once);
                let look = asked.line.starts_with("HEAD") && asked.line.contains("/blobs/");
                state.gate.clone().filter(|_| look)
            };
            if let Some(gate) = gate {
                gate.wait().await;
            }
            let answer = self.answer(&asked);
            self.locked().at_once -= 1;
            let Some(answer) = answer else { return };
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn answer(&self, asked: &Asked) -> Option<String> {
        let mut state = self.locked();
        let hit = |fault: &&mut Fault| fault.times > 0 && asked.line.starts_with(fault.request);
        let fault = state.faults.iter_mut().find(hit).map(|fault| {
            fault.times -= 1;
            fault.what.clone()
        });
        match fault {
            Some(What::Status(status, headers, body)) => Some(reply(status, headers, body)),
            Some(What::Hangup) => None,
            Some(What::LostAnswer) => {
                state.handle(asked);
                None
            }
            None => Some(state.handle(asked)),
        }
    }
}

impl State {
    fn handle(&mut self, asked: &Asked) -> String {
        let path = asked.target.split('?').next().unwrap_or_default();
        let name = path.strip_prefix("/v2/").unwrap_or_default();
        match asked.method.as_str() {
            "GET" if path == "/v2/" => match &self.realm {
                Some(realm) => {
                    let challenge = format!("Bearer realm=\"{realm}\",service=\"fake\"");
                    reply(401, &format!("WWW-Authenticate: {challenge}\r\n"), "")
                }
                None => reply(200, "", "{}"),
            },
            "GET" if path == "/token" => {
                let query = asked.target.split('?').nth(1).unwrap_or_default();
                reply(200, "", &format!(r#"{{"token":"for {query}"}}"#))
            }
            "HEAD" if name.contains("/manifests/") => match self.manifests.get(path) {
                Some(bytes) => {
                    let digest = Digest::of(bytes);
                    reply(200, &format!("Docker-Content-Digest: {digest}\r\n"), "")
                }
                None => reply(404, "", ""),
            },
            "HEAD" => reply(if self.blobs.contains(name) { 200 } else { 404 }, "", ""),
            "POST" => reply(
                202,
                &format!("Location: {path}some-session?state=secret\r\n"),
                "",
            ),
            "PUT" if name.contains("/blobs/uploads/some-session") => {
                let repository = name.split("/blobs/").next().unwrap_or_default();
                let digest = Digest::of(&asked.body);
                let encoded = format!("digest={}", digest.to_string().replace(':', "%3A"));
                if !asked.target.contains("state=secret&") || !asked.target.contains(&encoded) {
                    return reply(400, "", r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#);
                }
                self.blobs.insert(format!("{repository}/blobs/{digest}"));
                reply(201, "", "")
            }
            "PUT" => self.put_manifest(path, name, asked),
            _ => reply(405, "", ""),
        }
    }

    fn put_manifest(&mut self, path: &str, name: &str, asked: &Asked) -> String {
        let repository = name.split("/manifests/").next().unwrap_or_default();
        let manifest: oci_spec::image::ImageManifest =
            serde_json::from_slice(&asked.body).expect("a manifest");
        let named = manifest.layers().iter().chain([manifest.config()]);
        let missing = named
            .map(|blob| format!("{repository}/blobs/{}", blob.digest()))
            .any(|blob| !self.blobs.contains(&blob));
        let typed = asked.headers.get("content-type").map(String::as_str)
            == Some("application/vnd.oci.image.manifest.v1+json");
        if missing || !typed {
            return reply(
                404,
                "",
                r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"x"}]}"#,
            );
        }
        let digest = Digest::of(&asked.body);
        self.manifests.insert(
            format!("/v2/{repository}/manifests/{digest}"),
            asked.body.clone(),
        );
        self.manifests.insert(path.to_owned(), asked.body.clone());
        reply(201, "", "")
    }
}

fn reply(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Asked> {
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
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let line = format!("{method} {}", target.split('?').next()?);
    Some(Asked {
        line,
        method,
        target,
        headers,
        body,
    })
}
