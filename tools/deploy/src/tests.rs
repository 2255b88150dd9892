//! Contract tests: a whole run against an API server on loopback that keeps objects in memory and
//! notes what it is asked; and the screens that people see.

mod case;
mod diff;
mod errors;
mod faults;
mod forward;
mod graph;
mod groups;
mod logs;
mod proof;
mod push;
mod ready;
mod replace;
mod results;
mod run;
mod screens;
mod status;
mod tls;
mod tree;
mod worker;

use windlass_api_server_fake as fake;
