//! `port-forward`: a way from loopback to a pod that is ready.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::case::{Buffer, Case, case, run_with, until};
use super::fake::{Fake, Scenario};
use crate::environment::Output;
use crate::progress::Progress;

const PODS: &str = "/api/v1/namespaces/alice/pods";

/// A case of a `ConfigMap` and a `Service`, which is there with these ports.
fn with_service(fake: &Fake, ports: &Value) -> Case {
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "redis", "namespace": "alice"},
        "spec": {"selector": {"app": "redis"}, "ports": ports}});
    fake.put("/api/v1/namespaces/alice/services/redis", service);
    case(&fake.address, "port-forward")
}

fn put_pod(fake: &Fake, name: &str) {
    let pod = json!({"metadata": {"name": name, "namespace": "alice", "uid": name,
            "labels": {"app": "redis"}},
        "spec": {"containers": [{"name": "main",
            "ports": [{"name": "web", "containerPort": 8080}]}]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    fake.put(&format!("{PODS}/{name}"), pod);
}

/// The local port of a line of the table.
fn local(table: &str, remote: &str) -> u16 {
    let line = table.lines().find(|line| line.contains(remote));
    let line = line.unwrap_or_else(|| panic!("no `{remote}` in:\n{table}"));
    let address = line.split(' ').next().expect("an address");
    let port = address.strip_prefix("127.0.0.1:").expect("on loopback");
    port.parse().expect("a port")
}

/// What comes back.
async fn exchange(stream: &mut TcpStream, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.expect("write");
    let mut answer = vec![0; 64];
    let count = stream.read(&mut answer).await.expect("read");
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

async fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).await;
    stream.expect("somebody listens")
}

#[tokio::test]
async fn connections_lead_to_a_pod_that_is_ready() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let ports = json!([{"name": "http", "port": 80, "targetPort": "web"},
        {"port": 53, "protocol": "UDP"}, {"port": 9}]);
    let case = with_service(&fake, &ports);
    put_pod(&fake, "redis-a");
    put_pod(&fake, "redis-b");
    let data = Buffer::default();
    let progress = Progress::new(Output::Memory, Box::new(data.clone()));
    let story = async {
        data.until("-> redis:9 ").await;
        let table = data.text();
        let port = local(&table, "redis:80");
        let (mut one, mut two) = (connect(port).await, connect(port).await);
        assert_eq!(exchange(&mut one, "1").await, "redis-a:8080 1");
        assert_eq!(exchange(&mut two, "2").await, "redis-a:8080 2");
        assert_eq!(exchange(&mut one, "3").await, "redis-a:8080 3");
        // Whoever has said all still gets the answer.
        two.write_all(b"4").await.expect("write");
        two.shutdown().await.expect("no more to say");
        let mut answer = vec![0; 64];
        let count = two.read(&mut answer).await.expect("read");
        assert_eq!(&answer[..count], b"redis-a:8080 4");
        fake.remove(&format!("{PODS}/redis-a"));
        let mut three = connect(port).await;
        assert_eq!(exchange(&mut three, "5").await, "redis-b:8080 5");
        let mut refused = connect(local(&table, "redis:9 ")).await;
        assert_eq!(exchange(&mut refused, "6").await, "");
        until("connection refused", || progress.kept().join("\n")).await;
    };
    let flags = ["--port=:http", "--port=:9"];
    let result = run_with(&case, &flags, &progress, story).await;
    assert!(result.is_ok(), "Ctrl-C is how it ends: {result:?}");
    let said = progress.kept().join("\n");
    let wanted = [
        "note    redis:53 is UDP: only TCP can be forwarded",
        "note    redis:80 leads to redis-b now, no more to redis-a",
        "note    redis:9: connection refused",
    ];
    for text in wanted {
        assert!(said.contains(text), "want `{text}` in:\n{said}");
    }
    assert_eq!(fake.writes(), [""; 0]);
}

#[tokio::test]
async fn a_port_that_is_taken_gives_way_to_another_one() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let taken_port = taken.local_addr().expect("address").port();
    let case = with_service(&fake, &json!([{"port": taken_port, "targetPort": 8080}]));
    put_pod(&fake, "redis-a");
    let data = Buffer::default();
    let progress = Progress::new(Output::Memory, Box::new(data.clone()));
    let story = async {
        data.until("\n").await;
        let port = local(&data.text(), "-> redis");
        assert_ne!(port, taken_port);
        let mut stream = connect(port).await;
        assert_eq!(exchange(&mut stream, "1").await, "redis-a:8080 1");
    };
    let result = run_with(&case, &[], &progress, story).await;
    assert!(result.is_ok(), "{result:?}");
    let why = format!("-> redis:{taken_port} (redis-a)  {taken_port}: Address already in use\n");
    assert!(data.text().ends_with(&why), "{}", data.text());
}
