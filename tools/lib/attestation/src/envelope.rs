//! The envelope around a payload and its signatures (DSSE).

use std::fmt;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use serde::{Deserialize, Serialize};

use crate::key::{KeyError, KeyId};
use crate::provenance::Provenance;
use crate::signer::{SignError, Signer};

/// The type of a payload that is an in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The media type of an envelope, as registries keep it.
pub const MEDIA_TYPE: &str = "application/vnd.dsse.envelope.v1+json";

/// A payload, and who has signed it. Nothing here is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// How the payload is to be read.
    pub payload_type: String,
    /// What is signed.
    pub payload: Vec<u8>,
    /// One or more.
    pub signatures: Vec<Signature>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key that it is said to be of.
    pub key: KeyId,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why a text is no envelope.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum EnvelopeError {
    /// Not the JSON of one.
    #[error("it is not an envelope of DSSE")]
    Json(#[source] serde_json::Error),
    /// A field that is not bytes.
    #[error("{place}: got `{got}`, want base64")]
    Base64 {
        /// The field.
        place: String,
        /// How it begins.
        got: String,
    },
    /// A key's name that is none.
    #[error("`{place}` names no key")]
    Key {
        /// The field.
        place: String,
        /// Why.
        source: KeyError,
    },
    /// Nobody has signed.
    #[error("signatures: got none, want one or more")]
    Unsigned,
}

/// The form in a file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    payload_type: String,
    payload: String,
    signatures: Vec<DocumentSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentSignature {
    keyid: String,
    sig: String,
}

/// The bytes that are signed: the pre-authentication encoding of a payload and its type.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let (type_length, length) = (payload_type.len(), payload.len());
    let head = format!("DSSEv1 {type_length} {payload_type} {length} ");
    [head.as_bytes(), payload].concat()
}

impl Envelope {
    /// Has a statement signed.
    pub fn sign(provenance: &Provenance, signer: &Signer) -> Result<Self, SignError> {
        let payload = provenance.to_json();
        let signature = signer.sign(&pae(PAYLOAD_TYPE, &payload))?;
        Ok(Self {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload,
            signatures: vec![signature],
        })
    }

    /// Reads an envelope.
    pub fn parse(text: &str) -> Result<Self, EnvelopeError> {
        let document: Document = serde_json::from_str(text).map_err(EnvelopeError::Json)?;
        let mut signatures = Vec::new();
        for (at, signature) in document.signatures.iter().enumerate() {
            let place = |field| format!("signatures[{at}].{field}");
            let key = signature.keyid.parse();
            signatures.push(Signature {
                key: key.map_err(|source| EnvelopeError::Key {
                    place: place("keyid"),
                    source,
                })?,
                bytes: decode(&signature.sig, || place("sig"))?,
            });
        }
        if signatures.is_empty() {
            return Err(EnvelopeError::Unsigned);
        }
        Ok(Self {
            payload: decode(&document.payload, || "payload".to_owned())?,
            payload_type: document.payload_type,
            signatures,
        })
    }

    /// The bytes that its signatures are of.
    pub fn pae(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }
}

/// The file's text: two spaces for each level, and a line end.
impl fmt::Display for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = |signature: &Signature| DocumentSignature {
            keyid: signature.key.to_string(),
            sig: BASE64_STANDARD.encode(&signature.bytes),
        };
        let document = Document {
            payload_type: self.payload_type.clone(),
            payload: BASE64_STANDARD.encode(&self.payload),
            signatures: self.signatures.iter().map(signature).collect(),
        };
        let text = serde_json::to_string_pretty(&document).map_err(|_| fmt::Error)?;
        writeln!(f, "{text}")
    }
}

/// Both alphabets are accepted, as the specification wants it.
fn decode(text: &str, place: impl FnOnce() -> String) -> Result<Vec<u8>, EnvelopeError> {
    let decoded = BASE64_STANDARD.decode(text);
    let decoded = decoded.or_else(|_| BASE64_URL_SAFE.decode(text));
    decoded.map_err(|_| EnvelopeError::Base64 {
        place: place(),
        got: text.chars().take(20).collect(),
    })
}
