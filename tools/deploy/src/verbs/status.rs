//! `status`: how the objects stand, on stdout. Writes nothing, and needs neither namespaces nor kinds
//! to be there, nor images to be pinned, nor the right to write: who has it sees by the API server's
//! dry run whether objects are as described.

use std::time::{Duration, SystemTime};

use super::Context;
use crate::desired::{Checks, Desired};
use crate::error::Error;
use crate::inspect::{Around, Standing, around, text};
use crate::plan::Live;
use crate::request::Verb;
use crate::session::{Ask, Session};

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    let mut desired = context.load(Checks::All)?;
    let session = context.open(&desired.environment).await?;
    let looked = look(&session, &mut desired).await?;
    let (standings, command) = (looked.standings, looked.command);
    context.print(&text(&desired, &standings, now()))?;
    let of = standings.len();
    let missing = standings.iter().filter(|one| !one.exists).count();
    let open = standings.iter().filter(|one| !one.is_ready()).count() - missing;
    {
        let mut state = context.journal.state();
        state.desired = Some(desired);
        state.standings = standings;
    }
    if missing + open == 0 {
        return Ok(());
    }
    let apply = context.request.command_of(Verb::Apply);
    Err(Error::NotReady {
        missing,
        open,
        of,
        hint: command.filter(|_| missing == 0).unwrap_or(apply),
    })
}

/// How the objects of a request stand.
pub(super) struct Looked {
    /// What is there.
    pub seen: Vec<Live>,
    /// How each of it stands.
    pub standings: Vec<Standing>,
    /// What to type to see more of the first that is not ready.
    pub command: Option<String>,
}

/// Looks at the objects, and reads why those are not ready that are not.
pub(super) async fn look(session: &Session<'_>, desired: &mut Desired) -> Result<Looked, Error> {
    match session.sign_namespaces(desired).await {
        // Somebody else's may be looked at.
        Ok(()) | Err(Error::Owner { .. }) => {}
        Err(error) => return Err(error),
    }
    let groups = match session.remember(desired).await {
        // Who may look need not be somebody who may read inventories.
        Err(Error::Read { source, .. }) if source.is_forbidden() => Vec::new(),
        groups => groups?,
    };
    let seen = session.look(Ask::Write, desired, &groups).await?;
    let unread = Around::default().standings(desired, &seen);
    let around = around(session, desired, &unread).await;
    let mut standings = around.standings(desired, &seen);
    let command = explain(session, desired, &seen, &around, &mut standings).await;
    around.tell_images(desired, &mut standings);
    Ok(Looked {
        seen,
        standings,
        command,
    })
}

/// The time since 1970.
pub(super) fn now() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default()
}

/// Says which images run, and why objects are not ready; gives back what to type to see more of the first.
async fn explain(
    session: &Session<'_>,
    desired: &Desired,
    seen: &[Live],
    around: &Around,
    standings: &mut [Standing],
) -> Option<String> {
    let mut first = None;
    let triples = desired.objects.iter().zip(seen).zip(standings);
    for ((wanted, live), standing) in triples {
        let Some(object) = live.object().filter(|_| !standing.is_ready()) else {
            continue;
        };
        let key = wanted.object.key();
        let explanation = around.explain(session, key, object, standing).await;
        standing.explain(&explanation);
        first.get_or_insert_with(|| explanation.describe_command(&session.place.kubectl));
    }
    first
}
