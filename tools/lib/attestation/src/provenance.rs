//! What an attestation says: an in-toto Statement v1 whose predicate is SLSA provenance v1.
//!
//! | what | where it stands |
//! |---|---|
//! | image | the one `subject`: repository without registry (`demo/client`), and `sha256` |
//! | source and commit | the one entry of `resolvedDependencies`: `uri`, and `gitCommit` |
//! | toolchain | `externalParameters.toolchain` |
//! | builder | `runDetails.builder.id` |
//!
//! The registry is left out: an image that is copied to another one is the same image. Fields that
//! are not known are passed over, as both specifications want it.

use serde::{Deserialize, Serialize};
use windlass_oci_reference::Digest;
use windlass_pins::{Commit, Pin, Toolchain};

/// The type of a statement.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// The type of its predicate.
pub const PREDICATE: &str = "https://slsa.dev/provenance/v1";

/// What the parameters of a build mean: an image that Bazel built from a commit.
const BUILD: &str = "https://windlass.dev/bazel-image/v1";

/// Where an image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The image's repository, without the registry: `demo/client`.
    pub name: String,
    /// The image.
    pub digest: Digest,
    /// Where its source is: `git+https://git.example/shop`.
    pub source: String,
    /// The commit, by its whole hash.
    pub commit: Commit,
    /// What compiled it: versions and flags.
    pub toolchain: Toolchain,
    /// Who built it: a URI.
    pub builder: String,
}

/// Why a payload is no statement of provenance.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum ProvenanceError {
    /// Not the JSON of a statement.
    #[error("it is not a statement of provenance")]
    Json(#[source] serde_json::Error),
    /// A value that is not accepted.
    #[error("{place}: got `{got}`, want {want}")]
    Value {
        /// Where it stands.
        place: &'static str,
        /// The value.
        got: String,
        /// What is accepted.
        want: String,
    },
    /// Several where there must be one, or none.
    #[error("{place}: got {got} entries, want one")]
    Count {
        /// The list.
        place: &'static str,
        /// How many it has.
        got: usize,
    },
}

/// In what a statement and a pin are not of the same image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum Mismatch {
    /// It is of another image.
    #[error("digest: the attestation is of {got}, the pin of {want}")]
    Digest {
        /// The statement's.
        got: Digest,
        /// The pin's.
        want: Digest,
    },
    /// It is of another repository.
    #[error("repository: the attestation is of `{got}`, the pin of `{want}`")]
    Name {
        /// The statement's.
        got: String,
        /// The pin's.
        want: String,
    },
    /// It is of another commit.
    #[error("commit: the attestation is of {got}, the pin of {want}")]
    Commit {
        /// The statement's.
        got: Commit,
        /// The pin's.
        want: Commit,
    },
    /// The pin does not say of which commit it is.
    #[error("commit: the attestation is of {got}, the pin names none")]
    NoCommit {
        /// The statement's.
        got: Commit,
    },
}

#[derive(Serialize, Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    of: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: ImageDigest,
}

#[derive(Serialize, Deserialize)]
struct ImageDigest {
    sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    build_definition: BuildDefinition,
    run_details: RunDetails,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BuildDefinition {
    build_type: String,
    external_parameters: Parameters,
    resolved_dependencies: Vec<Source>,
}

#[derive(Serialize, Deserialize)]
struct Parameters {
    toolchain: String,
}

#[derive(Serialize, Deserialize)]
struct Source {
    uri: String,
    digest: SourceDigest,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SourceDigest {
    git_commit: String,
}

#[derive(Serialize, Deserialize)]
struct RunDetails {
    builder: Builder,
}

#[derive(Serialize, Deserialize)]
struct Builder {
    id: String,
}

impl Provenance {
    /// The payload of an envelope: the same bytes for the same provenance.
    ///
    /// # Panics
    /// Never: it is plain data.
    pub fn to_json(&self) -> Vec<u8> {
        let statement = Statement {
            of: STATEMENT.to_owned(),
            subject: vec![Subject {
                name: self.name.clone(),
                digest: ImageDigest {
                    sha256: self.digest.hex(),
                },
            }],
            predicate_type: PREDICATE.to_owned(),
            predicate: Predicate {
                build_definition: BuildDefinition {
                    build_type: BUILD.to_owned(),
                    external_parameters: Parameters {
                        toolchain: self.toolchain.to_string(),
                    },
                    resolved_dependencies: vec![Source {
                        uri: self.source.clone(),
                        digest: SourceDigest {
                            git_commit: self.commit.to_string(),
                        },
                    }],
                },
                run_details: RunDetails {
                    builder: Builder {
                        id: self.builder.clone(),
                    },
                },
            },
        };
        serde_json::to_vec(&statement).expect("plain data is JSON")
    }

