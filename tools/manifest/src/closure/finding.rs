//! What dangles, in words.

use std::fmt;

/// A reference that leads to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dangling {
    /// The object that refers: ``Deployment `alice/client` ``.
    pub object: String,
    /// The field that does.
    pub path: String,
    /// What is not there.
    pub problem: Problem,
}

/// What is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// An object.
    Object {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// Something that would be part of another thing: a key of a `ConfigMap`, a port of pods.
    Part {
        /// What should have it: ``ConfigMap `settings` ``.
        of: String,
        /// What it is: ``key `host` ``.
        part: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// Pods that a selector selects.
    Pods {
        /// What none of them is.
        lack: String,
        /// What may have been meant.
        nearest: Option<String>,
        /// The labels that others would have to give to pods, as `externals` has them:
        /// `app=kafka`; none where that would not help.
        labels: Option<String>,
    },
    /// A property of a thing that is there.
    Form(String),
}

impl fmt::Display for Dangling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.object, self.path, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nearest = match self {
            Self::Object {
                kind,
                name,
                nearest,
            } => {
                write!(f, "there is no {kind} `{name}`")?;
                nearest
            }
            Self::Part { of, part, nearest } => {
                write!(f, "{of} has no {part}")?;
                nearest
            }
            Self::Pods { lack, nearest, .. } => {
                write!(f, "selects no pod: {lack}")?;
                nearest
            }
            Self::Form(text) => return f.write_str(text),
        };
        match nearest {
            Some(nearest) => write!(f, "; the nearest is `{nearest}`"),
            None => Ok(()),
        }
    }
}
