//! What is wrong with an object.

use std::fmt;

use windlass_nearest::{nearest, one_of};

/// Something that an object has wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The field, `spec.containers[0].image`; empty for the object as a whole.
    pub path: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no such kind.
    UnknownKind {
        /// `<apiVersion> <kind>`.
        got: String,
        /// The minor version of Kubernetes.
        kubernetes: String,
        /// The kinds that may have been meant: of the same name, or else of the nearest.
        known: Vec<String>,
    },
    /// The kind is not served any more.
    RemovedKind(Successor),
    /// The kind will not be served any more.
    DeprecatedKind(Successor),
    /// There is no such field.
    UnknownField {
        /// Its name.
        got: String,
        /// The fields that there are.
        known: Vec<String>,
    },
    /// A field that must be there is not.
    Missing,
    /// The value is of another type or form.
    Value {
        /// The value, shortened.
        got: String,
        /// What may stand there.
        want: String,
    },
    /// The value is none of those that there are.
    Enum {
        /// The value.
        got: String,
        /// The values that there are.
        known: Vec<String>,
    },
    /// An entry with the same key as an earlier one, where the key tells entries apart.
    Twice {
        /// The key and its value.
        key: String,
        /// The earlier entry.
        first: String,
    },
}

/// What stands for a kind that is on its way out, or gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// The old kind: `<apiVersion> <kind>`.
    pub got: String,
    /// The minor version of Kubernetes since which it is old.
    pub since: String,
    /// What to use.
    pub replacement: String,
}

impl Successor {
    fn write(&self, f: &mut fmt::Formatter<'_>, state: &str) -> fmt::Result {
        let Self {
            got,
            since,
            replacement,
        } = self;
        write!(f, "`{got}` is {state} since {since}; use `{replacement}`")
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "{}", self.problem)
        } else {
            write!(f, "{}: {}", self.path, self.problem)
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKind {
                got,
                kubernetes,
                known,
            } => {
                write!(f, "Kubernetes {kubernetes} has no `{got}`")?;
                if known.is_empty() {
                    return Ok(());
                }
                write!(f, "; it has {}", quoted(known))
            }
            Self::RemovedKind(successor) => successor.write(f, "not served"),
            Self::DeprecatedKind(successor) => successor.write(f, "deprecated"),
            Self::UnknownField { got, known } => unknown_field(f, got, known),
            Self::Missing => write!(f, "is missing"),
            Self::Value { got, want } => write!(f, "got {got}, want {want}"),
            Self::Enum { got, known } => {
                write!(f, "got `{got}`, want {}", one_of(got, known))
            }
            Self::Twice { key, first } => write!(f, "has the same {key} as {first}"),
        }
    }
}

/// Fields that are listed where none of them is near: objects with more are not read to the end.
const LISTED: usize = 12;

fn unknown_field(f: &mut fmt::Formatter<'_>, got: &str, known: &[String]) -> fmt::Result {
    write!(f, "there is no such field")?;
    match nearest(got, known.iter().map(String::as_str)) {
        Some(name) => write!(f, "; the nearest is `{name}`"),
        None if (1..=LISTED).contains(&known.len()) => write!(f, "; there are {}", quoted(known)),
        None => Ok(()),
    }
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
