//! From the parser's events to values. A stack of open collections stands for recursion.

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span, options};
use serde_json::Value;

use crate::mapping::{Key, Mapping};
use crate::{Refusal, Why, tag};

/// How deep collections may nest. What reads the JSON (`serde_json`) stops at 127.
pub const MAX_DEPTH: usize = 120;

/// What the anchors and aliases of a file may copy: bytes of text, and 16 for each node.
/// A whole Kubernetes object is about 1.5 MiB at most.
pub const MAX_COPIED: usize = 16 << 20;

/// What a node costs besides its text.
const NODE: usize = 16;

/// One document of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its value, never null.
    pub value: Value,
    /// The line where its content begins, from 1.
    pub line: usize,
}

/// The documents of a text. One that is empty or null is none, as for kubectl.
///
/// # Errors
/// What is wrong, and where.
pub fn load(text: &str) -> Result<Vec<Document>, Refusal> {
    check_line_breaks(text)?;
    let mut options = options! {};
    // Another crate may have turned on the feature that tells of comments.
    options.set_emit_comments(false);
    let mut loader = Loader {
        text,
        open: Vec::new(),
        anchors: HashMap::new(),
        copied: 0,
        documents: Vec::new(),
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            let why = match error.kind() {
                ErrorKind::RecursionLimitExceeded => Why::Depth,
                _ => Why::Syntax(error.info()),
            };
            why.at(&Span::empty(*error.marker()))
        })?;
        loader.event(&event, &span)?;
    }
    Ok(loader.documents)
}

/// What ends a line in YAML 1.1, and so for kubectl, but is a character in YAML 1.2.
fn check_line_breaks(text: &str) -> Result<(), Refusal> {
    let breaks = ['\u{85}', '\u{2028}', '\u{2029}'];
    match text.char_indices().find(|(_, c)| breaks.contains(c)) {
        None => Ok(()),
        Some((at, got)) => Err(Refusal {
            why: Why::LineBreak { got },
            range: at..at + got.len_utf8(),
        }),
    }
}

/// A finished value.
#[derive(Debug, Clone)]
struct Node {
    value: Value,
    /// What a copy of it costs.
    cost: usize,
    /// How deep it nests: 0 for a scalar.
    height: usize,
}

#[derive(Debug)]
enum Items {
    List(Vec<Value>),
    Mapping(Box<Mapping>),
}

/// A collection that is not at its end yet.
#[derive(Debug)]
struct Open {
    items: Items,
    anchor: usize,
    span: Span,
    cost: usize,
    height: usize,
}

struct Loader<'text> {
    text: &'text str,
    /// Outermost first.
    open: Vec<Open>,
    /// What aliases of this document may name, by the parser's number.
    anchors: HashMap<usize, Node>,
    copied: usize,
    documents: Vec<Document>,
}

