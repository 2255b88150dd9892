//! `yaml to-json`: reads a file, and writes its documents as JSON once all of them hold.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::ToJson;
use crate::documents;
use crate::error::{Cause, Error, Want};
use crate::excerpt::{excerpt, position};
use crate::{Document, load};

/// Reads the source that the arguments name, converts it, and writes the outputs.
pub fn run(arguments: &ToJson) -> Result<(), Error> {
    convert(arguments).map_err(|cause| Error {
        label: arguments.label.clone(),
        cause: Box::new(cause),
    })
}

fn convert(arguments: &ToJson) -> Result<(), Cause> {
    let documents = read(&arguments.src)?;
    for (path, text) in texts(arguments, documents)? {
        std::fs::write(&path, text).map_err(|source| Cause::Write { path, source })?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<Document>, Cause> {
    let bytes = std::fs::read(path).map_err(|source| Cause::Read {
        path: path.to_owned(),
        source,
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let (text, rest) = error.as_bytes().split_at(valid);
        let (line, column) = position(&String::from_utf8_lossy(text), valid);
        Cause::Encoding {
            path: path.to_owned(),
            line,
            column,
            byte: rest.first().copied().unwrap_or_default(),
        }
    })?;
    load(&text).map_err(|refusal| {
        let (line, column) = position(&text, refusal.range.start);
        Cause::Refused {
            path: path.to_owned(),
            line,
            column,
            why: refusal.why,
            excerpt: excerpt(&text, &refusal.range),
        }
    })
}

/// Each output's text: JSON with an indent of two, keys in source order, a line end at the end.
fn texts(arguments: &ToJson, documents: Vec<Document>) -> Result<Vec<(PathBuf, String)>, Cause> {
    let ToJson { src, outputs, .. } = arguments;
    if documents.is_empty() {
        return Err(Cause::Empty { path: src.clone() });
    }
    let (paths, want) = match &outputs.object {
        Some(path) => (std::slice::from_ref(path), Want::Object),
        None => (&outputs.document[..], Want::Outs(outputs.document.len())),
    };
    if paths.len() != documents.len() && (!paths.is_empty() || outputs.list.is_none()) {
        return Err(Cause::Count {
            path: src.clone(),
            hint: documents::hint(arguments, want, &documents),
            documents: documents::describe(&documents),
            want,
        });
    }
    let text = |value: &Value| format!("{value:#}\n");
    let mut texts: Vec<_> = paths
        .iter()
        .zip(&documents)
        .map(|(path, document)| (path.clone(), text(&document.value)))
        .collect();
    if let Some(path) = &outputs.list {
        let all = documents.into_iter().map(|document| document.value);
        texts.push((path.clone(), text(&Value::Array(all.collect()))));
    }
    Ok(texts)
}
