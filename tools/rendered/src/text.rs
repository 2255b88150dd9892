//! The answer for people, on a terminal or in a log. Pure.

use std::fmt::Write as _;

use windlass_k8s_diff::text::{Colour, Line, Mark, field, object as object_lines};

use crate::Compared;
use crate::compare::Change;
use crate::summary::{Group, grouped, headline, many, names, object, reach};

/// The text: how far the change reaches, then each object with its fields.
pub fn text(compared: &Compared, colour: Colour) -> String {
    let Compared {
        before,
        after,
        changes,
        ..
    } = compared;
    let against = format!("{after} against {before}");
    if changes.is_empty() {
        let all = many(compared.same, "manifest");
        return format!("{against}: nothing changes, {all} as before\n");
    }
    let mut text = format!("{against}: {}\n", headline(changes));
    let services = reach(changes);
    let width = services.keys().map(|name| name.len()).max().unwrap_or(0);
    for (service, reach) in &services {
        let environments = join(reach.environments.iter().copied());
        let _ = writeln!(
            text,
            "  {service:width$}  {environments}: {}",
            reach.words()
        );
    }
    let _ = writeln!(text, "  {} as before", many(compared.same, "manifest"));
    let mut service = "";
    for group in grouped(changes) {
        if group.first.service != service {
            service = &group.first.service;
            let _ = writeln!(text, "\n{service}");
        }
        for line in lines(&group) {
            let _ = writeln!(text, "{}", line.painted(colour));
        }
    }
    text
}

/// `dev, prod`.
pub fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn lines(group: &Group<'_>) -> Vec<Line> {
    let first = group.first;
    let mark = match &first.change {
        Change::Added { .. } => Mark::New,
        Change::Removed => Mark::Gone,
        Change::Changed { .. } | Change::Renamed { .. } => Mark::Changed,
    };
    let environments = join(group.environments.iter().copied());
    let kind = first.key.kind.as_str();
    let heading = format!("{kind} {}  in {environments}", names(first));
    let mut lines = vec![Line::heading(mark, heading)];
    match &first.change {
        Change::Added { .. } => lines.extend(object_lines(&object(first))),
        change => lines.extend(change.fields().iter().flat_map(|one| field(one, ""))),
    }
    lines
}
