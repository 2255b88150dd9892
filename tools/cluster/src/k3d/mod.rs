//! The cluster by k3d: one node of k3s in a Docker container.
//!
//! [`plan`] says what is to be done, and does nothing; [`tools`] runs docker and k3d; [`run`] is
//! what the verbs call. Nobody here connects to the node: docker and k3d are asked about it.

pub mod images;
pub mod plan;
pub mod run;
pub mod settings;
pub mod tools;

pub use run::Cluster;
pub use settings::Settings;
pub use tools::Tools;
