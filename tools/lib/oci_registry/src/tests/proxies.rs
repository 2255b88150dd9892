//! The way to a registry: through a proxy where the environment says so, never to this machine.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::*;

/// A proxy of this process, for others; notes what it was asked for.
struct Proxy {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let noted = Arc::clone(&noted);
                thread::spawn(move || connect(stream, &noted));
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("no panic"))
    }
}

/// `CONNECT host:port HTTP/1.1` (RFC 9110, section 9.3.6).
fn connect(mut client: TcpStream, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(client.try_clone().expect("clones"));
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("reads");
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let to = head[0].split(' ').nth(1).expect("where to").to_owned();
    asked.lock().expect("no panic").push(head[0].clone());
    let Ok(mut server) = TcpStream::connect(to) else {
        return;
    };
    client
        .write_all(b"HTTP/1.1 200 OK\r\n\r\n")
        .expect("answers");
    let mut back = (server.try_clone().expect("clones"), client);
    thread::spawn(move || std::io::copy(&mut back.0, &mut back.1));
    let _ = std::io::copy(&mut reader, &mut server);
}

#[test]
fn a_proxy_is_used_where_the_environment_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let authorities = folder.path().join("authorities");
    let trust = ("SSL_CERT_FILE", authorities.to_str().expect("text"));
    let proxy = Proxy::start();
    let https = ("HTTPS_PROXY", proxy.url.as_str());

    in_a_process("proxies::push_by_https", &[trust, https]);
    let asked = proxy.asked();
    let through = |line: &String| line.starts_with("CONNECT 0.0.0.0:");
    assert!(!asked.is_empty() && asked.iter().all(through), "{asked:?}");

    for hosts in ["0.0.0.0", "example.com, 0.0.0.0/8"] {
        // Another one: of the first, a connection that nobody waited for may still be noted.
        let proxy = Proxy::start();
        let https = ("HTTPS_PROXY", proxy.url.as_str());
        in_a_process(
            "proxies::push_by_https",
            &[trust, https, ("NO_PROXY", hosts)],
        );
        assert_eq!(proxy.asked(), [""; 0], "{hosts}");
    }
}

#[test]
fn no_proxy_is_between_us_and_this_machine() {
    let proxy = Proxy::start();
    let variables = [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "all_proxy",
    ];
    in_a_process(
        "proxies::push_to_loopback",
        &variables.map(|name| (name, proxy.url.as_str())),
    );
    assert_eq!(proxy.asked(), [""; 0]);
}

#[tokio::test]
#[ignore = "a_proxy_is_used_where_the_environment_says_so runs it"]
async fn push_by_https() {
    let registry = Registry::start_by_https(trusted(), vec![]).await;
    let bench = Bench::at(registry, &[b"layer"]);
    assert_eq!(bench.push().await.expect("pushes").uploaded_blobs, 2);
}

#[tokio::test]
#[ignore = "no_proxy_is_between_us_and_this_machine runs it"]
async fn push_to_loopback() {
    let bench = Bench::new(vec![]).await;
    assert_eq!(bench.push().await.expect("pushes").uploaded_blobs, 3);
}
