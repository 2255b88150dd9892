//! The embedded cluster, as `up` finds and leaves it.

use std::path::Path;
use std::time::Duration;

use windlass_report::say;

use crate::error::Error;
use crate::node::{self, Stopped};
use crate::programs;
use crate::record;
use crate::settings::Settings;
use crate::state::State;

/// How long a cluster that says it runs may take to prove it, before it is started anew.
const PROOF: Duration = Duration::from_secs(20);

/// Starts it, or mends what is left of it; false where it was up. One that runs with other
/// settings, or does not answer, starts anew. `scripts` is the folder of the node's scripts,
/// `program` this program's own file.
pub fn up(
    state: &State,
    settings: &Settings,
    scripts: &Path,
    program: &Path,
    timeout: Duration,
) -> Result<bool, Error> {
    if record::running(state).is_some() {
        let same =
            state.settings().as_ref() == Some(settings) && programs::same(scripts, &state.node());
        if !same {
            say("the cluster runs with other settings: starting it anew");
        } else if node::is_ready(state, settings) && node::names_resolve(state, settings) {
            return Ok(false);
        } else if node::await_ready(state, settings, PROOF, None).is_ok() {
            return Ok(true);
        } else {
            say("the cluster does not answer: starting it anew");
        }
    }
    // Also clears up after a supervisor that was killed.
    if node::stop(state) == Stopped::Failed {
        return Err(node::not_stopped(&settings.context));
    }
    say(&format!(
        "starting {} (embedded: one node in namespaces of its own)",
        settings.context
    ));
    let supervisor = node::start(state, settings, scripts, program)?;
    node::await_ready(state, settings, timeout, Some(supervisor))?;
    Ok(true)
}
