//! What to render, parsed once from the command line.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cli::{Arguments, Names};
use crate::{Cause, Content, Documents, End, Error, Form, Sources};

/// One rendering.
#[derive(Debug, Clone)]
pub struct Request {
    /// The target, for messages.
    pub label: String,
    /// The place of the source.
    pub src: String,
    /// What it may import, itself included.
    pub sources: Sources,
    /// External variables.
    pub ext: BTreeMap<String, Value>,
    /// Arguments of the source's function; unused where it is none.
    pub tla: BTreeMap<String, Value>,
    /// What to make of its value.
    pub outputs: Outputs,
    /// How each of them is written.
    pub form: Form,
}

/// Where a variable's value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// This text.
    Text(String),
    /// The text of the file at this place.
    TextAt(String),
    /// The value of the Jsonnet or JSON at this place.
    CodeAt(String),
    /// This value.
    Json(serde_json::Value),
    /// An object; its fields are the JSON at these places.
    Fields(BTreeMap<String, String>),
}

/// The files to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outputs {
    /// The value goes to one file.
    One(PathBuf),
    /// The value is an object; the field of each name goes to a file, and it has no others.
    Keyed(BTreeMap<String, PathBuf>),
    /// The value is an object; each of its fields goes to a file of this folder.
    Folder(PathBuf),
}

impl TryFrom<&Arguments> for Request {
    type Error = Error;

    fn try_from(arguments: &Arguments) -> Result<Self, Error> {
        request(arguments).map_err(|cause| Error::Render {
            label: arguments.label.clone(),
            cause,
        })
    }
}

fn request(arguments: &Arguments) -> Result<Request, Cause> {
    let mut sources = arguments.imports.sources()?;
    sources.declared(&arguments.src)?;

    let mut ext = Variables {
        kind: "external variable",
        values: BTreeMap::new(),
    };
    ext.add_strings(arguments.ext_strs.as_ref())?;
    ext.add_code(arguments.ext_code.as_ref(), &mut sources)?;
    ext.add_files(&arguments.ext_str_file, &sources, Value::TextAt)?;
    ext.add_files(&arguments.ext_code_file, &sources, Value::CodeAt)?;
    for (name, fields) in rendered(&arguments.ext_rendered, &mut sources)? {
        ext.add(&name, Value::Fields(fields))?;
    }

    let mut tla = Variables {
        kind: "argument",
        values: BTreeMap::new(),
    };
    tla.add_strings(arguments.tla_strs.as_ref())?;
    tla.add_code(arguments.tla_code.as_ref(), &mut sources)?;
    tla.add_files(&arguments.tla_str_file, &sources, Value::TextAt)?;
    tla.add_files(&arguments.tla_code_file, &sources, Value::CodeAt)?;
    if let Some(params) = &arguments.params {
        tla.add("params", Value::Json(params.clone()))?;
    }

    Ok(Request {
        label: arguments.label.clone(),
        src: arguments.src.clone(),
        sources,
        ext: ext.values,
        tla: tla.values,
        outputs: outputs(arguments)?,
        form: form(arguments),
    })
}

fn form(arguments: &Arguments) -> Form {
    Form {
        format: arguments.format,
        documents: if arguments.stream {
            Documents::Stream
        } else {
            Documents::One
        },
        end: if arguments.no_trailing_newline {
            End::Nothing
        } else {
            End::Line
        },
    }
}

fn outputs(arguments: &Arguments) -> Result<Outputs, Cause> {
    if let Some(folder) = &arguments.out_dir {
        return Ok(Outputs::Folder(folder.clone()));
    }
    let outs = arguments.out.as_chunks().0;
    if !arguments.multiple {
        return match outs {
            [[_, path]] => Ok(Outputs::One(path.into())),
            _ => Err(Cause::Outputs { got: outs.len() }),
        };
    }
    let mut keyed = BTreeMap::new();
    for [name, path] in outs {
        if keyed.insert(name.clone(), path.into()).is_some() {
            return Err(Cause::OutputTwice { name: name.clone() });
        }
    }
    Ok(Outputs::Keyed(keyed))
}

