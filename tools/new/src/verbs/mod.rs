//! What the tool can write, a file each.

pub mod repo;
pub mod service;
