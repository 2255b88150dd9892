//! The runner against an API server in this process.

mod errors;
mod fake;
mod runs;
