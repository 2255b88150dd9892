//! Whether the library is described as it is.

use std::collections::BTreeSet;

use super::{Comment, File, Function, Parameter, code_spans, is_name};

/// Everything that is not described, or is described and not there; a line each.
pub fn problems(files: &[File]) -> Vec<String> {
    let functions = || files.iter().flat_map(|file| &file.functions);
    let names = functions().map(|function| function.name.as_str()).collect();
    let heads = files.iter().map(|file| (file.path, &file.head));
    let everywhere: BTreeSet<&str> = heads
        .clone()
        .flat_map(|(_, head)| described(head))
        .collect();
    let comments = functions().map(|function| (function.name.as_str(), &function.comment));
    let mut found: Vec<String> = functions()
        .flat_map(|function| of_function(function, &everywhere))
        .collect();
    let taken: BTreeSet<&str> = functions().flat_map(Function::takes).collect();
    found.extend(heads.clone().flat_map(|(path, head)| {
        let unused = described(head).filter(|name| !taken.contains(name));
        unused.map(move |name| format!("{path}: {name}: is no parameter"))
    }));
    found.extend(heads.chain(comments).flat_map(|(place, comment)| {
        let lost = references(comment).filter(|name| !is_known(name, &names));
        lost.map(move |name| format!("{place}: there is no `{name}`"))
    }));
    found
}

fn described(comment: &Comment) -> impl Iterator<Item = &str> {
    comment.parameters.iter().map(|(name, _)| name.as_str())
}

fn of_function(function: &Function, everywhere: &BTreeSet<&str>) -> Vec<String> {
    let name = &function.name;
    let parameters = function.parameters.as_deref().unwrap_or_default();
    let mut found = Vec::new();
    if function.comment.text.is_empty() {
        found.push(format!("{name}: says nothing"));
    }
    for parameter in parameters {
        let own = &parameter.name;
        if !described(&function.comment).any(|name| name == own)
            && !everywhere.contains(own.as_str())
        {
            found.push(format!("{name}: {own}: is not described"));
        }
        if !asks_by_name(name, parameter) {
            found.push(format!("{name}: {own}: want `error '{name}: set {own}'`"));
        }
    }
    for described in described(&function.comment) {
        if !function.takes().any(|name| name == described) {
            found.push(format!("{name}: {described}: is no parameter"));
        }
    }
    found
}

/// Whether the error for a parameter that is not given has the one form, if it is a mere text.
fn asks_by_name(function: &str, parameter: &Parameter) -> bool {
    let want = format!("{function}: set {}", parameter.name);
    let said = parameter.wanted().and_then(|text| text.strip_prefix('\''));
    let said = said.and_then(|text| text.strip_suffix('\''));
    said.is_none_or(|said| said == want)
}

/// Names such as `k8s.service` in a comment; `service.json` is that of a file.
fn references(comment: &Comment) -> impl Iterator<Item = &str> {
    let spans = comment.sentences().flat_map(code_spans);
    let spans = spans.filter(|span| span.rsplit('.').next() != Some("json"));
    spans.filter(|span| span.contains('.') && span.split('.').all(is_name))
}

/// Names that begin otherwise than ours are somebody else's.
fn is_known(name: &str, names: &BTreeSet<&str>) -> bool {
    let first = |name: &str| name.split('.').next().map(str::to_owned);
    names.contains(name) || !names.iter().any(|ours| first(ours) == first(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_described_is_found() {
        let text = "\
// Head.
// everywhere: a parameter.
// nowhere: none.

{
  one(everywhere, a, b=error 'x.one: set c'):: 1,

  // As `x.one` and `std.map`, not `x.tow`.
  // a: first.
  // c: third.
  two(a):: 2,
}
";
        let files = [super::super::file("x/x.libsonnet", text, "x")];
        assert_eq!(
            problems(&files),
            [
                "x.one: says nothing",
                "x.one: a: is not described",
                "x.one: b: is not described",
                "x.one: b: want `error 'x.one: set b'`",
                "x.two: c: is no parameter",
                "x/x.libsonnet: nowhere: is no parameter",
                "x.two: there is no `x.tow`",
            ]
        );
    }
}
