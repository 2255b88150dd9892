//! Two questions to ssh-agent: which keys it has, and a signature (draft-miller-ssh-agent, sections
//! 4.4 and 4.5). A message is its length in four bytes, a byte that says what it is, and the rest.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::key::{ALGORITHM, PublicKey, string};
use crate::signer::SignError;

const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// What OpenSSH takes for too long a message.
const MOST: u32 = 256 * 1024;

/// A connection to an agent.
#[derive(Debug)]
pub(crate) struct Agent(UnixStream);

impl Agent {
    /// Connects to the agent behind a socket.
    pub(crate) fn connect(socket: &Path) -> Result<Self, SignError> {
        let stream = UnixStream::connect(socket).map_err(|source| SignError::Connect {
            socket: socket.to_owned(),
            source,
        })?;
        Ok(Self(stream))
    }

    /// Its keys of ed25519; what else it has is passed over.
    pub(crate) fn keys(&mut self) -> Result<Vec<PublicKey>, SignError> {
        let (kind, body) = self.ask(REQUEST_IDENTITIES, &[])?;
        let mut rest = body.as_slice();
        let keys = (kind == IDENTITIES_ANSWER).then(|| {
            let count = number(&mut rest)?;
            let mut keys = Vec::new();
            for _ in 0..count {
                let (blob, _comment) = (take(&mut rest)?, take(&mut rest)?);
                keys.extend(PublicKey::from_blob(blob));
            }
            Some(keys)
        });
        keys.flatten().ok_or(SignError::Answer {
            want: "a list of keys",
        })
    }

    /// A signature of a message by one of its keys; `None` if it refuses.
    pub(crate) fn sign(
        &mut self,
        key: &PublicKey,
        message: &[u8],
    ) -> Result<Option<Vec<u8>>, SignError> {
        let no_flags = 0_u32.to_be_bytes();
        let body = [string(&key.blob()), string(message), no_flags.to_vec()].concat();
        let (kind, body) = self.ask(SIGN_REQUEST, &body)?;
        if kind == FAILURE {
            return Ok(None);
        }
        let mut rest = body.as_slice();
        let signature = (kind == SIGN_RESPONSE).then(|| {
            let mut blob = take(&mut rest)?;
            let is_ours = take(&mut blob)? == ALGORITHM.as_bytes();
            take(&mut blob).filter(|_| is_ours).map(<[u8]>::to_vec)
        });
        let signature = signature.flatten().ok_or(SignError::Answer {
            want: "a signature of ed25519",
        })?;
        Ok(Some(signature))
    }

    /// Sends a message, and reads the answer: what it is, and the rest of it.
    fn ask(&mut self, kind: u8, body: &[u8]) -> Result<(u8, Vec<u8>), SignError> {
        let mut exchange = || {
            self.0.write_all(&string(&[&[kind], body].concat()))?;
            let mut length = [0; 4];
            self.0.read_exact(&mut length)?;
            let length = u32::from_be_bytes(length);
            if !(1..=MOST).contains(&length) {
                let text = format!("got an answer of {length} bytes, want 1 to {MOST}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            let mut answer = vec![0; length as usize];
            self.0.read_exact(&mut answer)?;
            Ok(answer)
        };
        let mut answer = exchange().map_err(SignError::Talk)?;
        let body = answer.split_off(1);
        Ok((answer[0], body))
    }
}

/// The next number of a message.
pub(crate) fn number(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_be_bytes(*bytes))
}

/// The next string of a message.
pub(crate) fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}
