//! Names of services and projects: what they are part of says what they may be.

use crate::error::Error;

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A service: a package, a crate, a program, a Kubernetes Service.
    Service,
    /// A project: a Bazel module, the first part of repositories of images.
    Project,
}

/// A name that is a DNS label and begins with a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Fault {
    /// Not what Kubernetes takes.
    #[error(
        "want lower-case letters, digits and `-`, a letter first and no `-` last, {most} at most"
    )]
    Label {
        /// How many letters there may be.
        most: usize,
    },
    /// A word of a language that it would be a name in.
    #[error("want another name: this is a word of {language}")]
    Word {
        /// The language.
        language: &'static str,
    },
    /// A name that is taken where it would be used.
    #[error("want another name: this one is taken by what the templates use")]
    Taken,
}

/// RFC 1035, section 2.3.1: what a Service may be called.
const MOST: usize = 63;

/// A project's is a part of names of namespaces.
const MOST_OF_PROJECT: usize = 50;

/// The Rust Reference, "Keywords": strict and reserved ones.
const RUST: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The Jsonnet specification, "Lexing": those that Rust has not.
const JSONNET: &[&str] = &[
    "assert",
    "error",
    "function",
    "import",
    "importbin",
    "importstr",
    "local",
    "null",
    "tailstrict",
    "then",
];

/// Crates and variables of the templates, and flags that each program has.
const TAKEN: &[&str] = &[
    "alloc",
    "clap",
    "core",
    "help",
    "k8s",
    "name",
    "params",
    "port",
    "proc_macro",
    "prost",
    "service",
    "std",
    "test",
    "tokio",
    "tonic",
    "tonic_health",
    "tonic_prost",
];

/// Modules that the workspace depends on.
const MODULES: &[&str] = &["platforms", "windlass"];

impl Name {
    /// Parses the name of something.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, Error> {
        match fault(kind, text) {
            None => Ok(Self(text.to_owned())),
            Some(source) => Err(Error::Name {
                kind,
                got: text.to_owned(),
                source,
            }),
        }
    }

    /// As Kubernetes and Bazel have it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As Rust, Jsonnet and proto have it: `order-book` is `order_book`.
    pub fn ident(&self) -> String {
        self.0.replace('-', "_")
    }
}

fn fault(kind: Kind, text: &str) -> Option<Fault> {
    let most = match kind {
        Kind::Service => MOST,
        Kind::Project => MOST_OF_PROJECT,
    };
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_label = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(is_inner)
        && !text.ends_with('-')
        && text.len() <= most;
    if !is_label {
        return Some(Fault::Label { most });
    }
    let ident = text.replace('-', "_");
    let ident = ident.as_str();
    match kind {
        Kind::Project => MODULES.contains(&ident).then_some(Fault::Taken),
        Kind::Service if RUST.contains(&ident) => Some(Fault::Word { language: "Rust" }),
        Kind::Service if JSONNET.contains(&ident) => Some(Fault::Word {
            language: "Jsonnet",
        }),
        Kind::Service => TAKEN.contains(&ident).then_some(Fault::Taken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantNames as _;

    #[test]
    fn names_and_what_is_none() {
        let label = |most| Some(Fault::Label { most });
        let cases = [
            (Kind::Service, "order-book2", None),
            (
                Kind::Service,
                "match",
                Some(Fault::Word { language: "Rust" }),
            ),
            (
                Kind::Service,
                "local",
                Some(Fault::Word {
                    language: "Jsonnet",
                }),
            ),
            (Kind::Service, "tonic-health", Some(Fault::Taken)),
            (Kind::Service, "Order", label(63)),
            (Kind::Service, "order_book", label(63)),
            (Kind::Service, "2nd", label(63)),
            (Kind::Service, "order-", label(63)),
            (Kind::Service, "örder", label(63)),
            (Kind::Service, "", label(63)),
            (Kind::Service, &"a".repeat(64), label(63)),
            (Kind::Project, &"a".repeat(50), None),
            (Kind::Project, &"a".repeat(51), label(50)),
            (Kind::Project, "match", None),
            (Kind::Project, "windlass", Some(Fault::Taken)),
        ];
        for (kind, text, want) in &cases {
            assert_eq!(fault(*kind, text), *want, "{kind:?} {text}");
        }
        let seen = cases.iter().filter_map(|(_, _, fault)| fault.as_ref());
        windlass_error_cases::complete(seen.map(Into::into), Fault::VARIANTS);
    }

    #[test]
    fn as_a_word_of_a_language() {
        let name = Name::parse(Kind::Service, "order-book").expect("a name");
        assert_eq!(
            (name.as_str(), name.ident().as_str()),
            ("order-book", "order_book")
        );
    }
}
