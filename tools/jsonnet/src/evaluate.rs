//! The evaluation: a request in, the text of each output out.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use jrsonnet_evaluator::function::CallLocation;
use jrsonnet_evaluator::rustc_hash::FxHashMap;
use jrsonnet_evaluator::stack::limit_stack_depth;
use jrsonnet_evaluator::tla::{TlaArg, apply_tla};
use jrsonnet_evaluator::trace::PathResolver;
use jrsonnet_evaluator::{IStr, ObjValue, ObjValueBuilder, ResultExt, State, Val};
use jrsonnet_gcmodule::{Acyclic, collect_thread_cycles};
use jrsonnet_stdlib::{ContextInitializer, TracePrinter};
use serde::Deserialize as _;

use crate::explain::explain;
use crate::form::parsed;
use crate::resolver::Resolver;
use crate::together::ordered;
use crate::{Cause, Outputs, Request, Sources, Value, apart};

/// How deep calls may nest: the default of the reference implementation (`--max-stack`).
pub const MAX_STACK: usize = 500;

/// An output's path and text.
pub type Output = (PathBuf, String);

/// What an evaluation gives.
#[derive(Debug)]
pub struct Rendered {
    /// Each output's path and text, or why there is none at all.
    pub files: Result<Vec<Output>, Cause>,
    /// What `std.trace` said, `trace: text` each, also where the evaluation failed.
    pub traces: Vec<String>,
}

/// Evaluates the source and writes every output in the form that is asked for.
pub fn evaluate(request: &Request) -> Rendered {
    let mut evaluator = Evaluator::new(Resolver::default());
    let rendered = evaluator.evaluate(request, HashMap::new());
    // What it holds goes with the process: to free it value by value takes longer.
    std::mem::forget(evaluator);
    rendered
}

/// An evaluator, and the values of files that it has evaluated.
///
/// Of one that failed no more can be asked: it remembers errors as it remembers values, and one
/// of them, calls that nest too deep, depends on where a value was first used.
pub struct Evaluator {
    state: State,
    context: ContextInitializer,
    resolver: Resolver,
    /// What was rendered last. To free it takes time, and is not needed where the process ends.
    last: Option<Val>,
}

impl Evaluator {
    /// One that knows no values; the resolver decides what is used again.
    pub fn new(resolver: Resolver) -> Self {
        let context = ContextInitializer::new(PathResolver::Absolute);
        let mut builder = State::builder();
        builder
            .import_resolver(resolver.clone())
            .context_initializer(context.clone());
        Self {
            state: builder.build(),
            context,
            resolver,
            last: None,
        }
    }

    /// Evaluates one request. `digests` stand for the bytes of its files, by path; they are
    /// used where the resolver shares values.
    pub fn evaluate(&mut self, request: &Request, digests: HashMap<String, String>) -> Rendered {
        let lines = Lines::default();
        self.resolver.look_at(&request.sources, digests);
        let files = self.files(request, &lines);
        Rendered {
            files,
            traces: lines.0.take(),
        }
    }

    /// Frees what only the last request had a use for.
    pub fn clear(&mut self) {
        self.context.settings_mut().ext_vars.clear();
        self.last = None;
    }

    fn files(&mut self, request: &Request, lines: &Lines) -> Result<Vec<Output>, Cause> {
        let sources = &request.sources;
        {
            let mut settings = self.context.settings_mut();
            settings.trace_printer = Rc::new(lines.clone());
            settings.ext_vars = arguments(&request.ext, sources)?.into_iter().collect();
        }
        #[expect(clippy::mutable_key_type, reason = "the map that the evaluator wants")]
        let tla = arguments(&request.tla, sources)?;

        let _entered = self.state.enter();
        let _limit = limit_stack_depth(MAX_STACK);

        let value = self
            .state
            .import_resolved(self.resolver.path_of(&request.src))
            .and_then(|value| match (&value, tla.values().next()) {
                // The evaluator has forgotten the name of its parameter.
                (Val::Func(function), Some(argument))
                    if function.is_identity() && tla.len() == 1 =>
                {
                    argument.evaluate_tailstrict()
                }
                _ => apply_tla(&tla, value),
            })
            .map_err(|error| explain(&error, request))?;
        outputs(self.last.insert(value), request, lines)
    }
}

