//! Answers those who ask how the agent stands: `/healthz`, `/metrics` and `/status`, by HTTP/1.1, one
//! request a connection. It reads nothing but the first line, and changes nothing.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::board::Board;
use super::{Error, metrics};

/// How long somebody may take to ask, and to read.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest request that is read.
const MOST: usize = 8 << 10;

/// Somebody who answers, until this is dropped.
#[derive(Debug)]
pub struct Listening {
    /// Where; a port of 0 has become one.
    pub address: SocketAddr,
    _task: JoinSet<()>,
}

/// How much is told of what has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// All, to those who are on this machine.
    All,
    /// What, and not why, to whoever can connect.
    FirstLines,
}

/// Answers on an address from now on.
///
/// # Errors
/// The address is not this machine's, or in use.
pub async fn serve(address: SocketAddr, board: Board) -> Result<Listening, Error> {
    let failed = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let detail = if address.ip().is_loopback() {
        Detail::All
    } else {
        Detail::FirstLines
    };
    let mut task = JoinSet::new();
    task.spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let board = board.clone();
                    tokio::spawn(timeout(PATIENCE, answer(stream, board, detail)));
                }
                // No more files may be open: others will be closed soon.
                Err(_) => tokio::time::sleep(PATIENCE).await,
            }
        }
    });
    Ok(Listening {
        address,
        _task: task,
    })
}

async fn answer(mut stream: TcpStream, board: Board, detail: Detail) {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read_buf(&mut bytes).await {
            Ok(read) if read > 0 && bytes.len() <= MOST => {}
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().next().unwrap_or_default();
    // Whoever asks may be gone.
    let _ = stream.write_all(&response(line, &board, detail)).await;
    let _ = stream.shutdown().await;
}

/// The answer to a request line.
pub(crate) fn response(line: &str, board: &Board, detail: Detail) -> Vec<u8> {
    let shown = board.shown();
    let mut words = line.split(' ');
    let (method, path) = (words.next(), words.next().unwrap_or_default());
    let path = path.split('?').next().unwrap_or_default();
    let (status, kind, body) = match (method, path) {
        (Some("GET" | "HEAD"), "/healthz") if shown.is_alive() => {
            ("200 OK", "text/plain", "ok\n".to_owned())
        }
        (Some("GET" | "HEAD"), "/healthz") => (
            "503 Service Unavailable",
            "text/plain",
            "the agent has not come on for longer than it should take\n".to_owned(),
        ),
        (Some("GET" | "HEAD"), "/metrics") => {
            ("200 OK", "text/plain; version=0.0.4", metrics::text(&shown))
        }
        (Some("GET" | "HEAD"), "/status") => {
            let status = match detail {
                Detail::All => shown.status,
                Detail::FirstLines => shown.status.in_short(),
            };
            let text = serde_json::to_string_pretty(&status).expect("plain data is JSON");
            ("200 OK", "application/json", text + "\n")
        }
        (Some("GET" | "HEAD"), _) => (
            "404 Not Found",
            "text/plain",
            "want /healthz, /metrics or /status\n".to_owned(),
        ),
        _ => (
            "405 Method Not Allowed",
            "text/plain",
            "want GET\n".to_owned(),
        ),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let body = if method == Some("HEAD") { "" } else { &body };
    (head + body).into_bytes()
}
