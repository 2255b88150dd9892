//! Single requests: where they go, who we are, what failed, and whether it is worth repeating.

use crate::credentials::Credentials;
use crate::target::Scheme;
use crate::{Cause, Event, Progress, Request, Settings, Target};
use bytes::Bytes;
use futures::Stream;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use oci_client::{Reference, RegistryOperation};
use reqwest::header::{AUTHORIZATION, HeaderName, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Body, Method, StatusCode, Url};
use serde::Deserialize;
use std::collections::HashMap;
use std::error::Error as _;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use windlass_oci_reference::{Digest, Registry, Repository};

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// The state that all requests of a client share.
pub(crate) struct Session {
    settings: Settings,
    permits: Semaphore,
    /// One pool per scheme and use: plain http never loads certificate authorities.
    pools: Mutex<HashMap<(&'static str, Use), reqwest::Client>>,
    /// `Authorization` values, by what they are good for.
    authorizations: Mutex<HashMap<Repository, Arc<str>>>,
    places: Mutex<HashMap<(Registry, Digest), Places>>,
}

/// What connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Use {
    /// Questions: each is answered soon.
    Questions,
    /// Uploads, which take as long as they take.
    Uploads,
}

/// The repositories that a blob is known to be in.
pub(crate) type Places = Arc<tokio::sync::Mutex<Vec<Repository>>>;

/// Where an upload goes on.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    url: Url,
    is_registry: bool,
}

impl Location {
    /// Whether it is at the registry itself.
    pub(crate) fn is_registry(&self) -> bool {
        self.is_registry
    }

    /// The place to end an upload of a blob at.
    pub(crate) fn with_digest(&self, digest: &Digest) -> Self {
        let mut location = self.clone();
        let mut query = location.url.query_pairs_mut();
        query.append_pair("digest", &digest.to_string());
        drop(query);
        location
    }
}

/// One try that failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It will fail again.
    Final(Cause),
    /// It may pass: 429, 5xx, no answer.
    Passing {
        cause: Cause,
        asked: Option<Duration>,
    },
    /// The registry wants to know who we are.
    Unauthorized { cause: Cause, challenge: String },
}

impl Failure {
    /// The same as one that may pass: something else is tried next.
    pub(crate) fn passing(self) -> Self {
        match self {
            Self::Final(cause) => Self::Passing { cause, asked: None },
            other => other,
        }
    }
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        Self::Final(cause)
    }
}

