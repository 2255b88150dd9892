//! `manifest closure`: whether what objects refer to is there, over all objects of a deep target.
//!
//! One file below is one class of reference. Each reads the fields of its class, asks the [`Graph`]
//! for what stands there, and reports what is not. Where nothing can be said (an object that others
//! make, another's namespace) nothing is reported.

mod accounts;
mod backends;
mod claims;
mod classes;
mod config;
mod external;
mod finding;
mod generated;
mod graph;
mod labels;
mod networks;
mod pods;
mod probes;
mod resources;
mod scaling;
mod selectors;
mod services;
mod volumes;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;
use windlass_k8s_object::Object;

pub use external::External;
pub use finding::{Dangling, Problem};

use crate::cli::Closure;
use crate::error::{Cause, Error};
use crate::file;
use graph::{Found, Graph, Target};

/// Checks all objects together; all that dangles is said at once.
///
/// # Errors
/// See [`Error`].
pub fn run(arguments: &Closure) -> Result<(), Error> {
    let checked: BTreeSet<_> = arguments.object.iter().collect();
    let closed = || {
        let objects = parsed(arguments.object.iter())?;
        let given = arguments.given.iter();
        let given = parsed(given.filter(|path| !checked.contains(path)))?;
        let dangling = dangling(&objects, &given, &arguments.external);
        if dangling.is_empty() {
            return file::write(&arguments.out, "");
        }
        Err(Cause::Dangling { dangling })
    };
    closed().map_err(|cause| Error {
        task: "check",
        label: arguments.label.clone(),
        cause: Box::new(cause),
    })
}

/// The objects of files. What is none is told where the file is checked by itself.
fn parsed<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Result<Vec<Object>, Cause> {
    let mut objects = Vec::new();
    for path in paths {
        match file::object(path) {
            Ok(object) => objects.push(object),
            Err(Cause::Object { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(objects)
}

/// What objects refer to and is not there, in the order of the objects. `given` are other objects:
/// they may be referred to, and are not checked themselves.
pub fn dangling(objects: &[Object], given: &[Object], externals: &[External]) -> Vec<Dangling> {
    let graph = Graph::new(objects.iter().chain(given), externals);
    let mut all = Vec::new();
    for object in objects {
        let mut check = Check {
            graph: &graph,
            object,
            found: Vec::new(),
        };
        for class in CLASSES {
            class(&mut check);
        }
        all.append(&mut check.found);
    }
    all
}

/// Every class of reference.
const CLASSES: [fn(&mut Check<'_>); 12] = [
    services::check,
    backends::check,
    selectors::check,
    networks::check,
    scaling::check,
    accounts::check,
    config::check,
    volumes::check,
    claims::check,
    classes::check,
    probes::check,
    resources::check,
];

/// One object that is checked, and what was found in it.
struct Check<'a> {
    graph: &'a Graph<'a>,
    object: &'a Object,
    found: Vec<Dangling>,
}

impl<'a> Check<'a> {
    fn document(&self) -> &'a Value {
        self.object.document()
    }

    /// Whether the object is of this kind.
    fn is(&self, group: &str, kind: &str) -> bool {
        let key = self.object.key();
        key.group == group && key.kind.as_str() == kind
    }

    /// The namespace that names without one are in.
    fn namespace(&self) -> &'a str {
        graph::namespace(self.object)
    }

    fn report(&mut self, path: impl Into<String>, problem: Problem) {
        self.found.push(Dangling {
            object: self.object.key().to_string(),
            path: path.into(),
            problem,
        });
    }

    /// The object of this name beside the checked one; what is not there is reported.
    fn named(&mut self, path: &str, target: Target<'_>, name: &str) -> Option<&'a Object> {
        self.named_in(path, target, self.namespace(), name)
    }

    /// The object of this name in a namespace; what is not there is reported.
    fn named_in(
        &mut self,
        path: &str,
        target: Target<'_>,
        namespace: &str,
        name: &str,
    ) -> Option<&'a Object> {
        match self.graph.find(target, namespace, name) {
            Found::Object(object) => Some(object),
            Found::Unknown => None,
            Found::Nothing { nearest } => {
                let problem = Problem::Object {
                    kind: target.kind.to_owned(),
                    name: name.to_owned(),
                    nearest,
                };
                self.report(path, problem);
                None
            }
        }
    }
}

/// The entries of a list, with their indexes; none where there is no list.
fn entries<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (usize, &'a Value)> + use<'a> {
    let list = value.get(name).and_then(Value::as_array);
    list.into_iter().flatten().enumerate()
}

/// A text that says something.
fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    let text = value.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then_some(text)
}
