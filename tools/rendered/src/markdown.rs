//! The answer for a comment on a pull request. Pure.

use std::fmt::Write as _;

use windlass_k8s_diff::FieldChange;
use windlass_k8s_diff::text::{Mark, field, harmless, object as object_lines, short};

use crate::Compared;
use crate::compare::Change;
use crate::summary::{Group, grouped, headline, many, names, object, reach};
use crate::text::join;

/// The text: a table of how far the change reaches, and each object to unfold.
pub fn markdown(compared: &Compared) -> String {
    let Compared {
        before,
        after,
        changes,
        ..
    } = compared;
    if changes.is_empty() {
        let all = many(compared.same, "manifest");
        return format!(
            "### Manifests: nothing changes\n\nOf {after} against {before}: {all} as before.\n"
        );
    }
    let mut text = format!(
        "### Manifests: {}\n\nOf {after} against {before}; {} as before.\n\n\
         | service | environments | objects |\n|---|---|---|\n",
        headline(changes),
        many(compared.same, "manifest")
    );
    for (service, reach) in reach(changes) {
        let environments = join(reach.environments.iter().copied());
        let _ = writeln!(text, "| `{service}` | {environments} | {} |", reach.words());
    }
    for group in grouped(changes) {
        text += &details(&group);
    }
    text
}

fn details(group: &Group<'_>) -> String {
    let first = group.first;
    let mut lines = Vec::new();
    match &first.change {
        Change::Added { .. } => {
            let object = object_lines(&object(first));
            lines.extend(object.iter().map(|line| format!("+{}", &line.text[3..])));
        }
        change => {
            for change in change.fields() {
                field_lines(change, &mut lines);
            }
        }
    }
    let environments = join(group.environments.iter().copied());
    let (kind, word) = (first.key.kind.as_str(), first.change.word());
    let heading = format!(
        "<b>{kind} {}</b> of {}: {word} in {environments}",
        names(first),
        first.service
    );
    if lines.is_empty() {
        return format!("\n{heading}\n");
    }
    let lines = lines.iter().map(|line| harmless(line) + "\n");
    let lines: String = lines.collect();
    let fence = fence(&lines);
    format!(
        "\n<details><summary>{heading}</summary>\n\n{fence}diff\n{lines}{fence}\n\n</details>\n"
    )
}

/// A field as lines of a diff: what goes and comes begins with its mark.
fn field_lines(change: &FieldChange, lines: &mut Vec<String>) {
    let block = field(change, "");
    if let [_] = block.as_slice() {
        let FieldChange { path, .. } = change;
        let one = |mark: Mark, value| format!("{mark} {path}: {}", short(value));
        lines.extend((!change.before.is_null()).then(|| one(Mark::Gone, &change.before)));
        lines.extend((!change.after.is_null()).then(|| one(Mark::New, &change.after)));
        return;
    }
    for line in block {
        // Four spaces before a path; six and the mark before an item.
        let text = match line.text.get(7..) {
            Some(rest) if line.mark != Mark::Around => format!("{} {rest}", line.mark),
            _ => line.text.get(2..).unwrap_or_default().to_owned(),
        };
        lines.push(text);
    }
}

/// More backticks than there are in a row in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}
