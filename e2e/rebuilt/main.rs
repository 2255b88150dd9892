//! The smallest program that is an image.

fn main() {}
