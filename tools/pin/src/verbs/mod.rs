//! What the tool can do, a file each: `Arguments`, and `run` that gives an [`Outcome`].

pub mod list;
pub mod set;

use crate::checkout::Checkout;
use crate::environment::Environment;
use crate::request::PinRequest;

/// What every verb works with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The constants.
    pub request: PinRequest,
    /// The checkout.
    pub checkout: Checkout,
    /// The environment of the process.
    pub environment: Environment,
}

/// What a verb has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// For stdout.
    pub data: String,
    /// Lines for stderr.
    pub notes: Vec<String>,
}
