//! A registry of a case's own, on loopback: what it was asked, and what it keeps.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to answer.
const START: Duration = Duration::from_secs(20);

/// A registry that runs. It ends with this.
#[derive(Debug)]
pub struct Registry {
    /// Where it listens: `127.0.0.1:41234`.
    pub address: SocketAddr,
    storage: PathBuf,
    log: PathBuf,
    errors: PathBuf,
    told: usize,
    child: Child,
}

/// One line of its access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `PUT`.
    pub method: String,
    /// The path and the query.
    pub path: String,
    /// `201`.
    pub status: u16,
}

impl Asked {
    fn parse(line: &str) -> Option<Self> {
        let (_, rest) = line.split_once("] \"")?;
        let (request, rest) = rest.split_once("\" ")?;
        let mut words = request.split(' ');
        Some(Self {
            method: words.next()?.to_owned(),
            path: words.next()?.to_owned(),
            status: rest.split(' ').next()?.parse().ok()?,
        })
    }

    /// Whether it sends a blob's end, a manifest or a tag: what stays.
    pub fn puts(&self) -> bool {
        self.method == "PUT"
    }

    /// Whether it sends this blob, and the registry has taken it.
    pub fn stores(&self, digest: &str) -> bool {
        let digest = digest.replace(':', "%3A");
        self.puts() && self.status == 201 && self.path.contains(&format!("digest={digest}"))
    }

    /// Whether it has this blob taken over from another repository, and the registry has done so.
    pub fn mounts(&self, digest: &str) -> bool {
        let digest = digest.replace(':', "%3A");
        let asked = self.path.contains(&format!("mount={digest}"));
        self.method == "POST" && self.status == 201 && asked
    }
}

impl Registry {
    /// Starts it on a free port, with `folder/storage` as its store.
    #[track_caller]
    pub fn start(program: &Path, folder: &Path) -> Self {
        Self::start_with(program, folder, &[])
    }

    /// The same with variables: `WINDLASS_COLLECT`.
    #[track_caller]
    pub fn start_with(program: &Path, folder: &Path, variables: &[(&str, &str)]) -> Self {
        let mut registry = Self::begin(program, folder, variables);
        registry.answers();
        registry
    }

    /// Starts it; it need not answer yet.
    #[track_caller]
    pub fn begin(program: &Path, folder: &Path, variables: &[(&str, &str)]) -> Self {
        let storage = folder.join("storage");
        std::fs::create_dir_all(&storage).expect("a folder");
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let address = free.expect("a port");
        let config = json!({
            "version": 0.1, "log": {"level": "warn"}, "http": {"addr": address.to_string()},
            "storage": {"filesystem": {"rootdirectory": storage}},
        });
        let (file, log) = (folder.join("config.json"), folder.join("access.log"));
        std::fs::write(&file, config.to_string()).expect("writes");
        let errors = folder.join("errors.log");
        let child = Command::new(program)
            .arg("serve")
            .arg(&file)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(File::create(&log).expect("a file"))
            .stderr(File::create(&errors).expect("a file"))
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run `{}`: {error}", program.display()));
        Self {
            address,
            storage,
            log,
            errors,
            told: 0,
            child,
        }
    }

    /// Waits until it answers.
    #[track_caller]
    pub fn answers(&mut self) {
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert!(start.elapsed() < START, "the registry does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        self.asked();
    }

    /// Waits until it says this, of itself.
    #[track_caller]
    pub fn says(&self, text: &str) {
        let start = Instant::now();
        loop {
            let said = std::fs::read_to_string(&self.errors).expect("its log");
            if said.contains(text) {
                return;
            }
            assert!(start.elapsed() < START, "want `{text}`, got `{said}`");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Its access log since the last call.
    pub fn asked(&mut self) -> Vec<Asked> {
        let log = std::fs::read_to_string(&self.log).expect("its log");
        let new = &log[self.told..];
        self.told = log.len();
        new.lines().filter_map(Asked::parse).collect()
    }

    /// The blobs in its store, manifests and configs among them, by digest, with their sizes.
    pub fn blobs(&self) -> BTreeMap<String, u64> {
        blobs(&self.storage)
    }
}

/// The blobs in a registry's store.
pub fn blobs(storage: &Path) -> BTreeMap<String, u64> {
    let root = storage.join("docker/registry/v2/blobs/sha256");
    let mut blobs = BTreeMap::new();
    for folder in entries(&root).iter().flat_map(|two| entries(two)) {
        let hex = folder.file_name().expect("a name").to_string_lossy();
        // What has no data is on its way out, or in.
        if let Ok(data) = folder.join("data").metadata() {
            blobs.insert(format!("sha256:{hex}"), data.len());
        }
    }
    blobs
}

/// `GET`: the status, and the body where it is JSON. The status is 0 where nobody answers.
#[track_caller]
pub fn get(address: SocketAddr, path: &str) -> (u16, Value) {
    ask(address, &format!("GET {path}"), "Accept", &[])
}

/// `PUT` of an image index.
#[track_caller]
pub fn put_index(address: SocketAddr, path: &str, index: &Value) {
    let body = index.to_string();
    let (status, answer) = ask(
        address,
        &format!("PUT {path}"),
        "Content-Type",
        body.as_bytes(),
    );
    assert_eq!(status, 201, "{answer}");
}

fn ask(address: SocketAddr, request: &str, header: &str, body: &[u8]) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let kind = if body.is_empty() { "manifest" } else { "index" };
    let head = format!(
        "{request} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n\
         {header}: application/vnd.oci.image.{kind}.v1+json\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sends");
    stream.write_all(body).expect("sends");
    let mut answer = Vec::new();
    // What has come until it breaks.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    let body = body.and_then(|body| serde_json::from_str(body).ok());
    (status.unwrap_or_default(), body.unwrap_or_default())
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is in a folder; nothing if it is not there.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::Asked;

    #[test]
    fn lines_of_the_access_log() {
        let line = "127.0.0.1 - - [29/Nov/2026:02:19:00 +0000] \"PUT \
             /v2/demo/a/blobs/uploads/1-2?_state=x&digest=sha256%3Aabc HTTP/1.1\" 201 0 \"\" \"x\"";
        let asked = Asked::parse(line).expect("a line");
        assert!(asked.stores("sha256:abc") && !asked.stores("sha256:abd"));
        assert!(!asked.mounts("sha256:abc"));
        let line = line.replace("PUT", "POST").replace("digest=", "mount=");
        assert!(Asked::parse(&line).expect("a line").mounts("sha256:abc"));
        let refused = line.replace("201 0", "202 0");
        assert!(!Asked::parse(&refused).expect("a line").mounts("sha256:abc"));
        assert_eq!(Asked::parse("time=\"2026\" level=warning"), None);
    }
}
