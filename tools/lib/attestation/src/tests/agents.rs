//! Signing by an agent: one in this process, and OpenSSH's own where it is installed.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use ring::signature::Ed25519KeyPair;

use super::{new_key, provenance, public, roots};
use crate::key::string;
use crate::{Envelope, KeyId, SignError, Signer};

/// How an agent behaves.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Manner {
    /// As it should.
    Usual,
    /// It has no keys.
    Empty,
    /// Its user says no.
    Refuses,
    /// It signs something else.
    Lies,
    /// It answers with other messages.
    Babbles,
    /// It answers with a list that ends too early.
    Breaks,
    /// It announces an answer that is too long.
    Floods,
    /// It hangs up.
    HangsUp,
}

/// An agent in this process, behind a socket in `folder`.
pub(super) fn start(folder: &Path, key: Ed25519KeyPair, manner: Manner) -> PathBuf {
    let socket = folder.join("agent.sock");
    let listener = UnixListener::bind(&socket).expect("binds");
    let key = Arc::new(key);
    // It ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = serve(stream.expect("accepts"), &key, manner);
        }
    });
    socket
}

fn serve(mut stream: UnixStream, key: &Ed25519KeyPair, manner: Manner) -> std::io::Result<()> {
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut message)?;
        let answer = match (message[0], manner) {
            (_, Manner::HangsUp) => return Ok(()),
            (_, Manner::Babbles) => vec![99],
            (_, Manner::Floods) => {
                stream.write_all(&u32::MAX.to_be_bytes())?;
                continue;
            }
            (11, Manner::Breaks) => vec![12, 0, 0, 0, 1, 0, 0, 0, 9],
            (11, Manner::Empty) => vec![12, 0, 0, 0, 0],
            (11, _) => {
                let other = [string(b"ssh-rsa"), string(b"rest")].concat();
                let keys = [string(&other), string(b"old"), string(&public(key).blob())];
                [&[12, 0, 0, 0, 2], keys.concat().as_slice(), &string(b"ci")].concat()
            }
            (13, Manner::Refuses) => vec![5],
            (13, _) => sign(&message[1..], key, manner),
            _ => vec![5],
        };
        stream.write_all(&string(&answer))?;
    }
}

fn sign(request: &[u8], key: &Ed25519KeyPair, manner: Manner) -> Vec<u8> {
    let blob = string(&public(key).blob());
    let rest = request.strip_prefix(blob.as_slice()).expect("our key");
    let message = &rest[4..rest.len() - 4];
    assert_eq!(rest, [string(message), vec![0; 4]].concat(), "the request");
    let message = if manner == Manner::Lies { b"" } else { message };
    let signature = string(key.sign(message).as_ref());
    let signature = [string(b"ssh-ed25519"), signature].concat();
    [&[14], string(&signature).as_slice()].concat()
}

/// What comes of signing by an agent that behaves so.
pub(super) fn sign_with(manner: Manner) -> Result<(), SignError> {
    let folder = tempfile::tempdir().expect("a folder");
    let key = new_key();
    let (id, roots) = (public(&key).id(), roots(&[&key]));
    let socket = start(folder.path(), key, manner);
    let signer = Signer::Agent {
        socket: Some(socket),
        key: id,
    };
    let envelope = Envelope::sign(&provenance(), &signer)?;
    let read = roots.verify(&envelope).expect("it is trusted");
    assert_eq!(read, provenance());
    Ok(())
}

#[test]
fn an_agent_signs() {
    sign_with(Manner::Usual).expect("signs");
}

#[test]
fn the_same_statement_is_signed_by_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = new_key();
    let id = public(&key).id();
    let socket = Some(start(folder.path(), key, Manner::Usual));
    let signer = Signer::Agent { socket, key: id };
    let sign = || Envelope::sign(&provenance(), &signer).expect("signs");
    assert_eq!(sign(), sign());
}

/// OpenSSH's agent, which ends with this.
struct OpenSsh {
    folder: tempfile::TempDir,
    agent: Child,
}

impl Drop for OpenSsh {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

impl OpenSsh {
    /// `None` where it is not installed.
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let agent = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(folder.path().join("agent.sock"))
            .stdout(Stdio::null())
            .spawn();
        let mut agent = Self {
            agent: agent.ok()?,
            folder,
        };
        while !agent.socket().exists() {
            assert!(agent.agent.try_wait().expect("waits").is_none(), "it ended");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Some(agent)
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("agent.sock")
    }

    /// Makes a key, gives it to the agent and deletes it; gives the fingerprint that OpenSSH prints,
    /// and the line of the public key.
    fn add(&self) -> (KeyId, String) {
        let file = self.folder.path().join("key");
        let run = |command: &mut Command| {
            let output = command.env("SSH_AUTH_SOCK", self.socket()).output();
            let output = output.expect("runs");
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).expect("text")
        };
        let quiet = ["-q", "-t", "ed25519", "-N", "", "-C", "ci@example", "-f"];
        run(Command::new("ssh-keygen").args(quiet).arg(&file));
        run(Command::new("ssh-add").arg("-q").arg(&file));
        std::fs::remove_file(&file).expect("removes");
        let listed = run(Command::new("ssh-add").arg("-l"));
        let id = listed.split(' ').nth(1).expect("a fingerprint");
        let line = std::fs::read_to_string(file.with_extension("pub")).expect("reads");
        (id.parse().expect("a fingerprint"), line)
    }
}

#[test]
fn openssh_signs() {
    let Some(agent) = OpenSsh::start() else {
        return;
    };
    let (key, line) = agent.add();
    let signer = Signer::Agent {
        socket: Some(agent.socket()),
        key,
    };
    let envelope = Envelope::sign(&provenance(), &signer).expect("signs");
    let keys = serde_json::json!({ "keys": [line.trim()] }).to_string();
    let roots = crate::TrustRoots::parse(&keys).expect("trust roots");
    assert_eq!(
        roots.verify(&envelope).expect("it is trusted"),
        provenance()
    );
}
