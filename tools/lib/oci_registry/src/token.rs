//! Tokens: what a registry asks for, and how a token server is asked for it
//! (distribution.github.io/distribution/spec/auth: "token" and "oauth").

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;
use windlass_oci_reference::Repository;

use crate::credentials::Credentials;
use crate::pools::{Pools, Use};
use crate::session::{Call, Failure};
use crate::{Cause, Request};

/// What a registry wants to hear from us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A token of a token server.
    Bearer(Bearer),
    /// Name and password.
    Basic,
}

/// Where a token is to be had, and what for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bearer {
    /// The token server.
    pub(crate) realm: String,
    /// What that calls the registry.
    pub(crate) service: Option<String>,
    /// What the registry says that the token has to be good for.
    pub(crate) scopes: Vec<String>,
    /// What is wrong with the token that was sent.
    pub(crate) error: Option<String>,
}

impl Challenge {
    /// What is best of what the `WWW-Authenticate` headers of an answer offer; `None` if we know
    /// none of it.
    pub(crate) fn best(headers: &[String]) -> Option<Self> {
        let offers = || headers.iter().flat_map(|header| offers(header));
        let bearer = offers().find(|offer| offer.scheme.eq_ignore_ascii_case("bearer"));
        if let Some(bearer) = bearer {
            return Some(Self::Bearer(bearer.into_bearer()));
        }
        let basic = offers().any(|offer| offer.scheme.eq_ignore_ascii_case("basic"));
        basic.then_some(Self::Basic)
    }
}

/// One way to say who we are (RFC 9110, section 11.3).
struct Offer {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Offer {
    fn into_bearer(self) -> Bearer {
        let mut bearer = Bearer::default();
        for (name, value) in self.parameters {
            match name.to_ascii_lowercase().as_str() {
                "realm" => bearer.realm = value,
                "service" => bearer.service = Some(value),
                "scope" => bearer.scopes = value.split_whitespace().map(str::to_owned).collect(),
                "error" => bearer.error = Some(value),
                _ => {}
            }
        }
        bearer
    }
}

/// The offers of one header: `Bearer realm="https://a",service="b", Basic realm="c"`.
fn offers(header: &str) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() && after.is_empty() {
            return offers;
        }
        let Some(value) = after.strip_prefix('=') else {
            offers.push(Offer {
                scheme: word.to_owned(),
                parameters: Vec::new(),
            });
            rest = after;
            continue;
        };
        let (value, after) = parameter(value);
        if let Some(offer) = offers.last_mut() {
            offer.parameters.push((word.to_owned(), value));
        }
        rest = after;
    }
}

/// A parameter's value, quoted or not, and what comes after it.
fn parameter(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, after) = text.split_at(text.find([' ', '\t', ',']).unwrap_or(text.len()));
        return (value.to_owned(), after);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, "")
}

/// What a token server says.
#[derive(Deserialize)]
struct Answered {
    token: Option<String>,
    access_token: Option<String>,
}

impl Bearer {
    /// Asks the token server for a token that is good for `scopes`, and for what the registry has
    /// named besides.
    pub(crate) async fn token(
        &self,
        pools: &Pools,
        repository: &Repository,
        scopes: Vec<String>,
        credentials: &Credentials,
    ) -> Result<String, Failure> {
        let none = |reason: &str| Cause::Token {
            repository: repository.to_string(),
            reason: credentials.redacted(reason),
        };
        let realm = Url::parse(&self.realm).ok().filter(Url::has_host);
        let realm =
            realm.ok_or_else(|| none("the registry asks for one and names no token server"))?;
        if realm.scheme() != "https" {
            return Err(none("its token server is plain http").into());
        }
        let call = self.question(pools, realm, &self.with_own(scopes), credentials)?;
        let answer = call.send_unauthorized().await?;
        if answer.status() != StatusCode::OK {
            return Err(match answer.unexpected().await {
                Failure::Final(cause) => none(&cause.to_string()).into(),
                passing => passing,
            });
        }
        let said: Option<Answered> =
            serde_json::from_slice(&answer.bytes(crate::pull::MOST).await?).ok();
        let token = said.and_then(|said| said.token.or(said.access_token));
        let token = token.filter(|token| !token.is_empty());
        token.ok_or_else(|| none("the answer of its token server holds none").into())
    }

    /// The scopes that we want, and those of the registry that are not among them.
    fn with_own(&self, mut scopes: Vec<String>) -> Vec<String> {
        for own in &self.scopes {
            if !scopes.iter().any(|scope| covers(scope, own)) {
                scopes.push(own.clone());
            }
        }
        scopes
    }

    fn question(
        &self,
        pools: &Pools,
        mut realm: Url,
        scopes: &[String],
        credentials: &Credentials,
    ) -> Result<Call, Failure> {
        let service = self.service.as_deref();
        let service = service.map(|service| ("service", service));
        if let Credentials::IdentityToken(token) = credentials {
            let scope = scopes.join(" ");
            let pairs = [
                ("grant_type", "refresh_token"),
                ("client_id", "windlass"),
                ("scope", &scope),
                ("refresh_token", token),
            ];
            let form = form(&realm, service.into_iter().chain(pairs));
            let call = ask(pools, Method::POST, realm)?;
            let call = call.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            return Ok(call.body(form.into()));
        }
        let scopes = scopes.iter().map(|scope| ("scope", scope.as_str()));
        let pairs = service.into_iter().chain(scopes);
        realm.query_pairs_mut().extend_pairs(pairs);
        let call = ask(pools, Method::GET, realm)?;
        Ok(match credentials {
            Credentials::Basic { username, password } => {
                call.authorized(&basic(username, password))
            }
            _ => call,
        })
    }
}

