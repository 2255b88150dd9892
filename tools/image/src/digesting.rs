//! SHA-256 of what is read or written, by ring: layers are large.

use std::io::{self, Read, Write};
use windlass_oci_reference::Digest;

/// A reader or writer that knows the SHA-256 of what went through it.
pub(crate) struct Digesting<W> {
    pub(crate) inner: W,
    context: ring::digest::Context,
    pub(crate) bytes: u64,
}

impl<W> Digesting<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
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
        let count = self.inner.write(buffer)?;
        self.context.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.context.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}