/// Frees values that nobody has and that refer to each other. Takes a look at every value.
pub fn collect() {
    collect_thread_cycles();
}

/// Keeps a thread that has evaluated from ending; the process ends around it.
///
/// At its end the evaluator's own values of the thread would be freed, the empty object among them,
/// which is in a list that may be gone by then: glibc finds the damage and aborts.
pub fn linger() -> ! {
    loop {
        std::thread::park();
    }
}

fn outputs(value: &Val, request: &Request, lines: &Lines) -> Result<Vec<Output>, Cause> {
    let sources = &request.sources;
    match &request.outputs {
        Outputs::One(path) => {
            let text = request.form.text(value);
            let text = text.map_err(|error| explain(&error, request))?;
            Ok(vec![(path.clone(), text)])
        }
        Outputs::Keyed(outs) => {
            let object = keyed(value, outs, &sources.shown(&request.src))?;
            each(request, object, outs, lines)
        }
        Outputs::Folder(folder) => {
            let (object, outs) = all(value, folder, &sources.shown(&request.src))?;
            each(request, object, &outs, lines)
        }
    }
}

/// The text of each output, which is a field of the object.
fn each(
    request: &Request,
    object: &ObjValue,
    outs: &BTreeMap<String, PathBuf>,
    lines: &Lines,
) -> Result<Vec<Output>, Cause> {
    let refused = |error| explain(&error, request);
    object.run_assertions().map_err(refused)?;
    let text = |name: &String| {
        object
            .get_or_bail(name.as_str().into())
            .and_then(|value| request.form.text(&value))
            .with_description(|| format!("output `{name}`"))
    };
    if apart::are_many(outs.len()) {
        let outs = ordered(outs, &request.sources);
        let said = lines.count();
        let made = apart::texts(outs.len(), |part| {
            let texts = outs[part].iter().map(|(name, _)| text(name));
            let texts = texts.collect::<Result<_, _>>().ok()?;
            (lines.count() == said).then_some(texts)
        });
        if let Some(texts) = made {
            let paths = outs.into_iter().map(|(_, path)| path.clone());
            return Ok(paths.zip(texts).collect());
        }
    }
    outs.iter()
        .map(|(name, path)| Ok((path.clone(), text(name).map_err(refused)?)))
        .collect()
}

/// The value as an object, and a file of the folder for each of its fields.
fn all<'a>(
    value: &'a Val,
    folder: &Path,
    source: &str,
) -> Result<(&'a ObjValue, BTreeMap<String, PathBuf>), Cause> {
    let place = source.to_owned();
    let Val::Obj(object) = value else {
        return Err(Cause::NoFolder {
            place,
            got: value.value_type().to_string(),
        });
    };
    let mut outs = BTreeMap::new();
    for field in object.fields() {
        let field = field.to_string();
        let want = plain(&field);
        if want.as_ref() != Some(&field) {
            return Err(Cause::NoFile {
                place,
                field,
                want: want.unwrap_or_else(|| "service.json".to_owned()),
            });
        }
        outs.insert(field.clone(), folder.join(field));
    }
    for field in outs.keys() {
        let mut folders = field.match_indices('/').map(|(end, _)| &field[..end]);
        if let Some(file) = folders.find(|folder| outs.contains_key(*folder)) {
            return Err(Cause::FileAndFolder {
                place,
                file: file.to_owned(),
                field: field.clone(),
            });
        }
    }
    Ok((object, outs))
}

/// The one way to write a path below a folder; `None` where it is none.
fn plain(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The value as an object whose fields are the declared outputs, no more and no less.
fn keyed<'a>(
    value: &'a Val,
    outs: &BTreeMap<String, PathBuf>,
    source: &str,
) -> Result<&'a ObjValue, Cause> {
    let place = source.to_owned();
    let Val::Obj(object) = value else {
        return Err(Cause::NoObject {
            place,
            got: value.value_type().to_string(),
            want: list(outs.keys()),
        });
    };
    let fields: BTreeSet<String> = object.fields().iter().map(ToString::to_string).collect();
    let missing = list(outs.keys().filter(|name| !fields.contains(*name)));
    let undeclared = list(fields.iter().filter(|field| !outs.contains_key(*field)));
    match (missing.is_empty(), undeclared.is_empty()) {
        (true, true) => Ok(object),
        (false, _) => Err(Cause::NoField {
            place,
            missing,
            fields: list(&fields),
        }),
        (true, false) => Err(Cause::NoOutput {
            place,
            undeclared,
            outs: list(outs.keys()),
        }),
    }
}

