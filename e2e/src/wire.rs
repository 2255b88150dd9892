//! What lies between the tool and a registry: it counts what is sent, and breaks once.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long the tool may take to send what it is to send.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Both sides see its end.
    Cut,
    /// Nothing arrives any more, and the sender is not told.
    Silence,
}

/// A way to a registry. Connections stay until one of their sides ends.
#[derive(Debug)]
pub struct Wire {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    broken: Receiver<()>,
}

#[derive(Debug)]
struct Shared {
    to: SocketAddr,
    count: Mutex<Count>,
    broke: Mutex<Sender<()>>,
}

#[derive(Debug)]
struct Count {
    /// Bytes that have reached the registry.
    sent: u64,
    /// After how many bytes a connection breaks, once.
    fault: Option<(u64, Break)>,
}

impl Wire {
    /// Begins to listen. The connection that brings the byte after the first `bytes` breaks.
    pub fn start(to: SocketAddr, bytes: u64, how: Break) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (broke, broken) = mpsc::channel();
        let shared = Arc::new(Shared {
            to,
            count: Mutex::new(Count {
                sent: 0,
                fault: Some((bytes, how)),
            }),
            broke: Mutex::new(broke),
        });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let served = Arc::clone(&served);
                std::thread::spawn(move || served.serve(client));
            }
        });
        Self {
            address,
            shared,
            broken,
        }
    }

    /// Bytes that have reached the registry, headers included.
    pub fn sent(&self) -> u64 {
        self.shared.count().sent
    }

    /// Waits until a connection has broken.
    #[track_caller]
    pub fn until_broken(&self) {
        let broken = self.broken.recv_timeout(PATIENCE);
        broken.expect("enough was sent for the connection to break");
    }
}

impl Shared {
    fn count(&self) -> std::sync::MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut client: TcpStream) {
        let Ok(mut registry) = TcpStream::connect(self.to) else {
            return;
        };
        let deaf = Arc::new(AtomicBool::new(false));
        let answers = answers(&registry, &client, &deaf);
        let how = self.forward(&mut client, &mut registry);
        if how.is_some() {
            // The answer to half a request is for nobody.
            deaf.store(true, Ordering::SeqCst);
            let broke = self.broke.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody may be waiting.
            let _ = broke.send(());
        }
        if how == Some(Break::Silence) {
            let _ = std::io::copy(&mut client, &mut std::io::sink());
        }
        // The registry has put away what it got when it closes its side.
        let _ = registry.shutdown(Shutdown::Write);
        let _ = answers.join();
        let _ = client.shutdown(Shutdown::Both);
    }

    /// Sends on what the client sends; ends with it, or gives how it breaks here.
    fn forward(&self, client: &mut TcpStream, registry: &mut TcpStream) -> Option<Break> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let got = client.read(&mut buffer).ok().filter(|got| *got > 0)?;
            let mut count = self.count();
            let left = count
                .fault
                .map_or(u64::MAX, |(at, _)| at.saturating_sub(count.sent));
            let pass = got.min(usize::try_from(left).unwrap_or(usize::MAX));
            registry.write_all(&buffer[..pass]).ok()?;
            count.sent += pass as u64;
            if pass < got {
                return count.fault.take().map(|(_, how)| how);
            }
        }
    }
}

/// Brings back what the registry answers, until it closes; nobody hears it once `deaf`.
fn answers(
    registry: &TcpStream,
    client: &TcpStream,
    deaf: &Arc<AtomicBool>,
) -> std::thread::JoinHandle<()> {
    let mut from = registry.try_clone().expect("a socket");
    let mut to = client.try_clone().expect("a socket");
    let deaf = Arc::clone(deaf);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Some(got) = from.read(&mut buffer).ok().filter(|got| *got > 0) {
            if !deaf.load(Ordering::SeqCst) && to.write_all(&buffer[..got]).is_err() {
                break;
            }
        }
        // The client must not wait for more.
        if !deaf.load(Ordering::SeqCst) {
            let _ = to.shutdown(Shutdown::Both);
        }
    })
}
