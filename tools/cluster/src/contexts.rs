//! The user's contexts: one that is there is used as it is, and ours goes in where that was asked
//! for.

use std::path::PathBuf;

use windlass_report::say;

use crate::cli::Called;
use crate::error::Error;
use crate::kubeconfig::{self, Context};
use crate::request::Target;
use crate::state::State;

/// A context of the cluster's name in the user's kubeconfig that is not this cluster: it is used as
/// it is. Ours is one with our certificate authority, or one that we merged.
pub fn foreign(
    target: &Target,
    state: Option<&State>,
    called: &Called,
) -> Result<Option<Context>, Error> {
    let name = &target.request.context;
    let Some(found) = kubeconfig::find(&called.environment.kubeconfigs(), name)? else {
        return Ok(None);
    };
    let Some(state) = state else {
        return Ok(Some(found));
    };
    let file = state.kubeconfig();
    let own = kubeconfig::read(&file)?.and_then(|config| kubeconfig::context(&config, name, &file));
    let same = own.is_some_and(|own| own.authority == found.authority);
    let merged = std::fs::read_to_string(state.merged())
        .is_ok_and(|into| found.file.as_os_str() == into.as_str());
    Ok((!same && !merged).then_some(found))
}

/// Merges the context into the user's kubeconfig where that was asked for, now or before.
pub fn merge(asked: bool, state: &State, context: &str, called: &Called) -> Result<(), Error> {
    let before = std::fs::read_to_string(state.merged())
        .ok()
        .map(PathBuf::from);
    let target = match before {
        Some(file) => Some(file),
        None if asked => called.environment.kubeconfigs().into_iter().next(),
        None => None,
    };
    let (Some(file), Some(ours)) = (target, kubeconfig::read(&state.kubeconfig())?) else {
        return Ok(());
    };
    if file == state.kubeconfig() {
        return Ok(());
    }
    let theirs = kubeconfig::read(&file)?;
    let merged = kubeconfig::merge(theirs.clone(), &ours);
    if theirs.as_ref() != Some(&merged) {
        kubeconfig::write(&file, &merged)?;
        say(&format!("context {context} is in {}", file.display()));
    }
    let text = file.as_os_str().as_encoded_bytes();
    std::fs::write(state.merged(), text).map_err(Error::io("write", state.merged()))
}
