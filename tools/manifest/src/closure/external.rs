//! What others make: objects and pods that are in the cluster and in no manifest here.

use std::collections::BTreeMap;
use std::str::FromStr;

/// Something that is there though no manifest here has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum External {
    /// An object: `ConfigMap/ca-bundle`.
    Object {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Pods with these labels: `Pod/app=kafka,role=broker`.
    Pods {
        /// Labels that they have among others.
        labels: BTreeMap<String, String>,
    },
}

impl External {
    /// Whether it is the object of this kind and name.
    pub(super) fn is(&self, kind: &str, name: &str) -> bool {
        match self {
            Self::Object { kind: k, name: n } => k == kind && n == name,
            Self::Pods { .. } => false,
        }
    }
}

impl FromStr for External {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let want = || "want KIND/NAME, or Pod/LABEL=VALUE,... for pods".to_owned();
        let (kind, name) = text.split_once('/').ok_or_else(want)?;
        if kind.is_empty() || name.is_empty() {
            return Err(want());
        }
        if kind != "Pod" {
            let (kind, name) = (kind.to_owned(), name.to_owned());
            return Ok(Self::Object { kind, name });
        }
        let pair = |pair: &str| {
            let (label, value) = pair.split_once('=').ok_or_else(want)?;
            Ok((label.to_owned(), value.to_owned()))
        };
        let labels: Result<_, Self::Err> = name.split(',').map(pair).collect();
        Ok(Self::Pods { labels: labels? })
    }
}