impl Session {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            permits: Semaphore::new(settings.connections.max(1)),
            settings,
            pools: Mutex::default(),
            authorizations: Mutex::default(),
            places: Mutex::default(),
        }
    }

    /// [`Session::repeat`], with one of the client's permits while it tries, not while it waits.
    pub(crate) async fn persist<T, F, Fut>(
        &self,
        target: &Target,
        progress: &Arc<dyn Progress>,
        tried: F,
    ) -> Result<T, Cause>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, Failure>>,
    {
        let permitted = || async {
            // The semaphore is never closed; without a permit there is merely no bound.
            let _permit = self.permits.acquire().await.ok();
            tried().await
        };
        self.repeat(target, progress, permitted).await
    }

    /// Repeats `tried` until it succeeds, fails for good, or has failed too often. Answers a 401
    /// with a token, once.
    pub(crate) async fn repeat<T, F, Fut>(
        &self,
        target: &Target,
        progress: &Arc<dyn Progress>,
        tried: F,
    ) -> Result<T, Cause>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, Failure>>,
    {
        let mut failed = 0;
        let mut introduced = false;
        loop {
            match tried().await {
                Ok(value) => return Ok(value),
                Err(Failure::Final(cause)) => return Err(cause),
                Err(Failure::Unauthorized { cause, challenge }) => {
                    if introduced {
                        return Err(cause);
                    }
                    introduced = true;
                    self.introduce(target, cause, &challenge).await?;
                }
                Err(Failure::Passing { cause, asked }) => {
                    let Some(wait) = self.settings.retry.pause(failed, asked) else {
                        return Err(cause);
                    };
                    failed += 1;
                    progress.event(Event::Retry {
                        cause: cause.to_string(),
                        wait,
                    });
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// A request to the registry itself; `path` begins with a slash.
    pub(crate) fn call(
        &self,
        target: &Target,
        method: Method,
        path: &str,
    ) -> Result<Call, Failure> {
        let registry = target.repository.registry();
        let scheme = Scheme::of(registry, target.transport);
        let text = format!("{}://{registry}{path}", scheme.as_str());
        let request = Request {
            method: method.to_string(),
            path: path.to_owned(),
        };
        let url = Url::parse(&text).map_err(|error| Cause::Answer {
            request: request.clone(),
            got: error.to_string(),
            want: "a registry's name",
        })?;
        let call = self.builder(Use::Questions, method, url, request)?;
        Ok(if scheme == Scheme::Https {
            self.introduced(call, &target.repository)
        } else {
            call
        })
    }

    /// A request to where an upload goes on. That may be another host (a bucket), which is not told
    /// who we are.
    pub(crate) fn call_at(
        &self,
        target: &Target,
        method: Method,
        location: &Location,
    ) -> Result<Call, Failure> {
        let url = location.url.clone();
        let request = Request {
            method: method.to_string(),
            path: url.path().to_owned(),
        };
        let is_https = url.scheme() == "https";
        let call = self.builder(Use::Uploads, method, url, request)?;
        Ok(if location.is_registry && is_https {
            self.introduced(call, &target.repository)
        } else {
            call
        })
    }

    /// A request that says who we are, if the repository has asked before.
    fn introduced(&self, call: Call, repository: &Repository) -> Call {
        let known = self
            .authorizations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match known.get(repository) {
            Some(authorization) => call.header(AUTHORIZATION, authorization),
            None => call,
        }
    }

    /// How the client behaves.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The repositories of a registry that a blob is known to be in. Whoever sends it there holds
    /// the lock.
    pub(crate) fn places(&self, registry: &Registry, digest: &Digest) -> Places {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (registry.clone(), *digest);
        Arc::clone(places.entry(key).or_default())
    }

    fn builder(
        &self,
        uses: Use,
        method: Method,
        url: Url,
        request: Request,
    ) -> Result<Call, Failure> {
        let pool = self.pool(uses, url.scheme())?;
        Ok(Call {
            builder: pool.request(method, url),
            request,
        })
    }

    fn pool(&self, uses: Use, scheme: &str) -> Result<reqwest::Client, Failure> {
        let scheme = if scheme == "https" { "https" } else { "http" };
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&(scheme, uses)) {
            return Ok(pool.clone());
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.settings.connect_timeout)
            .pool_max_idle_per_host(self.settings.connections)
            .redirect(reqwest::redirect::Policy::custom(follow));
        builder = match uses {
            Use::Questions => builder.read_timeout(self.settings.read_timeout),
            // That timeout counts while the body is sent. Who has died is told by what stays
            // unacknowledged.
            Use::Uploads => builder
                .tcp_keepalive(self.settings.read_timeout)
                .tcp_user_timeout(self.settings.read_timeout),
        };
        if scheme == "http" {
            builder = builder.tls_certs_only([]);
        }
        let pool = builder.build().map_err(|error| Cause::Tls {
            reason: innermost(&error),
        })?;
        pools.insert((scheme, uses), pool.clone());
        Ok(pool)
    }

    /// Finds out what to answer to a 401, and keeps it for the repository.
    async fn introduce(
        &self,
        target: &Target,
        refused: Cause,
        challenge: &str,
    ) -> Result<(), Cause> {
        let repository = &target.repository;
        let registry = repository.registry();
        if Scheme::of(registry, target.transport) == Scheme::Http {
            return Err(match refused {
                Cause::Status { request, .. } => Cause::PlainHttp { request },
                other => other,
            });
        }
        let credentials = self.settings.credentials.of(registry);
        let authorization = if challenge.to_ascii_lowercase().starts_with("bearer ") {
            let https = ClientProtocol::Https;
            let token = self
                .token(repository, https, &credentials, challenge)
                .await?;
            format!("Bearer {token}")
        } else {
            match credentials {
                Credentials::Basic { username, password } => basic(&username, &password),
                Credentials::Anonymous => return Err(refused),
            }
        };
        let mut known = self
            .authorizations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.insert(repository.clone(), authorization.into());
        Ok(())
    }

    /// A token by oci-client, which knows the dialects of token servers.
    async fn token(
        &self,
        name: &Repository,
        protocol: ClientProtocol,
        credentials: &Credentials,
        challenge: &str,
    ) -> Result<String, Cause> {
        let none = |reason: String| Cause::Token {
            repository: name.to_string(),
            reason,
        };
        let auth = match credentials {
            Credentials::Anonymous => RegistryAuth::Anonymous,
            Credentials::Basic { .. } if has_plain_realm(challenge) => {
                return Err(none("its token server is plain http".to_owned()));
            }
            Credentials::Basic { username, password } => {
                RegistryAuth::Basic(username.clone(), password.clone())
            }
        };
        let config = ClientConfig {
            protocol,
            connect_timeout: Some(self.settings.connect_timeout),
            read_timeout: Some(self.settings.read_timeout),
            ..ClientConfig::default()
        };
        let client =
            oci_client::Client::try_from(config).map_err(|error| none(error.to_string()))?;
        let reference = Reference::with_tag(
            name.registry().to_string(),
            name.path().to_owned(),
            "latest".to_owned(),
        );
        let token = client
            .auth(&reference, &auth, RegistryOperation::Push)
            .await;
        token
            .map_err(|error| none(error.to_string()))?
            .ok_or_else(|| none("the registry asks for one and names no token server".to_owned()))
    }
}

/// Follows a registry to where its blobs are, but never from https to plain http.
fn follow(attempt: reqwest::redirect::Attempt<'_>) -> reqwest::redirect::Action {
    let from_https = attempt
        .previous()
        .last()
        .is_some_and(|url| url.scheme() == "https");
    if attempt.previous().len() > REDIRECTS {
        attempt.error("more than 5 redirects")
    } else if from_https && attempt.url().scheme() != "https" {
        attempt.error("redirected from https to plain http")
    } else {
        attempt.follow()
    }
}

/// Whether a challenge sends us to a token server that would hear the password in the clear.
fn has_plain_realm(challenge: &str) -> bool {
    challenge
        .to_ascii_lowercase()
        .replace('"', "")
        .contains("realm=http:")
}

fn basic(username: &str, password: &str) -> String {
    use base64::Engine as _;
    let encoded = base64::prelude::BASE64_STANDARD.encode(format!("{username}:{password}"));
    format!("Basic {encoded}")
}

/// One request that is not sent yet.
pub(crate) struct Call {
    builder: reqwest::RequestBuilder,
    request: Request,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({})", self.request)
    }
}

impl Call {
    pub(crate) fn header(self, name: HeaderName, value: &str) -> Self {
        Self {
            builder: self.builder.header(name, value),
            ..self
        }
    }

    pub(crate) fn query(self, pairs: &[(&str, &str)]) -> Self {
        Self {
            builder: self.builder.query(pairs),
            ..self
        }
    }

    pub(crate) fn body(self, body: Body) -> Self {
        Self {
            builder: self.builder.body(body),
            ..self
        }
    }

    /// Sends it; a 401 is a [`Failure`].
    pub(crate) async fn send(self) -> Result<Answer, Failure> {
        let answer = self.send_unauthorized().await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let challenge = answer.header(WWW_AUTHENTICATE.as_str()).unwrap_or_default();
        match answer.unexpected().await {
            Failure::Final(cause) => Err(Failure::Unauthorized { cause, challenge }),
            other => Err(other),
        }
    }

    /// Sends it; a 401 is an answer like others.
    pub(crate) async fn send_unauthorized(self) -> Result<Answer, Failure> {
        let Self { builder, request } = self;
        match builder.send().await {
            Ok(response) => Ok(Answer { response, request }),
            Err(error) => {
                let passing = !error.is_builder() && !error.is_redirect();
                let cause = Cause::Connection {
                    request,
                    reason: innermost(&error),
                };
                Err(if passing {
                    Failure::Passing { cause, asked: None }
                } else {
                    Failure::Final(cause)
                })
            }
        }
    }
}

/// What a registry said.
pub(crate) struct Answer {
    response: reqwest::Response,
    request: Request,
}

#[derive(Deserialize)]
struct Envelope {
    errors: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    code: String,
    #[serde(default)]
    message: String,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        Some(self.response.headers().get(name)?.to_str().ok()?.to_owned())
    }

    /// What was asked.
    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// The body, as it arrives.
    pub(crate) fn into_stream(self) -> impl Stream<Item = reqwest::Result<Bytes>> {
        self.response.bytes_stream()
    }

    /// The whole body, of at most so many bytes.
    pub(crate) async fn bytes(self, most: usize) -> Result<Vec<u8>, Failure> {
        let Self {
            mut response,
            request,
        } = self;
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= most => bytes.extend(chunk),
                Ok(Some(_)) => {
                    return Err(Cause::Answer {
                        request,
                        got: format!("more than {most} bytes"),
                        want: "a document of an image",
                    }
                    .into());
                }
                Ok(None) => return Ok(bytes),
                Err(error) => {
                    let reason = innermost(&error);
                    let cause = Cause::Connection { request, reason };
                    return Err(Failure::from(cause).passing());
                }
            }
        }
    }

    /// Where an upload goes on; `was_registry` tells whether the answer is the registry's own.
    pub(crate) fn location(&self, was_registry: bool) -> Result<Location, Failure> {
        let Some(text) = self.header(LOCATION.as_str()) else {
            return Err(self.wrong("no Location", "a Location to upload to"));
        };
        let asked = self.response.url();
        let url = asked
            .join(&text)
            .map_err(|error| self.wrong(&error.to_string(), "a URL to upload to"))?;
        if asked.scheme() == "https" && url.scheme() != "https" {
            return Err(self.wrong("a Location of plain http", "https"));
        }
        Ok(Location {
            is_registry: was_registry && asked.origin() == url.origin(),
            url,
        })
    }

    /// The failure of an answer that is of no use.
    pub(crate) fn wrong(&self, got: &str, want: &'static str) -> Failure {
        Cause::Answer {
            request: self.request.clone(),
            got: got.to_owned(),
            want,
        }
        .into()
    }

    /// The failure of a status that was not hoped for, with what the registry says about it.
    pub(crate) async fn unexpected(self) -> Failure {
        let status = self.response.status();
        let asked = self
            .header(RETRY_AFTER.as_str())
            .and_then(|text| text.parse().ok());
        let body = self.response.bytes().await.unwrap_or_default();
        let code = error_code(&body).unwrap_or_else(|| in_words(status));
        let cause = Cause::Status {
            request: self.request,
            status: status.as_u16(),
            code,
        };
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return Failure::Passing {
                cause,
                asked: asked.map(Duration::from_secs),
            };
        }
        Failure::Final(cause)
    }
}

