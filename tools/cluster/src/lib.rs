//! The local cluster: a real Kubernetes of one node on this machine.
//!
//! The verbs (`up`, `down`, ...) are in [`verbs`], one file each. [`provider`] says who runs the
//! cluster: whoever is behind a context that is there, [`k3d`], or this program ([`embedded`]).
//!
//! For the last, `up` starts a supervisor, a process of this same program, and the supervisor
//! starts the node. Everything of the cluster ends when its supervisor ends, however it ends: the
//! node is a PID namespace whose first process dies with it, and the ports on 127.0.0.1 are threads
//! of it.
//!
//! The host has no link and no route to the node. Its ports are sockets that were opened in the
//! host's network namespace and are served from the node's, see [`publish`].

pub mod cgroup;
pub mod cli;
pub mod contexts;
pub mod embedded;
pub mod environment;
pub mod error;
pub mod k3d;
pub mod kubeconfig;
pub mod node;
pub mod port;
pub mod programs;
pub mod provider;
pub mod publish;
pub mod record;
pub mod request;
pub mod settings;
pub mod state;
pub mod supervisor;
pub mod toolbox;
pub mod verbs;

#[cfg(test)]
mod tests;
