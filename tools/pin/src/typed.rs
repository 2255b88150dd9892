//! What people type in a shell: names of folders and of branches may hold anything.

/// A word, as it is typed: in quotes where a shell would take it for more than that.
pub fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "%+,-./:=@_".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else if !text.contains(['"', '$', '`', '\\', '!']) {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_has_the_same_word() {
        for (text, typed) in [
            ("//services/client:dev-deep", "//services/client:dev-deep"),
            ("", "\"\""),
            ("my services/web", "\"my services/web\""),
            ("it's", "\"it's\""),
            ("a;b*", "\"a;b*\""),
            ("$(rm -rf it's) `x` \\ !", r"'$(rm -rf it'\''s) `x` \ !'"),
        ] {
            assert_eq!(word(text), typed);
            let mut shell = std::process::Command::new("sh");
            let output = shell.args(["-c", &format!("printf %s {typed}")]).output();
            let said = String::from_utf8(output.expect("runs").stdout).expect("text");
            assert_eq!(said, text);
        }
    }
}
