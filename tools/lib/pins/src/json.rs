//! JSON with nothing dropped: keys in their order, and as often as they stand there.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a lock file is made of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Json {
    /// `{"a": ...}`.
    Object(Vec<(String, Json)>),
    /// `"a"`.
    Text(String),
    /// Something that a lock file never holds, in words.
    Other(String),
}

impl Json {
    /// What it is, for a message.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Object(_) => "an object".to_owned(),
            Self::Text(text) => format!("`{text}`"),
            Self::Other(words) => words.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Json::Object(entries))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Json::Other("an array".to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Other(format!("`{value}`")))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Other(format!("`{value}`")))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Other(format!("`{value}`")))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Other(format!("`{value}`")))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Other("`null`".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order_and_their_number() {
        let json: Json = serde_json::from_str(r#"{"b": {}, "a": "x", "b": "y"}"#).expect("JSON");
        let text = |text: &str| Json::Text(text.to_owned());
        assert_eq!(
            json,
            Json::Object(vec![
                ("b".to_owned(), Json::Object(Vec::new())),
                ("a".to_owned(), text("x")),
                ("b".to_owned(), text("y")),
            ])
        );
    }

    #[test]
    fn whatever_else_there_is_has_a_name() {
        for (text, words) in [
            ("{}", "an object"),
            ("\"a\"", "`a`"),
            ("[1, {}]", "an array"),
            ("true", "`true`"),
            ("3", "`3`"),
            ("-3", "`-3`"),
            ("1.5", "`1.5`"),
            ("null", "`null`"),
        ] {
            let json: Json = serde_json::from_str(text).expect(text);
            assert_eq!(json.in_words(), words);
        }
    }
}
