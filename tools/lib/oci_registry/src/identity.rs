//! Who we are to the registries of one run: found out after a 401, kept for what it is good for, and
//! found out again when a registry has enough of it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use windlass_oci_reference::{Registry, Repository};

use crate::credentials::{Credentials, Keyring};
use crate::pools::Pools;
use crate::session::Failure;
use crate::target::Scheme;
use crate::token::{Bearer, Challenge, basic};
use crate::{Cause, Settings, Target};

/// What a request needs a token for. A [`Target`] alone is one that images are pushed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Need {
    target: Target,
    does: Does,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Does {
    Pull,
    Push,
    /// Push, and pull from another repository.
    Mount(Repository),
}

impl From<&Target> for Need {
    fn from(target: &Target) -> Self {
        Self {
            target: target.clone(),
            does: Does::Push,
        }
    }
}

impl Need {
    /// To read, and as nobody if that will do: an image for all needs no account.
    pub(crate) fn pull(target: &Target) -> Self {
        Self {
            target: target.clone(),
            does: Does::Pull,
        }
    }

    /// To push what another repository of the registry has.
    pub(crate) fn mount(target: &Target, from: &Repository) -> Self {
        Self {
            target: target.clone(),
            does: Does::Mount(from.clone()),
        }
    }

    /// Where.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// The same without what another repository is needed for.
    fn without_mount(&self) -> Option<Self> {
        matches!(self.does, Does::Mount(_)).then(|| Self::from(&self.target))
    }

    /// As token servers know it.
    fn scopes(&self) -> Vec<String> {
        let name = self.target.repository.path();
        match &self.does {
            Does::Pull => vec![format!("repository:{name}:pull")],
            Does::Push => vec![format!("repository:{name}:pull,push")],
            Does::Mount(from) => vec![
                format!("repository:{name}:pull,push"),
                format!("repository:{}:pull", from.path()),
            ],
        }
    }
}

/// A 401 of a registry, or what it tells those who say that they are nobody.
pub(crate) struct Refusal {
    pub(crate) cause: Cause,
    /// What it wants to hear: its `WWW-Authenticate` headers.
    pub(crate) challenges: Vec<String>,
    pub(crate) need: Need,
    /// What it did not like.
    pub(crate) sent: Option<Known>,
}

/// Prints no secret.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({:?}, {:?}, ..)", self.cause, self.need)
    }
}

/// An `Authorization`, and how much it says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Known {
    authorization: Arc<str>,
    standing: Standing,
}

impl Known {
    /// The value of the header.
    pub(crate) fn authorization(&self) -> &str {
        &self.authorization
    }

    /// Whether it leaves out who we are.
    pub(crate) fn is_nobody(&self) -> bool {
        self.standing == Standing::Nobody
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// That we are somebody who does not say it.
    Nobody,
    /// All that can be said.
    Ourselves,
}

/// What is known for one need. Who finds it out holds the turn: others wait for what comes of it.
#[derive(Default)]
struct Slot {
    turn: tokio::sync::Mutex<()>,
    known: Mutex<Option<Known>>,
}

impl Slot {
    fn known(&self) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    fn set(&self, known: Option<Known>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

/// Who we are, by what for.
pub(crate) struct Identity {
    keyring: Keyring,
    slots: Mutex<HashMap<Need, Arc<Slot>>>,
    /// The token servers of registries that have named one.
    bearers: Mutex<HashMap<Registry, Bearer>>,
}

impl Identity {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            keyring: Keyring::new(settings.credentials.clone(), settings.helper_timeout),
            slots: Mutex::default(),
            bearers: Mutex::default(),
        }
    }

    /// What to send, if the registry has asked for it before.
    pub(crate) fn known(&self, need: &Need) -> Option<Known> {
        let known = self.slot(need).known();
        known.or_else(|| self.slot(&need.without_mount()?).known())
    }

