//! A traveller: asks the `RouteGuide` server all four kinds of question, again and again, and logs the
//! answers. A server that is away is waited for, however long that takes.
//!
//! - [`cli`]: arguments; - [`point`]: points as one types them; - [`backoff`]: how long to wait;
//! - [`calls`]: the four calls and what is logged of them; - [`run`]: the loop around them.

pub mod backoff;
pub mod calls;
pub mod cli;
pub mod error;
pub mod point;
pub mod run;