/// The first error of the specification's error body: `DENIED`, `DENIED: not yours`.
fn error_code(body: &[u8]) -> Option<String> {
    let Envelope { errors } = serde_json::from_slice(body).ok()?;
    let Entry { code, message } = errors.into_iter().next()?;
    let line: String = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Some(if line.is_empty() {
        code
    } else {
        format!("{code}: {line}")
    })
}

/// `404` is `NOT_FOUND`.
fn in_words(status: StatusCode) -> String {
    status
        .canonical_reason()
        .unwrap_or("(no words for it)")
        .to_uppercase()
        .replace(' ', "_")
}

/// The innermost cause, which is the one that says something.
fn innermost(error: &reqwest::Error) -> String {
    let mut text = "no answer".to_owned();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_oci_registry_fake::Registry;

    fn session() -> Session {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Session::new(Settings::default())
    }

    /// What oci-client is for. By plain http, as tests have no certificates; [`Session::introduce`]
    /// asks by https alone.
    #[tokio::test]
    async fn tokens_are_for_pushing_to_one_repository() {
        let registry = Registry::start(vec![]).await;
        registry.ask_for_token();
        let name = format!("{}/demo/server", registry.name());
        let name: Repository = name.parse().expect("a repository");
        let nobody = Credentials::Anonymous;
        let token = session()
            .token(&name, ClientProtocol::Http, &nobody, "")
            .await;
        assert_eq!(
            token.expect("a token"),
            "for scope=repository%3Ademo%2Fserver%3Apull%2Cpush&service=fake"
        );
        assert_eq!(registry.requests(), ["GET /v2/", "GET /token"]);
    }

    #[tokio::test]
    async fn a_token_server_of_plain_http_learns_no_password() {
        let registry = Registry::start(vec![]).await;
        let name: Repository = format!("{}/a", registry.name())
            .parse()
            .expect("a repository");
        let me = Credentials::Basic {
            username: "me".to_owned(),
            password: "secret".to_owned(),
        };
        let challenge = "Bearer Realm=\"HTTP://example.com/token\"";
        let token = session()
            .token(&name, ClientProtocol::Https, &me, challenge)
            .await;
        assert_eq!(
            token.expect_err("refused").to_string(),
            format!("cannot get a token for `{name}`: its token server is plain http")
        );
        assert!(registry.requests().is_empty());
    }

    #[test]
    fn statuses_in_words() {
        assert_eq!(in_words(StatusCode::TOO_MANY_REQUESTS), "TOO_MANY_REQUESTS");
        let body = br#"{"errors":[{"code":"DENIED","message":"a\nb","detail":{}},{"code":"X"}]}"#;
        assert_eq!(error_code(body).as_deref(), Some("DENIED: a b"));
        assert_eq!(
            error_code(br#"{"errors":[{"code":"DENIED"}]}"#).as_deref(),
            Some("DENIED")
        );
        assert_eq!(error_code(b"<html>"), None);
        assert_eq!(error_code(br#"{"errors":[]}"#), None);
    }
}
