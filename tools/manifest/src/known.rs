//! What a worker keeps from one action to the next.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use windlass_k8s_schema::Schemas;

use crate::error::Cause;
use crate::file;

/// Schemas, by their files. To parse one takes longer than all else of an action.
#[derive(Default)]
pub struct Known(HashMap<PathBuf, Parsed>);

struct Parsed {
    text: String,
    schemas: Schemas,
}

impl Known {
    /// The schema of a file, as the file is now: it is read each time, and parsed where it changed.
    pub(crate) fn schemas(&mut self, path: &Path) -> Result<&Schemas, Cause> {
        let text = file::read(path)?;
        if self.0.get(path).is_none_or(|known| known.text != text) {
            let schemas = Schemas::parse(&text).map_err(|source| Cause::Schema {
                path: path.to_owned(),
                source,
            })?;
            self.0.insert(path.to_owned(), Parsed { text, schemas });
        }
        Ok(&self.0[path].schemas)
    }
}
