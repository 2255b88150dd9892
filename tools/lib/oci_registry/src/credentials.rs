//! Who we are to a registry. Credential helpers and stores are not asked (yet): what counts is
//! `auths` of Docker's configuration file.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use windlass_oci_reference::Registry;

/// Who we are to one registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody.
    Anonymous,
    /// A user with a password or an access token.
    Basic {
        /// The user's name.
        username: String,
        /// The secret; never printed, `Debug` included.
        password: String,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::Basic { username, .. } => write!(f, "Basic {{ username: {username:?}, .. }}"),
        }
    }
}

/// The credentials of Docker's `config.json`, by registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DockerConfig {
    by_registry: BTreeMap<String, Credentials>,
}

#[derive(Deserialize)]
struct ConfigFile {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
}

#[derive(Deserialize)]
struct Auth {
    auth: Option<String>,
}

impl DockerConfig {
    /// Reads the file's text. Entries without `auth`, which a credential helper would fill in,
    /// and entries that do not decode are left out.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let file: ConfigFile = serde_json::from_str(text)?;
        let known = file.auths.into_iter().filter_map(|(key, entry)| {
            let host = key.strip_prefix("https://").unwrap_or(&key);
            let host = host.split('/').next().unwrap_or(host);
            Some((host.to_owned(), decode(&entry.auth?)?))
        });
        Ok(Self {
            by_registry: known.collect(),
        })
    }

    /// Who we are to this registry.
    pub fn of(&self, registry: &Registry) -> Credentials {
        self.by_registry
            .get(&registry.to_string())
            .cloned()
            .unwrap_or(Credentials::Anonymous)
    }
}

/// `base64(username ":" password)`, padded with zero bytes by some writers.
fn decode(auth: &str) -> Option<Credentials> {
    let bytes = BASE64_STANDARD.decode(auth.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    let password = password.trim_end_matches('\0');
    Some(Credentials::Basic {
        username: username.to_owned(),
        password: password.to_owned(),
    })
}

/// Where Docker's configuration file is, from the values of `DOCKER_CONFIG` and `HOME`.
pub fn docker_config_path(
    docker_config: Option<OsString>,
    home: Option<OsString>,
) -> Option<PathBuf> {
    let folder = match docker_config.filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(home.filter(|home| !home.is_empty())?).join(".docker"),
    };
    Some(folder.join("config.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    // base64 of "me:secret:with:colons".
    const CONFIG: &str = r#"{
        "auths": {
            "ghcr.io": {"auth": "bWU6c2VjcmV0OndpdGg6Y29sb25z"},
            "https://index.docker.io/v1/": {"auth": "bWU6c2VjcmV0OndpdGg6Y29sb25z"},
            "helped.example": {},
            "garbled.example": {"auth": "%%%"}
        },
        "credsStore": "desktop"
    }"#;

    #[test]
    fn auths_are_read_by_registry() {
        let config = DockerConfig::parse(CONFIG).expect("parses");
        let of = |registry: &str| config.of(&registry.parse().expect("a registry"));
        let me = Credentials::Basic {
            username: "me".to_owned(),
            password: "secret:with:colons".to_owned(),
        };
        assert_eq!(of("ghcr.io"), me);
        assert_eq!(of("index.docker.io"), me);
        for nobody in [
            "ghcr.io:443",
            "helped.example",
            "garbled.example",
            "localhost:31000",
        ] {
            assert_eq!(of(nobody), Credentials::Anonymous, "{nobody}");
        }
    }

    #[test]
    fn debug_holds_no_secret() {
        let config = DockerConfig::parse(CONFIG).expect("parses");
        let text = format!("{config:?}");
        assert!(
            text.contains("\"me\"") && !text.contains("secret"),
            "{text}"
        );
    }

    #[test]
    fn the_file_is_found_by_the_environment() {
        let path = |config: Option<&str>, home: Option<&str>| {
            docker_config_path(config.map(OsString::from), home.map(OsString::from))
        };
        assert_eq!(path(Some("/c"), Some("/h")), Some("/c/config.json".into()));
        assert_eq!(
            path(None, Some("/h")),
            Some("/h/.docker/config.json".into())
        );
        assert_eq!(path(Some(""), Some("")), None);
    }
}
