//! The lock file, by its text.

mod errors;
mod file;
