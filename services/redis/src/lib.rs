//! What a Redis cluster needs beside Redis: somebody who forms it, and who tells its nodes where the
//! others are after all addresses have changed.
//!
//! Each pod runs this beside its own Redis. Again and again, [`observe`] looks at the own node and, where
//! something is amiss, at its peers by their stable names; [`decide`] says what to do, and is pure;
//! [`act`] does it, to the own node only. [`identity`] sees to it that a
//! replica copies its master and nobody else. [`probe`] and [`handover`] are what the kubelet runs.
//!
//! **Invariant:** nothing is ever wiped. There is no FLUSHALL and no CLUSTER RESET in this crate, and
//! no slot is taken that any node's disk knows an owner of.

pub mod act;
pub mod cli;
pub mod decide;
pub mod error;
pub mod handover;
pub mod identity;
pub mod install;
pub mod observe;
pub mod probe;
pub mod run;
pub mod slots;
pub mod table;
pub mod wire;
