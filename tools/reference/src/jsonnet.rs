//! `docs/jsonnet.md`.

use std::fmt::Write as _;

use crate::library::{Block, Comment, File, Function, Parameter, files};

const HEAD: &str = "\
# The Jsonnet library

Made from the comments of `jsonnet/` by `bazel run //:update`.

A parameter that stands without a default has to be given. Those that are the same everywhere are described once, at the
head of [`windlass/k8s.libsonnet`](#windlassk8slibsonnet).

";

/// Columns that a line of code may have.
const WIDTH: usize = 100;

pub(crate) fn page() -> String {
    let files = files();
    let names: Vec<&str> = files
        .iter()
        .flat_map(|file| &file.functions)
        .map(|function| function.name.as_str())
        .collect();
    let text = files.iter().map(section).collect::<String>();
    HEAD.to_owned() + &linked(&text, &names)
}

/// A file: its head, a table of its functions, and these.
fn section(file: &File) -> String {
    let mut text = match file.path.split_once('/') {
        None => format!("## windlass/{}\n\n", file.path),
        Some((_, name)) => format!("### {}\n\n", title(name)),
    };
    if file
        .functions
        .iter()
        .all(|function| function.comment != file.head)
    {
        text += &comment(&file.head);
    }
    if file.functions.len() > 1 {
        text += "| function | |\n|---|---|\n";
        for function in &file.functions {
            let first = first_sentence(&function.comment);
            let _ = writeln!(text, "| `{}` | {first} |", function.name);
        }
        text += "\n";
    }
    let level = if file.path.contains('/') {
        "####"
    } else {
        "###"
    };
    text.extend(file.functions.iter().map(|function| entry(function, level)));
    text
}

/// `workloads.libsonnet` -> `Workloads`.
fn title(name: &str) -> String {
    let name = name.trim_end_matches(".libsonnet");
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}

fn first_sentence(comment: &Comment) -> &str {
    let text = comment.text.iter().find_map(|block| match block {
        Block::Sentences(text) => Some(text.as_str()),
        Block::Code(_) => None,
    });
    let text = text.unwrap_or_default();
    let end = text.find(". ").map_or(text.len(), |end| end + 1);
    &text[..end]
}

fn entry(function: &Function, level: &str) -> String {
    let mut text = format!("{level} {}\n\n", function.name);
    if let Some(parameters) = &function.parameters {
        let signature = signature(&function.name, parameters);
        let _ = write!(text, "```jsonnet\n{signature}\n```\n\n");
    }
    text + &comment(&function.comment)
}

/// `k8s.service(params, name, ports, app=name)`, on one line or a line for each parameter.
fn signature(name: &str, parameters: &[Parameter]) -> String {
    let shown = |parameter: &Parameter| match (parameter.wanted(), &parameter.default) {
        (None, Some(default)) => format!("{}={default}", parameter.name),
        _ => parameter.name.clone(),
    };
    let shown: Vec<String> = parameters.iter().map(shown).collect();
    let line = format!("{name}({})", shown.join(", "));
    if line.len() <= WIDTH {
        return line;
    }
    format!("{name}(\n  {},\n)", shown.join(",\n  "))
}

fn comment(comment: &Comment) -> String {
    let mut text = String::new();
    for block in &comment.text {
        let _ = match block {
            Block::Sentences(sentences) => write!(text, "{sentences}\n\n"),
            Block::Code(code) => write!(text, "```jsonnet\n{code}\n```\n\n"),
        };
    }
    for (name, what) in &comment.parameters {
        let _ = writeln!(text, "- `{name}`: {what}");
    }
    if !comment.parameters.is_empty() {
        text.push('\n');
    }
    text
}

/// Makes names of functions in a text links to them.
fn linked(text: &str, names: &[&str]) -> String {
    names.iter().fold(text.to_owned(), |text, name| {
        let anchor = name.to_lowercase().replace('.', "");
        text.replace(&format!("`{name}`"), &format!("[`{name}`](#{anchor})"))
    })
}
