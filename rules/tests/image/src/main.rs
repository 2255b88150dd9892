//! The program of the image under test.

fn main() {}
