//! Whether each of a target's `deps` is imported, by its own sources or by what these import.
//!
//! Imports are read from the sources, not from an evaluation: which of them are evaluated may
//! depend on the environment that is rendered for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jrsonnet_ir::visit::Visitor;
use jrsonnet_ir::{IStr, Source};
use jrsonnet_ir_parser::ParserSettings;
use windlass_jsonnet::Sources;
use windlass_jsonnet::cli::Imports;

use crate::Error;

/// Arguments of `deps`. LABEL and PLACE have a tab between them.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The target.
    #[arg(long, value_name = "LABEL")]
    pub label: String,
    /// What it may import.
    #[command(flatten)]
    pub imports: Imports,
    /// A source of its own.
    #[arg(long, value_name = "PLACE")]
    pub src: Vec<String>,
    /// Code in its attributes, as a JSON array.
    #[arg(long, value_name = "JSON", value_parser = texts)]
    pub code: Option<Texts>,
    /// One of its deps, and a file of that itself.
    #[arg(long, value_name = "LABEL PLACE", value_parser = of)]
    pub own: Vec<Of>,
    /// One of its deps, and a file that can be imported by it, its own included.
    #[arg(long, value_name = "LABEL PLACE", value_parser = of)]
    pub gives: Vec<Of>,
    /// One of its deps that has to be imported.
    #[arg(long, value_name = "LABEL")]
    pub dep: Vec<String>,
    /// An empty file that says that all is well.
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
}

/// A JSON array of texts.
#[derive(Debug, Clone)]
pub struct Texts(Vec<String>);

fn texts(json: &str) -> Result<Texts, serde_json::Error> {
    serde_json::from_str(json).map(Texts)
}

/// A file of a target.
#[derive(Debug, Clone)]
pub struct Of {
    label: String,
    place: String,
}

fn of(text: &str) -> Result<Of, &'static str> {
    let (label, place) = text.split_once('\t').ok_or("want a tab")?;
    let (label, place) = (label.to_owned(), place.to_owned());
    Ok(Of { label, place })
}

/// A target of `deps`.
#[derive(Debug, Default)]
struct Dep<'a> {
    own: BTreeSet<&'a str>,
    gives: BTreeSet<&'a str>,
}

/// Checks, and writes the marker.
pub fn run(args: &Args) -> Result<(), Error> {
    let sources = args.imports.sources().map_err(|cause| Error::Sources {
        label: args.label.clone(),
        cause,
    })?;
    let code = args.code.iter().flat_map(|texts| &texts.0);
    let reached = reached(&sources, &args.src, code);
    let unused = unused(args, &reached);
    if unused.is_empty() {
        return std::fs::write(&args.out, "").map_err(Error::file("write", &args.out));
    }
    Err(Error::Unused {
        label: args.label.clone(),
        unused: unused.into_iter().map(str::to_owned).collect(),
    })
}

/// The deps that could go, all of them at once.
fn unused<'a>(args: &'a Args, reached: &BTreeSet<String>) -> Vec<&'a str> {
    let mut deps: BTreeMap<&str, Dep<'_>> = BTreeMap::new();
    for Of { label, place } in &args.own {
        deps.entry(label).or_default().own.insert(place);
    }
    for Of { label, place } in &args.gives {
        deps.entry(label).or_default().gives.insert(place);
    }
    let mut unused: Vec<&str> = Vec::new();
    for label in &args.dep {
        let Some(dep) = deps.get(&**label) else {
            unused.push(label);
            continue;
        };
        let others = deps
            .iter()
            .filter(|(other, _)| *other != label && !unused.contains(other));
        let others: BTreeSet<&str> = others.flat_map(|(_, dep)| &dep.gives).copied().collect();
        let used = dep.own.iter().any(|place| reached.contains(*place))
            || dep
                .gives
                .iter()
                .any(|place| reached.contains(*place) && !others.contains(place));
        if !used {
            unused.push(label);
        }
    }
    unused
}

/// The places that the sources import, and those that these import, and so on.
fn reached<'a>(
    sources: &Sources,
    roots: &[String],
    code: impl Iterator<Item = &'a String>,
) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut unread: Vec<String> = roots.to_vec();
    let mut follow = |from: &str, text: &str, unread: &mut Vec<String>| {
        for import in imports(text) {
            let Some(place) = sources.find(from, &import.what) else {
                continue;
            };
            if reached.insert(place.to_owned()) && import.is_code {
                unread.push(place.to_owned());
            }
        }
    };
    for text in code {
        follow("", text, &mut unread);
    }
    let mut read = BTreeSet::new();
    while let Some(place) = unread.pop() {
        if !read.insert(place.clone()) {
            continue;
        }
        let text = sources.read(&place).map(String::from_utf8);
        if let Ok(Ok(text)) = text {
            follow(&place, &text, &mut unread);
        }
    }
    reached
}

/// An import in a source.
struct Import {
    what: String,
    is_code: bool,
}

