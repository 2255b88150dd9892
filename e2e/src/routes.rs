//! The server's own interface, called from outside through `kubectl port-forward`: the write path
//! that data tests use.

use crate::Harness;
use routeguide::v1::route_guide_client::RouteGuideClient;
use routeguide::v1::{Point, RouteNote};
use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use tokio::runtime::Runtime;
use tonic::transport::Channel;

/// Longest time for one call: a master that is lost must not hold a caller longer.
const CALL: Duration = Duration::from_secs(5);

/// A connection to the server of a namespace.
#[derive(Debug)]
pub struct Routes {
    forward: Child,
    /// Kept open: kubectl ends when it cannot say that it handles a connection.
    _said: BufReader<ChildStdout>,
    port: String,
    runtime: Runtime,
}

impl Drop for Routes {
    fn drop(&mut self) {
        let _ = self.forward.kill();
        let _ = self.forward.wait();
    }
}

impl Routes {
    /// Forwards a free port to the server's Deployment.
    #[track_caller]
    pub fn open(harness: &Harness, namespace: &str, port: u16) -> Self {
        let mut forward = Command::new(&harness.kubectl)
            .args([
                "port-forward",
                "-n",
                namespace,
                "deployment/server",
                &format!(":{port}"),
            ])
            .env("KUBECONFIG", harness.kubeconfig())
            .stdout(Stdio::piped())
            .spawn()
            .expect("kubectl runs");
        let mut line = String::new();
        let mut said = BufReader::new(forward.stdout.take().expect("piped"));
        said.read_line(&mut line).expect("kubectl says which port");
        // Forwarding from 127.0.0.1:40123 -> 50001
        let port = line
            .split("127.0.0.1:")
            .nth(1)
            .and_then(|rest| rest.split(' ').next());
        let port = port
            .unwrap_or_else(|| panic!("no port in `{line}`"))
            .to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("runtime");
        Self {
            forward,
            _said: said,
            port,
            runtime,
        }
    }

    /// Leaves a note at place `key`; whether the server acknowledged it.
    pub fn write(&self, key: i32, message: &str) -> bool {
        self.chat(key, message).is_some()
    }

    /// The notes at place `key`, oldest first; `None` when the server does not answer.
    pub fn read(&self, key: i32) -> Option<Vec<String>> {
        self.chat(key, "read")
    }

    fn chat(&self, key: i32, message: &str) -> Option<Vec<String>> {
        // A timeout is made where the runtime is.
        let call = async { tokio::time::timeout(CALL, self.call(key, message)).await };
        let answer = self.runtime.block_on(call);
        match answer {
            Ok(Ok(notes)) => Some(notes),
            Ok(Err(error)) => {
                windlass_report::say(&format!("place {key}: {error}"));
                None
            }
            Err(_) => {
                windlass_report::say(&format!("place {key}: no answer in {CALL:?}"));
                None
            }
        }
    }

    async fn call(&self, key: i32, message: &str) -> Result<Vec<String>, Box<dyn Error>> {
        let location = Some(Point {
            latitude: key,
            longitude: key,
        });
        let note = RouteNote {
            location,
            message: message.to_owned(),
        };
        let url = format!("http://127.0.0.1:{}", self.port);
        let channel = Channel::from_shared(url)?.connect().await?;
        let mut client = RouteGuideClient::new(channel);
        let answers = client.route_chat(tokio_stream::iter([note])).await?;
        let mut answers = answers.into_inner();
        let mut notes = Vec::new();
        while let Some(answer) = answers.message().await? {
            notes.push(answer.message);
        }
        Ok(notes)
    }
}
