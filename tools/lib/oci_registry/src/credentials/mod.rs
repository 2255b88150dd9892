//! Who we are to a registry, as Docker's and podman's configuration files and the programs that
//! they name say it.

mod auth_file;
mod places;
mod program;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use windlass_oci_reference::Repository;

use crate::Cause;
use auth_file::{AuthFile, server};
pub use places::{ConfigError, ConfigPlaces};

/// Who we are to one registry.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// Nobody.
    Anonymous,
    /// A user with a password or an access token.
    Basic {
        /// The user's name.
        username: String,
        /// The secret.
        password: String,
    },
    /// Somebody whom the token server knows by this token; the registry itself never sees it.
    IdentityToken(String),
    /// Somebody whom the registry knows by this token.
    RegistryToken(String),
}

impl Credentials {
    /// A text of somebody else, without the secret that may be quoted in it.
    pub(crate) fn redacted(&self, text: &str) -> String {
        match self {
            Self::Anonymous => text.to_owned(),
            Self::Basic {
                password: secret, ..
            }
            | Self::IdentityToken(secret)
            | Self::RegistryToken(secret) => text.replace(secret.as_str(), "***"),
        }
    }
}

/// Prints no secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::Basic { username, .. } => write!(f, "Basic {{ username: {username:?}, .. }}"),
            Self::IdentityToken(_) => f.write_str("IdentityToken(..)"),
            Self::RegistryToken(_) => f.write_str("RegistryToken(..)"),
        }
    }
}

/// What configuration files say about registries, the file that counts first in front.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DockerConfig {
    files: Vec<AuthFile>,
}

impl DockerConfig {
    /// Reads the text of one file.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        Ok(Self {
            files: vec![AuthFile::parse(text)?],
        })
    }
}

/// A program's answer, or why it gave none.
type Answer = Result<Credentials, String>;

/// The answer to come of a program, by its name and what it is asked for.
type Answers = HashMap<(String, String), Arc<OnceCell<Answer>>>;

/// Who we are in one run. A program is asked once for a registry.
pub(crate) struct Keyring {
    config: DockerConfig,
    patience: Duration,
    answers: Mutex<Answers>,
}

impl Keyring {
    /// `patience` is for how long a program is waited for.
    pub(crate) fn new(config: DockerConfig, patience: Duration) -> Self {
        Self {
            config,
            patience,
            answers: Mutex::default(),
        }
    }

    /// Who we are to a repository: for each file, what the program says that it names for the
    /// registry, else what stands in the file itself.
    pub(crate) async fn of(&self, repository: &Repository) -> Result<Credentials, Cause> {
        for file in &self.config.files {
            if let Some(name) = file.helper(repository.registry()) {
                let found = self.asked(name, repository).await?;
                if found != Credentials::Anonymous {
                    return Ok(found);
                }
            }
            if let Some(found) = file.entry(repository) {
                return Ok(found.clone());
            }
        }
        Ok(Credentials::Anonymous)
    }

    async fn asked(&self, name: &str, repository: &Repository) -> Result<Credentials, Cause> {
        let program = format!("docker-credential-{name}");
        let server = server(repository.registry());
        let answer = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (program.clone(), server.clone());
            Arc::clone(answers.entry(key).or_default())
        };
        let ask = || program::ask(&program, &server, self.patience);
        let answer = answer.get_or_init(ask).await.clone();
        answer.map_err(|reason| Cause::Helper {
            program,
            server,
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_holds_no_secret() {
        let text = r#"{"auths": {
            "a.example": {"username": "me", "password": "hunter2"},
            "b.example": {"identitytoken": "hunter2"},
            "c.example": {"registrytoken": "hunter2"}
        }}"#;
        let config = DockerConfig::parse(text).expect("parses");
        let text = format!("{config:?}");
        assert!(
            text.contains("\"me\"") && !text.contains("hunter2"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn the_first_file_that_knows_a_registry_counts() {
        let file = |registries: [&str; 2], password: &str| {
            let entry = serde_json::json!({"username": "me", "password": password});
            let [one, other] = registries;
            let text = serde_json::json!({"auths": {one: entry, other: entry}}).to_string();
            AuthFile::parse(&text).expect("parses")
        };
        let files = vec![
            file(["a.example", "b.example"], "1"),
            file(["b.example", "c.example"], "2"),
        ];
        let keyring = Keyring::new(DockerConfig { files }, Duration::ZERO);
        for (repository, password) in [
            ("a.example/x", Some("1")),
            ("b.example/x", Some("1")),
            ("c.example/x", Some("2")),
            ("d.example/x", None),
        ] {
            let found = keyring.of(&repository.parse().expect("a repository")).await;
            let want = password.map_or(Credentials::Anonymous, |password| Credentials::Basic {
                username: "me".to_owned(),
                password: password.to_owned(),
            });
            assert_eq!(found.expect("nobody is asked"), want, "{repository}");
        }
    }

    #[test]
    fn a_text_is_redacted() {
        let me = Credentials::IdentityToken("hunter2".to_owned());
        assert_eq!(me.redacted("no hunter2 here"), "no *** here");
        assert_eq!(Credentials::Anonymous.redacted("none"), "none");
    }
}