fn list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names
        .into_iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn arguments(
    values: &BTreeMap<String, Value>,
    sources: &Sources,
) -> Result<FxHashMap<IStr, TlaArg>, Cause> {
    let argument = |value: &Value| {
        Ok(match value {
            Value::Text(text) => TlaArg::String(text.as_str().into()),
            Value::TextAt(place) => TlaArg::ImportStr(place.clone()),
            Value::CodeAt(place) => TlaArg::Import(place.clone()),
            Value::Json(json) => {
                TlaArg::Val(Val::deserialize(json).expect("JSON holds only what Jsonnet knows"))
            }
            Value::Fields(places) => TlaArg::Val(fields(places, sources)?),
        })
    };
    values
        .iter()
        .map(|(name, value)| Ok((name.as_str().into(), argument(value)?)))
        .collect()
}

fn fields(places: &BTreeMap<String, String>, sources: &Sources) -> Result<Val, Cause> {
    let mut object = ObjValueBuilder::with_capacity(places.len());
    for (field, place) in places {
        let json = sources.read(place)?;
        let value: Val = parsed(&json).map_err(|source| Cause::Parse {
            path: sources.shown(place),
            source,
        })?;
        object.field(field.as_str()).value(value);
    }
    Ok(Val::Obj(object.build()))
}

/// Lines in the order in which they were said.
#[derive(Clone, Default, Acyclic)]
struct Lines(Rc<RefCell<Vec<String>>>);

impl Lines {
    fn count(&self) -> usize {
        self.0.borrow().len()
    }
}

