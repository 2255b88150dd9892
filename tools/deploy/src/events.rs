//! What happens in a run, as it happens: `--output=ndjson` prints one JSON object a line.
//!
//! The last line is the result document. Stable as that is: fields and types of events are added,
//! never renamed or removed without a new `version`. So a reader skips types that it does not know.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::inspect::Pods;
use crate::outcome::{ClusterOutcome, ImageOutcome, ObjectName, Outcome, PrunedOutcome};
use crate::progress::Stdout;

/// The version of the events.
pub const VERSION: u32 = 1;

/// One line of `--output=ndjson`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "deploy-event.v1")]
pub struct Event {
    /// The version of the events.
    #[schemars(extend("const" = VERSION))]
    pub version: u32,
    /// Seconds since the run began.
    pub seconds: f64,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum What {
    /// The run began. Always the first event.
    Started {
        /// The verb: `apply`.
        verb: &'static str,
        /// The target: `//services/client:myns-deep`.
        target: String,
        /// The environment's name.
        environment: String,
        /// The environment's namespace; empty for setup.
        namespace: String,
        /// The kubeconfig context of its cluster.
        context: String,
    },
    /// The cluster answered, and is the right one.
    Connected {
        /// The cluster.
        cluster: ClusterOutcome,
    },
    /// It is decided what will be done. Nothing is written before. Where a run had to wait for
    /// another one, it may decide again: the last one holds.
    Planned {
        /// How many objects have each action: `{"create": 2, "same": 5}`. The words are those of
        /// `objects[].action` in the result document.
        objects: BTreeMap<&'static str, usize>,
        /// How many images will be pushed.
        pushes: usize,
    },
    /// The registry has an image that it had not.
    Pushed {
        /// The image, as in the result document.
        image: ImageOutcome,
    },
    /// The API server has taken an object.
    Written {
        /// The object.
        object: ObjectName,
        /// Its action in the plan: `create`.
        action: &'static str,
    },
    /// The API server has taken the deletion of an object, which may still be going.
    Deleted {
        /// The object.
        object: ObjectName,
        /// Its action in the plan: `delete`.
        action: &'static str,
    },
    /// The API server has taken the deletion of an object that no target describes any more.
    Pruned {
        /// The object.
        object: PrunedOutcome,
    },
    /// While waiting: an object is not ready, or stands otherwise than it did. What is ready from
    /// the start has no such event.
    Status {
        /// The object.
        object: ObjectName,
        /// Whether it is ready.
        ready: bool,
        /// Its pods; `null` for kinds that make none.
        pods: Option<Pods>,
        /// Why it is not ready; `null` if it is.
        reason: Option<String>,
    },
    /// All objects of a group are ready, and so are the groups that it depends on.
    Ready {
        /// The id of the group.
        group: String,
    },
    /// Something that a person should know.
    Note {
        /// One line.
        text: String,
    },
    /// The run ended. Always the last event.
    Result {
        /// What `--output=json` prints.
        document: Box<Outcome>,
    },
}

/// Where events go; nowhere, unless they are asked for.
#[derive(Clone, Debug, Default)]
pub struct Events(Option<Stdout>);

impl Events {
    /// Events on stdout.
    pub fn to(stdout: Stdout) -> Self {
        Self(Some(stdout))
    }

    /// Prints an event, `seconds` into the run.
    ///
    /// # Errors
    /// What the operating system says of stdout.
    pub fn emit(&self, seconds: f64, what: What) -> std::io::Result<()> {
        let Some(stdout) = &self.0 else {
            return Ok(());
        };
        let event = Event {
            version: VERSION,
            seconds: (seconds * 1000.0).round() / 1000.0,
            what,
        };
        let mut line = serde_json::to_vec(&event).expect("plain data is JSON");
        line.push(b'\n');
        stdout.print(&line)
    }
}
