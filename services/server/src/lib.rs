//! The `RouteGuide` service: features and notes live in a Redis cluster, this process only serves them.
//!
//! Start order: the port is open and `liveness` is SERVING at once; `readiness` follows Redis. No
//! state of Redis ends the process: until it is there, calls are answered with UNAVAILABLE.
//!
//! - [`cli`]: arguments; - [`fixture`]: the feature data; - [`geometry`]: distances and rectangles;
//! - [`store`]: everything that is said to Redis; - [`guide`]: the four calls;
//! - [`measures`]: what is measured of Redis; - [`readiness`]: the health loop;
//! - [`run`]: start and end of the process.

pub mod cli;
pub mod error;
pub mod fixture;
pub mod geometry;
pub mod guide;
pub mod measures;
pub mod readiness;
pub mod run;
pub mod store;
