//! Bazel's protocol for persistent workers, in its JSON form: a request and a response for each
//! action, one after another on stdin and stdout.
//!
//! A tool whose actions are short is a worker so that its process starts once: [`serve`] is for one
//! that does what it is asked one by one. One that does several things at a time has the messages
//! ([`WorkRequest`], [`WorkResponse`]).
//!
//! Source: `worker_protocol.proto` of Bazel and <https://bazel.build/remote/creating>. Numbers and
//! texts that are 0 or empty are left out; fields that are not known here are ignored, as that
//! page wants.

mod protocol;
mod serve;

pub use protocol::{Input, WorkRequest, WorkResponse, line};
pub use serve::{Answer, Error, is_persistent, requests, serve};
