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
    let merged = merged(state).is_some_and(|into| found.file == into);
    Ok((!same && !merged).then_some(found))
}

/// The kubeconfig that was merged into.
fn merged(state: &State) -> Option<PathBuf> {
    let text = std::fs::read_to_string(state.merged()).ok()?;
    Some(PathBuf::from(text))
}

/// Refuses to merge over what others have under this name in the user's kubeconfig, before
/// anything is made.
pub fn may_merge(state: Option<&State>, context: &str, called: &Called) -> Result<(), Error> {
    if state.and_then(merged).is_some() {
        return Ok(());
    }
    let Some(file) = called.environment.kubeconfigs().into_iter().next() else {
        return Ok(());
    };
    let ours = match state {
        Some(state) if file == state.kubeconfig() => return Ok(()),
        Some(state) => kubeconfig::read(&state.kubeconfig())?,
        None => None,
    };
    match kubeconfig::read(&file)? {
        Some(theirs) if kubeconfig::is_taken(&theirs, ours.as_ref(), context) => {
            Err(Error::NameTaken {
                context: context.to_owned(),
                file,
            })
        }
        _ => Ok(()),
    }
}

/// Merges the context into the user's kubeconfig where that was asked for, now or before.
pub fn merge(asked: bool, state: &State, context: &str, called: &Called) -> Result<(), Error> {
    if asked {
        may_merge(Some(state), context, called)?;
    }
    let target = match merged(state) {
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