/// The imports in a text; none if it is no Jsonnet, which the rendering says better.
fn imports(text: &str) -> Vec<Import> {
    struct Found(Vec<Import>);
    impl Visitor for Found {
        fn visit_import(&mut self, is_code: bool, what: IStr) {
            let what = what.to_string();
            self.0.push(Import { what, is_code });
        }
    }
    let source = Source::new_virtual("".into(), text.into());
    let mut found = Found(Vec::new());
    if let Ok(expression) = jrsonnet_ir_parser::parse(text, &ParserSettings { source }) {
        found.visit_expr(&expression);
    }
    found.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_jsonnet::Content;

    const FILES: &[(&str, &str)] = &[
        (
            "a/a.jsonnet",
            "// import 'd.libsonnet'\n(import 'b.libsonnet') + (import 'd.json')",
        ),
        (
            "a/b.libsonnet",
            "if std.extVar('x') then import 'c.libsonnet' else importstr 'e.txt'",
        ),
        ("a/c.libsonnet", "{ a: import 'b.libsonnet' }"),
        ("a/d.libsonnet", "{}"),
        ("a/d.json", "{}"),
        ("a/e.txt", "import 'd.libsonnet'"),
        ("a/broken.jsonnet", "{ a: import 'd.libsonnet'"),
    ];

    fn reached_from(root: &str, code: &[String]) -> Vec<String> {
        let mut sources = Sources::default();
        for (place, text) in FILES {
            let content = Content::Text((*text).to_owned());
            sources.add(place, content).expect("one each");
        }
        let roots = [root.to_owned()];
        reached(&sources, &roots, code.iter()).into_iter().collect()
    }

    #[test]
    fn imports_are_followed_whatever_is_evaluated() {
        assert_eq!(
            reached_from("a/a.jsonnet", &[]),
            ["a/b.libsonnet", "a/c.libsonnet", "a/d.json", "a/e.txt"]
        );
    }

    #[test]
    fn code_of_attributes_imports_from_the_root() {
        let code = ["(import 'a/d.libsonnet') + (import 'd.libsonnet')".to_owned()];
        assert_eq!(reached_from("a/broken.jsonnet", &code), ["a/d.libsonnet"]);
    }

    /// The deps that could go, of those that are given as label, own files, and files that they
    /// give besides.
    fn unused_of(
        deps: &[(&str, &[&str], &[&str])],
        keep: &[&str],
        reached: &[&str],
    ) -> Vec<String> {
        let lines = |label: &str, places: &[&str]| -> Vec<Of> {
            let line = |place: &&str| of(&format!("{label}\t{place}"));
            places
                .iter()
                .map(line)
                .collect::<Result<_, _>>()
                .expect("tabs")
        };
        let own = |dep: &(&str, &[&str], &[&str])| lines(dep.0, dep.1);
        let more = |dep: &(&str, &[&str], &[&str])| lines(dep.0, dep.2);
        let labels = deps.iter().map(|dep| dep.0.to_owned());
        let args = Args {
            label: "//x".to_owned(),
            imports: Imports::default(),
            src: Vec::new(),
            code: None,
            own: deps.iter().flat_map(own).collect(),
            gives: deps
                .iter()
                .flat_map(own)
                .chain(deps.iter().flat_map(more))
                .collect(),
            dep: labels.filter(|label| !keep.contains(&&**label)).collect(),
            out: PathBuf::new(),
        };
        let reached = reached.iter().map(|place| (*place).to_owned()).collect();
        unused(&args, &reached)
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_file_of_no_dep_is_an_error() {
        assert_eq!(of("//a a.libsonnet").expect_err("no tab"), "want a tab");
    }

    #[test]
    fn a_dep_that_nothing_imports_is_named() {
        let deps: &[(&str, &[&str], &[&str])] = &[("//a", &["a"], &["c"]), ("//b", &["b"], &["c"])];
        assert_eq!(unused_of(deps, &[], &["a", "c"]), ["//b"]);
        assert_eq!(unused_of(deps, &[], &["a", "b"]), Vec::<String>::new());
        assert_eq!(unused_of(deps, &["//b"], &["a"]), Vec::<String>::new());
        assert_eq!(
            unused_of(&[("//empty", &[], &[])], &[], &["a"]),
            ["//empty"]
        );
    }

    #[test]
    fn a_dep_is_used_for_what_only_it_gives() {
        let deps: &[(&str, &[&str], &[&str])] =
            &[("//all", &[], &["c"]), ("//more", &["d"], &["c"])];
        assert_eq!(unused_of(&deps[..1], &[], &["c"]), Vec::<String>::new());
        assert_eq!(
            unused_of(deps, &[], &["c"]),
            ["//all"],
            "the other one gives it too"
        );
        assert_eq!(unused_of(deps, &[], &["c", "d"]), ["//all"]);
        assert_eq!(unused_of(deps, &["//all"], &["c"]), ["//more"]);
    }
}
