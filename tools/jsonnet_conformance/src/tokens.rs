//! JSON without the space between its tokens.

/// The text without space outside of strings; numbers and escapes stay as they are written.
pub(crate) fn compact(json: &str) -> String {
    let mut result = String::with_capacity(json.len());
    let mut in_string = false;
    let mut is_escaped = false;
    for c in json.chars() {
        if in_string {
            in_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
        } else if c.is_ascii_whitespace() {
            continue;
        } else {
            in_string = c == '"';
        }
        result.push(c);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::compact;

    #[test]
    fn only_space_between_tokens_goes() {
        let json = "{\n  \"a b\": [1.0, \"\\\" c \\\\\" , -2e5 ]\n}\n";
        assert_eq!(compact(json), r#"{"a b":[1.0,"\" c \\",-2e5]}"#);
    }
}
