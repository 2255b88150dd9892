//! As much of a Redis cluster as the server asks for: one node with all slots, that keeps nothing but
//! which fixture is loaded.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A running node; its threads end with the process.
pub struct Redis {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    stopped: AtomicBool,
    connections: Mutex<Vec<TcpStream>>,
    fixture: Mutex<Option<String>>,
}

impl Redis {
    pub fn start() -> Self {
        let listener = TcpListener::bind(crate::program::any_port()).expect("binds");
        let address = listener.local_addr().expect("has an address");
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.stopped.load(Ordering::Acquire) {
                    return;
                }
                let state = Arc::clone(&shared);
                let other = stream.try_clone().expect("a second handle");
                shared.connections.lock().expect("not poisoned").push(other);
                std::thread::spawn(move || serve(&stream, address, &state));
            }
        });
        Self { address, state }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// No connection lives on, and there is no new one.
    pub fn stop(&mut self) {
        self.state.stopped.store(true, Ordering::Release);
        // One that the listener has waited for.
        drop(TcpStream::connect(self.address));
        for connection in self
            .state
            .connections
            .lock()
            .expect("not poisoned")
            .drain(..)
        {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

/// Answers one connection until it ends.
fn serve(stream: &TcpStream, address: SocketAddr, state: &State) {
    let mut reader = BufReader::new(stream);
    let mut queued: Option<Vec<String>> = None;
    while let Some(command) = read(&mut reader) {
        let name = command[0].to_ascii_uppercase();
        let answer = match (name.as_str(), &mut queued) {
            ("MULTI", _) => {
                queued = Some(Vec::new());
                "+OK\r\n".to_owned()
            }
            ("EXEC", _) => array(&queued.take().unwrap_or_default()),
            (_, Some(queue)) => {
                queue.push(answer(&name, &command, address, state));
                "+QUEUED\r\n".to_owned()
            }
            (_, None) => answer(&name, &command, address, state),
        };
        let mut stream = stream;
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(name: &str, command: &[String], address: SocketAddr, state: &State) -> String {
    let mut fixture = state.fixture.lock().expect("not poisoned");
    match name {
        "CLUSTER" => {
            let node = array(&[text("127.0.0.1"), number(address.port()), text("node")]);
            array(&[array(&[number(0), number(16383), node])])
        }
        "GET" => fixture.as_deref().map_or("$-1\r\n".to_owned(), text),
        "SET" => {
            *fixture = command.get(2).cloned();
            "+OK\r\n".to_owned()
        }
        "HGET" => text("Lantern Keep"),
        "HMGET" => array(&[text("Lantern Keep")]),
        "GEOSEARCH" => array(&[text("542019000,54688000")]),
        "LRANGE" => array(&[]),
        "PING" => "+PONG\r\n".to_owned(),
        "DEL" | "GEOADD" | "HSET" | "RPUSH" => number(1),
        _ => "+OK\r\n".to_owned(),
    }
}

/// A command, which is an array of texts (<https://redis.io/docs/latest/develop/reference/protocol-spec/>).
fn read(reader: &mut BufReader<&TcpStream>) -> Option<Vec<String>> {
    let count = header(reader, '*')?;
    let word = |_| {
        let length = header(reader, '$')?;
        let mut bytes = vec![0; length + 2];
        reader.read_exact(&mut bytes).ok()?;
        bytes.truncate(length);
        String::from_utf8(bytes).ok()
    };
    (0..count).map(word).collect()
}

fn header(reader: &mut BufReader<&TcpStream>, kind: char) -> Option<usize> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    line.trim_end().strip_prefix(kind)?.parse().ok()
}

fn text(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

fn number(number: u16) -> String {
    format!(":{number}\r\n")
}

fn array(items: &[String]) -> String {
    format!("*{}\r\n{}", items.len(), items.concat())
}
