//! Whom the cluster trusts.

use serde_json::Value;
use windlass_attestation::TrustRoots;
use windlass_attestation::trust::{CONFIG_MAP, FILE, NAMESPACE};

use super::Session;
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
        let roots = self.trust_roots().await?;
        proof::check(self.request, claims, &roots)
    }

    async fn trust_roots(&self) -> Result<TrustRoots, Error> {
        let place = format!("ConfigMap `{NAMESPACE}/{CONFIG_MAP}`");
        let resource = Resource::config_maps();
        let found = self.cluster.get(&resource, Some(NAMESPACE), CONFIG_MAP);
        let found = found.await.map_err(self.unreadable(&place))?;
        let kubectl = format!("{} -n {NAMESPACE}", self.place.kubectl);
        let context = self.place.context.clone();
        let text = found.as_ref().map(|map| &map["data"][FILE]);
        let refused = |source| proof::refused(self.request, "its images", source);
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
}
