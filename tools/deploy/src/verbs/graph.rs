//! `graph`: a page that shows the objects, what needs what and how they stand; and the same as a
//! picture. Looks as `status` does. Without a cluster that answers it shows what is described, and says why.

use std::path::{Path, PathBuf};

use windlass_page::graph::{html, svg};
use windlass_report::render;

use super::Context;
use super::status::{Looked, look, now};
use crate::credentials::moment;
use crate::desired::{Checks, Desired};
use crate::drawing::{DrawError, Look, commits, stack, write};
use crate::error::Error;
use crate::session::Place;

/// Why nobody has looked, where that is what was asked for.
const OFFLINE: &str = "--offline was given";

/// Runs the verb.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    let mut desired = context.load(Checks::All)?;
    let commits = commits(context.request, context.runfiles)?;
    let looked = if context.options.offline {
        Err(OFFLINE.to_owned())
    } else {
        let seen = seen(context, &mut desired).await;
        seen.map_err(|error| reason(&error))
    };
    let look = looked.as_ref().map_err(Clone::clone);
    let look = look.map(|(place, looked)| Look {
        place,
        live: &looked.seen,
        standings: &looked.standings,
        at: moment(now()),
    });
    if let Err(why) = &look {
        context.note(&format!("drawn without live state: {why}"));
    }
    let stack = stack(context.request, &desired, &look, &commits);
    let options = context.options;
    for (wanted, ending, text) in [
        (&options.html, "graph.html", html(&stack)),
        (&options.svg, "graph.svg", svg(&stack)),
    ] {
        let path = wanted.clone();
        let path = path.unwrap_or_else(|| file_name(&context.request.target, ending));
        write(&context.placed(&path), &text).map_err(|source| DrawError::Write {
            path: path.clone(),
            source,
        })?;
        context.print(&format!("{}\n", path.display()))?;
    }
    Ok(())
}

/// What `status` sees.
async fn seen(context: &Context<'_>, desired: &mut Desired) -> Result<(Place, Looked), Error> {
    let session = context.open(&desired.environment).await?;
    let looked = look(&session, desired).await?;
    Ok((session.place, looked))
}

/// An error in one line, without its hint: what it hints at is for those who apply.
fn reason(error: &Error) -> String {
    let text = render(error);
    let lines = text.lines().filter_map(|line| {
        let cause = line.strip_prefix("cause: ");
        cause.or_else(|| line.strip_prefix("error: "))
    });
    lines.collect::<Vec<_>>().join(": ")
}

/// `client-myns-deep.graph.html` of `//services/client:myns-deep`.
fn file_name(target: &str, ending: &str) -> PathBuf {
    let (package, name) = target.split_once(':').unwrap_or((target, ""));
    let package = Path::new(package).file_name().unwrap_or_default();
    let parts = [package.to_string_lossy(), name.into()];
    let parts: Vec<_> = parts.iter().filter(|part| !part.is_empty()).collect();
    let name = parts.into_iter().map(AsRef::as_ref).collect::<Vec<&str>>();
    let name = name.join("-").replace('/', "-");
    PathBuf::from(format!("{name}.{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_for_their_target() {
        for (target, want) in [
            ("//services/client:myns-deep", "client-myns-deep.html"),
            ("//services/client", "client.html"),
            ("//:all", "all.html"),
            ("@@other//a/b:c/d", "b-c-d.html"),
        ] {
            assert_eq!(file_name(target, "html"), Path::new(want), "{target}");
        }
    }
}
