//! Whether an object is as the schema of its kind says.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use serde_json::{Map, Number, Value};
use windlass_nearest::nearest;

use crate::finding::{Finding, Problem, Successor};
use crate::schema::{Kind, Schema, Schemas, Type, Values, Version};

/// Characters of a wrong value that are shown.
const SHOWN: usize = 60;

impl Schemas {
    /// All that is wrong with an object, in the order of the document; nothing if all is well.
    pub fn check(&self, document: &Value) -> Vec<Finding> {
        let text = |field| document.get(field).and_then(Value::as_str).unwrap_or("");
        let got = format!("{} {}", text("apiVersion"), text("kind"));
        let mut check = Check {
            schemas: self,
            unknown_fields: UnknownFields::Refused,
            findings: Vec::new(),
        };
        match self.kinds.get(&got) {
            None => check.add(Path::Root, self.unknown_kind(got)),
            Some(kind) => {
                let old = self.old_kind(kind, &got);
                let is_gone = matches!(old, Some(Problem::RemovedKind(_)));
                if let Some(problem) = old {
                    check.add(Path::Root, problem);
                }
                if !is_gone {
                    check.value(Path::Root, &kind.schema, document);
                }
            }
        }
        check.findings
    }

    /// What may have been meant is a kind of the same name, or one of nearly that name in the same version.
    fn unknown_kind(&self, got: String) -> Problem {
        let is_served = |kind: &Kind| kind.removed.is_none_or(|removed| removed > self.kubernetes);
        let kinds = self.kinds.iter().filter(|(_, kind)| is_served(kind));
        let served: Vec<_> = kinds.filter_map(|(key, _)| key.split_once(' ')).collect();
        let (version, name) = got.split_once(' ').unwrap_or_default();
        let mut known: Vec<_> = served.iter().filter(|(_, kind)| *kind == name).collect();
        if known.is_empty() {
            let near = |of: &&&(&str, &str)| of.0 == version && nearest(name, [of.1]).is_some();
            known = served.iter().filter(|of| near(&of)).collect();
        }
        let known = known
            .into_iter()
            .map(|(version, kind)| format!("{version} {kind}"))
            .collect();
        Problem::UnknownKind {
            kubernetes: self.kubernetes(),
            known,
            got,
        }
    }

    /// A kind that is not served any more, or will not be, where this version has its replacement.
    fn old_kind(&self, kind: &Kind, got: &str) -> Option<Problem> {
        let replacement = kind.replacement.clone()?;
        if !self.kinds.contains_key(&replacement) {
            return None;
        }
        let successor = |since: Version| Successor {
            got: got.to_owned(),
            since: since.to_string(),
            replacement,
        };
        let is_past = |version: &Version| *version <= self.kubernetes;
        match (
            kind.removed.filter(is_past),
            kind.deprecated.filter(is_past),
        ) {
            (Some(removed), _) => Some(Problem::RemovedKind(successor(removed))),
            (None, Some(deprecated)) => Some(Problem::DeprecatedKind(successor(deprecated))),
            (None, None) => None,
        }
    }
}

/// The way to a value.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn text(self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Item(above, index) => format!("{}[{index}]", above.text()),
            Self::Field(above, name) => {
                let mut text = above.text();
                if name.contains(['.', '/', '[', '"']) {
                    let _ = write!(text, "[{name:?}]");
                    return text;
                }
                if !text.is_empty() {
                    text.push('.');
                }
                text + name
            }
        }
    }
}

/// What of fields that a schema does not name. Parts of `oneOf` and the like name only some.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UnknownFields {
    Refused,
    Taken,
}