impl TracePrinter for Lines {
    /// The evaluator calls its own functions without a place, so there is none to show.
    fn print_trace(&self, _: CallLocation, value: IStr) {
        self.0.borrow_mut().push(format!("trace: {value}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Content, Form};

    const ONE: &[&str] = &[];

    /// A request for `a/a.jsonnet`; `files` may be imported; without `outs`, one output.
    fn request(code: &str, files: &[(&str, &str)], outs: &[&str]) -> Request {
        let mut sources = Sources::default();
        for (place, text) in files.iter().chain([&("a/a.jsonnet", code)]) {
            sources
                .add(place, Content::Text((*text).to_owned()))
                .expect("one each");
        }
        Request {
            label: "//a:a".to_owned(),
            src: "a/a.jsonnet".to_owned(),
            sources,
            ext: BTreeMap::new(),
            tla: BTreeMap::new(),
            outputs: match outs {
                [] => Outputs::One("out.json".into()),
                outs => Outputs::Keyed(outs.iter().map(|o| ((*o).to_owned(), o.into())).collect()),
            },
            form: Form::default(),
        }
    }

    fn text(request: &Request) -> String {
        let mut files = evaluate(request).files.expect("renders");
        files.pop().expect("an output").1
    }

    /// The error as a user reads it, without its first line.
    fn why(request: &Request) -> String {
        let cause = evaluate(request).files.expect_err("fails");
        let lines = std::iter::once(cause.to_string()).chain(cause.evidence());
        lines.fold(String::new(), |text, line| text + &line + "\n")
    }

    #[test]
    fn fields_are_sorted_and_indented_by_two() {
        let request = request("{ b: [1, 0.5], a: { 'é': 'ü' }, h:: 1 }", &[], ONE);
        let want = "{\n  \"a\": {\n    \"é\": \"ü\"\n  },\n  \"b\": [\n    1,\n    0.5\n  ]\n}\n";
        assert_eq!(text(&request), want);
    }

    #[test]
    fn each_field_goes_to_its_file() {
        let request = request("{ 'b.json': 2, 'a.json': 1 }", &[], &["a.json", "b.json"]);
        let files = evaluate(&request).files.expect("renders");
        assert_eq!(
            files,
            [
                ("a.json".into(), "1\n".to_owned()),
                ("b.json".into(), "2\n".to_owned())
            ]
        );
    }

    #[test]
    fn each_field_goes_to_a_file_of_the_folder() {
        let mut request = request("{ 'b.json': 2, 'sub/a.json': 1, hidden:: 3 }", &[], ONE);
        request.outputs = Outputs::Folder("out".into());
        let files = evaluate(&request).files.expect("renders");
        assert_eq!(
            files,
            [
                ("out/b.json".into(), "2\n".to_owned()),
                ("out/sub/a.json".into(), "1\n".to_owned())
            ]
        );
    }

    #[test]
    fn a_file_of_the_folder_is_written_in_one_way() {
        assert_eq!(plain("a/b.json").as_deref(), Some("a/b.json"));
        for path in ["./a/b.json", "a/./b.json", "a//b.json", "a/b.json/"] {
            assert_eq!(plain(path).as_deref(), Some("a/b.json"), "{path}");
        }
        for path in ["", ".", "..", "/", "/a", "../a", "a/../b"] {
            assert_eq!(plain(path), None, "{path}");
        }
    }

    #[test]
    fn every_kind_of_value_arrives() {
        let code = "function(t, f, j) [t, f, j.n, std.extVar('c'), std.extVar('//s').service.port]";
        let files = [
            ("a/f.txt", "line\n"),
            ("<c>", "local x = import 'x.libsonnet'; x + 1"),
            ("a/x.libsonnet", "error 'not from the root'"),
            ("x.libsonnet", "2"),
            ("out/service.json", "{\"port\": 50051}"),
        ];
        let mut request = request(code, &files, ONE);
        request.tla = BTreeMap::from([
            ("t".to_owned(), Value::Text("te\"xt".to_owned())),
            ("f".to_owned(), Value::TextAt("a/f.txt".to_owned())),
            ("j".to_owned(), Value::Json(serde_json::json!({"n": null}))),
        ]);
        let fields = BTreeMap::from([("service".to_owned(), "out/service.json".to_owned())]);
        request.ext = BTreeMap::from([
            ("c".to_owned(), Value::CodeAt("<c>".to_owned())),
            ("//s".to_owned(), Value::Fields(fields)),
        ]);
        let got: serde_json::Value = serde_json::from_str(&text(&request)).expect("JSON");
        assert_eq!(got, serde_json::json!(["te\"xt", "line\n", null, 3, 50051]));
    }

    #[test]
    fn a_source_may_give_its_argument_as_it_is() {
        for code in ["function(params) params", "local id(v) = v; id"] {
            let mut request = request(code, &[("a/b.jsonnet", "[2]")], ONE);
            let name = if code.starts_with("local") {
                "v"
            } else {
                "params"
            };
            let json = Value::Json(serde_json::json!({"n": 1}));
            request.tla = BTreeMap::from([(name.to_owned(), json)]);
            assert_eq!(text(&request), "{\n  \"n\": 1\n}\n");
            let file = Value::CodeAt("a/b.jsonnet".to_owned());
            request.tla = BTreeMap::from([(name.to_owned(), file)]);
            assert_eq!(text(&request), "[\n  2\n]\n");
            request.tla.clear();
            assert!(
                why(&request).contains("function argument is not passed"),
                "{}",
                why(&request)
            );
        }
    }

    #[test]
    fn a_number_of_another_target_is_the_one_that_was_rendered() {
        let files = [("out/a.json", "{\"a\": 0.15384615384615385}")];
        let mut request = request("std.extVar('//s').s.a", &files, ONE);
        let fields = BTreeMap::from([("s".to_owned(), "out/a.json".to_owned())]);
        request.ext = BTreeMap::from([("//s".to_owned(), Value::Fields(fields))]);
        assert_eq!(text(&request), "0.15384615384615385\n");
    }

    #[test]
    fn a_value_of_another_target_nests_as_deep_as_it_was_rendered() {
        let deep = ["[".repeat(200), "]".repeat(200)].concat();
        let files = [("out/a.json", &*deep)];
        let code = "std.manifestJsonMinified(std.extVar('//s').s)";
        let mut request = request(code, &files, ONE);
        let fields = BTreeMap::from([("s".to_owned(), "out/a.json".to_owned())]);
        request.ext = BTreeMap::from([("//s".to_owned(), Value::Fields(fields))]);
        assert_eq!(text(&request), format!("\"{deep}\"\n"));
    }

    #[test]
    fn traces_are_kept_apart_from_data() {
        let request = request("local x = std.trace('seen', 1);\nx + 1", &[], ONE);
        let rendered = evaluate(&request);
        assert_eq!(rendered.files.expect("renders")[0].1, "2\n");
        assert_eq!(rendered.traces, ["trace: seen"]);
    }

    #[test]
    fn this_file_is_its_place() {
        let request = request(
            "(import 'b.libsonnet') + [std.thisFile]",
            &[("a/b.libsonnet", "[std.thisFile]")],
            ONE,
        );
        assert_eq!(
            text(&request),
            "[\n  \"a/b.libsonnet\",\n  \"a/a.jsonnet\"\n]\n"
        );
    }

    #[test]
    fn an_error_shows_place_line_and_stack() {
        let library = "{\n  service(port):: if port < 1 then error 'k8s.service: set port' else { port: port },\n}\n";
        let code = "local k8s = import 'k8s.libsonnet';\n\n{ 'a.json': k8s.service(0) }\n";
        let request = request(code, &[("a/k8s.libsonnet", library)], &["a.json"]);
        assert_eq!(
            why(&request),
            "a/k8s.libsonnet:2:36: k8s.service: set port\n  \
               2 |   service(port):: if port < 1 then error 'k8s.service: set port' else { port: port },\n    \
                 |                                    ^^^^^\n  \
               at a/a.jsonnet:3:24: function <service> call\n  \
               3 | { 'a.json': k8s.service(0) }\n    \
                 |                        ^^^\n  \
               in output `a.json`\n"
        );
    }

    #[test]
    fn a_syntax_error_shows_its_place() {
        let request = request("{\n  a: 1\n  b: 2,\n}", &[], ONE);
        assert_eq!(
            why(&request),
            "a/a.jsonnet:3:3: syntax error: expected '}', got identifier \"b\"\n  3 |   b: 2,\n    |   ^\n"
        );
    }

    #[test]
    fn unknown_variables_are_all_named() {
        let request = request("{ a: one, b: two }", &[], ONE);
        assert_eq!(
            why(&request),
            "a/a.jsonnet:1:6: undefined local: one\n  1 | { a: one, b: two }\n    |      ^^^\n  undefined local: two\n"
        );
    }

    #[test]
    fn an_import_that_is_not_declared_is_shown_with_its_namesakes() {
        let request = request(
            "{\n  a: import 'c/x.libsonnet',\n}",
            &[("b/x.libsonnet", "1")],
            ONE,
        );
        assert_eq!(
            why(&request),
            "a/a.jsonnet:2:13: cannot import 'c/x.libsonnet': no file of `deps` (of a service: `jsonnet_deps`) \
             or `data` is found by it\n  \
               2 |   a: import 'c/x.libsonnet',\n    \
                 |             ^^^^^^^^^^^^^^^\n  \
               declared with that file name: 'b/x.libsonnet'\n  \
               in field <a>\n"
        );
    }

    #[test]
    fn a_missing_field_is_found_by_its_only_use() {
        let request = request("local s = { port: 1 };\n{ a: s.prot }", &[], ONE);
        assert_eq!(
            why(&request),
            "a/a.jsonnet:2:8: no such field: prot\n  \
               2 | { a: s.prot }\n    \
                 |        ^^^^\n  \
               fields of similar names: port\n  \
               in field <a>\n"
        );
    }

    #[test]
    fn a_misspelt_argument_is_shown_with_the_nearest_that_there_is() {
        let library = "{ server(name, image=name, port=80):: { p: port } }";
        let request = request(
            "local s = import 'b/s.libsonnet';\n{ a: s.server('x', prot=1) }",
            &[("b/s.libsonnet", library)],
            ONE,
        );
        assert_eq!(
            why(&request),
            "a/a.jsonnet:2:14: parameter prot is not defined\n  \
               2 | { a: s.server('x', prot=1) }\n    \
                 |              ^^^^^^^^^^^^^\n  \
               the nearest is: port\n  \
               in field <a>\n"
        );
    }

    #[test]
    fn endless_recursion_is_an_error_of_bounded_length() {
        let request = request("local f(x) = f(x + 1) + 1; f(1)", &[], ONE);
        let why = why(&request);
        assert!(
            why.starts_with("a/a.jsonnet:1:15: stack overflow: calls nest deeper than 500\n"),
            "{why}"
        );
        assert!(why.lines().count() < 30, "{why}");
    }
}
