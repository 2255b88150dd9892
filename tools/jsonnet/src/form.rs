//! How a value becomes the text of an output.

use jrsonnet_evaluator::error::ErrorKind;
use jrsonnet_evaluator::manifest::JsonFormat;
use jrsonnet_evaluator::{Result, Val};
use serde::Deserialize;

/// How a value is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// JSON with an indent of two, fields in order of their names.
    #[default]
    Json,
    /// The text that the value is.
    String,
    /// YAML that says the same by any version's rules: what could be taken for something else is
    /// in quotes.
    Yaml,
}

/// How many documents an output has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Documents {
    /// One: the value.
    #[default]
    One,
    /// The elements of the value, an array: a YAML stream.
    Stream,
}

/// What an output ends in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum End {
    /// A line end.
    #[default]
    Line,
    /// The last character of the value.
    Nothing,
}

/// The form of every output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Form {
    /// How a document is written.
    pub format: Format,
    /// How many of them there are.
    pub documents: Documents,
    /// What follows the last one.
    pub end: End,
}

impl Form {
    /// The text of a value.
    ///
    /// # Errors
    /// It cannot be evaluated, or is nothing that has this form.
    pub fn text(self, value: &Val) -> Result<String> {
        let mut text = match self.documents {
            Documents::One => self.document(value)?,
            Documents::Stream => self.stream(value)?,
        };
        if self.end == End::Nothing && text.ends_with('\n') {
            text.pop();
        }
        Ok(text)
    }

    /// As `jsonnet --yaml-stream` writes it: JSON documents end in `...`. Nothing follows those of
    /// YAML, as people write them.
    fn stream(self, value: &Val) -> Result<String> {
        let Val::Arr(documents) = value else {
            return Err(unfit(
                value,
                "an array",
                "yaml_stream",
                "each of its elements is a document",
            ));
        };
        let mut text = String::new();
        for document in documents.iter() {
            text.push_str("---\n");
            text.push_str(&self.document(&document?)?);
        }
        if self.format != Format::Yaml && !text.is_empty() {
            text.push_str("...\n");
        }
        Ok(text)
    }

    fn document(self, value: &Val) -> Result<String> {
        let mut text = match self.format {
            Format::Json => value.manifest(JsonFormat::cli(2))?,
            Format::String => match value {
                Val::Str(text) => text.to_string(),
                _ => {
                    return Err(unfit(
                        value,
                        "a string",
                        "--string",
                        "it is the text of the file",
                    ));
                }
            },
            Format::Yaml => return yaml(value),
        };
        text.push('\n');
        Ok(text)
    }
}

/// YAML of what the JSON says: so numbers are the same in both.
fn yaml(value: &Val) -> Result<String> {
    let json = value.manifest(JsonFormat::minify())?;
    let refused = |error: &dyn std::fmt::Display| ErrorKind::RuntimeError(error.to_string().into());
    let value: serde_json::Value = parsed(json.as_bytes()).map_err(|error| refused(&error))?;
    let text = serde_saphyr::to_string(&value).map_err(|error| refused(&error))?;
    Ok(text)
}

/// What JSON says, however deep it nests: the stack of the thread that evaluates is the bound.
pub fn parsed<'a, T: Deserialize<'a>>(json: &'a [u8]) -> serde_json::Result<T> {
    let mut parser = serde_json::Deserializer::from_slice(json);
    parser.disable_recursion_limit();
    let value = T::deserialize(&mut parser)?;
    parser.end()?;
    Ok(value)
}

