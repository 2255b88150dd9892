//! The server's own interface, called from outside through `kubectl port-forward`: the write path
//! that data tests use.

use crate::Harness;
use routeguide::v1::route_guide_client::RouteGuideClient;
use routeguide::v1::{Point, RouteNote};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::runtime::Runtime;
use tonic::transport::Channel;

/// Longest time for one call: a master that is lost must not hold a caller longer.
const CALL: Duration = Duration::from_secs(5);

/// A connection to the server of a namespace.
#[derive(Debug)]
pub struct Routes {
    forward: Child,
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
        let stdout = forward.stdout.take().expect("piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("kubectl says which port");
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
        let location = Some(Point {
            latitude: key,
            longitude: key,
        });
        let note = RouteNote {
            location,
            message: message.to_owned(),
        };
        let call = async {
            let url = format!("http://127.0.0.1:{}", self.port);
            let channel = Channel::from_shared(url).ok()?.connect().await.ok()?;
            let mut client = RouteGuideClient::new(channel);
            let mut answers = client
                .route_chat(tokio_stream::iter([note]))
                .await
                .ok()?
                .into_inner();
            let mut notes = Vec::new();
            while let Some(answer) = answers.message().await.ok()? {
                notes.push(answer.message);
            }
            Some(notes)
        };
        self.runtime
            .block_on(async { tokio::time::timeout(CALL, call).await.ok().flatten() })
    }
}
