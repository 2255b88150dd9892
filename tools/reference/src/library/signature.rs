//! The parameters of a function of the library.

/// A parameter.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// The code of its default, in one line.
    pub default: Option<String>,
}

impl Parameter {
    fn parse(text: &str) -> Self {
        let (name, default) = match text.split_once('=') {
            Some((name, default)) => (name, Some(default)),
            None => (text, None),
        };
        let in_one_line = |code: &str| code.split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            name: name.trim().to_owned(),
            default: default.map(in_one_line),
        }
    }

    /// What is said where it has to be given and is not; `None` where it need not be given.
    pub fn wanted(&self) -> Option<&str> {
        match &self.default {
            None => Some(""),
            Some(default) => default.strip_prefix("error "),
        }
    }
}

/// The parameters of the function whose name the first line begins with.
pub(super) fn parse(lines: &[&str]) -> Vec<Parameter> {
    let text = lines.join("\n");
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut escaped = false;
    for letter in text.chars() {
        match letter {
            '\'' if !escaped => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
        let is_first = depth == 1 && letter == '(' && parts == [""];
        match depth {
            0 if letter == ')' => break,
            0 => {}
            1 if letter == ',' && !quoted => parts.push(String::new()),
            _ if is_first => {}
            _ => parts
                .iter_mut()
                .last()
                .into_iter()
                .for_each(|part| part.push(letter)),
        }
    }
    // The comma after the last one is followed by nothing.
    parts.retain(|part| !part.trim().is_empty());
    parts.iter().map(|part| Parameter::parse(part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, Option<String>)> {
        let lines: Vec<&str> = text.lines().collect();
        let pair = |parameter: Parameter| (parameter.name, parameter.default);
        parse(&lines).into_iter().map(pair).collect()
    }

    fn want(pairs: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
        let pair = |(name, default): &(&str, &str)| {
            let default = Some((*default).to_owned()).filter(|default| !default.is_empty());
            ((*name).to_owned(), default)
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn commas_within_brackets_and_texts_part_nothing() {
        assert_eq!(
            parsed("f(a, b=[1, 2], c='(,\\'', d=g(1, { x: 2 }), e=error 'f: set e'):: a,"),
            want(&[
                ("a", ""),
                ("b", "[1, 2]"),
                ("c", "'(,\\''"),
                ("d", "g(1, { x: 2 })"),
                ("e", "error 'f: set e'"),
            ])
        );
    }

    #[test]
    fn parameters_may_stand_on_lines_of_their_own() {
        assert_eq!(
            parsed("f(\n    a,\n    b=if a\n    then 1,\n  ):: (a),"),
            want(&[("a", ""), ("b", "if a then 1")])
        );
        assert_eq!(parsed("f():: g(1),"), want(&[]));
    }
}
