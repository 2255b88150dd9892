//! The node's ports on 127.0.0.1.
//!
//! A socket stays in the network namespace that it was opened in, and a thread may be in another
//! one than its process. So the listening sockets are opened in the host's namespace, and a thread
//! that has entered the node's accepts from them and connects on to the node. The host never has
//! a route to the node: while the cluster is down, a connection is refused here.

use std::fs::File;
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use nix::sched::{CloneFlags, setns};

use crate::error::Error;
use crate::settings::NODE_ADDRESS;
use crate::state;

/// Serves each socket from the network namespace, with connections to the node's port beside it.
pub fn serve(listeners: Vec<(TcpListener, u16)>, namespace: &Path) -> Result<(), Error> {
    let file = File::open(namespace).map_err(Error::io("open", namespace))?;
    // The node's address is of a private range: from the host's namespace, a connection to it would
    // leave the machine.
    if state::is_at(&file, Path::new("/proc/thread-self/ns/net")) {
        let own = io::Error::other("it is the network namespace of the host, want the node's");
        return Err(Error::io("enter", namespace)(own));
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let entered = setns(file, CloneFlags::CLONE_NEWNET);
        let failed = entered.is_err();
        let _ = sender.send(entered);
        if failed {
            return;
        }
        // New threads are in the namespace of the one that starts them.
        for (listener, port) in listeners {
            thread::spawn(move || accept(&listener, port));
        }
    });
    match receiver.recv() {
        Ok(Ok(())) => Ok(()),
        Ok(Err(errno)) => Err(Error::io("enter", namespace)(errno.into())),
        Err(_) => Err(Error::io("enter", namespace)(
            io::ErrorKind::BrokenPipe.into(),
        )),
    }
}

fn accept(listener: &TcpListener, port: u16) {
    loop {
        match listener.accept() {
            Ok((here, _)) => {
                thread::spawn(move || {
                    if let Ok(there) = TcpStream::connect((NODE_ADDRESS, port)) {
                        join(&here, &there);
                    }
                });
            }
            // Out of files, or a connection that is gone already: the next one may do.
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// Carries bytes both ways until both sides have said all they have to.
fn join(here: &TcpStream, there: &TcpStream) {
    let _ = here.set_nodelay(true);
    let _ = there.set_nodelay(true);
    thread::scope(|scope| {
        scope.spawn(|| carry(here, there));
        carry(there, here);
    });
}

fn carry(mut from: &TcpStream, mut to: &TcpStream) {
    let done = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
    if done.is_err() {
        let _ = from.shutdown(Shutdown::Read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let near = TcpStream::connect(listener.local_addr().expect("bound")).expect("connects");
        (near, listener.accept().expect("accepts").0)
    }

    #[test]
    fn nothing_is_served_from_the_hosts_namespace() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let own = Path::new("/proc/self/ns/net");
        let error = serve(vec![(listener, 9)], own).expect_err("refused");
        let text = windlass_report::render(&error);
        assert!(text.contains("network namespace of the host"), "{text}");
    }

    #[test]
    fn both_ways_and_half_closed() {
        let (mut client, here) = pair();
        let (there, mut server) = pair();
        let joined = thread::spawn(move || join(&here, &there));
        client.write_all(b"question").expect("written");
        client.shutdown(Shutdown::Write).expect("shut");
        let mut text = String::new();
        server.read_to_string(&mut text).expect("read to the end");
        assert_eq!(text, "question");
        // The answer still gets through after the question's side was closed.
        server.write_all(b"answer").expect("written");
        drop(server);
        text.clear();
        client.read_to_string(&mut text).expect("read to the end");
        assert_eq!(text, "answer");
        joined.join().expect("ends with its connections");
    }
}
