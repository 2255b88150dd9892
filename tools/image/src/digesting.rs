//! SHA-256 of what is written, by ring: layers are large.

use std::io::{self, Write};
use windlass_oci_reference::Digest;

/// A writer that knows the SHA-256 of what went through it.
pub(crate) struct Digesting<W> {
    pub(crate) out: W,
    context: ring::digest::Context,
    pub(crate) bytes: u64,
}

impl<W> Digesting<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            context: ring::digest::Context::new(&ring::digest::SHA256),
            bytes: 0,
        }
    }

    pub(crate) fn digest(&self) -> Digest {
        let digest = self.context.clone().finish();
        Digest::from_sha256(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.out.write(buffer)?;
        self.context.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
