//! The cases, by name.

mod agent;
mod agent_pod;
mod bundle;
mod corpus;
mod data;
mod engine;
mod failures;
mod kept;
mod languages;
mod local_registry;
mod monitoring;
mod node;
mod order;
mod proof;
mod python;
mod registry;
mod runner;
mod runner_account;
mod schema;
mod stack;
mod users;
mod verbs;
mod walk;

use crate::Harness;

/// All names.
pub const NAMES: [&str; 21] = [
    "agent",
    "agent-pod",
    "bundle",
    "corpus",
    "data",
    "engine",
    "failures",
    "kept",
    "languages",
    "monitoring",
    "node",
    "order",
    "proof",
    "python",
    "registry",
    "runner",
    "schema",
    "stack",
    "users",
    "verbs",
    "walk",
];

/// The case of a name.
pub fn named(name: &str) -> Option<fn(&Harness)> {
    match name {
        "stack" => Some(stack::run),
        "agent" => Some(agent::run),
        "agent-pod" => Some(agent_pod::run),
        "bundle" => Some(bundle::run),
        "corpus" => Some(corpus::run),
        "data" => Some(data::run),
        "engine" => Some(engine::run),
        "failures" => Some(failures::run),
        "kept" => Some(kept::run),
        "languages" => Some(languages::run),
        "monitoring" => Some(monitoring::run),
        "node" => Some(node::run),
        "order" => Some(order::run),
        "proof" => Some(proof::run),
        "python" => Some(python::run),
        "registry" => Some(registry::run),
        "runner" => Some(runner::run),
        "schema" => Some(schema::run),
        "users" => Some(users::run),
        "verbs" => Some(verbs::run),
        "walk" => Some(walk::run),
        _ => None,
    }
}

/// The namespace that `myns` is in this build: of the user who built it.
fn own_namespace(harness: &Harness) -> String {
    let namespace = std::fs::read_to_string(harness.runfile("prod/myns.rendered/namespace.json"));
    let object: serde_json::Value =
        serde_json::from_str(&namespace.expect("the namespace is a runfile")).expect("JSON");
    crate::kubectl_name(&object).to_owned()
}
