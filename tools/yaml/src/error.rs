//! Why there is no JSON.

use std::ops::Range;
use std::path::PathBuf;

use granit_parser::Span;
use windlass_report::{Exit, Explain};

use crate::{MAX_COPIED, MAX_DEPTH};

/// A file could not be converted.
#[derive(Debug, thiserror::Error)]
#[error("cannot convert YAML for `{label}`")]
pub struct Error {
    /// The target that wants the JSON.
    pub label: String,
    /// Why.
    #[source]
    pub cause: Box<Cause>,
}

/// Why a file could not be converted.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Cause {
    /// The source cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The source.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// An output cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The output.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The source is no UTF-8.
    #[error("{}:{line}:{column}: got byte 0x{byte:02x}, want UTF-8", path.display())]
    Encoding {
        /// The source.
        path: PathBuf,
        /// The line of the first byte that is none, from 1.
        line: usize,
        /// Its column, from 1.
        column: usize,
        /// The byte.
        byte: u8,
    },
    /// The source is no YAML, or holds what has no place in JSON.
    #[error("{}:{line}:{column}: {why}", path.display())]
    Refused {
        /// The source.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        why: Why,
        /// The line with carets.
        excerpt: Vec<String>,
    },
    /// The source holds no document.
    #[error("{}: got no document, only comments, nulls or `---`", path.display())]
    Empty {
        /// The source.
        path: PathBuf,
    },
    /// The source holds another number of documents than there are outputs.
    #[error("{}: got {}, want {}", path.display(), count(documents.len()), want.text())]
    Count {
        /// The source.
        path: PathBuf,
        /// Each document, in words.
        documents: Vec<String>,
        /// What was asked for.
        want: Want,
        /// What to type.
        hint: String,
    },
}

/// How many documents a source should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// One: the object of a `k8s_object`.
    Object,
    /// As many as there are `outs`.
    Outs(usize),
}

impl Want {
    fn text(self) -> String {
        match self {
            Self::Object => "one, the object".to_owned(),
            Self::Outs(outs) => format!("{outs}, one for each of `outs`"),
        }
    }
}

fn count(documents: usize) -> String {
    match documents {
        1 => "1 document".to_owned(),
        more => format!("{more} documents"),
    }
}

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub why: Why,
    /// The bytes that it is about.
    pub range: Range<usize>,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Why {
    /// It is no YAML; the parser says it best.
    #[error("syntax error: {0}")]
    Syntax(String),
    /// A character that is a line break to some readers.
    #[error("got character `{}`, which ends a line for kubectl and not for others", escaped(*got))]
    LineBreak {
        /// The character.
        got: char,
    },
    /// A key that the mapping has already.
    #[error("key `{key}` is given twice, first in line {first_line}")]
    DuplicateKey {
        /// The key.
        key: String,
        /// The line of the first one.
        first_line: usize,
    },
    /// A key that is no text.
    #[error("key: got {got}, want text")]
    Key {
        /// What it is.
        got: &'static str,
    },
    /// A key that reads as something else than text.
    #[error("key: got `{got}`, {is}, want text")]
    KeyScalar {
        /// What is written.
        got: String,
        /// What that is.
        is: String,
    },
    /// A merge of something else than mappings.
    #[error("`<<`: got {got}, want a mapping or a list of mappings")]
    MergeValue {
        /// What it is.
        got: &'static str,
    },
    /// A merge after the key that it gives another value to.
    #[error("`<<` gives another value to key `{key}`, which stands before it; put `<<` first")]
    MergeAfter {
        /// The key.
        key: String,
    },
    /// Infinity, or no number at all.
    #[error("got `{got}`, want a finite number")]
    NotFinite {
        /// The number.
        got: String,
    },
    /// An integer that no reader keeps as it is.
    #[error("got `{got}`, want an integer of at most 64 bits")]
    TooLarge {
        /// The integer.
        got: String,
    },
    /// A number that is octal to some and decimal to others.
    #[error("got `{got}`, want an octal number (digits 0 to 7) or a decimal one (no 0 before it)")]
    LeadingZero {
        /// The number.
        got: String,
    },
    /// A tag without a meaning in JSON.
    #[error(
        "got tag `{tag}`, want one of `!!bool`, `!!float`, `!!int`, `!!map`, `!!null`, `!!seq`, `!!str`"
    )]
    Tag {
        /// The tag.
        tag: String,
    },
    /// A tag on something else.
    #[error("tag `{tag}` does not fit {got}")]
    TagMismatch {
        /// The tag.
        tag: String,
        /// What it stands before.
        got: String,
    },
    /// An alias inside what it stands for.
    #[error("alias `{alias}` is inside its own anchor")]
    Endless {
        /// The alias.
        alias: String,
    },
    /// Aliases that copy too much.
    #[error("aliases copy more than {} MiB", MAX_COPIED >> 20)]
    Copies,
    /// Collections in collections in collections.
    #[error("nests deeper than {MAX_DEPTH}")]
    Depth,
}

/// A character of the basic plane as YAML has it in double quotes.
fn escaped(character: char) -> String {
    format!("\\u{:04x}", u32::from(character))
}

impl Why {
    /// How to write what was meant.
    fn hint(&self) -> Option<String> {
        match self {
            Self::LineBreak { got } => Some(format!("write `{}`, in double quotes", escaped(*got))),
            Self::KeyScalar { got, .. }
            | Self::NotFinite { got }
            | Self::TooLarge { got }
            | Self::LeadingZero { got } => Some(format!("write \"{got}\", if it is text")),
            _ => None,
        }
    }

    /// This, at a place.
    pub(crate) fn at(self, span: &Span) -> Refusal {
        let about_tag = matches!(self, Self::Tag { .. } | Self::TagMismatch { .. });
        let tag = span.tag_span().filter(|_| about_tag);
        Refusal {
            why: self,
            range: tag.unwrap_or(*span).byte_range().unwrap_or_default(),
        }
    }
}

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        match &*self.cause {
            Cause::Refused { excerpt, .. } => excerpt.clone(),
            Cause::Count { documents, .. } => {
                documents.iter().map(|line| format!("  {line}")).collect()
            }
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match &*self.cause {
            Cause::Count { hint, .. } => Some(hint.clone()),
            Cause::Refused { why, .. } => why.hint(),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match &*self.cause {
            Cause::Read { .. } | Cause::Write { .. } => Exit::Failure,
            _ => Exit::Input,
        }
    }
}
