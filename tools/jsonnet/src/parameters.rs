//! The parameters of functions, as sources have them. The evaluator says which name a call gives that the
//! function does not take, and not which it takes.

/// The parameters of all functions of a name that a text defines: `image` and `port` of
/// `server(image, port=80):: ...`.
pub fn of<'a>(code: &'a str, function: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(function) {
        let is_whole = !code[..at].ends_with(is_of_name);
        let rest = &code[at + function.len()..];
        // `server(...)`, or `server = function(...)`, also with `:` and `::`.
        let rest = rest.trim_start();
        let value = rest.trim_start_matches([':', '+', '=']).trim_start();
        let (list, is_value) = match value.strip_prefix("function") {
            Some(list) if value.len() < rest.len() => (list.trim_start(), true),
            _ => (rest, false),
        };
        let Some((names, end)) = list.strip_prefix('(').and_then(names).filter(|_| is_whole) else {
            continue;
        };
        let end = end.trim_start();
        let is_definition = end.starts_with([':', '=']) && !end.starts_with("==");
        if is_value || is_definition {
            found.extend(names);
        }
    }
    found
}

fn is_of_name(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

/// The names in a list of parameters, and what is behind it.
fn names(list: &str) -> Option<(Vec<&str>, &str)> {
    let mut names = Vec::new();
    let (mut depth, mut start) = (0, 0);
    let mut at = 0;
    while at < list.len() {
        let rest = &list[at..];
        let c = rest.chars().next()?;
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                names.extend(name(&list[start..at]));
                return Some((names, &list[at + 1..]));
            }
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                names.extend(name(&list[start..at]));
                start = at + 1;
            }
            _ => {}
        }
        at += length(rest)?;
    }
    None
}

/// How long what a text begins with is: a string, a comment, or one character.
fn length(text: &str) -> Option<usize> {
    let until = |from: usize, end: &str| Some(from + text[from..].find(end)? + end.len());
    match text.chars().next()? {
        '#' => until(1, "\n"),
        '/' if text.starts_with("//") => until(2, "\n"),
        '/' if text.starts_with("/*") => until(2, "*/"),
        quote @ ('"' | '\'') => {
            let mut escaped = false;
            let end = text[1..].find(|c| {
                let ends = c == quote && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            Some(1 + end? + 1)
        }
        c => Some(c.len_utf8()),
    }
}

/// The name of a parameter, whose default and comments may stand with it.
fn name(parameter: &str) -> Option<&str> {
    let mut text = parameter.trim_start();
    while text.starts_with(['#', '/']) {
        text = text[length(text)?..].trim_start();
    }
    let end = text.find(|c| !is_of_name(c)).unwrap_or(text.len());
    (end > 0).then_some(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn parameters_of_a_function() {
        for (code, want) in [
            ("{ f(a, b=1):: a }", &["a", "b"][..]),
            (
                "{ f(a,\n  b=g(1, [2, 3]), c={ d: 1 },\n):: a }",
                &["a", "b", "c"],
            ),
            ("local f(a) = a; f(b=1)", &["a"]),
            ("local f = function(a, b) a; f(1)", &["a", "b"]),
            ("{ f:: function(a) a, g(b):: b }", &["a"]),
            ("{ f(): 1 }", &[]),
            // Strings and comments may hold anything.
            (
                "{ f(a=')', // b)\n  # c,\n  d=\"\\\",\", /* e) */ e='x'):: a }",
                &["a", "d", "e"],
            ),
            // Calls, and other functions.
            ("f(a=1) == 1", &[]),
            ("{ ff(a):: a, f_(b):: b }", &[]),
            ("local f(a", &[]),
        ] {
            assert_eq!(of(code, "f"), want, "{code}");
        }
    }
}