impl Loader<'_> {
    fn event(&mut self, event: &Event<'_>, span: &Span) -> Result<(), Refusal> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value =
                    tag::scalar(text, *style, tag.as_deref()).map_err(|why| why.at(span))?;
                let node = Node {
                    value,
                    cost: NODE + text.len(),
                    height: 0,
                };
                self.remember(*anchor, &node, span)?;
                if !self.wants_key() {
                    return self.put(node, span);
                }
                let merges = *style == ScalarStyle::Plain && tag.is_none() && text == "<<";
                let key = if merges {
                    Key::Merge
                } else {
                    Key::Text(key(text, &node.value).map_err(|why| why.at(span))?)
                };
                self.put_key(key, span)
            }
            Event::Alias(id) => self.alias(*id, span),
            Event::SequenceStart(_, anchor, tag) => {
                tag::collection("seq", tag.as_deref()).map_err(|why| why.at(span))?;
                self.start(Items::List(Vec::new()), *anchor, span)
            }
            Event::MappingStart(_, anchor, tag) => {
                tag::collection("map", tag.as_deref()).map_err(|why| why.at(span))?;
                self.start(Items::Mapping(Box::default()), *anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, items: Items, anchor: usize, span: &Span) -> Result<(), Refusal> {
        if self.wants_key() {
            let before = span.byte_range().map(|range| &self.text[..range.start]);
            let got = match items {
                Items::List(_) => "a list",
                // `{{ .Values.name }}`
                Items::Mapping(_) if before.is_some_and(|text| text.ends_with('{')) => {
                    "a mapping, or a template that is not rendered"
                }
                Items::Mapping(_) => "a mapping",
            };
            return Err(Why::Key { got }.at(span));
        }
        self.check_depth(1, span)?;
        self.open.push(Open {
            items,
            anchor,
            span: *span,
            cost: NODE,
            height: 1,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Refusal> {
        let Some(open) = self.open.pop() else {
            return Ok(()); // The parser ends only what it started.
        };
        let node = Node {
            value: match open.items {
                Items::List(items) => Value::Array(items),
                Items::Mapping(mapping) => mapping.finish(),
            },
            cost: open.cost,
            height: open.height,
        };
        self.remember(open.anchor, &node, &open.span)?;
        self.put(node, &open.span)
    }

    /// A copy of what an anchor names.
    fn alias(&mut self, id: usize, span: &Span) -> Result<(), Refusal> {
        let alias = span.slice(self.text).unwrap_or_default();
        let Some(node) = self.anchors.get(&id) else {
            // The parser refuses a name without an anchor, so this anchor's node has no end yet.
            let alias = alias.to_owned();
            return Err(Why::Endless { alias }.at(span));
        };
        let (cost, height) = (node.cost, node.height);
        self.pay(cost, span)?;
        self.check_depth(height, span)?;
        let node = self.anchors[&id].clone();
        if !self.wants_key() {
            return self.put(node, span);
        }
        let Value::String(text) = node.value else {
            let got = "an alias of something else";
            return Err(Why::Key { got }.at(span));
        };
        self.put_key(Key::Text(text), span)
    }

    fn wants_key(&self) -> bool {
        match self.open.last() {
            Some(Open {
                items: Items::Mapping(mapping),
                ..
            }) => mapping.wants_key(),
            _ => false,
        }
    }

    fn put_key(&mut self, key: Key, span: &Span) -> Result<(), Refusal> {
        let Some(Open {
            items: Items::Mapping(mapping),
            cost,
            ..
        }) = self.open.last_mut()
        else {
            return Ok(()); // Only called where `wants_key`.
        };
        if let Key::Text(text) = &key {
            *cost += NODE + text.len();
        }
        mapping.key(key, span)
    }

    /// Puts a finished value where it belongs: into the open collection, else it is a document.
    fn put(&mut self, node: Node, span: &Span) -> Result<(), Refusal> {
        let Some(open) = self.open.last_mut() else {
            if !node.value.is_null() {
                self.documents.push(Document {
                    value: node.value,
                    line: span.start.line(),
                });
            }
            return Ok(());
        };
        open.cost += node.cost;
        open.height = open.height.max(node.height + 1);
        match &mut open.items {
            Items::List(items) => {
                items.push(node.value);
                Ok(())
            }
            Items::Mapping(mapping) => mapping.value(node.value),
        }
    }

    fn remember(&mut self, anchor: usize, node: &Node, span: &Span) -> Result<(), Refusal> {
        if anchor > 0 {
            self.pay(node.cost, span)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
    }

    fn pay(&mut self, cost: usize, span: &Span) -> Result<(), Refusal> {
        self.copied = self.copied.saturating_add(cost);
        if self.copied > MAX_COPIED {
            return Err(Why::Copies.at(span));
        }
        Ok(())
    }

    fn check_depth(&self, more: usize, span: &Span) -> Result<(), Refusal> {
        if self.open.len() + more > MAX_DEPTH {
            return Err(Why::Depth.at(span));
        }
        Ok(())
    }
}

/// The key that a scalar is. Of what is no text, kubectl makes text: taken only where that is
/// what is written.
fn key(written: &str, value: &Value) -> Result<String, Why> {
    if let Value::String(text) = value {
        return Ok(text.clone());
    }
    let text = value.to_string();
    let same = text == written;
    let is = match value {
        Value::Bool(_) if same => return Ok(written.to_owned()),
        Value::Number(number) if same && number.is_i64() => return Ok(written.to_owned()),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(value) => format!("the number {value}"),
        _ => text,
    };
    let got = written.to_owned();
    Err(Why::KeyScalar { got, is })
}
