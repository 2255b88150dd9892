//! One configuration file: Docker's `config.json` or podman's `auth.json`
//! (containers-auth.json(5)), which are of one form.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use windlass_oci_reference::{Registry, Repository};

use super::Credentials;

/// What one file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AuthFile {
    /// Credentials, by registry (`ghcr.io`) or by what repositories begin with (`ghcr.io/acme`).
    entries: BTreeMap<String, Credentials>,
    /// The program that knows a registry's.
    helpers: BTreeMap<String, String>,
    /// The program that knows those of all others.
    store: Option<String>,
}

#[derive(Default, Deserialize)]
struct Content {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default, rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(rename = "credsStore")]
    store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

impl AuthFile {
    /// Reads a file's text; one without any is taken for an empty one, as Docker does. Entries
    /// without credentials, for which there is a program, and entries that do not decode are left
    /// out.
    pub(super) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let content: Content = if text.trim().is_empty() {
            Content::default()
        } else {
            serde_json::from_str(text)?
        };
        let known = content.auths.into_iter();
        let known = known.filter_map(|(key, entry)| Some((place(&key), entry.credentials()?)));
        let helpers = content.helpers.into_iter();
        Ok(Self {
            entries: known.collect(),
            helpers: helpers.map(|(key, name)| (place(&key), name)).collect(),
            store: content.store.filter(|name| !name.is_empty()),
        })
    }

    /// The name of the program that is asked for a registry: `desktop` for
    /// `docker-credential-desktop`.
    pub(super) fn helper(&self, registry: &Registry) -> Option<&str> {
        let own = self.helpers.get(&host(&registry.to_string()));
        own.or(self.store.as_ref()).map(String::as_str)
    }

    /// What stands in the file itself for a repository: the entry whose key is the longest counts.
    pub(super) fn entry(&self, repository: &Repository) -> Option<&Credentials> {
        let host = host(&repository.registry().to_string());
        let mut key = format!("{host}/{}", repository.path());
        loop {
            if let Some(found) = self.entries.get(&key) {
                return Some(found);
            }
            key.truncate(key.rfind('/')?);
        }
    }
}

impl Entry {
    fn credentials(self) -> Option<Credentials> {
        if !self.registrytoken.is_empty() {
            return Some(Credentials::RegistryToken(self.registrytoken));
        }
        if !self.identitytoken.is_empty() {
            return Some(Credentials::IdentityToken(self.identitytoken));
        }
        let (username, password) = if self.auth.is_empty() {
            (self.username, self.password)
        } else {
            decode(&self.auth)?
        };
        (!password.is_empty()).then_some(Credentials::Basic { username, password })
    }
}

