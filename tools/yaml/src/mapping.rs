//! A mapping while it is read: its keys, keys given twice, and merges (`<<: *base`).

use std::collections::HashMap;

use granit_parser::Span;
use serde_json::{Map, Value};

use crate::{Refusal, Why};

/// What stands before a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A key.
    Text(String),
    /// `<<`: the entries of the value become this mapping's.
    Merge,
}

/// The entries so far.
#[derive(Debug, Default)]
pub struct Mapping {
    entries: Map<String, Value>,
    /// The line of each key that is written here, and not merged.
    written: HashMap<String, usize>,
    /// The key whose value comes next.
    waiting: Option<(Key, Span)>,
}

impl Mapping {
    /// Whether the next node is a key.
    pub fn wants_key(&self) -> bool {
        self.waiting.is_none()
    }

    /// Takes a key.
    ///
    /// # Errors
    /// It is written here already.
    pub fn key(&mut self, key: Key, span: &Span) -> Result<(), Refusal> {
        let text = match &key {
            Key::Text(text) => text.clone(),
            Key::Merge => "<<".to_owned(),
        };
        if let Some(&first_line) = self.written.get(&text) {
            let key = text;
            return Err(Why::DuplicateKey { key, first_line }.at(span));
        }
        self.written.insert(text, span.start.line());
        self.waiting = Some((key, *span));
        Ok(())
    }

    /// Takes the value of the key before it.
    ///
    /// # Errors
    /// A merge of something else than mappings, or into what is written before it.
    pub fn value(&mut self, value: Value) -> Result<(), Refusal> {
        match self.waiting.take() {
            Some((Key::Text(key), _)) => {
                self.entries.insert(key, value);
                Ok(())
            }
            Some((Key::Merge, span)) => self.merge(value).map_err(|why| why.at(&span)),
            // The parser gives a key before each value.
            None => Ok(()),
        }
    }

    /// Of several mappings, the first that has a key counts.
    fn merge(&mut self, value: Value) -> Result<(), Why> {
        let sources = match value {
            Value::Array(items) => items,
            one => vec![one],
        };
        let mut merged = Map::new();
        for source in sources {
            let entries = match source {
                Value::Object(entries) => entries,
                Value::Array(_) => {
                    return Err(Why::MergeValue {
                        got: "a list in a list",
                    });
                }
                _ => return Err(Why::MergeValue { got: "a scalar" }),
            };
            for (key, value) in entries {
                merged.entry(key).or_insert(value);
            }
        }
        for (key, value) in merged {
            if !self.written.contains_key(&key) {
                self.entries.insert(key, value);
            } else if self.entries.get(&key) != Some(&value) {
                return Err(Why::MergeAfter { key });
            }
        }
        Ok(())
    }

    /// The finished mapping.
    pub fn finish(self) -> Value {
        Value::Object(self.entries)
    }
}
