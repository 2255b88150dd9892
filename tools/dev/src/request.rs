//! The request: what a target says, in the file beside its launcher.

use std::path::Path;

use serde::Deserialize;

use crate::error::Error;

/// The version of the schema that this tool reads.
pub const VERSION: u32 = 1;

/// Which target is built and applied.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The schema's version, [`VERSION`].
    pub version: u32,
    /// The target: `//services/client:myns.dev`.
    pub label: String,
    /// The run target that applies: `//services/client:myns-deep.apply`. It is not built with this
    /// one: what does not build today is what somebody wants to mend.
    pub apply: String,
}

impl Request {
    /// Reads a request.
    pub fn read(path: &Path) -> Result<Self, Error> {
        windlass_versioned::read(path, VERSION).map_err(|source| Error::Request {
            path: path.to_owned(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_rule_writes() {
        let text = r#"{"version": 1, "label": "//a:myns.dev", "apply": "//a:myns-deep.apply"}"#;
        let request: Request =
            windlass_versioned::parse(text.as_bytes(), VERSION).expect("a request");
        assert_eq!(request.apply, "//a:myns-deep.apply");
    }
}