/// `base64(username ":" password)`, padded with zero bytes by some writers.
fn decode(auth: &str) -> Option<(String, String)> {
    let bytes = BASE64_STANDARD.decode(auth.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    let password = password.trim_end_matches('\0');
    Some((username.to_owned(), password.to_owned()))
}

/// What a key is for. `docker login` writes URLs, and their paths say nothing of repositories; other
/// keys may have a path that does.
fn place(key: &str) -> String {
    let bare = key.strip_prefix("https://");
    let bare = bare.or_else(|| key.strip_prefix("http://"));
    let (name, path) = bare
        .unwrap_or(key)
        .split_once('/')
        .unwrap_or((bare.unwrap_or(key), ""));
    let path = path.trim_end_matches('/');
    if bare.is_some() || ["", "v1", "v2"].contains(&path) {
        host(name)
    } else {
        format!("{}/{path}", host(name))
    }
}

/// A registry's one name; Docker's own has several.
fn host(name: &str) -> String {
    match name {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        _ => name.to_owned(),
    }
}

/// What programs call a registry.
pub(super) fn server(registry: &Registry) -> String {
    match host(&registry.to_string()) {
        name if name == "docker.io" => "https://index.docker.io/v1/".to_owned(),
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> Credentials {
        Credentials::Basic {
            username: name.to_owned(),
            password: "secret:with:colons".to_owned(),
        }
    }

    fn entry(file: &AuthFile, repository: &str) -> Option<Credentials> {
        let repository = repository.parse().expect("a repository");
        file.entry(&repository).cloned()
    }

    /// A file with an entry of this name for each key, in the form of `docker login`.
    fn file(entries: &[(&str, &str)]) -> AuthFile {
        let auths: BTreeMap<_, _> = entries
            .iter()
            .map(|(key, name)| {
                let auth = BASE64_STANDARD.encode(format!("{name}:secret:with:colons"));
                (*key, serde_json::json!({ "auth": auth }))
            })
            .collect();
        let text = serde_json::json!({ "auths": auths }).to_string();
        AuthFile::parse(&text).expect("parses")
    }

    #[test]
    fn keys_with_and_without_scheme_and_path() {
        let file = file(&[
            ("ghcr.io", "one"),
            ("https://index.docker.io/v1/", "two"),
            ("https://a.example/some/path", "three"),
            ("http://b.example:5000", "four"),
            ("c.example/v2/", "five"),
        ]);
        for (repository, name) in [
            ("ghcr.io/a", Some("one")),
            ("ghcr.io/a/b/c", Some("one")),
            ("ghcr.io:443/a", None),
            ("docker.io/library/redis", Some("two")),
            ("index.docker.io/a/b", Some("two")),
            ("registry-1.docker.io/a/b", Some("two")),
            ("a.example/x", Some("three")),
            ("b.example:5000/x", Some("four")),
            ("c.example/x", Some("five")),
            ("d.example/x", None),
        ] {
            assert_eq!(entry(&file, repository), name.map(user), "{repository}");
        }
    }

    #[test]
    fn the_longest_prefix_of_a_repository_counts() {
        let file = file(&[
            ("ghcr.io", "host"),
            ("ghcr.io/acme", "acme"),
            ("ghcr.io/acme/app", "app"),
            ("quay.io/acme", "quay"),
        ]);
        for (repository, name) in [
            ("ghcr.io/acme/app", Some("app")),
            ("ghcr.io/acme/app/part", Some("app")),
            ("ghcr.io/acme/apple", Some("acme")),
            ("ghcr.io/acme", Some("acme")),
            ("ghcr.io/other", Some("host")),
            ("quay.io/acme/x", Some("quay")),
            ("quay.io/acmes", None),
        ] {
            assert_eq!(entry(&file, repository), name.map(user), "{repository}");
        }
    }

    #[test]
    fn all_forms_of_an_entry() {
        // base64 of "me:" and of "me:secret\0\0".
        let text = r#"{"auths": {
            "a.example": {"username": "me", "password": "secret"},
            "b.example": {"auth": "bWU6", "identitytoken": "identity"},
            "c.example": {"auth": "bWU6", "registrytoken": "registry"},
            "d.example": {"auth": "bWU6c2VjcmV0AAA="},
            "e.example": {"auth": "bWU6", "email": "me@example.com"},
            "f.example": {"auth": "%%%"},
            "g.example": {}
        }, "HttpHeaders": {}}"#;
        let file = AuthFile::parse(text).expect("parses");
        let basic = Credentials::Basic {
            username: "me".to_owned(),
            password: "secret".to_owned(),
        };
        let of = |host: &str| entry(&file, &format!("{host}.example/x"));
        assert_eq!(of("a"), Some(basic.clone()));
        assert_eq!(
            of("b"),
            Some(Credentials::IdentityToken("identity".to_owned()))
        );
        assert_eq!(
            of("c"),
            Some(Credentials::RegistryToken("registry".to_owned()))
        );
        assert_eq!(of("d"), Some(basic));
        assert_eq!([of("e"), of("f"), of("g")], [None, None, None]);
    }

    #[test]
    fn a_registry_has_a_helper_of_its_own_or_that_of_all() {
        let text = r#"{"credHelpers": {"ghcr.io": "gh", "https://index.docker.io/v1/": "hub"},
                       "credsStore": "desktop"}"#;
        let file = AuthFile::parse(text).expect("parses");
        let helper = |registry: &str| {
            let registry = registry.parse().expect("a registry");
            file.helper(&registry).map(str::to_owned)
        };
        assert_eq!(helper("ghcr.io").as_deref(), Some("gh"));
        assert_eq!(helper("docker.io").as_deref(), Some("hub"));
        assert_eq!(helper("quay.io").as_deref(), Some("desktop"));
        for empty in ["", "\n", "{}", r#"{"credsStore": ""}"#] {
            let file = AuthFile::parse(empty).expect("parses");
            assert_eq!(file.helper(&"quay.io".parse().expect("a registry")), None);
        }
    }

    #[test]
    fn what_programs_call_a_registry() {
        let server = |registry: &str| server(&registry.parse().expect("a registry"));
        assert_eq!(server("ghcr.io"), "ghcr.io");
        assert_eq!(server("b.example:5000"), "b.example:5000");
        assert_eq!(server("docker.io"), "https://index.docker.io/v1/");
    }
}
