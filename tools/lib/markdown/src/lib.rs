//! A page of Markdown: where its links lead, which headings can be linked to, and the commands that it shows.
//!
//! A block of commands is `sh` (commands, and comments) or `console` (`$ command`, and what that prints).
//! Comments of HTML in front of it, which no reader sees, say who runs it: [`Mark`].

mod command;
mod mark;

pub use command::Command;
pub use mark::Mark;

use std::collections::HashMap;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

/// What there is to know of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In the order of the page.
    pub links: Vec<Link>,
    /// What links call the headings, in the order of the page.
    pub anchors: Vec<String>,
    /// Fenced blocks, in the order of the page.
    pub blocks: Vec<Block>,
}

/// A link, or an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The line, from 1.
    pub line: usize,
    /// Where it leads, as it is written.
    pub target: String,
    /// Where `[text](target)` stands in the page, in bytes; `None` for one that is written in another way.
    pub span: Option<Range<usize>>,
}

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The line of its fence, from 1.
    pub line: usize,
    /// The word after the fence; empty where there is none.
    pub language: String,
    /// What is in it.
    pub text: String,
    /// What the comments in front of it say.
    pub marks: Vec<Mark>,
}

impl Block {
    /// Whether it shows commands.
    pub fn is_commands(&self) -> bool {
        matches!(self.language.as_str(), "sh" | "console")
    }

    /// The commands that it shows; none of a block of something else.
    pub fn commands(&self) -> Vec<Command> {
        match self.language.as_str() {
            "sh" => command::of_sh(&self.text, self.line + 1),
            "console" => command::of_console(&self.text, self.line + 1),
            _ => Vec::new(),
        }
    }
}

/// Reads a page.
pub fn parse(text: &str) -> Page {
    let mut page = Page::default();
    let mut marks: Vec<Mark> = Vec::new();
    let mut heading: Option<String> = None;
    let mut block: Option<Block> = None;
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (event, span) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        let line = || line_of(text, span.start);
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.to_string(),
                    CodeBlockKind::Indented => "indented".to_owned(),
                };
                block = Some(Block {
                    line: line(),
                    language,
                    text: String::new(),
                    marks: std::mem::take(&mut marks),
                });
            }
            Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let name = anchor(&heading.take().unwrap_or_default());
                let count = seen.entry(name.clone()).or_default();
                page.anchors.push(match *count {
                    0 => name,
                    more => format!("{name}-{more}"),
                });
                *count += 1;
            }
            Event::Start(
                Tag::Link {
                    link_type,
                    dest_url,
                    ..
                }
                | Tag::Image {
                    link_type,
                    dest_url,
                    ..
                },
            ) => page.links.push(Link {
                line: line(),
                target: dest_url.to_string(),
                span: (link_type == LinkType::Inline).then(|| span.clone()),
            }),
            Event::Text(part) => match (&mut block, &mut heading) {
                (Some(block), _) => block.text += &part,
                (None, Some(heading)) => *heading += &part,
                (None, None) => marks.clear(),
            },
            Event::Code(part) => {
                if let Some(heading) = &mut heading {
                    *heading += &part;
                }
            }
            Event::Html(comment) => marks.extend(Mark::parse(&comment)),
            _ => {}
        }
    }
    page
}

/// What a link calls a heading, as mdBook and code hosts have it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ => letter.is_alphanumeric().then_some(letter),
    });
    kept.flat_map(char::to_lowercase).collect()
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_headings_are_found_outside_of_code() {
        let text = "# The `up` of it\n\n[a](b.md#c) `[no](x.md)`\n\n## Twice, so!\n\n## Twice so\n\n| [t](u.md) | |\n|---|---|\n";
        let page = parse(text);
        let links: Vec<_> = page
            .links
            .iter()
            .map(|link| (link.line, &*link.target))
            .collect();
        assert_eq!(links, [(3, "b.md#c"), (9, "u.md")]);
        assert_eq!(page.anchors, ["the-up-of-it", "twice-so", "twice-so-1"]);
        let span = page.links[0].span.clone().expect("an inline link");
        assert_eq!(&text[span], "[a](b.md#c)");
    }

    #[test]
    fn a_block_has_the_marks_in_front_of_it() {
        let text = "\
<!-- before: rm -f x -->
<!-- run -->
```sh
ls   # all

# a comment
ls \\
  x
```

<!-- not run: no cloud here -->

words

```sh
aws
```

1. in a list:
   <!-- run -->
   ```console
   $ ls
   a ... b
   $ cat x
   ```
";
        let page = parse(text);
        let [first, second, third] = page.blocks.as_slice() else {
            panic!("{page:?}");
        };
        assert_eq!(first.marks, [Mark::Before("rm -f x".into()), Mark::Run]);
        let command = |line, text: &str, output: &[&str]| Command {
            line,
            text: text.into(),
            output: output.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(
            first.commands(),
            [command(4, "ls   # all", &[]), command(7, "ls \\\n  x", &[])]
        );
        assert_eq!((second.marks.as_slice(), second.line), (&[][..], 15));
        assert_eq!(
            third.commands(),
            [command(22, "ls", &["a ... b"]), command(24, "cat x", &[])]
        );
        assert_eq!(third.marks, [Mark::Run]);
    }
}