struct Check<'a> {
    schemas: &'a Schemas,
    unknown_fields: UnknownFields,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn add(&mut self, path: Path<'_>, problem: Problem) {
        let path = path.text();
        self.findings.push(Finding { path, problem });
    }

    fn value(&mut self, path: Path<'_>, schema: &Schema, value: &Value) {
        let schema = self.schemas.follow(schema);
        if value.is_null() && schema.nullable {
            return;
        }
        if let Some(want) = not_of_type(schema, value) {
            let got = shown(value);
            return self.add(path, Problem::Value { got, want });
        }
        if !schema.r#enum.is_empty() && !schema.r#enum.contains(value) {
            let known = schema.r#enum.iter().map(plain).collect();
            let got = plain(value);
            return self.add(path, Problem::Enum { got, known });
        }
        match value {
            Value::Object(fields) => self.fields(path, schema, fields),
            Value::Array(items) => self.items(path, schema, items),
            Value::String(text) => self.limits(path, value, limits_of_text(schema, text)),
            Value::Number(number) => self.limits(path, value, limits_of_number(schema, number)),
            Value::Null | Value::Bool(_) => {}
        }
        self.combinations(path, schema, value);
    }

    fn limits(&mut self, path: Path<'_>, value: &Value, want: Option<String>) {
        if let Some(want) = want {
            let got = shown(value);
            self.add(path, Problem::Value { got, want });
        }
    }

    fn fields(&mut self, path: Path<'_>, schema: &Schema, fields: &Map<String, Value>) {
        for name in &schema.required {
            if fields.get(name).is_none_or(Value::is_null) {
                self.add(Path::Field(&path, name), Problem::Missing);
            }
        }
        for (name, value) in fields {
            let path = Path::Field(&path, name);
            match (schema.properties.get(name), &schema.additional_properties) {
                // Null is the same as nothing.
                (Some(_), _) if value.is_null() => {}
                (Some(of), _) => self.value(path, of, value),
                (None, Some(Values::Of(of))) => self.value(path, of, value),
                (None, Some(Values::Any(true))) => {}
                (None, _) if self.unknown_fields == UnknownFields::Taken => {}
                (None, _) if takes_any_field(schema) => {}
                (None, _) => {
                    let (got, known) = (name.clone(), schema.properties.keys().cloned().collect());
                    self.add(path, Problem::UnknownField { got, known });
                }
            }
        }
        let count = (schema.min_properties, schema.max_properties);
        let want = outside(fields.len(), count, "fields");
        self.limits(path, &Value::from(fields.len()), want);
    }

    fn items(&mut self, path: Path<'_>, schema: &Schema, items: &[Value]) {
        if let Some(of) = &schema.items {
            for (index, item) in items.iter().enumerate() {
                self.value(Path::Item(&path, index), of, item);
            }
        }
        self.twice(path, &schema.list_map_keys, items);
        let count = (schema.min_items, schema.max_items);
        let want = outside(items.len(), count, "entries");
        self.limits(path, &Value::from(items.len()), want);
    }

    /// Entries that are one to the API server, which tells them apart by these fields.
    fn twice(&mut self, path: Path<'_>, keys: &[String], items: &[Value]) {
        let key = |item: &Value| -> Vec<Value> {
            let of = keys.iter().map(|key| item.get(key));
            of.map(|value| value.cloned().unwrap_or_default()).collect()
        };
        if keys.is_empty() {
            return;
        }
        for (index, item) in items.iter().enumerate() {
            let own = key(item);
            let Some(first) = items[..index].iter().position(|item| key(item) == own) else {
                continue;
            };
            let shown: Vec<_> = keys
                .iter()
                .zip(&own)
                .map(|(k, v)| format!("{k} {v}"))
                .collect();
            self.add(
                Path::Item(&path, index),
                Problem::Twice {
                    key: shown.join(" and "),
                    first: Path::Item(&path, first).text(),
                },
            );
        }
    }

    /// `allOf`, `anyOf`, `oneOf` and `not`: of custom resources, where they say no field's type.
    fn combinations(&mut self, path: Path<'_>, schema: &Schema, value: &Value) {
        let holds = |of: &Schema| {
            let mut check = Check {
                schemas: self.schemas,
                unknown_fields: UnknownFields::Taken,
                findings: Vec::new(),
            };
            check.value(path, of, value);
            check.findings.is_empty()
        };
        let count = |all: &[Schema]| all.iter().filter(|of| holds(of)).count();
        let want = if count(&schema.all_of) < schema.all_of.len() {
            "what satisfies all of `allOf`"
        } else if !schema.any_of.is_empty() && count(&schema.any_of) == 0 {
            "what satisfies one of `anyOf`"
        } else if schema.r#type.is_some() && !schema.one_of.is_empty() && count(&schema.one_of) != 1
        {
            "what satisfies exactly one of `oneOf`"
        } else if schema.not.as_ref().is_some_and(|of| holds(of)) {
            "what does not satisfy `not`"
        } else {
            return;
        };
        self.limits(path, value, Some(want.to_owned()));
    }
}