fn unfit(value: &Val, want: &str, with: &str, since: &str) -> jrsonnet_evaluator::Error {
    let got = value.value_type();
    let text = format!("got {got}, want {want}: with `{with}`, {since}");
    ErrorKind::RuntimeError(text.into()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn text(form: Form, value: &Value) -> Result<String> {
        form.text(&Val::deserialize(value).expect("a value"))
    }

    const YAML: Form = Form {
        format: Format::Yaml,
        documents: Documents::One,
        end: End::Line,
    };

    #[test]
    fn a_stream_of_json_is_as_jsonnet_writes_it() {
        let form = Form {
            documents: Documents::Stream,
            ..Form::default()
        };
        let got = text(form, &json!([{"a": 1}, "b"])).expect("renders");
        assert_eq!(got, "---\n{\n  \"a\": 1\n}\n---\n\"b\"\n...\n");
        assert_eq!(text(form, &json!([])).expect("renders"), "");
    }

    #[test]
    fn a_string_is_written_as_it_is() {
        let mut form = Form {
            format: Format::String,
            ..Form::default()
        };
        let value = json!("a \"b\"\n\tc");
        assert_eq!(text(form, &value).expect("renders"), "a \"b\"\n\tc\n");
        form.end = End::Nothing;
        assert_eq!(text(form, &value).expect("renders"), "a \"b\"\n\tc");
    }

    #[test]
    fn yaml_is_plain_where_it_can_be() {
        let value =
            json!({"b": [1, {"c": "text", "d": null}], "a": "yes", "e": "#!/bin/sh\necho\n"});
        assert_eq!(
            text(YAML, &value).expect("renders"),
            "a: \"yes\"\nb:\n- 1\n- c: text\n  d: null\ne: |\n  #!/bin/sh\n  echo\n"
        );
    }

    #[test]
    fn yaml_nests_as_deep_as_json() {
        let deep = (0..200).fold(json!(1), |value, _| json!([value]));
        let got = text(YAML, &deep).expect("renders");
        assert_eq!(got, format!("{}1\n", "- ".repeat(200)));
    }

    #[test]
    fn documents_of_yaml_are_apart() {
        let form = Form {
            documents: Documents::Stream,
            ..YAML
        };
        let got = text(form, &json!([{"a": 1}, {"b": 2}])).expect("renders");
        assert_eq!(got, "---\na: 1\n---\nb: 2\n");
    }

    /// Texts that are not what they seem, by the rules of one version of YAML or another.
    const TEXTS: &[&str] = &[
        "",
        " ",
        "yes",
        "no",
        "on",
        "y",
        "N",
        "null",
        "~",
        "0644",
        "0o644",
        "1e3",
        "1_000",
        "0x1F",
        "0b11",
        "1.0",
        "+1",
        ".inf",
        "12:30",
        "1:20:30",
        "2024-05-01",
        "a: b",
        "- a",
        "# x",
        "a #b",
        "|x",
        "&a",
        "*b",
        "!c",
        "%d",
        "@e",
        "`f",
        "'q'",
        "\"d\"",
        "a\nb",
        "a\nb\n",
        " lead\nb\n",
        "\nlead\n",
        "a\n\n",
        "trail \nb",
        "a\tb",
        "\ta",
        "a\r\nb",
        "\u{7}",
        "\u{85}x",
        "\u{2028}y",
        "é",
        "=",
        "<<",
        "key:",
        "[a",
        "{a",
        "? a",
        ",a",
        "-",
        "---",
        "...",
        "9223372036854775808",
        "0855",
        "1.2.3",
        "1e",
        "0.",
        "x ",
        "\u{feff}b",
        "a\u{0}b",
    ];

    /// kubectl reads YAML by rules of its own, which `tools/yaml` has: what it would take for
    /// something else has to be in quotes.
    #[test]
    fn yaml_is_read_as_it_was_meant() {
        let long = "word ".repeat(60);
        let values: Vec<Value> = TEXTS.iter().map(|text| json!(text)).collect();
        let mut all = json!({
            "values": values,
            "long": long,
            "numbers": [0, -1, 0.5, 2.0 / 13.0, 1e21, 123_456_789_012_345_u64, 1e-7],
            "empty": {"list": [], "object": {}},
            "nested": [[1, [2, []]], [{"a": [{"b": [[]]}]}]],
        });
        let keys: serde_json::Map<String, Value> = TEXTS
            .iter()
            .map(|text| ((*text).to_owned(), json!(1)))
            .collect();
        all["keys"] = Value::Object(keys);
        let text = text(YAML, &all).expect("renders");
        let documents = windlass_yaml::load(&text).expect("YAML");
        assert_eq!(documents[0].value, all);
        assert!(text.contains("- 0.15384615384615385\n"), "{text}");
    }
}
