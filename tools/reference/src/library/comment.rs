//! Comments of the library.

/// What a comment says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comment {
    /// What stands before the parameters.
    pub text: Vec<Block>,
    /// Each parameter and what it is.
    pub parameters: Vec<(String, String)>,
}

/// A part of a comment's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph, in one line.
    Sentences(String),
    /// Lines of code.
    Code(String),
}

impl Comment {
    /// Reads the lines of a comment, indented or not.
    pub(super) fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut comment = Self::default();
        let mut last = Last::Nothing;
        for line in lines {
            let line = line.trim_start().trim_start_matches('/');
            let line = line.strip_prefix(' ').unwrap_or(line);
            last = comment.add(line, last);
        }
        for block in &mut comment.text {
            if let Block::Code(code) = block {
                code.truncate(code.trim_end().len());
            }
        }
        comment
    }

    fn add(&mut self, line: &str, last: Last) -> Last {
        if let Some((name, text)) = parameter(line) {
            self.parameters.push((name.to_owned(), text.to_owned()));
            return Last::Parameter;
        }
        let code = line.strip_prefix("  ");
        match (last, code, self.text.last_mut(), self.parameters.last_mut()) {
            (Last::Code, None, Some(Block::Code(code)), _) if line.is_empty() => {
                code.push('\n');
                Last::Code
            }
            (_, None, ..) if line.is_empty() => Last::Nothing,
            (Last::Code, Some(more), Some(Block::Code(code)), _) => {
                code.push_str(more);
                code.push('\n');
                Last::Code
            }
            (_, Some(code), ..) => {
                self.text.push(Block::Code(code.to_owned() + "\n"));
                Last::Code
            }
            (Last::Parameter, .., Some((_, text))) => {
                text.push(' ');
                text.push_str(line);
                Last::Parameter
            }
            (Last::Sentences, _, Some(Block::Sentences(text)), _) => {
                text.push(' ');
                text.push_str(line);
                Last::Sentences
            }
            _ => {
                self.text.push(Block::Sentences(line.to_owned()));
                Last::Sentences
            }
        }
    }

    /// All sentences, those of parameters too.
    pub(super) fn sentences(&self) -> impl Iterator<Item = &str> {
        let text = self.text.iter().filter_map(|block| match block {
            Block::Sentences(text) => Some(text.as_str()),
            Block::Code(_) => None,
        });
        text.chain(self.parameters.iter().map(|(_, text)| text.as_str()))
    }
}

/// What the line before belongs to.
#[derive(Clone, Copy)]
enum Last {
    Nothing,
    Sentences,
    Code,
    Parameter,
}

/// `name: what it is`.
fn parameter(line: &str) -> Option<(&str, &str)> {
    let (name, text) = line.split_once(": ")?;
    super::is_name(name).then_some((name, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_code_and_parameters_are_told_apart() {
        let lines = [
            "  // One sentence, over",
            "  // two lines.",
            "  //",
            "  //   code {",
            "  //",
            "  //     more: 1,",
            "  //   }",
            "  // Another: with a colon.",
            "  // first: what it is,",
            "  // and more.",
            "  // second: `{a: 1}`.",
        ];
        let sentences = |text: &str| Block::Sentences(text.to_owned());
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(
            Comment::parse(lines.into_iter()),
            Comment {
                text: vec![
                    sentences("One sentence, over two lines."),
                    Block::Code("code {\n\n  more: 1,\n}".to_owned()),
                ],
                parameters: vec![
                    pair("Another", "with a colon."),
                    pair("first", "what it is, and more."),
                    pair("second", "`{a: 1}`."),
                ],
            }
        );
    }

    #[test]
    fn a_blank_line_ends_a_paragraph_and_the_parameters() {
        let lines = ["// One.", "//", "// Two.", "// a: x.", "//", "// Three."];
        let comment = Comment::parse(lines.into_iter());
        let sentences = |text: &str| Block::Sentences(text.to_owned());
        assert_eq!(
            comment.text,
            [sentences("One."), sentences("Two."), sentences("Three.")]
        );
        assert_eq!(comment.parameters, [("a".to_owned(), "x.".to_owned())]);
    }
}