fn rendered(
    given: &[String],
    sources: &mut Sources,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, Cause> {
    let mut all: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for [name, field, path] in given.as_chunks().0 {
        sources.add(path, Content::File(path.clone()))?;
        if all
            .entry(name.clone())
            .or_default()
            .insert(field.clone(), path.clone())
            .is_some()
        {
            return Err(Cause::FieldTwice {
                variable: name.clone(),
                field: field.clone(),
            });
        }
    }
    Ok(all)
}

struct Variables {
    kind: &'static str,
    values: BTreeMap<String, Value>,
}

impl Variables {
    fn add(&mut self, name: &str, value: Value) -> Result<(), Cause> {
        match self.values.insert(name.to_owned(), value) {
            Some(_) => Err(Cause::VariableTwice {
                kind: self.kind,
                name: name.to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn add_strings(&mut self, given: Option<&Names>) -> Result<(), Cause> {
        given
            .into_iter()
            .flat_map(|names| &names.0)
            .try_for_each(|(name, text)| self.add(name, Value::Text(text.clone())))
    }

    /// Code from attributes is a source like any other, at a place that no file can have, so
    /// that it is evaluated when it is used and named where it is wrong.
    fn add_code(&mut self, given: Option<&Names>, sources: &mut Sources) -> Result<(), Cause> {
        for (name, code) in given.into_iter().flat_map(|names| &names.0) {
            let place = format!("<{} {name}>", self.kind);
            sources.add(&place, Content::Text(code.clone()))?;
            self.add(name, Value::CodeAt(place))?;
        }
        Ok(())
    }

    fn add_files(
        &mut self,
        given: &[String],
        sources: &Sources,
        make: fn(String) -> Value,
    ) -> Result<(), Cause> {
        for [name, place] in given.as_chunks().0 {
            sources.declared(place)?;
            self.add(name, make(place.clone()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    fn parsed(args: &[&str]) -> Request {
        let given = ["jsonnet", "--label=//a", "--src=a.jsonnet"];
        let files = ["a.jsonnet", "x/c.txt", "x/d.json"].map(|place| ["--file", place, place]);
        let given = given.iter().chain(files.as_flattened()).chain(args);
        let arguments =
            windlass_param_file::parse::<cli::Arguments>(given.map(std::ffi::OsString::from))
                .expect("usage");
        request(&arguments).expect("a request")
    }

    #[test]
    fn every_route_becomes_a_value() {
        let request = parsed(&[
            "--ext-strs={\"a\":\"1\"}",
            "--ext-code={\"b\":\"1+1\"}",
            "--ext-str-file",
            "c",
            "x/c.txt",
            "--ext-rendered",
            "//s",
            "service",
            "out/service.json",
            "--ext-rendered",
            "//s",
            "deployment",
            "out/deployment.json",
            "--tla-code-file",
            "d",
            "x/d.json",
            "--params={\"n\":1}",
            "--out",
            "a.json",
            "out/a.json",
        ]);
        assert_eq!(request.ext["a"], Value::Text("1".to_owned()));
        assert_eq!(
            request.ext["b"],
            Value::CodeAt("<external variable b>".to_owned())
        );
        assert_eq!(request.ext["c"], Value::TextAt("x/c.txt".to_owned()));
        assert_eq!(
            request.ext["//s"],
            Value::Fields(BTreeMap::from(
                [
                    ("service", "out/service.json"),
                    ("deployment", "out/deployment.json")
                ]
                .map(|(field, path)| (field.to_owned(), path.to_owned()))
            ))
        );
        assert_eq!(request.tla["d"], Value::CodeAt("x/d.json".to_owned()));
        assert_eq!(
            request.tla["params"],
            Value::Json(serde_json::json!({"n": 1}))
        );
        assert_eq!(request.outputs, Outputs::One("out/a.json".into()));
    }
}
