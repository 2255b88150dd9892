//! Compression in blocks, on all processors.
//!
//! A layer is cut into blocks of one megabyte, and each is compressed by itself: a member of a gzip
//! file (RFC 1952, section 2.2), or a frame of a Zstandard one (RFC 8878, section 3.1). Both formats
//! say that what is unpacked is the content of all of them, one after another. So the bytes depend on
//! the content alone, and not on how many processors there are.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// How many bytes are compressed at a time.
const BLOCK: usize = 1 << 20;

/// Fixed, with the compressors' versions in Cargo.lock: together they decide the bytes. 6 is gzip's
/// own default, 3 that of zstd.
const GZIP_LEVEL: i32 = 6;
const ZSTD_LEVEL: i32 = 3;

/// How a layer is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Compression {
    /// What every registry and every node reads.
    Gzip,
    /// Smaller, and quicker to unpack; containerd 1.5, Docker 23 and podman 4 read it.
    Zstd,
}

impl Compression {
    /// The media type of a layer of this kind.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
            Self::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
        }
    }
}

/// One block on its way to whoever compresses it.
struct Job {
    block: Vec<u8>,
    done: Sender<io::Result<Vec<u8>>>,
}

/// A writer that writes what it is given to `out`, compressed. [`Blocks::finish`] must be called.
pub(crate) struct Blocks<W> {
    out: W,
    block: Vec<u8>,
    is_empty: bool,
    jobs: Sender<Job>,
    underway: VecDeque<Receiver<io::Result<Vec<u8>>>>,
    workers: Vec<JoinHandle<()>>,
}

impl<W: Write> Blocks<W> {
    /// Compresses on all processors.
    pub(crate) fn new(compression: Compression, out: W) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self::on(threads, compression, out)
    }

    fn on(threads: usize, compression: Compression, out: W) -> Self {
        let (jobs, inbox) = channel();
        let inbox = Arc::new(Mutex::new(inbox));
        let start = |_| {
            let inbox = Arc::clone(&inbox);
            std::thread::spawn(move || work(compression, &inbox))
        };
        Self {
            out,
            block: Vec::with_capacity(BLOCK),
            is_empty: true,
            jobs,
            underway: VecDeque::new(),
            workers: (0..threads).map(start).collect(),
        }
    }

    /// Sends the block that is begun, and writes those that are ready. At most two for each thread
    /// are underway, so memory is bounded.
    fn send(&mut self) -> io::Result<()> {
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
        let (done, receiver) = channel();
        self.jobs.send(Job { block, done }).map_err(ended)?;
        self.underway.push_back(receiver);
        self.is_empty = false;
        while self.underway.len() > 2 * self.workers.len() {
            self.write_next()?;
        }
        Ok(())
    }

    fn write_next(&mut self) -> io::Result<()> {
        let Some(next) = self.underway.pop_front() else {
            return Ok(());
        };
        let compressed = next.recv().map_err(ended)??;
        self.out.write_all(&compressed)
    }

    /// Writes what is left, and gives back where it all went.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        // A file without a member is none.
        if self.is_empty || !self.block.is_empty() {
            self.send()?;
        }
        while !self.underway.is_empty() {
            self.write_next()?;
        }
        drop(self.jobs);
        for worker in self.workers {
            worker.join().map_err(|_| ended(()))?;
        }
        Ok(self.out)
    }
}

impl<W: Write> Write for Blocks<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = buffer.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&buffer[..count]);
        if self.block.len() == BLOCK {
            self.send()?;
        }
        Ok(count)
    }

    /// Keeps the block that is begun: where it is cut must not depend on who flushes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Only a thread that has panicked has ended before its time.
fn ended<E>(_: E) -> io::Error {
    io::Error::other("a thread that compresses has ended")
}

/// Compresses blocks until no more come.
fn work(compression: Compression, inbox: &Mutex<Receiver<Job>>) {
    let mut compressor = Compressor::new(compression);
    loop {
        let job = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { block, done }) = job else {
            return;
        };
        // Whoever asked may have failed meanwhile.
        let _ = done.send(compressor.compress(&block));
    }
}

/// What one thread compresses with.
enum Compressor {
    Gzip(libdeflater::Compressor),
    Zstd,
}

impl Compressor {
    fn new(compression: Compression) -> Self {
        match compression {
            Compression::Gzip => {
                let level = libdeflater::CompressionLvl::new(GZIP_LEVEL);
                let level = level.expect("one of the levels that there are");
                Self::Gzip(libdeflater::Compressor::new(level))
            }
            Compression::Zstd => Self::Zstd,
        }
    }

    fn compress(&mut self, block: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(compressor) => {
                let mut out = vec![0; compressor.gzip_compress_bound(block.len())];
                let size = compressor.gzip_compress(block, &mut out);
                out.truncate(size.map_err(|error| io::Error::other(error.to_string()))?);
                Ok(out)
            }
            Self::Zstd => zstd::bulk::compress(block, ZSTD_LEVEL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    /// Text of some megabytes, from a fixed sequence, with lengths of its own between repetitions.
    fn content(length: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 28) as u8 + b'a'
        };
        (0..length).map(next).collect()
    }

    fn compressed(threads: usize, compression: Compression, content: &[u8]) -> Vec<u8> {
        let mut blocks = Blocks::on(threads, compression, Vec::new());
        for part in content.chunks(10_007) {
            blocks.write_all(part).expect("writes");
            blocks.flush().expect("flushes");
        }
        blocks.finish().expect("finishes")
    }

    fn unpacked(compression: Compression, bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        match compression {
            Compression::Gzip => flate2::read::MultiGzDecoder::new(bytes)
                .read_to_end(&mut plain)
                .map(drop),
            Compression::Zstd => zstd::stream::copy_decode(bytes, &mut plain),
        }
        .expect("unpacks");
        plain
    }

    #[test]
    fn what_is_unpacked_is_what_was_written() {
        for compression in [Compression::Gzip, Compression::Zstd] {
            for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17] {
                let content = content(length);
                let bytes = compressed(2, compression, &content);
                assert_eq!(unpacked(compression, &bytes), content, "{length}");
            }
        }
    }

    #[test]
    fn the_bytes_do_not_depend_on_how_many_threads_there_are() {
        let content = content(9 * BLOCK + 1);
        for compression in [Compression::Gzip, Compression::Zstd] {
            let one = compressed(1, compression, &content);
            for threads in [2, 3, 16] {
                assert!(
                    compressed(threads, compression, &content) == one,
                    "{threads}"
                );
            }
        }
    }

    #[test]
    fn a_writer_that_fails_ends_it() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::other("full"))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut blocks = Blocks::on(2, Compression::Gzip, Full);
        let written = blocks.write_all(&content(12 * BLOCK));
        let error = written.and_then(|()| blocks.finish().map(drop));
        assert_eq!(error.expect_err("full").to_string(), "full");
    }
}