/// Whether anything may be in an object: another one's manifest, or data of another program.
fn takes_any_field(schema: &Schema) -> bool {
    schema.preserve_unknown_fields
        || schema.embedded_resource
        || (schema.properties.is_empty() && schema.additional_properties.is_none())
}

/// The types that a value may have; none where it may have any.
fn types(schema: &Schema) -> Vec<Type> {
    if schema.int_or_string {
        return vec![Type::Integer, Type::String];
    }
    match schema.r#type {
        Some(only) => vec![only],
        None => schema.one_of.iter().filter_map(|of| of.r#type).collect(),
    }
}

/// What a value should be, if it is of another type.
fn not_of_type(schema: &Schema, value: &Value) -> Option<String> {
    let types = types(schema);
    if types.is_empty() || types.iter().any(|of| is_of(*of, value)) {
        return None;
    }
    let names: Vec<_> = types.iter().map(|of| name(*of)).collect();
    Some(names.join(" or "))
}

fn is_of(want: Type, value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) => want == Type::Boolean,
        Value::Number(number) => match want {
            Type::Number => true,
            Type::Integer => !number.is_f64() || number.as_f64().is_some_and(|n| n.fract() == 0.0),
            _ => false,
        },
        Value::String(_) => want == Type::String,
        Value::Array(_) => want == Type::Array,
        Value::Object(_) => want == Type::Object,
    }
}

fn name(of: Type) -> &'static str {
    match of {
        Type::Array => "an array",
        Type::Boolean => "true or false",
        Type::Integer => "an integer",
        Type::Number => "a number",
        Type::Object => "an object",
        Type::String => "a string",
    }
}

/// What a text should be, if it is not.
fn limits_of_text(schema: &Schema, text: &str) -> Option<String> {
    if schema.format.as_deref() == Some("byte") && STANDARD.decode(text).is_err() {
        return Some("base64; `stringData` of a Secret takes plain text".to_owned());
    }
    // A pattern that only the API server's own engine knows is left to it.
    let pattern = schema.pattern.as_deref();
    if let Some((pattern, known)) = pattern.and_then(|text| Some((text, Regex::new(text).ok()?)))
        && !known.is_match(text)
    {
        return Some(format!("what matches `{pattern}`"));
    }
    let length = (schema.min_length, schema.max_length);
    outside(text.chars().count(), length, "characters")
}

/// What a number should be, if it is not.
fn limits_of_number(schema: &Schema, number: &Number) -> Option<String> {
    let is_int32 = schema.format.as_deref() == Some("int32");
    if is_int32
        && number
            .as_i64()
            .is_none_or(|number| i32::try_from(number).is_err())
    {
        return Some("an integer of 32 bits".to_owned());
    }
    let number = number.as_f64()?;
    let below = |least| number < least || (schema.exclusive_minimum && number <= least);
    let above = |most| number > most || (schema.exclusive_maximum && number >= most);
    let or_equal = |exclusive| if exclusive { "" } else { " or equal to" };
    match (schema.minimum, schema.maximum) {
        (Some(least), _) if below(least) => {
            let or_equal = or_equal(schema.exclusive_minimum);
            Some(format!("a number greater than{or_equal} {least}"))
        }
        (_, Some(most)) if above(most) => {
            let or_equal = or_equal(schema.exclusive_maximum);
            Some(format!("a number less than{or_equal} {most}"))
        }
        _ => None,
    }
}

/// How many there should be, if there are more or fewer.
fn outside(
    count: usize,
    (least, most): (Option<usize>, Option<usize>),
    what: &str,
) -> Option<String> {
    match (least, most) {
        (Some(least), _) if count < least => Some(format!("at least {least} {what}")),
        (_, Some(most)) if count > most => Some(format!("at most {most} {what}")),
        _ => None,
    }
}

/// A value as it is written, without the quotes of a string.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// A value as it is written, shortened.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN {
        return format!("`{text}`");
    }
    let start: String = text.chars().take(SHOWN).collect();
    format!("`{start}...`")
}