    /// Reads a payload.
    pub fn parse(payload: &[u8]) -> Result<Self, ProvenanceError> {
        let statement: Statement =
            serde_json::from_slice(payload).map_err(ProvenanceError::Json)?;
        let Predicate {
            build_definition: build,
            run_details: run,
        } = statement.predicate;
        for (place, got, want) in [
            ("_type", &statement.of, STATEMENT),
            ("predicateType", &statement.predicate_type, PREDICATE),
            ("buildType", &build.build_type, BUILD),
        ] {
            if got != want {
                return Err(wrong(place, got, format!("`{want}`")));
            }
        }
        let subject = one("subject", statement.subject)?;
        let source = one("resolvedDependencies", build.resolved_dependencies)?;
        let hex = &subject.digest.sha256;
        let digest = format!("sha256:{hex}").parse();
        let toolchain = &build.external_parameters.toolchain;
        Ok(Self {
            name: subject.name,
            digest: digest
                .map_err(|_| wrong("sha256", hex, "64 lower-case hex digits".to_owned()))?,
            source: source.uri,
            commit: whole(&source.digest.git_commit)
                .ok_or_else(|| wrong("gitCommit", &source.digest.git_commit, WHOLE.to_owned()))?,
            toolchain: toolchain
                .parse()
                .map_err(|_| wrong("toolchain", toolchain, "a line of text".to_owned()))?,
            builder: run.builder.id,
        })
    }

    /// Compares it with a pin: the same digest, repository and commit.
    pub fn check(&self, pin: &Pin) -> Result<(), Mismatch> {
        if self.digest != *pin.digest() {
            return Err(Mismatch::Digest {
                got: self.digest,
                want: *pin.digest(),
            });
        }
        let want = pin.image().repository().path();
        if self.name != want {
            return Err(Mismatch::Name {
                got: self.name.clone(),
                want: want.to_owned(),
            });
        }
        let got = self.commit.clone();
        match &pin.commit {
            Some(want) if *want == got => Ok(()),
            Some(want) => Err(Mismatch::Commit {
                got,
                want: want.clone(),
            }),
            None => Err(Mismatch::NoCommit { got }),
        }
    }
}

/// What a commit's whole hash is.
pub const WHOLE: &str = "a commit's whole hash: 40 or 64 lower-case hex digits";

/// A commit by its whole hash: a shorter one may come to mean two.
pub fn whole(text: &str) -> Option<Commit> {
    let commit = text.parse().ok();
    commit.filter(|_| matches!(text.len(), 40 | 64))
}

fn wrong(place: &'static str, got: &str, want: String) -> ProvenanceError {
    ProvenanceError::Value {
        place,
        got: got.escape_debug().to_string(),
        want,
    }
}

fn one<T>(place: &'static str, entries: Vec<T>) -> Result<T, ProvenanceError> {
    let got = entries.len();
    let mut entries = entries.into_iter();
    match (entries.next(), entries.next()) {
        (Some(entry), None) => Ok(entry),
        _ => Err(ProvenanceError::Count { place, got }),
    }
}