/// A request to a token server. Errors name it with its host: it is not the registry.
fn ask(pools: &Pools, method: Method, realm: Url) -> Result<Call, Failure> {
    let host = realm.host_str().unwrap_or_default();
    let port = realm.port().map(|port| format!(":{port}"));
    let origin = format!("https://{host}{}", port.unwrap_or_default());
    let path = format!("{origin}{}", realm.path());
    let request = Request {
        origin: origin.into(),
        method: method.to_string(),
        path,
    };
    Call::new(pools, Use::Secrets, method, realm, request)
}

/// Pairs as a form is sent (`application/x-www-form-urlencoded`).
fn form<'a>(any: &Url, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut url = any.clone();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// `Authorization` for a name and a password (RFC 7617).
pub(crate) fn basic(username: &str, password: &str) -> String {
    use base64::Engine as _;
    let encoded = base64::prelude::BASE64_STANDARD.encode(format!("{username}:{password}"));
    format!("Basic {encoded}")
}

/// Whether a token for `scope` is one for `other`: `repository:a:pull,push` for `repository:a:pull`.
fn covers(scope: &str, other: &str) -> bool {
    let parts = |scope: &'_ str| {
        let (place, actions) = scope.rsplit_once(':').unwrap_or((scope, ""));
        let actions: Vec<_> = actions.split(',').map(str::to_owned).collect();
        (place.to_owned(), actions)
    };
    let ((place, actions), (other, wanted)) = (parts(scope), parts(other));
    place == other && wanted.iter().all(|wanted| actions.contains(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(headers: &[&str]) -> Option<Challenge> {
        let headers: Vec<_> = headers.iter().map(|&header| header.to_owned()).collect();
        Challenge::best(&headers)
    }

    fn bearer(realm: &str, service: &str, scopes: &[&str]) -> Challenge {
        Challenge::Bearer(Bearer {
            realm: realm.to_owned(),
            service: (!service.is_empty()).then(|| service.to_owned()),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            error: None,
        })
    }

    #[test]
    fn challenges_as_registries_write_them() {
        let some =
            |realm: &str, service: &str, scopes: &[&str]| Some(bearer(realm, service, scopes));
        for (headers, want) in [
            (&[][..], None),
            (&["Negotiate abc=="], None),
            (&["Basic realm=\"x\""], Some(Challenge::Basic)),
            (&["basic"], Some(Challenge::Basic)),
            (
                &[
                    r#"Bearer realm="https://a.example/token",service="a b",scope="repository:x:pull repository:y:pull,push""#,
                ],
                some(
                    "https://a.example/token",
                    "a b",
                    &["repository:x:pull", "repository:y:pull,push"],
                ),
            ),
            (
                &[r#"BEARER Realm=https://a.example/token , Service="say \"a, b=c\"""#],
                some("https://a.example/token", r#"say "a, b=c""#, &[]),
            ),
            (
                &[r#"Basic realm="x", Bearer realm="https://a.example""#],
                some("https://a.example", "", &[]),
            ),
            (
                &["Basic realm=\"x\"", "Bearer realm=\"https://a.example\""],
                some("https://a.example", "", &[]),
            ),
            (&["Bearer"], some("", "", &[])),
            (&["Bearer realm=\"https://a"], some("https://a", "", &[])),
        ] {
            assert_eq!(best(headers), want, "{headers:?}");
        }
    }

    #[test]
    fn scopes_of_the_registry_are_added_where_ours_do_not_cover_them() {
        let asked = |own: &[&str]| {
            let bearer = Bearer {
                scopes: own.iter().map(|&scope| scope.to_owned()).collect(),
                ..Bearer::default()
            };
            bearer.with_own(vec!["repository:a:pull,push".to_owned()])
        };
        let ours = "repository:a:pull,push";
        assert_eq!(asked(&[]), [ours]);
        assert_eq!(asked(&["repository:a:pull"]), [ours]);
        assert_eq!(asked(&["repository:a:push,pull"]), [ours]);
        let other = "repository:mirror/a:pull";
        assert_eq!(asked(&["repository:a:pull", other]), [ours, other]);
        assert_eq!(
            asked(&["repository:a:delete"]),
            [ours, "repository:a:delete"]
        );
    }

    #[test]
    fn a_form_is_encoded() {
        let any = Url::parse("https://a.example/token?x=y").expect("a URL");
        let pairs = [
            ("scope", "repository:a:pull,push b"),
            ("refresh_token", "+&="),
        ];
        assert_eq!(
            form(&any, pairs.into_iter()),
            "scope=repository%3Aa%3Apull%2Cpush+b&refresh_token=%2B%26%3D"
        );
    }
}
