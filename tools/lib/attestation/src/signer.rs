//! Who signs: ssh-agent, or a program that asks a key management service. Keys stay where they are.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use windlass_report::{Exit, Explain};

use crate::agent::Agent;
use crate::envelope::Signature;
use crate::key::{KeyError, KeyId, PublicKey};

/// Who signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// ssh-agent.
    Agent {
        /// `SSH_AUTH_SOCK`, if it is set.
        socket: Option<PathBuf>,
        /// The key, which the agent must have.
        key: KeyId,
    },
    /// A program: it reads what is to be signed, and prints the signature in base64.
    Program {
        /// The program.
        program: PathBuf,
        /// The key that it signs with.
        key: PublicKey,
    },
}

/// A public key, or enough to find it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Its fingerprint, as `ssh-add -l` prints it.
    Id(KeyId),
    /// The line of its .pub file.
    Public(PublicKey),
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.starts_with("SHA256:") {
            text.parse().map(Self::Id)
        } else {
            text.parse().map(Self::Public)
        }
    }
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum SignError {
    /// It is not known where the agent is.
    #[error("SSH_AUTH_SOCK: got nothing, want the socket of ssh-agent")]
    NoAgent,
    /// There is no agent.
    #[error("cannot reach ssh-agent at `{}`", socket.display())]
    Connect {
        /// Where it was looked for.
        socket: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The agent went away.
    #[error("cannot talk to ssh-agent")]
    Talk(#[source] io::Error),
    /// The agent says something else.
    #[error("ssh-agent answers something else than {want}")]
    Answer {
        /// What was asked for.
        want: &'static str,
    },
    /// The agent does not have the key.
    #[error("ssh-agent has no key `{key}`; of ed25519 it has {has}")]
    NoKey {
        /// The key.
        key: KeyId,
        /// Those that it has.
        has: String,
    },
    /// The agent does not want to, or its user.
    #[error("ssh-agent refuses to sign with `{key}`")]
    Refused {
        /// The key.
        key: KeyId,
    },
    /// The program cannot be run.
    #[error("cannot run `{}`", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The program failed.
    #[error("`{}` ended with {status}: {said}", program.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it said.
        said: String,
    },
    /// The program printed something else.
    #[error("`{}` printed no signature: want base64 of 64 bytes", program.display())]
    Output {
        /// The program.
        program: PathBuf,
    },
    /// What came back is no signature of the key.
    #[error(
        "the signature is not of `{key}`: whoever signed has another key, or signs in another way"
    )]
    Wrong {
        /// The key.
        key: KeyId,
    },
}

impl Signer {
    /// Who signs with a key: ssh-agent at this socket, or a program, if there is one.
    ///
    /// # Errors
    /// The fingerprint, where a program would have to be asked for the key.
    pub fn of(key: &Key, program: Option<PathBuf>, socket: Option<PathBuf>) -> Result<Self, KeyId> {
        match (program, key) {
            (None, Key::Id(id)) => Ok(Self::Agent {
                socket,
                key: id.clone(),
            }),
            (None, Key::Public(key)) => Ok(Self::Agent {
                socket,
                key: key.id(),
            }),
            (Some(program), Key::Public(key)) => Ok(Self::Program { program, key: *key }),
            (Some(_), Key::Id(id)) => Err(id.clone()),
        }
    }

    /// A signature of a message, which is verified.
    pub fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let (key, bytes) = match self {
            Self::Agent { socket, key } => by_agent(socket.as_deref(), key, message)?,
            Self::Program { program, key } => (*key, by_program(program, message)?),
        };
        let id = key.id();
        if key.verifies(message, &bytes) {
            Ok(Signature { key: id, bytes })
        } else {
            Err(SignError::Wrong { key: id })
        }
    }
}

fn by_agent(
    socket: Option<&Path>,
    id: &KeyId,
    message: &[u8],
) -> Result<(PublicKey, Vec<u8>), SignError> {
    let mut agent = Agent::connect(socket.ok_or(SignError::NoAgent)?)?;
    let keys = agent.keys()?;
    let Some(key) = keys.iter().find(|key| key.id() == *id) else {
        let has: Vec<_> = keys.iter().map(|key| format!("`{}`", key.id())).collect();
        return Err(SignError::NoKey {
            key: id.clone(),
            has: if has.is_empty() {
                "none".to_owned()
            } else {
                has.join(", ")
            },
        });
    };
    let signature = agent.sign(key, message)?;
    let refused = || SignError::Refused { key: id.clone() };
    Ok((*key, signature.ok_or_else(refused)?))
}

fn by_program(program: &Path, message: &[u8]) -> Result<Vec<u8>, SignError> {
    let failed = |source| SignError::Run {
        program: program.to_owned(),
        source,
    };
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    // A message is smaller than a pipe: the program need not read it before it prints. One that
    // ends without reading it says why by its status.
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(message));
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(SignError::Failed {
            program: program.to_owned(),
            status: output.status,
            said: said.lines().last().unwrap_or_default().trim().to_owned(),
        });
    }
    written.transpose().map_err(failed)?;
    let text = output.stdout.trim_ascii();
    let signature = BASE64_STANDARD.decode(text).ok();
    let signature = signature.filter(|bytes| bytes.len() == 64);
    signature.ok_or_else(|| SignError::Output {
        program: program.to_owned(),
    })
}

impl Explain for SignError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NoAgent | Self::Connect { .. } => Some("eval $(ssh-agent)".to_owned()),
            Self::NoKey { .. } | Self::Refused { .. } => Some("ssh-add -l".to_owned()),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NoAgent | Self::Connect { .. } | Self::NoKey { .. } => Exit::Preflight,
            _ => Exit::Failure,
        }
    }
}
