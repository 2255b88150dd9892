//! The runner of a cluster. It waits for requests to apply bundles, makes a Job of each under the
//! account of the request's namespace, and writes into the request how the Job does.
//!
//! It keeps nothing: what it must know is in the cluster, so one that is started in the place of
//! another goes on where that one was.
//!
//! | module | what it does |
//! |---|---|
//! | [`request`], [`keep`] | requests as they are read, and which are kept; pure |
//! | [`job`], [`observe`] | the Job of a request, and how it stands; pure |
//! | [`follow`], [`says`] | one request, from its Job to its end; what the Job's pod says |
//! | [`serve`] | all requests |
//! | [`writes`] | the only writes: Jobs, statuses, and deletions of old requests |
//!
//! **Architecture invariant:** it decides nothing about who may ask for what. Policies and Roles of
//! the cluster do, see `environment.jsonnet`; so what it could be talked into, it may not do.

mod error;
mod follow;
mod job;
mod keep;
mod observe;
mod request;
mod says;
mod serve;
mod writes;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use serve::{Runner, Terms};
