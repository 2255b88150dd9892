//! For tests: a repository on the disk whose commits are signed by keys that are made here, and the
//! attestations of publishers with such keys. It needs git, and neither OpenSSH nor a key on the
//! machine.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA512, digest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use windlass_attestation::envelope::{PAYLOAD_TYPE, Signature};
use windlass_attestation::{Envelope, Provenance, PublicKey, pae};
use windlass_pins::Commit;

/// Somebody's key, always the same for the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub u8);

impl Key {
    fn pair(self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[self.0; 32]).expect("a key")
    }

    /// The public key.
    ///
    /// # Panics
    /// Never.
    pub fn public(self) -> PublicKey {
        let bytes = self.pair();
        let bytes = bytes.public_key().as_ref();
        PublicKey::from_bytes(bytes.try_into().expect("32 bytes"))
    }

    /// What a publisher with this key says.
    pub fn attest(self, said: &Provenance) -> Envelope {
        let payload = said.to_json();
        let bytes = self.pair().sign(&pae(PAYLOAD_TYPE, &payload));
        Envelope {
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![Signature {
                key: self.public().id(),
                bytes: bytes.as_ref().to_vec(),
            }],
            payload,
        }
    }

    /// A signature of a commit by ssh, as git has it in a header (OpenSSH, `PROTOCOL.sshsig`).
    fn sign(self, message: &[u8]) -> String {
        let hash = digest(&SHA512, message);
        let fields = [string(b"git"), string(b""), string(b"sha512")].concat();
        let signed = [b"SSHSIG", &*fields, &*string(hash.as_ref())].concat();
        let bytes = self.pair().sign(&signed);
        let pair = self.pair();
        let public = [string(b"ssh-ed25519"), string(pair.public_key().as_ref())].concat();
        let signature = [string(b"ssh-ed25519"), string(bytes.as_ref())].concat();
        let blob = [
            b"SSHSIG\0\0\0\x01",
            &*string(&public),
            &*fields,
            &*string(&signature),
        ];
        let digits = BASE64_STANDARD.encode(blob.concat());
        format!("-----BEGIN SSH SIGNATURE-----\n {digits}\n -----END SSH SIGNATURE-----\n")
    }
}

/// A string as SSH writes it.
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("small").to_be_bytes();
    [&length[..], bytes].concat()
}

/// A bare repository with a branch `main`.
#[derive(Debug)]
pub struct Repository {
    folder: PathBuf,
    /// Commits at different moments are different ones.
    clock: AtomicU32,
}

impl Repository {
    /// An empty one, in a folder that is made.
    ///
    /// # Panics
    /// There is no git, or no such folder can be made.
    pub fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let repository = Self {
            folder: folder.to_owned(),
            clock: AtomicU32::new(1_795_953_600),
        };
        repository.git(&["init", "--quiet", "--bare", "--initial-branch=main"], "");
        repository
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What git says, who is given `input`.
    ///
    /// # Panics
    /// git fails.
    pub fn git(&self, arguments: &[&str], input: &str) -> String {
        let mut git = Command::new("git");
        git.args(arguments).current_dir(&self.folder);
        git.env("GIT_INDEX_FILE", self.folder.join("fake-index"));
        git.env("GIT_CONFIG_GLOBAL", "/dev/null");
        git.env("GIT_CONFIG_NOSYSTEM", "1");
        git.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = git.spawn().expect("git runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "git {arguments:?}");
        let text = String::from_utf8(output.stdout).expect("text");
        text.trim_end().to_owned()
    }

    /// The head of the branch; empty if there is none.
    pub fn head(&self) -> String {
        let ask = ["for-each-ref", "--format=%(objectname)", "refs/heads/main"];
        self.git(&ask, "")
    }

    /// Moves the branch, wherever it was.
    pub fn force(&self, commit: &Commit) {
        self.git(&["update-ref", "refs/heads/main", commit.as_str()], "");
    }

    /// A commit on top of the branch, with one more file, signed by a key.
    pub fn commit(&self, path: &str, text: &str, signer: Key) -> Commit {
        let commit = self.draft(&self.head(), path, text, Some(signer));
        self.force(&commit);
        commit
    }

    /// A commit on top of another one, or of none, that is on no branch.
    ///
    /// # Panics
    /// git fails.
    pub fn draft(&self, parent: &str, path: &str, text: &str, signer: Option<Key>) -> Commit {
        let base = if parent.is_empty() { "--empty" } else { parent };
        self.git(&["read-tree", base], "");
        let blob = self.git(&["hash-object", "-w", "--stdin"], text);
        let entry = format!("100644,{blob},{path}");
        let add = ["update-index", "--add", "--replace", "--cacheinfo", &entry];
        self.git(&add, "");
        let tree = self.git(&["write-tree"], "");
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        let who = format!("Alice <alice@example.com> {now} +0000");
        let parents = if parent.is_empty() {
            String::new()
        } else {
            format!("parent {parent}\n")
        };
        let head = format!("tree {tree}\n{parents}author {who}\ncommitter {who}\n");
        let object = match signer {
            None => format!("{head}\n{path}\n"),
            Some(signer) => {
                let signature = signer.sign(format!("{head}\n{path}\n").as_bytes());
                format!("{head}gpgsig {signature}\n{path}\n")
            }
        };
        self.keep(&object)
    }

    /// A commit of which this is the object.
    ///
    /// # Panics
    /// git does not take it.
    pub fn keep(&self, object: &str) -> Commit {
        let keep = ["hash-object", "-t", "commit", "-w", "--stdin"];
        self.git(&keep, object).parse().expect("a commit")
    }
}
