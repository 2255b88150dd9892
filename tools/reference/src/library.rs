//! The Jsonnet library as its sources describe it: each function with its comment and parameters.
//!
//! A comment has one form: sentences; lines that are indented are code; then each parameter at the
//! beginning of a line, with a colon and what it is, on as many lines as that takes. The comment at the
//! head of a file may describe parameters that are the same in all functions.

mod comment;
mod problems;
mod signature;

pub use comment::{Block, Comment};
pub use problems::problems;
pub use signature::Parameter;

/// A file of the library: its path, by which it is imported after `windlass/`, and its text.
macro_rules! source {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../jsonnet/", $path)))
    };
}

/// All files, in the order of the page.
pub const FILES: &[(&str, &str)] = &[
    source!("k8s.libsonnet"),
    source!("k8s/workloads.libsonnet"),
    source!("k8s/containers.libsonnet"),
    source!("k8s/scheduling.libsonnet"),
    source!("k8s/storage.libsonnet"),
    source!("k8s/config.libsonnet"),
    source!("k8s/network.libsonnet"),
    source!("k8s/rights.libsonnet"),
    source!("k8s/policy.libsonnet"),
    source!("k8s/object.libsonnet"),
    source!("service.libsonnet"),
    source!("network_policy.libsonnet"),
    source!("monitoring.libsonnet"),
    source!("agent.libsonnet"),
    source!("envs.libsonnet"),
];

/// What the files of `k8s/` are made of; no user sees it.
const INNER: &str = "k8s/object.libsonnet";

/// A file that users see.
#[derive(Debug)]
pub struct File {
    /// Its path in the library.
    pub path: &'static str,
    /// What stands at its head.
    pub head: Comment,
    /// In the order of the file.
    pub functions: Vec<Function>,
}

/// A function, or an object that holds some.
#[derive(Debug)]
pub struct Function {
    /// As users write it, `k8s.probe.grpc`.
    pub name: String,
    /// What stands above it.
    pub comment: Comment,
    /// What it takes; `None` for an object that holds functions.
    pub parameters: Option<Vec<Parameter>>,
}

impl Function {
    /// The names of what it takes.
    fn takes(&self) -> impl Iterator<Item = &str> {
        let parameters = self.parameters.iter().flatten();
        parameters.map(|parameter| parameter.name.as_str())
    }
}

/// All files that users see.
pub fn files() -> Vec<File> {
    let seen = FILES.iter().filter(|(path, _)| *path != INNER);
    let mut local = String::new();
    seen.map(|(path, text)| {
        let file = file(path, text, &local);
        // The files of a folder are joined by the one before them, which says how it is called.
        if let Some(own) = own_local(path, &file.head) {
            own.clone_into(&mut local);
        }
        file
    })
    .collect()
}

/// The name by which the head of a file imports it.
fn own_local<'a>(path: &str, head: &'a Comment) -> Option<&'a str> {
    let ending = format!(" = import 'windlass/{path}';");
    let mut lines = head.text.iter().flat_map(|block| match block {
        Block::Code(code) => code.lines(),
        Block::Sentences(_) => "".lines(),
    });
    lines.find_map(|line| line.strip_suffix(&ending)?.strip_prefix("local "))
}

/// A file; `local` is how the files before it are called.
fn file(path: &'static str, text: &str, local: &str) -> File {
    let lines: Vec<&str> = text.lines().collect();
    let is_head = |line: &&&str| line.starts_with("//");
    let head = Comment::parse(lines.iter().take_while(is_head).copied());
    let local = own_local(path, &head).unwrap_or(local);
    File {
        path,
        functions: functions(&lines, local),
        head,
    }
}

/// Functions stand at the first level of indentation, or in an object at the second.
fn functions(lines: &[&str], local: &str) -> Vec<Function> {
    let mut found = Vec::new();
    let mut inside: Option<&str> = None;
    for (index, line) in lines.iter().enumerate() {
        let rest = line.trim_start();
        let level = (line.len() - rest.len()) / 2;
        if level == 1 && rest == "}," {
            inside = None;
        }
        let object = rest.strip_suffix(":: {");
        let object = object.filter(|name| level == 1 && is_name(name));
        let name = match (level, object, inside, called(rest)) {
            (0, _, _, Some("function")) => local.to_owned(),
            (1, Some(name), ..) | (1, _, None, Some(name)) => format!("{local}.{name}"),
            (2, _, Some(object), Some(name)) => format!("{local}.{object}.{name}"),
            _ => continue,
        };
        found.push(Function {
            name,
            comment: above(&lines[..index], level),
            parameters: object.is_none().then(|| signature::parse(&lines[index..])),
        });
        inside = object.or(inside);
    }
    found
}

/// The comment that ends with these lines.
fn above(lines: &[&str], level: usize) -> Comment {
    let start = " ".repeat(2 * level) + "//";
    let own = lines
        .iter()
        .rev()
        .take_while(|line| line.starts_with(&start));
    let first = lines.len() - own.count();
    Comment::parse(lines[first..].iter().copied())
}

/// The name in `name(`.
fn called(line: &str) -> Option<&str> {
    let (name, _) = line.split_once('(')?;
    is_name(name).then_some(name)
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|letter| letter.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// What stands between backquotes in a text.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(functions: &[Function]) -> Vec<&str> {
        functions
            .iter()
            .map(|function| function.name.as_str())
            .collect()
    }

    #[test]
    fn functions_are_found_with_those_in_objects() {
        let text = "\
// Head.
local inner(x) = x;

{
  // One.
  one(
    a,
    b=2,
  ):: inner(a),

  // Some.
  some:: {
    // Two.
    two(c):: c,
  },
  three():: self.one(
    inner(1),
    2,
  ),
}
";
        let file = file("k8s/x.libsonnet", text, "k8s");
        assert_eq!(
            names(&file.functions),
            ["k8s.one", "k8s.some", "k8s.some.two", "k8s.three"]
        );
        let sentences = |text: &str| vec![Block::Sentences(text.to_owned())];
        let texts: Vec<_> = file
            .functions
            .iter()
            .map(|function| function.comment.text.clone())
            .collect();
        assert_eq!(
            texts,
            [
                sentences("One."),
                sentences("Some."),
                sentences("Two."),
                vec![]
            ]
        );
        assert_eq!(file.head.text, sentences("Head."));
        assert!(file.functions[1].parameters.is_none());
    }

    #[test]
    fn a_file_that_is_a_function_is_called_as_its_head_imports_it() {
        let text = "\
// Head.
//
//   local own = import 'windlass/x.libsonnet';
// a: something.
function(a) a
";
        let file = file("x.libsonnet", text, "k8s");
        assert_eq!(names(&file.functions), ["own"]);
        assert_eq!(file.functions[0].comment, file.head);
    }

    /// Of the library itself: each function and each parameter is described, and nothing else.
    #[test]
    fn the_library_is_documented() {
        let none: Vec<String> = Vec::new();
        assert_eq!(problems(&files()), none);
    }
}
