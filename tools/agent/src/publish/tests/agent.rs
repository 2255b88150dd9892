//! An agent of ssh with one key.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use windlass_attestation::PublicKey;

/// Starts one behind a socket in a folder; gives that and the key. It ends with the test's process.
pub fn start(folder: &Path) -> (PathBuf, PublicKey) {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
    let public = PublicKey::from_bytes(key.public_key().as_ref().try_into().expect("32 bytes"));
    let socket = folder.join("agent.sock");
    let listener = UnixListener::bind(&socket).expect("binds");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // It hangs up when the other side does.
            let _ = serve(stream.expect("accepts"), &key);
        }
    });
    (socket, public)
}

fn serve(mut stream: UnixStream, key: &Ed25519KeyPair) -> std::io::Result<()> {
    let blob = [string(b"ssh-ed25519"), string(key.public_key().as_ref())].concat();
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut message)?;
        let answer = if message[0] == 11 {
            [&[12, 0, 0, 0, 1], &*string(&blob), &string(b"ci")].concat()
        } else {
            // The key, the message, and flags.
            let signed = &message[1 + string(&blob).len() + 4..message.len() - 4];
            let signature = key.sign(signed);
            let parts = [string(b"ssh-ed25519"), string(signature.as_ref())].concat();
            [&[14], &*string(&parts)].concat()
        };
        stream.write_all(&string(&answer))?;
    }
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("messages are small");
    [&length.to_be_bytes(), bytes].concat()
}