    /// Finds out what to answer to a refusal, and keeps it.
    pub(crate) async fn introduce(&self, pools: &Pools, refused: Refusal) -> Result<(), Failure> {
        let Refusal {
            cause, need, sent, ..
        } = refused;
        let Target {
            repository,
            transport,
        } = &need.target;
        if Scheme::of(repository.registry(), *transport) == Scheme::Http {
            return Err(plain_http(cause).into());
        }
        let offered = Challenge::best(&refused.challenges);
        let Some(challenge) = offered.or_else(|| self.bearer(repository.registry())) else {
            return Err(cause.into());
        };
        let slot = self.slot(&need);
        let _turn = slot.turn.lock().await;
        let known = slot.known();
        if known.is_some() && known != sent {
            // It was found out while this request was on its way.
            return Ok(());
        }
        let is_all = known.as_ref().is_some_and(|known| !known.is_nobody());
        if let Challenge::Bearer(bearer) = &challenge {
            if is_all && bearer.error.as_deref() == Some("insufficient_scope") {
                return Err(cause.into());
            }
            self.remember(repository.registry(), bearer);
        }
        let new = self.found_out(pools, &need, &challenge, known).await?;
        match new {
            Some(new) if Some(&new) != sent.as_ref() => slot.set(Some(new)),
            _ => return Err(cause.into()),
        }
        Ok(())
    }

    /// Gets a token before the first request for a need, where it is known who gives some: not each
    /// registry says that a token lacks something; it may just not do what was asked for. What
    /// there is has to do where none is to be had.
    pub(crate) async fn prepare(&self, pools: &Pools, need: &Need) -> Result<(), Failure> {
        let Some(challenge) = self.bearer(need.target.repository.registry()) else {
            return Ok(());
        };
        let slot = self.slot(need);
        let _turn = slot.turn.lock().await;
        if slot.known().is_some() {
            return Ok(());
        }
        slot.set(match self.found_out(pools, need, &challenge, None).await {
            Ok(known) => known,
            Err(Failure::Final(_)) => {
                let rest = need.without_mount();
                rest.and_then(|rest| self.slot(&rest).known())
            }
            Err(failure) => return Err(failure),
        });
        Ok(())
    }

    fn slot(&self, need: &Need) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        match slots.get(need) {
            Some(slot) => Arc::clone(slot),
            None => Arc::clone(slots.entry(need.clone()).or_default()),
        }
    }

    /// Who gives tokens for a registry, if that is known.
    fn bearer(&self, registry: &Registry) -> Option<Challenge> {
        let bearers = self.bearers.lock().unwrap_or_else(PoisonError::into_inner);
        bearers.get(registry).cloned().map(Challenge::Bearer)
    }

    /// Keeps who gives tokens for a registry.
    fn remember(&self, registry: &Registry, bearer: &Bearer) {
        let bearer = Bearer {
            realm: bearer.realm.clone(),
            service: bearer.service.clone(),
            ..Bearer::default()
        };
        let mut bearers = self.bearers.lock().unwrap_or_else(PoisonError::into_inner);
        bearers.insert(registry.clone(), bearer);
    }

    /// What to say next, if there is anything. Who only reads says as little as will do.
    async fn found_out(
        &self,
        pools: &Pools,
        need: &Need,
        challenge: &Challenge,
        known: Option<Known>,
    ) -> Result<Option<Known>, Failure> {
        let repository = &need.target.repository;
        let token = async |bearer: &Bearer, credentials: &Credentials| {
            let scopes = need.scopes();
            let token = bearer.token(pools, repository, scopes, credentials).await;
            token.map(|token| format!("Bearer {token}"))
        };
        let as_nobody = need.does == Does::Pull && known.is_none();
        if let Challenge::Bearer(bearer) = challenge
            && as_nobody
        {
            match token(bearer, &Credentials::Anonymous).await {
                Ok(token) => {
                    return Ok(Some(Known {
                        authorization: token.into(),
                        standing: Standing::Nobody,
                    }));
                }
                // Perhaps there is one for us.
                Err(Failure::Final(Cause::Token { .. })) => {}
                Err(failure) => return Err(failure),
            }
        }
        let credentials = self.keyring.of(repository).await?;
        let authorization = match (challenge, &credentials) {
            (_, Credentials::RegistryToken(token)) => format!("Bearer {token}"),
            (Challenge::Bearer(bearer), credentials) => token(bearer, credentials).await?,
            (Challenge::Basic, Credentials::Basic { username, password }) => {
                basic(username, password)
            }
            (Challenge::Basic, Credentials::Anonymous | Credentials::IdentityToken(_)) => {
                return Ok(None);
            }
        };
        Ok(Some(Known {
            authorization: authorization.into(),
            standing: Standing::Ourselves,
        }))
    }
}

fn plain_http(refused: Cause) -> Cause {
    match refused {
        Cause::Status { request, .. } => Cause::PlainHttp { request },
        other => other,
    }
}
