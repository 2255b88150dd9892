//! Single requests: where they go, what failed, and whether it is worth repeating.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use reqwest::header::{
    AUTHORIZATION, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Body, Method, StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Semaphore;
use windlass_oci_reference::{Digest, Registry, Repository};

use crate::identity::{Identity, Known, Need, Refusal};
use crate::pools::{Pools, Use, innermost, is_by_certificate, is_untrusted};
use crate::target::Scheme;
use crate::{Cause, Event, Progress, Request, Settings, Target};

/// How much of what a registry says to a refusal is read; what fits in there is enough.
const SAID: usize = 64 << 10;

/// How often a 401 is answered within one thing that is to be done: as nobody, as ourselves, and
/// once more when a token has expired meanwhile.
const INTRODUCTIONS: usize = 3;

/// The state that all requests of a client share.
pub(crate) struct Session {
    settings: Settings,
    permits: Semaphore,
    pools: Pools,
    identity: Identity,
    places: Mutex<HashMap<(Registry, Digest), Places>>,
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
    Unauthorized(Box<Refusal>),
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
            pools: Pools::new(&settings),
            identity: Identity::new(&settings),
            settings,
            places: Mutex::default(),
        }
    }

    /// [`Session::repeat`], with one of the client's permits while it tries, not while it waits.
    pub(crate) async fn persist<T, F, Fut>(
        &self,
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
        self.repeat(progress, permitted).await
    }

    /// Repeats `tried` until it succeeds, fails for good, or has failed too often. Answers a 401
    /// with who we are.
    pub(crate) async fn repeat<T, F, Fut>(
        &self,
        progress: &Arc<dyn Progress>,
        tried: F,
    ) -> Result<T, Cause>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, Failure>>,
    {
        let mut failed = 0;
        let mut introduced = 0;
        loop {
            let failure = match tried().await {
                Ok(value) => return Ok(value),
                Err(Failure::Unauthorized(refused)) if introduced < INTRODUCTIONS => {
                    match self.identity.introduce(&self.pools, *refused).await {
                        Ok(()) => {
                            introduced += 1;
                            continue;
                        }
                        Err(failure) => failure,
                    }
                }
                Err(failure) => failure,
            };
            let (cause, asked) = match failure {
                Failure::Final(cause) => return Err(cause),
                Failure::Unauthorized(refused) => return Err(refused.cause),
                Failure::Passing { cause, asked } => (cause, asked),
            };
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

    /// Sends what a registry may refuse us and we can do without: `None` if it does, whoever we say
    /// that we are.
    pub(crate) async fn offer(
        &self,
        need: &Need,
        call: impl Fn() -> Result<Call, Failure>,
    ) -> Result<Option<Answer>, Failure> {
        self.identity.prepare(&self.pools, need).await?;
        let refused = match call()?.send().await {
            Err(Failure::Unauthorized(refused)) => refused,
            answered => return answered.map(Some),
        };
        match self.identity.introduce(&self.pools, *refused).await {
            Ok(()) => {}
            Err(Failure::Final(_)) => return Ok(None),
            Err(failure) => return Err(failure),
        }
        match call()?.send().await {
            Err(Failure::Unauthorized(_)) => Ok(None),
            answered => answered.map(Some),
        }
    }

    /// A request to the registry itself; `path` begins with a slash.
    pub(crate) fn call(
        &self,
        need: impl Into<Need>,
        method: Method,
        path: &str,
    ) -> Result<Call, Failure> {
        let need = need.into();
        let origin = origin(need.target());
        let text = format!("{origin}{path}");
        let request = Request {
            origin: origin.into(),
            method: method.to_string(),
            path: path.to_owned(),
        };
        let url = Url::parse(&text).map_err(|error| Cause::Answer {
            request: request.clone(),
            got: error.to_string(),
            want: "a registry's name",
        })?;
        let call = Call::new(&self.pools, Use::Questions, method, url, request)?;
        Ok(self.introduced(call, need))
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
            origin: url.origin().ascii_serialization().into(),
            method: method.to_string(),
            path: url.path().to_owned(),
        };
        let call = Call::new(&self.pools, Use::Uploads, method, url, request)?;
        Ok(if location.is_registry {
            self.introduced(call, target.into())
        } else {
            call
        })
    }

    /// A request that says who we are, if the registry has asked before. Never by plain http.
    fn introduced(&self, call: Call, need: Need) -> Call {
        let is_https = call.url.scheme() == "https";
        let sent = self.identity.known(&need).filter(|_| is_https);
        let call = match &sent {
            Some(known) => call.authorized(known.authorization()),
            None => call,
        };
        Call {
            introduction: Some((need, sent)),
            ..call
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
}

/// Where a repository's registry is asked: `https://ghcr.io`.
pub(crate) fn origin(target: &Target) -> String {
    let registry = target.repository.registry();
    let scheme = Scheme::of(registry, target.transport);
    format!("{}://{}", scheme.as_str(), host(registry))
}

/// Where the API of a registry is. Docker's own is not where its name says.
fn host(registry: &Registry) -> String {
    match registry.to_string().as_str() {
        "docker.io" | "index.docker.io" => "registry-1.docker.io".to_owned(),
        name => name.to_owned(),
    }
}

/// One request that is not sent yet.
pub(crate) struct Call {
    builder: reqwest::RequestBuilder,
    request: Request,
    url: Url,
    /// What it needs to be allowed, and what it says to be, where who answers is told that at all.
    introduction: Option<(Need, Option<Known>)>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({})", self.request)
    }
}

impl Call {
    /// A request that says nothing of who we are.
    pub(crate) fn new(
        pools: &Pools,
        uses: Use,
        method: Method,
        url: Url,
        request: Request,
    ) -> Result<Self, Failure> {
        Ok(Self {
            builder: pools.client(uses, &url)?.request(method, url.clone()),
            request,
            url,
            introduction: None,
        })
    }

    pub(crate) fn header(self, name: HeaderName, value: &str) -> Self {
        Self {
            builder: self.builder.header(name, value),
            ..self
        }
    }

    /// The same with an `Authorization`, which is printed nowhere. One that no header can hold fails
    /// when it is sent.
    pub(crate) fn authorized(self, authorization: &str) -> Self {
        let Ok(mut value) = HeaderValue::from_str(authorization) else {
            return self.header(AUTHORIZATION, authorization);
        };
        value.set_sensitive(true);
        Self {
            builder: self.builder.header(AUTHORIZATION, value),
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

    /// Sends it; a 401 is a [`Failure`], and so is what a registry may say to nobody of what is there
    /// for us. Only its own is answered, not that of a server that it has sent us to.
    pub(crate) async fn send(mut self) -> Result<Answer, Failure> {
        let introduction = self.introduction.take();
        let asked = self.url.origin();
        let answer = self.send_unauthorized().await?;
        let sent = introduction.as_ref().and_then(|(_, sent)| sent.as_ref());
        let is_refusal = match answer.status() {
            StatusCode::UNAUTHORIZED => true,
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => sent.is_some_and(Known::is_nobody),
            _ => false,
        };
        if !is_refusal {
            return Ok(answer);
        }
        let is_own = answer.response.url().origin() == asked;
        let challenges = answer.challenges();
        match (answer.unexpected().await, introduction) {
            (Failure::Final(cause), Some((need, sent))) if is_own => {
                Err(Failure::Unauthorized(Box::new(Refusal {
                    cause,
                    challenges,
                    need,
                    sent,
                })))
            }
            (failure, _) => Err(failure),
        }
    }

    /// Sends it; a 401 is an answer like others.
    pub(crate) async fn send_unauthorized(self) -> Result<Answer, Failure> {
        let Self {
            builder, request, ..
        } = self;
        match builder.send().await {
            Ok(response) => Ok(Answer { response, request }),
            Err(error) => Err(unanswered(&error, request)),
        }
    }
}

/// Why there is no answer.
fn unanswered(error: &reqwest::Error, request: Request) -> Failure {
    if is_untrusted(error) {
        let host = error.url().and_then(Url::host_str).unwrap_or("the server");
        let host = host.to_owned();
        return Cause::Certificate { request, host }.into();
    }
    let passing = !error.is_builder() && !error.is_redirect() && !is_by_certificate(error);
    let cause = Cause::Connection {
        request,
        reason: innermost(error),
    };
    if passing {
        Failure::Passing { cause, asked: None }
    } else {
        Failure::Final(cause)
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
    #[serde(default)]
    detail: serde_json::Value,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        Some(self.response.headers().get(name)?.to_str().ok()?.to_owned())
    }

    /// What it wants to hear of us.
    fn challenges(&self) -> Vec<String> {
        let values = self.response.headers().get_all(WWW_AUTHENTICATE).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        texts.map(str::to_owned).collect()
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
                Err(error) => return Err(unanswered(&error, request)),
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
        let Self { response, request } = self;
        let body = beginning(response, SAID).await;
        let code = error_code(&body).unwrap_or_else(|| in_words(status));
        let cause = Cause::Status {
            request,
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

/// A body, without what comes after so many bytes or cannot be read.
async fn beginning(mut response: reqwest::Response, most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < most
        && let Ok(Some(chunk)) = response.chunk().await
    {
        bytes.extend_from_slice(&chunk[..chunk.len().min(most - bytes.len())]);
    }
    bytes
}

/// The first error of the specification's error body: `DENIED`, `DENIED: not yours`. A detail in
/// words is the reason where the message is none: `UNKNOWN: unknown error: no space left on device`.
fn error_code(body: &[u8]) -> Option<String> {
    let Envelope { errors } = serde_json::from_slice(body).ok()?;
    let entry = errors.into_iter().next()?;
    let parts = [
        &entry.code,
        &entry.message,
        entry.detail.as_str().unwrap_or_default(),
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let line = parts.join(": ");
    Some(line.replace(|c: char| c.is_control(), " "))
}

/// `404` is `NOT_FOUND`.
fn in_words(status: StatusCode) -> String {
    status
        .canonical_reason()
        .unwrap_or("(no words for it)")
        .to_uppercase()
        .replace(' ', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_api_of_a_registry_is() {
        for (registry, want) in [
            ("docker.io", "registry-1.docker.io"),
            ("index.docker.io", "registry-1.docker.io"),
            ("ghcr.io", "ghcr.io"),
            ("a.example:5000", "a.example:5000"),
        ] {
            assert_eq!(host(&registry.parse().expect("a registry")), want);
        }
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
        let full =
            br#"{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":"disk full"}]}"#;
        let said = error_code(full);
        assert_eq!(said.as_deref(), Some("UNKNOWN: unknown error: disk full"));
        assert_eq!(error_code(b"<html>"), None);
        assert_eq!(error_code(br#"{"errors":[]}"#), None);
    }
}
