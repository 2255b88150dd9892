//! Who may do what: passwords, tokens, and the server that gives tokens.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Asked, reply};

/// The user that a registry knows.
pub const USER: &str = "me";
/// The user's password.
pub const PASSWORD: &str = "tops3cret";
/// The user's identity token.
pub const IDENTITY_TOKEN: &str = "identity-tops3cret";
/// A token of the user that the registry itself knows.
pub const REGISTRY_TOKEN: &str = "registry-tops3cret";

/// `Authorization` of the user.
const BASIC: &str = "Basic bWU6dG9wczNjcmV0";

/// What a registry wants to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Name and password.
    Password,
    /// A token of its own token server, for each repository.
    Token,
    /// The same, and it does not say so when a token is not good for another repository: it takes
    /// nothing over from there.
    SilentToken,
}

/// What a registry knows of who may do what.
#[derive(Debug)]
pub(crate) struct Guard {
    demand: Demand,
    /// Where it is.
    url: String,
    /// What tokens are good for.
    tokens: BTreeMap<String, BTreeSet<String>>,
    /// Who was given tokens for what.
    pub(crate) given: Vec<String>,
    /// Repositories that all may pull from.
    pub(crate) open: BTreeSet<String>,
    /// How many requests there are before all tokens given so far expire.
    pub(crate) expires: Option<usize>,
}

impl Guard {
    pub(crate) fn new(demand: Demand, url: String) -> Self {
        Self {
            demand,
            url,
            tokens: BTreeMap::new(),
            given: Vec::new(),
            open: BTreeSet::new(),
            expires: None,
        }
    }

    /// Counts a request.
    pub(crate) fn count(&mut self) {
        self.expires = match self.expires {
            Some(0) => {
                self.tokens.clear();
                None
            }
            left => left.map(|left| left - 1),
        };
    }

    /// The answer to who may not do what is asked for.
    pub(crate) fn refusal(&self, asked: &Asked) -> Option<Vec<u8>> {
        let path = asked.path();
        let name = path.strip_prefix("/v2/")?;
        let sent = asked.headers.get("authorization").map(String::as_str);
        if self.demand == Demand::Password {
            let header = "WWW-Authenticate: Basic realm=\"x\"\r\n";
            return (sent != Some(BASIC)).then(|| reply(401, header, ""));
        }
        let token = sent.and_then(|sent| sent.strip_prefix("Bearer "));
        if token == Some(REGISTRY_TOKEN) {
            return None;
        }
        let wanted = wanted(asked, name, self.demand);
        let good = token.and_then(|token| self.tokens.get(token));
        let error = match (token, good) {
            (Some(_), Some(good)) if good.is_superset(&wanted) => return None,
            (Some(_), Some(_)) => ",error=\"insufficient_scope\"",
            (Some(_), None) => ",error=\"invalid_token\"",
            (None, _) => "",
        };
        let scope: Vec<_> = wanted.iter().map(String::as_str).collect();
        let challenge = format!(
            "WWW-Authenticate: Bearer realm=\"{}/token?from=challenge\",service=\"fake registry\",\
             scope=\"{}\"{error}\r\n",
            self.url,
            scope.join(" ")
        );
        Some(reply(401, &challenge, ""))
    }

    /// Whether what a request is allowed to take over from a repository is not said to be missing.
    pub(crate) fn may_mount(&self, asked: &Asked, from: &str) -> bool {
        let sent = asked.headers.get("authorization");
        let token = sent.and_then(|sent| sent.strip_prefix("Bearer "));
        let good = token.and_then(|token| self.tokens.get(token));
        let wanted = format!("repository:{from}:pull");
        self.demand != Demand::SilentToken || good.is_some_and(|good| good.contains(&wanted))
    }

    /// The token server.
    pub(crate) fn give(&mut self, asked: &Asked) -> Vec<u8> {
        let form = String::from_utf8_lossy(&asked.body).into_owned();
        let (text, field) = match asked.method.as_str() {
            "GET" => (asked.query_text(), "token"),
            _ => (form.as_str(), "access_token"),
        };
        let values = |name: &str| -> Vec<String> {
            let pairs = pairs(text).into_iter();
            let values = pairs.filter(|(known, _)| known == name);
            values.map(|(_, value)| value).collect()
        };
        let sent = asked.headers.get("authorization").map(String::as_str);
        let is_user = match (asked.method.as_str(), sent) {
            ("GET", None) => false,
            ("GET", Some(BASIC)) => true,
            ("POST", None)
                if values("refresh_token") == [IDENTITY_TOKEN]
                    && values("grant_type") == ["refresh_token"] =>
            {
                true
            }
            _ => return reply(401, "", r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#),
        };
        if values("service") != ["fake registry"] {
            return reply(400, "", r#"{"errors":[{"code":"WRONG_SERVICE"}]}"#);
        }
        let scopes = values("scope");
        let scopes: Vec<&str> = scopes.iter().flat_map(|scopes| scopes.split(' ')).collect();
        let who = if is_user { USER } else { "nobody" };
        self.given.push(format!("{who}: {}", scopes.join(" ")));
        let good = scopes.iter().flat_map(|scope| single(scope));
        let good = good
            .filter(|scope| is_user || self.is_open(scope))
            .collect();
        let token = format!("token-tops3cret-{}", self.given.len());
        let body = format!(r#"{{"{field}":"{token}","expires_in":60}}"#);
        self.tokens.insert(token, good);
        reply(200, "", &body)
    }

    fn is_open(&self, scope: &str) -> bool {
        let open = self.open.iter();
        open.map(|name| format!("repository:{name}:pull"))
            .any(|open| open == scope)
    }
}

/// What a request needs, one action each.
fn wanted(asked: &Asked, name: &str, demand: Demand) -> BTreeSet<String> {
    let kinds = ["/blobs/", "/manifests/", "/referrers/"];
    let mut parts = kinds.iter().filter_map(|kind| name.split_once(kind));
    let Some((repository, _)) = parts.next() else {
        return BTreeSet::new();
    };
    let reads = ["GET", "HEAD"].contains(&asked.method.as_str()) && !name.contains("/uploads/");
    let actions = if reads { "pull" } else { "pull,push" };
    let mut wanted: BTreeSet<_> = single(&format!("repository:{repository}:{actions}")).collect();
    let from = asked.query("from").filter(|_| demand == Demand::Token);
    wanted.extend(from.map(|from| format!("repository:{from}:pull")));
    wanted
}

/// A scope of several actions as scopes of one.
fn single(scope: &str) -> impl Iterator<Item = String> {
    let (place, actions) = scope.rsplit_once(':').unwrap_or((scope, ""));
    actions
        .split(',')
        .map(move |action| format!("{place}:{action}"))
}

/// The pairs of a query or a form.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let code = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        rest = match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                &after[2..]
            }
            (b'+', _) => {
                bytes.push(b' ');
                after
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
