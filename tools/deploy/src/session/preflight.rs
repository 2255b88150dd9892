//! What must hold before anything is written.

use std::collections::BTreeSet;

use futures::{StreamExt as _, TryStreamExt as _};
use windlass_apply_request::account_in;
use windlass_k8s_object::{Key, Namespace, Object, PERSONAL_ANNOTATION, Scope};

use super::{CONCURRENCY, Session};
use crate::cluster::{Access, Reach, Resource, Selector};
use crate::desired::{Desired, OWNER_ANNOTATION};
use crate::error::Error;
use crate::inventory::InventoryId;
use crate::plan::{Action, Plan, is_going, is_owned_by};
use crate::references::{self, Found, Lacking, Named};
use crate::request::Verb;

/// What there is of a Secret or a `ConfigMap`.
enum LookUp {
    /// Its keys; `None` if it is not there.
    Known(Found),
    /// Nobody can tell, and why.
    Unknown(String),
}

impl Session<'_> {
    /// Checks that the kinds and namespaces of the objects are there, or are brought by them.
    pub async fn check_foundation(&mut self, desired: &Desired) -> Result<(), Error> {
        for object in &desired.objects {
            if object.object.kind().as_str() == "CustomResourceDefinition" {
                self.resources.add_definition(&object.object);
            }
        }
        for object in &desired.objects {
            let object = &object.object;
            if self
                .resources
                .of(object.api_version(), object.kind())
                .is_none()
            {
                return Err(Error::KindMissing {
                    object: Box::new(object.key().clone()),
                    api_version: object.api_version().as_str().to_owned(),
                    context: self.place.context.clone(),
                    setup: self.place.setup.clone(),
                });
            }
        }
        let namespaces = desired.namespaces();
        let kind = Resource::namespaces();
        for namespace in &namespaces {
            let name = namespace.as_str();
            let found = self.cluster.get(&kind, None, name).await;
            let found = found.map_err(self.unreadable(&format!("namespace `{name}`")))?;
            let Some(found) = found else {
                return Err(Error::NamespaceMissing {
                    namespace: name.to_owned(),
                    context: self.place.context.clone(),
                    setup: self.place.setup.clone(),
                });
            };
            if self.place.environment.namespace() == Some(namespace) {
                self.check_owner(name, &found).await?;
            }
            // `diff` writes nothing, and says of each object that it is going.
            if is_going(&found) && self.request.verb != Verb::Diff {
                return Err(Error::NamespaceGoing {
                    namespace: name.to_owned(),
                    context: self.place.context.clone(),
                    kubectl: self.place.kubectl.clone(),
                });
            }
        }
        Ok(())
    }

    /// A personal namespace that says whose it is, is theirs alone: theirs, and that of the account
    /// in it by which the runner applies what they ask for.
    pub async fn check_owner(
        &self,
        name: &str,
        namespace: &serde_json::Value,
    ) -> Result<(), Error> {
        let owner = namespace["metadata"]["annotations"][OWNER_ANNOTATION].as_str();
        let (Some(owner), Scope::Personal(_)) = (owner, &self.place.environment.scope) else {
            return Ok(());
        };
        let user = self.whoami().await?;
        if user == owner || user == account_in(name) {
            return Ok(());
        }
        Err(self.foreign(name, owner, &user))
    }

    /// For `delete`: the namespace may be missing, but not somebody else's.
    pub async fn check_own_namespace(&self) -> Result<(), Error> {
        let Some(namespace) = self.place.environment.namespace() else {
            return Ok(());
        };
        let name = namespace.as_str();
        let found = self.cluster.get(&Resource::namespaces(), None, name).await;
        match found.map_err(self.unreadable(&format!("namespace `{name}`")))? {
            Some(found) => self.check_owner(name, &found).await,
            None => Ok(()),
        }
    }

    fn foreign(&self, name: &str, owner: &str, user: &str) -> Error {
        Error::Owner {
            namespace: name.to_owned(),
            context: self.place.context.clone(),
            owner: owner.to_owned(),
            user: user.to_owned(),
            command: self.request.command(),
        }
    }

    async fn whoami(&self) -> Result<String, Error> {
        self.cluster
            .whoami()
            .await
            .map_err(self.unreadable(&"who you are"))
    }

    /// Writes the owner on the personal namespaces that setup makes. One that is somebody else's
    /// is refused, so that nobody takes it over by setting `$USER`.
    pub async fn sign_namespaces(&self, desired: &mut Desired) -> Result<(), Error> {
        let mut user = None;
        for object in &mut desired.objects {
            let object = &mut object.object;
            let is_namespace =
                object.key().group.is_empty() && object.kind().as_str() == "Namespace";
            if !is_namespace || object.annotation(PERSONAL_ANNOTATION) != Some("true") {
                continue;
            }
            let user = match &mut user {
                Some(user) => user,
                none => none.insert(self.whoami().await?),
            };
            let name = object.key().name.as_str().to_owned();
            let found = self.cluster.get(&Resource::namespaces(), None, &name).await;
            let found = found.map_err(self.unreadable(object.key()))?;
            let owner = found.as_ref().and_then(|namespace| {
                namespace["metadata"]["annotations"][OWNER_ANNOTATION].as_str()
            });
            if let Some(owner) = owner
                && owner != user
            {
                return Err(self.foreign(&name, owner, user));
            }
            object.set_annotation(OWNER_ANNOTATION, user);
        }
        Ok(())
    }

    /// Checks that an environment with a namespace stays in it, and that setup says for each object
    /// where it lives. The build checks the kinds of Kubernetes itself; which namespace a custom
    /// kind lives in, if any, only the cluster can tell.
    pub(super) fn check_reach(&self, desired: &Desired) -> Result<(), Error> {
        for object in &desired.objects {
            let object = &object.object;
            let Some(resource) = self.resources.of(object.api_version(), object.kind()) else {
                continue;
            };
            let key = object.key();
            match (resource.reach, self.place.environment.namespace()) {
                (Reach::Cluster, Some(_)) => {
                    return Err(Error::ClusterScoped {
                        object: Box::new(key.clone()),
                        environment: self.place.environment.name.clone(),
                    });
                }
                (Reach::Namespaced, None) if key.namespace.is_none() => {
                    return Err(Error::NamespaceUnset {
                        object: Box::new(key.clone()),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Checks that an object of setup of a kind that lives in no namespace names none: the server
    /// would drop the name, and whoever reads the manifest would think that it is kept apart. The
    /// build checks the kinds of Kubernetes itself. What is there can be looked at and deleted.
    pub fn check_places(&self, desired: &Desired) -> Result<(), Error> {
        if self.place.environment.namespace().is_some() {
            return Ok(());
        }
        for object in &desired.objects {
            let object = &object.object;
            let resource = self.resources.of(object.api_version(), object.kind());
            let is_in_none = resource.is_some_and(|resource| resource.reach == Reach::Cluster);
            if let (true, Some(namespace)) = (is_in_none, &object.key().namespace) {
                return Err(Error::NamespaceSet {
                    object: Box::new(object.key().clone()),
                    namespace: namespace.as_str().to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Checks that Secrets and `ConfigMap`s which pods name are there, with their keys, or come
    /// with the plan; each is read by its name. Gives back what cannot be told yet.
    pub async fn check_references(&self, desired: &Desired) -> Result<Vec<String>, Error> {
        let brought = references::brought(desired);
        let mut open = references::needs(desired);
        open.retain(|need| !references::is_met(need, brought.get(&need.named)));
        let named: BTreeSet<Named> = open.iter().map(|need| need.named.clone()).collect();
        let looks = futures::stream::iter(named).map(|named| async move {
            let look = self.look_up(&named).await;
            look.map(|look| (named, look))
        });
        let looks = looks.buffered(CONCURRENCY).try_collect::<Vec<_>>().await?;
        let (mut missing, mut notes) = (Vec::new(), Vec::new());
        for (named, look) in looks {
            let live = match look {
                LookUp::Unknown(why) => {
                    notes.push(format!("cannot check {named}: {why}"));
                    continue;
                }
                LookUp::Known(live) => live,
            };
            let both = [brought.get(&named), live.as_ref()];
            let is_there = both.iter().any(Option::is_some);
            let keys = both.into_iter().flatten().flatten().cloned().collect();
            let found = is_there.then_some(keys);
            let needs = open.iter().filter(|need| need.named == named);
            let unmet = needs.filter(|need| !references::is_met(need, found.as_ref()));
            missing.extend(unmet.map(|need| Lacking {
                need: need.clone(),
                found: found.clone(),
            }));
        }
        if missing.is_empty() {
            return Ok(notes);
        }
        Err(Error::ReferenceMissing {
            missing,
            kubectl: self.place.kubectl.clone(),
        })
    }

    async fn look_up(&self, named: &Named) -> Result<LookUp, Error> {
        let resource = named.source.resource();
        let namespace = named.namespace.as_str();
        let found = self.cluster.get(&resource, Some(namespace), &named.name);
        match found.await {
            Ok(Some(found)) => Ok(LookUp::Known(Some(references::keys_of(&found)))),
            Ok(None) => {
                let kind = Resource::namespaces();
                let place = self.cluster.get(&kind, None, namespace).await;
                let place = place.map_err(self.unreadable(named))?;
                Ok(match place {
                    Some(_) => LookUp::Known(None),
                    // The preflight has seen that the plan brings it.
                    None => LookUp::Unknown("its namespace comes with this plan".to_owned()),
                })
            }
            // Who deploys need not be somebody who may read Secrets.
            Err(error) if error.is_forbidden() => Ok(LookUp::Unknown(error.to_string())),
            Err(error) => Err(self.unreadable(named)(error)),
        }
    }

    /// Checks that we may make every write of a plan, and see what it waits for before the next
    /// one: one review for each verb, kind and namespace.
    pub async fn check_access(&self, desired: &Desired, plan: &Plan) -> Result<(), Error> {
        let mut wanted: BTreeSet<Access> = desired
            .objects
            .iter()
            .zip(&plan.actions)
            .flat_map(|(object, action)| self.accesses(&object.object, action))
            .collect();
        let removes = match self.request.verb {
            Verb::Delete | Verb::Orphans => Removes::All,
            _ => Removes::Some,
        };
        let records = plan.records.iter().map(|group| &desired.groups[*group]);
        for id in records.filter_map(|group| group.inventory.as_ref()) {
            wanted.extend(bookkeeping(id, removes));
        }
        for prune in &plan.prunes {
            if let (Some(resource), true) =
                (self.resources.of_key(&prune.key), prune.action.is_write())
            {
                wanted.extend(accesses_of(
                    resource,
                    &prune.key,
                    &["delete", "list", "watch"],
                ));
            }
        }
        for claims in &plan.claims {
            if self.is_awaited(&plan.actions[claims.set]) {
                let set = desired.objects[claims.set].object.key();
                wanted.extend(accesses_of(&Resource::claims(), set, &["list", "watch"]));
            }
        }
        self.check_rights(wanted).await
    }

    /// Checks that we may do all of it: one review for each verb, kind and namespace, and where that
    /// is refused, one for each object, since a Role may be about some of them only.
    pub async fn check_rights(&self, wanted: BTreeSet<Access>) -> Result<(), Error> {
        let to_all = wanted.iter().map(Access::to_all).collect();
        let refused = self.refused(to_all).await?;
        let one_by_one = wanted.into_iter().filter(|access| access.name.is_some());
        let one_by_one = one_by_one.filter(|access| refused.contains(&access.to_all()));
        let one_by_one: BTreeSet<Access> = one_by_one.collect();
        let missing = missing(
            refused,
            &one_by_one,
            &self.refused(one_by_one.clone()).await?,
        );
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::Access {
            context: self.place.context.clone(),
            missing,
            kubectl: self.place.kubectl.clone(),
        })
    }

    /// What of it we may not do.
    async fn refused(&self, wanted: BTreeSet<Access>) -> Result<BTreeSet<Access>, Error> {
        let reviews = futures::stream::iter(wanted).map(|access| async move {
            let may = self.cluster.may(&access).await;
            may.map(|may| (access, may))
                .map_err(self.unreadable(&"what you may do"))
        });
        let answers: Vec<(Access, bool)> = reviews.buffered(CONCURRENCY).try_collect().await?;
        let refused = answers.into_iter().filter(|(_, may)| !may);
        Ok(refused.map(|(access, _)| access).collect())
    }

    /// Whether the run waits until what the action removes is gone.
    fn is_awaited(&self, action: &Action) -> bool {
        // Whatever the options say: until the old one is gone, the new one cannot be made.
        action.removes().is_some() && (action.is_sent() || self.options.waits())
    }

    /// Looks which claims go with the stateful sets of a plan.
    pub async fn name_claims(&self, desired: &Desired, plan: &mut Plan) -> Result<(), Error> {
        for claims in &mut plan.claims {
            let action = &plan.actions[claims.set];
            let key = desired.objects[claims.set].object.key();
            let (Some(uid), true) = (action.removes(), self.is_awaited(action)) else {
                continue;
            };
            let namespace = key.namespace.as_ref().map(Namespace::as_str);
            let (resource, all) = (Resource::claims(), Selector::default());
            let list = self.cluster.list(&resource, namespace, &all).await;
            let list = list.map_err(self.unreadable(&format!("claims of {key}")))?;
            let items = list["items"].as_array().into_iter().flatten();
            let names = items.filter(|claim| is_owned_by(claim, uid));
            let names = names.filter_map(|claim| claim["metadata"]["name"].as_str());
            claims.names = names.map(str::to_owned).collect();
        }
        Ok(())
    }

    /// What a write needs. Server-side apply is a patch, and a creation where nothing is there.
    fn accesses(&self, object: &Object, action: &Action) -> Vec<Access> {
        let Some(resource) = self.resources.of(object.api_version(), object.kind()) else {
            return Vec::new();
        };
        let verbs: &[&'static str] = match action {
            Action::Create | Action::CreateAfter { .. } => &["create", "patch"],
            Action::Replace { .. } => &["create", "delete", "patch"],
            Action::Change { .. } | Action::Adopt { .. } => &["patch"],
            Action::Delete { .. } => &["delete"],
            Action::Same | Action::Gone | Action::Keep { .. } => &[],
        };
        let reads: &[&'static str] = if self.is_awaited(action) {
            &["list", "watch"]
        } else {
            &[]
        };
        accesses_of(resource, object.key(), &[verbs, reads].concat())
    }
}

/// What a verb takes away of a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Removes {
    /// Parts.
    Some,
    /// Everything: it may be forgotten.
    All,
}

/// What we may not do: to all objects of a kind where it is so for each of them, else to some.
fn missing(
    to_all: BTreeSet<Access>,
    asked: &BTreeSet<Access>,
    refused: &BTreeSet<Access>,
) -> Vec<Access> {
    let of = |kind: &Access, all: &BTreeSet<Access>| -> Vec<Access> {
        let all = all.iter().filter(|access| access.to_all() == *kind);
        all.cloned().collect()
    };
    let named = |kind: Access| {
        let some = of(&kind, refused);
        if some.len() == of(&kind, asked).len() {
            vec![kind]
        } else {
            some
        }
    };
    to_all.into_iter().flat_map(named).collect()
}

/// What keeping the books of a group needs, and keeping others out meanwhile.
fn bookkeeping(id: &InventoryId, removes: Removes) -> Vec<Access> {
    let key = id.key();
    let books: &[&'static str] = if removes == Removes::All {
        &["create", "delete", "patch"]
    } else {
        &["create", "patch"]
    };
    let mut accesses = accesses_of(&Resource::config_maps(), &key, books);
    let leases = Resource::leases();
    accesses.extend(accesses_of(&leases, &key, &["delete", "get", "update"]));
    // No server-side apply: its name counts for nothing.
    let made = accesses_of(&leases, &key, &["create"]);
    accesses.extend(made.iter().map(Access::to_all));
    accesses
}

/// Each verb for a kind, where the object of this name lives; a creation is one by server-side
/// apply.
fn accesses_of(resource: &Resource, key: &Key, verbs: &[&'static str]) -> Vec<Access> {
    let namespace = key.namespace.as_ref();
    let namespace = namespace.filter(|_| resource.reach == Reach::Namespaced);
    let access = |verb: &&'static str| Access {
        verb,
        group: resource.group.clone(),
        plural: resource.plural.clone(),
        subresource: "",
        namespace: namespace.map(|namespace| namespace.as_str().to_owned()),
        name: (!matches!(*verb, "list" | "watch")).then(|| key.name.as_str().to_owned()),
    };
    verbs.iter().map(access).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(name: Option<&str>) -> Access {
        Access {
            verb: "patch",
            group: "apps".to_owned(),
            plural: "deployments".to_owned(),
            subresource: "",
            namespace: Some("prod".to_owned()),
            name: name.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_refused_for_each_object_is_told_once() {
        let names = |names: &[&str]| -> BTreeSet<Access> {
            names.iter().map(|name| access(Some(name))).collect()
        };
        let kind = BTreeSet::from([access(None)]);
        let told = |asked: &[&str], refused: &[&str]| -> Vec<Option<String>> {
            let missing = missing(kind.clone(), &names(asked), &names(refused));
            missing.into_iter().map(|access| access.name).collect()
        };
        assert_eq!(told(&["a", "b"], &["a", "b"]), [None]);
        assert_eq!(told(&["a", "b"], &["b"]), [Some("b".to_owned())]);
        assert_eq!(told(&["a", "b"], &[]), []);
        // A list cannot be asked for by name.
        assert_eq!(told(&[], &[]), [None]);
    }
}
