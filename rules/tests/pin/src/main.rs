//! Something to compile, that a pinned environment must not need.

fn main() {}
