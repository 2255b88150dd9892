//! The JSON Schemas of what this tool prints for machines, from the types of it.
//! `docs/schemas/` has them; `bazel run //:update` writes them.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

use crate::events::Event;
use crate::outcome::Outcome;

/// The schema of the result document.
pub fn result() -> Schema {
    schema::<Outcome>()
}

/// The schema of one line of events.
pub fn event() -> Schema {
    schema::<Event>()
}

fn schema<T: JsonSchema>() -> Schema {
    // As it is written, not as it would be read: what is always there is required.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>()
}
