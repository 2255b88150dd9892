//! What is watched: an alert of the server goes pending, fires, is silenced and is resolved, and
//! nobody may do what he need not.

use super::own_namespace;
use crate::{Harness, audit, processes};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

const ALERT: &str = "ServerHasNoRedis";

/// Where the programs answer, by way of the API server.
const SERVICES: &str = "/api/v1/namespaces/monitoring/services";

/// Who reads and writes what.
const ACCOUNTS: [&str; 2] = ["prometheus", "prometheus-operator"];

pub(super) fn run(h: &Harness) {
    let ns = own_namespace(h);
    h.run("//prod:setup.apply", &[]).succeeded();
    h.run("//services/client:myns-deep.apply", &["--timeout=4m"])
        .succeeded();
    h.run("//services/server:myns-monitoring.apply", &[])
        .succeeded();
    wait_seconds(h, &ns);
    h.run("//e2e/monitoring:monitoring.apply", &["--timeout=4m"])
        .succeeded();
    let prometheus = |query: &str| series(h, query);
    h.until("the server and the node are watched", 90, || {
        let missing = ["up{job='server'} == 1", "node_load1", "redis_up == 1"]
            .into_iter()
            .find(|query| prometheus(query).is_empty());
        missing.map(|query| format!("no value of {query}"))
    });
    assert_eq!(state(h), "inactive");

    let redis: Vec<u32> = (0..6)
        .map(|node| processes::in_pod(h, "redis-server", &format!("redis-{node}")))
        .collect();
    send(&redis, "STOP");
    until_it_is(h, "pending");
    until_it_is(h, "firing");
    h.until("it is told", 30, || told(h, "active", &ns));
    // Somebody works on it: nobody else is told.
    silence(h, &ns);
    h.until("it is silenced", 30, || told(h, "suppressed", &ns));
    send(&redis, "CONT");
    until_it_is(h, "inactive");
    h.until("it is resolved", 30, || {
        let alerts = alerts(h);
        (!alerts.is_empty()).then(|| format!("{alerts:?}"))
    });
    h.until("Redis is whole", 60, || h.not_ready(&ns, 8));

    let another = h.run("//e2e/monitoring:monitoring.apply", &[]);
    another.succeeded().says("nothing changed");
    for account in ACCOUNTS {
        let account = format!("system:serviceaccount:monitoring:{account}");
        assert!(!audit::allowed(h, &account).is_empty(), "{account}");
        assert_eq!(audit::refused(h, &account), [""; 0], "{account}");
    }
}

/// Has the rules wait for seconds where they wait for minutes.
fn wait_seconds(h: &Harness, ns: &str) {
    let mut rules = h.get(&["prometheusrule", "server", "-n", ns]);
    let groups = rules["spec"]["groups"].as_array_mut().expect("groups");
    for group in groups {
        for rule in group["rules"].as_array_mut().expect("rules") {
            if rule.get("for").is_some() {
                rule["for"] = json!("5s");
            }
        }
    }
    let file = write(h, "rules.json", &rules);
    h.kubectl(&["replace", "-f", &file]).succeeded();
}

fn write(h: &Harness, name: &str, value: &Value) -> String {
    let path = h.state.join(name);
    std::fs::write(&path, value.to_string()).expect("written");
    path.display().to_string()
}

fn send(processes: &[u32], signal: &str) {
    for process in processes {
        processes::signal(*process, signal);
    }
}

/// What a program answers to a GET; null while it does not.
fn ask(h: &Harness, service: &str, path: &str) -> Value {
    let answer = h.kubectl(&[
        "get",
        "--raw",
        &format!("{SERVICES}/{service}:http/proxy{path}"),
    ]);
    serde_json::from_str(&answer.stdout).unwrap_or_default()
}

/// The values of a query.
fn series(h: &Harness, query: &str) -> Vec<Value> {
    let query = query.replace(' ', "%20");
    let answer = ask(h, "prometheus", &format!("/api/v1/query?query={query}"));
    answer["data"]["result"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

/// What Prometheus says of the rule.
fn state(h: &Harness) -> String {
    let answer = ask(h, "prometheus", "/api/v1/rules?type=alert");
    let groups = answer["data"]["groups"].as_array().into_iter().flatten();
    let mut rules = groups.flat_map(|group| group["rules"].as_array().into_iter().flatten());
    let rule = rules.find(|rule| rule["name"] == ALERT);
    rule.and_then(|rule| rule["state"].as_str())
        .unwrap_or_default()
        .to_owned()
}

#[track_caller]
fn until_it_is(h: &Harness, wanted: &str) {
    h.until(&format!("the alert is {wanted}"), 60, || {
        let state = state(h);
        (state != wanted).then(|| format!("it is `{state}`"))
    });
}

/// The alerts of that name which Alertmanager has.
fn alerts(h: &Harness) -> Vec<Value> {
    let alerts = ask(h, "alertmanager", "/api/v2/alerts");
    let mut alerts = alerts.as_array().cloned().unwrap_or_default();
    alerts.retain(|alert| alert["labels"]["alertname"] == ALERT);
    alerts
}

/// What is missing until Alertmanager has the alert, of its namespace and in a state.
fn told(h: &Harness, state: &str, ns: &str) -> Option<String> {
    let alerts = alerts(h);
    let found = alerts.iter().any(|alert| {
        alert["labels"]["namespace"] == ns
            && alert["labels"]["job"] == "server"
            && alert["status"]["state"] == state
    });
    (!found).then(|| format!("{alerts:?}"))
}

/// Silences the alerts of a namespace, by a way to Alertmanager as people have one: kubectl says no type
/// of what it posts itself.
fn silence(h: &Harness, ns: &str) {
    let silence = json!({
        "matchers": [{"name": "namespace", "value": ns, "isRegex": false, "isEqual": true}],
        "startsAt": "2020-01-01T00:00:00Z",
        "endsAt": "2100-01-01T00:00:00Z",
        "createdBy": "erin",
        "comment": "Redis is being looked at",
    });
    let mut forward = Command::new(&h.kubectl)
        .args(["port-forward", "-n", "monitoring", "service/alertmanager"])
        .arg(":9093")
        .env("KUBECONFIG", h.kubeconfig())
        .stdout(Stdio::piped())
        .spawn()
        .expect("kubectl runs");
    // Kept open: kubectl ends when it cannot say that it handles a connection.
    let mut said = BufReader::new(forward.stdout.take().expect("piped"));
    let mut line = String::new();
    said.read_line(&mut line).expect("kubectl says which port");
    // Forwarding from 127.0.0.1:40123 -> 9093
    let mut words = line.split(' ');
    let address = words.find(|word| word.starts_with("127.0.0.1:"));
    let answer = post(address.expect("an address"), &silence.to_string());
    let _ = forward.kill();
    let _ = forward.wait();
    assert!(
        answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200"),
        "{answer}"
    );
}

/// The whole response, head and body.
fn post(address: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    let length = body.len();
    let request = format!(
        "POST /api/v2/silences HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("an answer");
    response
}
