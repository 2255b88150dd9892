//! What the API server does not answer with an object: logs, and ways to ports of pods.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, handshake::derive_accept_key, protocol::Role};

use super::{Request, State};

/// What one request of a log gets: lines, each with its moment.
#[derive(Clone, Debug)]
pub struct Log {
    /// The bytes.
    pub text: Vec<u8>,
    /// What comes after them.
    pub end: LogEnd,
}

/// How a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEnd {
    /// As it should.
    Whole,
    /// The connection is lost.
    Broken,
    /// It does not: nothing more is said.
    Open,
}

/// The logs of containers.
#[derive(Debug, Default)]
pub struct Logs {
    /// What requests get, one after the other, the last one again and again; by
    /// `pod/container`, with ` previous` for the run before.
    pub by_container: BTreeMap<String, Vec<Log>>,
    /// What was asked for, as `pod/container?follow=true&...`.
    pub asked: Vec<String>,
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut all = query.split('&').filter_map(|part| part.split_once('='));
    all.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The log that a request asks for; `None` if it asks for something else, or there is none.
pub(super) fn log_of(request: &Request, state: &mut State) -> Option<Log> {
    let pod = request.path.strip_suffix("/log")?.rsplit('/').next()?;
    let query = request.query.trim_start_matches('&');
    let container = parameter(query, "container")?;
    let previous = parameter(query, "previous") == Some("true");
    let key = format!(
        "{pod}/{container}{}",
        if previous { " previous" } else { "" }
    );
    let logs = state.logs.by_container.get_mut(&key)?;
    let mut log = if logs.len() > 1 {
        logs.remove(0)
    } else {
        logs.first()?.clone()
    };
    state.logs.asked.push(format!("{pod}/{container}?{query}"));
    // `2024-01-01T00%3A00%3A01Z`; moments of one length compare as texts.
    if let Some(since) = parameter(query, "sinceTime") {
        let since = since.replace("%3A", ":").replace('Z', "");
        let lines = log.text.split_inclusive(|byte| *byte == b'\n');
        let new = lines.filter(|line| line.get(..since.len()) >= Some(since.as_bytes()));
        log.text = new.flatten().copied().collect();
    }
    Some(log)
}

/// Sends a log; whether the connection can be used again.
pub(super) async fn send(stream: &mut (impl AsyncWrite + Unpin), log: &Log) -> bool {
    let mut answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    if !log.text.is_empty() {
        answer.extend_from_slice(format!("{:x}\r\n", log.text.len()).as_bytes());
        answer.extend_from_slice(&log.text);
        answer.extend_from_slice(b"\r\n");
    }
    if log.end == LogEnd::Whole {
        answer.extend_from_slice(b"0\r\n\r\n");
    }
    if stream.write_all(&answer).await.is_err() || log.end == LogEnd::Broken {
        return false;
    }
    if log.end == LogEnd::Open {
        std::future::pending::<()>().await;
    }
    true
}

/// A way to a port of a pod (`v4.channel.k8s.io`): what comes is sent back, with the name of the
/// pod before it. A pod that is not there gives no way; port 9 refuses.
pub(super) async fn forward(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &Request,
    state: Arc<Mutex<State>>,
) -> Option<()> {
    let pod_path = request.path.strip_suffix("/portforward")?;
    let is_there = state.lock().ok()?.objects.contains_key(pod_path);
    if !is_there {
        let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
        return stream.write_all(answer.as_bytes()).await.ok();
    }
    let port = parameter(&request.query, "ports")?;
    let accept = derive_accept_key(request.key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-protocol: v4.channel.k8s.io\r\nsec-websocket-accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.ok()?;
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    let number = port.parse::<u16>().ok()?;
    for channel in 0..2_u8 {
        let first = [&[channel], number.to_le_bytes().as_slice()].concat();
        socket.send(Message::binary(first)).await.ok()?;
    }
    if number == 9 {
        let refusal = b"\x01connection refused".to_vec();
        socket.send(Message::binary(refusal)).await.ok()?;
        return socket.close(None).await.ok();
    }
    let name = pod_path.rsplit('/').next()?;
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Binary(bytes) = message {
            let said = [b"\0", format!("{name}:{number} ").as_bytes(), &bytes[1..]].concat();
            socket.send(Message::binary(said)).await.ok()?;
        }
    }
    Some(())
}
