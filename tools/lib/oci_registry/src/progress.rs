//! What happens during a push, as it happens.

use std::time::Duration;
use windlass_oci_reference::Digest;

/// One step of one push. Sizes are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The registry has the whole image; nothing is uploaded.
    ImageExists {
        /// The manifest's digest.
        digest: Digest,
    },
    /// The registry has this blob.
    BlobExists {
        /// The blob.
        digest: Digest,
        /// Its size, which is not sent.
        size: u64,
    },
    /// An upload begins; after a [`Event::Retry`] again.
    BlobStarted {
        /// The blob.
        digest: Digest,
        /// Its size.
        size: u64,
        /// The byte that it begins with: what the registry has of it is not sent again.
        from: u64,
    },
    /// A part of a blob was handed to the connection.
    BlobSent {
        /// The blob.
        digest: Digest,
        /// How many bytes since the event before.
        bytes: u64,
    },
    /// The registry has taken the blob.
    BlobDone {
        /// The blob.
        digest: Digest,
        /// Its size.
        size: u64,
    },
    /// The registry has taken the manifest: the image is there.
    ManifestDone {
        /// The manifest's digest.
        digest: Digest,
    },
    /// Something failed that may pass; it is tried again after a pause.
    Retry {
        /// What failed, as in an error: `PUT /v2/...: 503 SERVICE_UNAVAILABLE`.
        cause: String,
        /// The pause.
        wait: Duration,
    },
}

/// Takes the events of one push. Called from several tasks at once; must not block.
pub trait Progress: Send + Sync + 'static {
    /// Something happened.
    fn event(&self, event: Event);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _event: Event) {}
}
