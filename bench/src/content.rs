//! Files that compress as those of programs do, roughly: half text-like, half random, in runs. Made
//! from numbers, the same each time.

use std::path::Path;

use crate::error::Error;

/// How many bytes there are of one sort before the other comes.
const RUN: usize = 64 * 1024;
/// Of so many bytes in a hundred it is text.
const TEXT: usize = 45;

/// Writes `count` files of `size` bytes each into a folder, made anew.
pub fn write(folder: &Path, count: usize, size: usize) -> Result<(), Error> {
    write_from(folder, 0, count, size)
}

/// The same; `first` is the number of the first file, and what it holds follows from that.
pub fn write_from(folder: &Path, first: usize, count: usize, size: usize) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    for at in first..first + count {
        let path = folder.join(format!("f{at:05}"));
        std::fs::write(&path, bytes(at as u64, size)).map_err(Error::io("write", &path))?;
    }
    Ok(())
}

/// The content of one file.
fn bytes(seed: u64, size: usize) -> Vec<u8> {
    let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut bytes = Vec::with_capacity(size + RUN);
    while bytes.len() < size {
        let text_ends = bytes.len() + RUN * TEXT / 100;
        while bytes.len() < text_ends {
            let word = numbers.next() % 4_000;
            bytes.extend_from_slice(format!("{:x} ", word.wrapping_mul(0x9e37_79b9)).as_bytes());
        }
        let run_ends = bytes.len() + RUN * (100 - TEXT) / 100;
        while bytes.len() < run_ends {
            bytes.extend_from_slice(&numbers.next().to_le_bytes());
        }
    }
    bytes.truncate(size);
    bytes
}

/// Xorshift (Marsaglia 2003): quick, and random enough to compress badly.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_as_long_as_asked_and_its_own() {
        for size in [0, 1, RUN, 3 * RUN + 5] {
            assert_eq!(bytes(1, size).len(), size);
        }
        assert_ne!(bytes(1, 100), bytes(2, 100));
        assert_eq!(bytes(7, 100), bytes(7, 100));
    }
}
