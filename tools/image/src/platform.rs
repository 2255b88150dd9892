//! What a node is: the system and processor that an image is for.

use oci_spec::image::ImageConfiguration;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// `linux/amd64`, `linux/arm/v7`: the names of Go, as the image specification has them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Platform {
    pub(crate) os: String,
    pub(crate) architecture: String,
    pub(crate) variant: Option<String>,
}

impl Platform {
    /// The platform that a config is for.
    pub(crate) fn of(config: &ImageConfiguration) -> Self {
        Self {
            os: config.os().to_string(),
            architecture: config.architecture().to_string(),
            variant: config.variant().clone(),
        }
    }

    /// Those that nodes have, if nobody says others.
    pub(crate) fn of_nodes() -> Vec<Self> {
        let linux = |architecture: &str| Self {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: None,
        };
        vec![linux("amd64"), linux("arm64")]
    }

    /// Whether it is one at all, and not what tools write where there is none.
    pub(crate) fn is_known(&self) -> bool {
        !matches!(&*self.os, "" | "unknown")
    }

    /// Whether an image for `other` is one for this. A variant that one of them does not name does
    /// not matter: `linux/arm64` is `linux/arm64/v8`.
    pub(crate) fn takes(&self, other: &Self) -> bool {
        let variants = self.variant.as_ref().zip(other.variant.as_ref());
        self.os == other.os
            && self.architecture == other.architecture
            && variants.is_none_or(|(own, other)| own == other)
    }
}

impl From<&oci_spec::image::Platform> for Platform {
    fn from(platform: &oci_spec::image::Platform) -> Self {
        Self {
            os: platform.os().to_string(),
            architecture: platform.architecture().to_string(),
            variant: platform.variant().clone(),
        }
    }
}

/// What build actions say of a platform.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Flags {
    /// The operating system, as Go calls it
    #[arg(long, value_name = "GOOS")]
    pub(crate) os: String,

    /// The processor, as Go calls it
    #[arg(long, value_name = "GOARCH")]
    pub(crate) architecture: String,
}

impl Flags {
    pub(crate) fn platform(&self) -> Platform {
        Platform {
            os: self.os.clone(),
            architecture: self.architecture.clone(),
            variant: None,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts[..] {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant.to_owned())),
            _ => ("", "", None),
        };
        if os.is_empty() || architecture.is_empty() || variant.as_deref() == Some("") {
            return Err("want a system and a processor, as in `linux/amd64`".to_owned());
        }
        Ok(Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant,
        })
    }
}

impl TryFrom<String> for Platform {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().expect("a platform")
    }

    #[test]
    fn what_is_written_is_read() {
        for text in ["linux/amd64", "linux/arm/v7"] {
            assert_eq!(platform(text).to_string(), text);
        }
        for text in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "linux/arm/",
            "linux/arm/v7/x",
        ] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_variant_that_nobody_names_does_not_matter() {
        let arm64 = platform("linux/arm64");
        assert!(arm64.takes(&platform("linux/arm64/v8")));
        assert!(platform("linux/arm64/v8").takes(&arm64));
        assert!(!platform("linux/arm/v6").takes(&platform("linux/arm/v7")));
        assert!(!arm64.takes(&platform("linux/amd64")));
    }
}
