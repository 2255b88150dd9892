//! Whom the cluster trusts.

use serde_json::Value;
use windlass_attestation::TrustRoots;
use windlass_attestation::trust::{CONFIG_MAP, FILE, NAMESPACE};

use super::{Reached, Session};
use crate::cluster::Resource;
use crate::error::Error;
use crate::proof::{self, Claim, ProofError};

impl Session<'_> {
    /// Checks that the images of a run are proven by somebody whom the cluster trusts. It is asked
    /// only where there is something to prove.
    pub async fn check_proofs(&self, claims: &[Claim]) -> Result<(), Error> {
        if claims.is_empty() {
            return Ok(());
        }
        let reached = Reached {
            cluster: self.cluster.clone(),
            context: self.place.context.clone(),
            server: self.place.server.clone(),
            id: self.place.id.clone(),
            kubectl: self.place.kubectl.clone(),
        };
        let environment = &self.request.environment.name;
        let roots = trust_roots(&reached, environment, "its images").await?;
        proof::check(self.request, claims, &roots)
    }
}

/// Whom a cluster trusts, for an environment that requires proof of `what`.
///
/// # Errors
/// It trusts nobody, or does not say whom.
pub async fn trust_roots(
    reached: &Reached,
    environment: &str,
    what: &str,
) -> Result<TrustRoots, Error> {
    let Reached {
        cluster,
        context,
        kubectl,
        ..
    } = reached;
    let place = format!("ConfigMap `{NAMESPACE}/{CONFIG_MAP}`");
    let resource = Resource::config_maps();
    let found = cluster.get(&resource, Some(NAMESPACE), CONFIG_MAP);
    let found = found.await.map_err(|source| Error::Read {
        what: place.clone(),
        context: context.clone(),
        source: Box::new(source),
    })?;
    let kubectl = format!("{kubectl} -n {NAMESPACE}");
    let context = context.clone();
    let text = found.as_ref().map(|map| &map["data"][FILE]);
    let refused = |source| proof::refused(environment, what, source);
    match text.map(Value::as_str) {
        Some(Some(text)) => TrustRoots::parse(text).map_err(|source| {
            refused(ProofError::Roots {
                context,
                show: format!("{kubectl} get configmap {CONFIG_MAP} -o yaml"),
                place: format!("{place}, `{FILE}`"),
                source,
            })
        }),
        missing => Err(refused(ProofError::NoRoots {
            context,
            place: match missing {
                None => place,
                Some(_) => format!("key `{FILE}` in {place}"),
            },
            create: format!("{kubectl} create configmap {CONFIG_MAP} --from-file={FILE}"),
        })),
    }
}
