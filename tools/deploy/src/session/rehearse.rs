//! Asks the API server about each write of a plan, and writes nothing: `--dry-run=server`.

use futures::{StreamExt as _, TryStreamExt as _};
use windlass_k8s_object::{Key, Namespace};

use super::{CONCURRENCY, Session};
use crate::api_error::ApiError;
use crate::cluster::Conflicts;
use crate::desired::Desired;
use crate::error::Error;
use crate::plan::{Action, Plan, Seen};
use crate::settle::settled;

impl Session<'_> {
    /// Whether the API server would do each step. Gives back what it cannot tell yet, a line each.
    ///
    /// # Errors
    /// It would refuse a step.
    pub async fn rehearse(
        &self,
        desired: &Desired,
        seen: &Seen,
        plan: &Plan,
    ) -> Result<Vec<String>, Error> {
        let steps = 0..desired.objects.len();
        let asks =
            futures::stream::iter(steps).map(|at| self.rehearse_one(desired, seen, plan, at));
        let notes: Vec<Option<String>> = asks.buffered(CONCURRENCY).try_collect().await?;
        for prune in &plan.prunes {
            if let (Some(resource), Some(uid)) =
                (self.resources.of_key(&prune.key), prune.action.deletes())
            {
                let namespace = prune.key.namespace.as_ref().map(Namespace::as_str);
                let name = prune.key.name.as_str();
                let asked = self
                    .cluster
                    .dry_run_deletion(resource, namespace, name, uid);
                asked
                    .await
                    .map_err(|error| refused("delete", &prune.key, error))?;
            }
        }
        Ok(notes.into_iter().flatten().collect())
    }

    async fn rehearse_one(
        &self,
        desired: &Desired,
        seen: &Seen,
        plan: &Plan,
        at: usize,
    ) -> Result<Option<String>, Error> {
        let (wanted, action) = (&desired.objects[at], &plan.actions[at]);
        let key = wanted.object.key();
        // Of a change the plan has its dry run already; of what goes first, too.
        if *action != Action::Create {
            return Ok(None);
        }
        let kind = self
            .resources
            .of(wanted.object.api_version(), wanted.object.kind());
        let Some(resource) = kind else {
            return Ok(None);
        };
        let object = settled(wanted, seen.objects[at].object());
        let asked = self.cluster.dry_run(resource, &object, Conflicts::Report);
        match asked.await {
            Ok(_) => Ok(None),
            Err(error) if error.is_not_found() => Ok(Some(format!(
                "cannot ask about {key}: its namespace or its kind comes with this plan"
            ))),
            Err(error) => Err(refused("make", key, error)),
        }
    }
}

fn refused(doing: &'static str, object: &Key, error: ApiError) -> Error {
    Error::Refused {
        doing,
        object: object.clone(),
        source: Box::new(error),
    }
}
