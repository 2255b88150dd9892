//! For tests: an agent of ssh with one key, as a publisher signs with.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use windlass_attestation::PublicKey;

/// A message that asks for keys, and its answer (draft-miller-ssh-agent, section 5.1).
const KEYS: (u8, u8) = (11, 12);

/// What answers one that asks for a signature.
const SIGNATURE: u8 = 14;

/// Starts an agent of ssh with a new key behind a socket in a folder; gives that and the key. It ends with
/// the process.
///
/// # Errors
/// There can be no socket of that name.
///
/// # Panics
/// There is no randomness.
pub fn ssh_agent(folder: &Path) -> io::Result<(PathBuf, PublicKey)> {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
    let public = PublicKey::from_bytes(key.public_key().as_ref().try_into().expect("32 bytes"));
    let socket = folder.join("agent.sock");
    let listener = UnixListener::bind(&socket)?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // It hangs up when the other side does.
            let _ = serve(stream, &key);
        }
    });
    Ok((socket, public))
}

fn serve(mut stream: UnixStream, key: &Ed25519KeyPair) -> io::Result<()> {
    let blob = [string(b"ssh-ed25519"), string(key.public_key().as_ref())].concat();
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut message)?;
        let answer = if message.first() == Some(&KEYS.0) {
            [&[KEYS.1, 0, 0, 0, 1], &*string(&blob), &string(b"ci")].concat()
        } else {
            // The key, the length of what is to be signed, that, and flags.
            let signed = 1 + string(&blob).len() + 4..message.len().saturating_sub(4);
            let signature = key.sign(message.get(signed).unwrap_or_default());
            let parts = [string(b"ssh-ed25519"), string(signature.as_ref())].concat();
            [&[SIGNATURE], &*string(&parts)].concat()
        };
        stream.write_all(&string(&answer))?;
    }
}

/// A string as SSH writes it (RFC 4251, section 5).
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("messages are small");
    [&length.to_be_bytes(), bytes].concat()
}
