//! The rights that applying a request takes, as Roles: what a service account may do that applies
//! it, and nothing else. Pure: no cluster is asked.
//!
//! Each right is by name where RBAC can tell names: a list and a watch are of all objects of a kind,
//! and so is a creation other than by server-side apply. Secrets are never listed. What is in no
//! namespace is in no Role; it is named, so that somebody else can make it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kube::core::{ApiResource, GroupVersionKind};
use serde::Serialize;
use serde_json::Value;
use windlass_attestation::trust;
use windlass_k8s_object::{Key, Object};

use crate::cluster::{Reach, Resource, Resources};
use crate::desired::{Desired, DesiredObject};
use crate::inventory::InventoryId;
use crate::order::is_kept;
use crate::problem::replica_sets;
use crate::ready::{Readiness, Surroundings, endpoint_slices, readiness_among};
use crate::references;
use crate::request::{DeployRequest, Proof, Recreate};
use crate::watch::Store;

/// The groups of Kubernetes itself whose objects may be applied and are not listed below
/// `k8s.io`.
const OWN_GROUPS: [&str; 5] = ["", "apps", "autoscaling", "batch", "policy"];

/// The namespace whose uid is the identity of a cluster.
const IDENTITY: &str = "kube-system";

/// The Roles that a request takes, or several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// The request's target; of several, the first.
    target: String,
    /// By namespace.
    namespaces: BTreeMap<String, Rights>,
    /// Objects that no Role can be about.
    in_none: BTreeSet<String>,
}

/// What may be done in one namespace: by group and name of the kind in URLs, then by verb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rights(BTreeMap<(String, String), BTreeMap<&'static str, Names>>);

/// Which objects of a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Names {
    All,
    These(BTreeSet<String>),
}

/// A rule of a Role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The group of the kind.
    api_groups: [String; 1],
    /// Its name in URLs, with the part that is meant.
    resources: [String; 1],
    /// Which objects; all where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_names: Vec<String>,
    /// What may be done.
    verbs: Vec<&'static str>,
}

impl Names {
    /// Both.
    fn add(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::These(names), Self::These(more)) => names.extend(more.iter().cloned()),
            _ => *self = Self::All,
        }
    }
}

impl Rights {
    /// Both.
    fn add(&mut self, other: &Self) {
        for (kind, verbs) in &other.0 {
            let own = self.0.entry(kind.clone()).or_default();
            for (verb, names) in verbs {
                own.entry(verb)
                    .or_insert_with(|| Names::These(BTreeSet::new()))
                    .add(names);
            }
        }
    }

    /// As a Role has them. Verbs on the same objects are one rule.
    fn rules(&self) -> Vec<Rule> {
        let mut all = Vec::new();
        for ((group, plural), verbs) in &self.0 {
            let mut rules: BTreeMap<&Names, Vec<&'static str>> = BTreeMap::new();
            for (verb, names) in verbs {
                rules.entry(names).or_default().push(verb);
            }
            all.extend(rules.into_iter().map(|(names, verbs)| Rule {
                api_groups: [group.clone()],
                resources: [plural.clone()],
                resource_names: match names {
                    Names::All => Vec::new(),
                    Names::These(names) => names.iter().cloned().collect(),
                },
                verbs,
            }));
        }
        all
    }

    /// Grants verbs on one object.
    fn name(&mut self, resource: &Resource, verbs: &[&'static str], name: &str) {
        for verb in verbs {
            let names = self.verb(resource, "", verb);
            if let Names::These(names) = names {
                names.insert(name.to_owned());
            }
        }
    }

    /// Grants verbs on all objects of a kind, or on a part of them.
    fn all(&mut self, resource: &Resource, part: &str, verbs: &[&'static str]) {
        for verb in verbs {
            *self.verb(resource, part, verb) = Names::All;
        }
    }

    fn verb(&mut self, resource: &Resource, part: &str, verb: &'static str) -> &mut Names {
        let plural = match part {
            "" => resource.plural.clone(),
            part => format!("{}/{part}", resource.plural),
        };
        let verbs = self.0.entry((resource.group.clone(), plural)).or_default();
        let none = || Names::These(BTreeSet::new());
        verbs.entry(verb).or_insert_with(none)
    }
}

/// The Roles that applying a request takes, once or many times.
pub fn roles(request: &DeployRequest, desired: &Desired) -> Roles {
    let mut resources = Resources::default();
    for object in &desired.objects {
        if object.object.kind().as_str() == "CustomResourceDefinition" {
            resources.add_definition(&object.object);
        }
    }
    let mut roles = Roles {
        target: request.target.clone(),
        namespaces: BTreeMap::new(),
        in_none: BTreeSet::new(),
    };
    if request.cluster.id.is_some() {
        roles.may_see_namespace(IDENTITY);
    }
    if request.environment.proof == Proof::Required {
        let rights = roles.rights(trust::NAMESPACE);
        rights.name(&Resource::config_maps(), &["get"], trust::CONFIG_MAP);
    }
    for namespace in desired.namespaces() {
        roles.may_see_namespace(namespace.as_str());
    }
    for object in &desired.objects {
        let resource = served(&resources, &object.object);
        roles.may_apply(object, &resource);
    }
    for need in references::needs(desired) {
        let named = &need.named;
        let rights = roles.rights(named.namespace.as_str());
        rights.name(&named.source.resource(), &["get"], &named.name);
    }
    for id in desired
        .groups
        .iter()
        .filter_map(|one| one.inventory.as_ref())
    {
        roles.may_keep_books(id);
    }
    roles
}

impl Roles {
    /// The Roles of an account that applies what both are of.
    pub fn add(&mut self, other: &Self) {
        for (namespace, rights) in &other.namespaces {
            self.rights(namespace).add(rights);
        }
        self.in_none.extend(other.in_none.iter().cloned());
    }

    /// The rules by namespace.
    pub fn rules(&self) -> BTreeMap<&str, Vec<Rule>> {
        let rules = self.namespaces.iter();
        rules
            .map(|(namespace, rights)| (namespace.as_str(), rights.rules()))
            .collect()
    }

    /// An object that no Role can be about, since it is in no namespace; `None` if there is none.
    pub fn in_no_namespace(&self) -> Option<&str> {
        self.in_none.first().map(String::as_str)
    }

    fn rights(&mut self, namespace: &str) -> &mut Rights {
        self.namespaces.entry(namespace.to_owned()).or_default()
    }

    /// RBAC takes a namespace for an object in itself, so a Role in it is enough.
    fn may_see_namespace(&mut self, namespace: &str) {
        let rights = self.rights(namespace);
        rights.name(&Resource::namespaces(), &["get"], namespace);
    }

    fn may_apply(&mut self, desired: &DesiredObject, resource: &Resource) {
        let object = &desired.object;
        let key = object.key();
        let (Some(namespace), Reach::Namespaced) = (&key.namespace, resource.reach) else {
            self.in_none.insert(key.to_string());
            return;
        };
        let name = key.name.as_str();
        let rights = self.rights(namespace.as_str());
        rights.name(resource, &["create", "get", "patch"], name);
        grant(rights, object);
        if desired.policy.recreate == Recreate::OnImmutable && !is_kept(key) {
            // Asked whether it can be made anew, and waited for until it is gone.
            rights.name(resource, &["delete"], name);
            rights.all(resource, "", &["create"]);
            watch(rights, resource, key);
        }
        if is_awaited(desired) {
            watch(rights, resource, key);
            watch_around(rights, key);
        }
    }

    /// Inventories are applied, leases made and renewed.
    fn may_keep_books(&mut self, id: &InventoryId) {
        let rights = self.rights(&id.namespace);
        rights.name(
            &Resource::config_maps(),
            &["create", "get", "patch"],
            &id.name,
        );
        rights.name(&Resource::leases(), &["delete", "get", "update"], &id.name);
        rights.all(&Resource::leases(), "", &["create"]);
    }
}

/// An object's kind as clusters serve it: by a definition of the same request, else by the rule that
/// all kinds of Kubernetes follow, and all others by default.
fn served(resources: &Resources, object: &Object) -> Resource {
    if let Some(resource) = resources.of(object.api_version(), object.kind()) {
        return resource.clone();
    }
    let key = object.key();
    let api_version = object.api_version().as_str();
    let version = api_version.rsplit('/').next().unwrap_or_default();
    let kind = GroupVersionKind::gvk(&key.group, version, key.kind.as_str());
    let plural = ApiResource::from_gvk(&kind).plural;
    let reach = if object.is_cluster_scoped() || key.namespace.is_none() {
        Reach::Cluster
    } else {
        Reach::Namespaced
    };
    Resource::built_in(api_version, key.kind.as_str(), &plural, reach)
}

/// Rights that give rights: the API server lets nobody hand out what they do not have themselves,
/// unless they are named for it (Kubernetes, "Privilege escalation prevention and bootstrapping").
fn grant(rights: &mut Rights, object: &Object) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let key = object.key();
    let kind = |kind: &str, plural: &str| {
        Resource::built_in(&format!("{GROUP}/v1"), kind, plural, Reach::Namespaced)
    };
    let role = |name: &str| match name {
        "ClusterRole" => kind("ClusterRole", "clusterroles"),
        _ => kind("Role", "roles"),
    };
    match (key.group.as_str(), key.kind.as_str()) {
        (GROUP, "Role") => rights.name(&role("Role"), &["escalate"], key.name.as_str()),
        (GROUP, "RoleBinding") => {
            let of = &object.document()["roleRef"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            rights.name(&role(&text(&of["kind"])), &["bind"], &text(&of["name"]));
        }
        _ => {}
    }
}

/// Whether a run may have to wait for an object after it was written.
fn is_awaited(desired: &DesiredObject) -> bool {
    let around = Surroundings {
        store: &Store::default(),
        run: &[],
    };
    let group = desired.object.key().group.as_str();
    let is_own = OWN_GROUPS.contains(&group) || group.ends_with(".k8s.io");
    // What a custom kind says of itself, nobody knows before.
    let when = &desired.policy.ready_when;
    !is_own || readiness_among(desired.object.document(), when, around) != Readiness::Current
}

fn watch(rights: &mut Rights, resource: &Resource, key: &Key) {
    if (key.group.as_str(), key.kind.as_str()) != ("", "Secret") {
        rights.all(resource, "", &["list", "watch"]);
    }
}

/// What is read around an object that is not ready, and when it does not become so.
fn watch_around(rights: &mut Rights, key: &Key) {
    let events = Resource::built_in("v1", "Event", "events", Reach::Namespaced);
    rights.all(&Resource::pods(), "", &["list", "watch"]);
    rights.all(&Resource::pods(), "log", &["get"]);
    rights.all(&replica_sets(), "", &["list", "watch"]);
    rights.all(&events, "", &["list"]);
    match (key.group.as_str(), key.kind.as_str()) {
        ("", "Service") => rights.all(&endpoint_slices(), "", &["list", "watch"]),
        ("apps" | "batch", _) => rights.all(&events, "", &["watch"]),
        _ => {}
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# What applying {} takes, and no more.", self.target)?;
        if !self.in_none.is_empty() {
            writeln!(f, "# In no Role, since it is in no namespace:")?;
        }
        for object in &self.in_none {
            writeln!(f, "#   {object}")?;
        }
        let target = self.target.trim_start_matches('/').replace('/', ".");
        for (at, (namespace, rights)) in self.namespaces.iter().enumerate() {
            if at > 0 {
                writeln!(f, "---")?;
            }
            writeln!(f, "apiVersion: rbac.authorization.k8s.io/v1")?;
            writeln!(f, "kind: Role")?;
            writeln!(f, "metadata:")?;
            writeln!(f, "  name: {}", quoted(&format!("windlass:{target}")))?;
            writeln!(f, "  namespace: {}", quoted(namespace))?;
            writeln!(f, "rules:")?;
            for rule in rights.rules() {
                rule.fmt(f)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "- apiGroups: {}", list(&self.api_groups))?;
        writeln!(f, "  resources: {}", list(&self.resources))?;
        if !self.resource_names.is_empty() {
            writeln!(f, "  resourceNames: {}", list(&self.resource_names))?;
        }
        writeln!(f, "  verbs: {}", list(&self.verbs))
    }
}

/// A list of YAML, on one line.
fn list<T: AsRef<str>>(texts: &[T]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}

/// A text of YAML, which takes all that JSON does.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::Checks;
    use crate::request::tests::empty;
    use crate::session::environment_of;
    use serde_json::json;
    use std::path::Path;

    /// The Roles of some objects, as they are printed. `edit` has the request's last word.
    fn printed(objects: &[Value], edit: impl FnOnce(&mut Value)) -> String {
        let folder = tempfile::tempdir().expect("folder");
        let mut members = Vec::new();
        for (at, manifest) in objects.iter().enumerate() {
            let name = format!("{at}.json");
            std::fs::write(folder.path().join(&name), manifest.to_string()).expect("write");
            let label = format!("//a:{at}");
            members.push(json!({"label": label, "kind": manifest["kind"], "manifest": name}));
        }
        let mut request = empty("roles");
        request["groups"] = json!([{"id": "demo/redis/myns", "label": "//services/redis:myns-shallow",
                                    "objects": members}]);
        edit(&mut request);
        let request = DeployRequest::parse(&request.to_string(), Path::new("x")).expect("request");
        let environment = environment_of(&request).expect("environment");
        let desired = Desired::load(&request, environment, folder.path(), Checks::All);
        roles(&request, &desired.expect("loads")).to_string()
    }

    /// What is granted in `alice` besides what keeping the books of one group takes, a line each:
    /// `apps deployments create,get,patch web`.
    fn granted(objects: &[Value], edit: impl FnOnce(&mut Value)) -> Vec<String> {
        let books = granted_of(&printed(&[], |_| {}));
        let mut lines = granted_of(&printed(objects, edit));
        lines.retain(|line| !books.contains(line));
        lines
    }

    fn granted_of(roles: &str) -> Vec<String> {
        let field = |line: &str, name: &str| {
            let list = line.trim_start_matches(['-', ' ']).strip_prefix(name);
            let list = list?
                .strip_prefix(": [")?
                .strip_suffix(']')?
                .replace('"', "");
            Some(list.replace(", ", ","))
        };
        let mut lines: Vec<[String; 4]> = Vec::new();
        for line in roles.lines() {
            if let Some(group) = field(line, "apiGroups") {
                lines.push([group, String::new(), String::new(), String::new()]);
            } else if let Some(rule) = lines.last_mut() {
                for (at, name) in [(1, "resources"), (2, "verbs"), (3, "resourceNames")] {
                    rule[at] = field(line, name).unwrap_or(rule[at].clone());
                }
            }
        }
        let line = |rule: [String; 4]| rule.join(" ").trim_end().to_owned();
        lines.into_iter().map(line).collect()
    }

    fn object(api_version: &str, kind: &str, more: &Value) -> Value {
        let mut object = json!({"apiVersion": api_version, "kind": kind,
            "metadata": {"name": "web", "namespace": "alice"}});
        let more = more.as_object().expect("fields").clone();
        object.as_object_mut().expect("an object").extend(more);
        object
    }

    #[test]
    fn keeping_the_books_of_a_group() {
        let want = "\
# What applying //services/client:myns-deep takes, and no more.
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: \"windlass:services.client:myns-deep\"
  namespace: \"alice\"
rules:
- apiGroups: [\"\"]
  resources: [\"configmaps\"]
  resourceNames: [\"windlass.redis.b49420a5\"]
  verbs: [\"create\", \"get\", \"patch\"]
- apiGroups: [\"coordination.k8s.io\"]
  resources: [\"leases\"]
  verbs: [\"create\"]
- apiGroups: [\"coordination.k8s.io\"]
  resources: [\"leases\"]
  resourceNames: [\"windlass.redis.b49420a5\"]
  verbs: [\"delete\", \"get\", \"update\"]
";
        assert_eq!(printed(&[], |_| {}), want);
    }

    #[test]
    fn an_object_that_is_ready_at_once_is_written_by_name() {
        assert_eq!(
            granted(&[object("v1", "ServiceAccount", &json!({}))], |_| {}),
            [
                " namespaces get alice",
                " serviceaccounts create,get,patch web"
            ]
        );
    }

    #[test]
    fn secrets_are_never_listed() {
        let secret = object("v1", "Secret", &json!({}));
        let recreated = |request: &mut Value| {
            let member = &mut request["groups"][0]["objects"][0];
            member["recreate"] = json!("on-immutable");
            member["ready_when"] = json!(["jsonpath={.data.token}"]);
        };
        let granted = granted(&[secret], recreated);
        let secrets = granted.iter().filter(|line| line.contains(" secrets "));
        let secrets: Vec<&String> = secrets.collect();
        assert_eq!(
            secrets,
            [" secrets create", " secrets delete,get,patch web"]
        );
    }

    #[test]
    fn what_pods_name_is_read_by_name() {
        let spec = json!({"spec": {"template": {"spec": {"containers": [{"envFrom": [
            {"secretRef": {"name": "password"}}, {"configMapRef": {"name": "settings"}}]}]}}}});
        let granted = granted(&[object("apps/v1", "Deployment", &spec)], |_| {});
        for want in [" secrets get password", " configmaps get settings,"] {
            let mut lines = granted.iter();
            assert!(lines.any(|line| line.starts_with(want)), "{granted:#?}");
        }
    }

    #[test]
    fn what_is_waited_for_is_watched_with_what_says_why_it_is_not_ready() {
        let deployment = object("apps/v1", "Deployment", &json!({}));
        assert_eq!(
            granted(&[deployment], |_| {}),
            [
                " events list,watch",
                " namespaces get alice",
                " pods list,watch",
                " pods/log get",
                "apps deployments list,watch",
                "apps deployments create,get,patch web",
                "apps replicasets list,watch"
            ]
        );
        let service = object(
            "v1",
            "Service",
            &json!({"spec": {"selector": {"app": "web"}}}),
        );
        let granted = granted(&[service], |_| {});
        let slices = "discovery.k8s.io endpointslices list,watch";
        assert!(granted.contains(&slices.to_owned()), "{granted:#?}");
        assert!(granted.contains(&" events list".to_owned()), "{granted:#?}");
    }

    #[test]
    fn custom_kinds_are_watched_and_called_as_their_definition_says() {
        let custom = object("example.com/v1", "Mouse", &json!({}));
        let watched = |line: &str| line.to_owned() + " list,watch";
        assert!(
            granted(std::slice::from_ref(&custom), |_| {}).contains(&watched("example.com mouses"))
        );
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition", "metadata": {"name": "mice.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced",
                     "names": {"kind": "Mouse", "plural": "mice"}, "versions": [{"name": "v1"}]}});
        let setup = |request: &mut Value| {
            request["environment"]["namespace"] = json!("");
            request["environment"]["personal"] = json!(false);
        };
        assert!(granted(&[definition, custom], setup).contains(&watched("example.com mice")));
    }

    #[test]
    fn an_object_that_may_be_made_anew_may_be_deleted() {
        let anew = |request: &mut Value| {
            request["groups"][0]["objects"][0]["recreate"] = json!("on-immutable");
        };
        let service = object("v1", "ServiceAccount", &json!({}));
        assert_eq!(
            granted(&[service], anew),
            [
                " namespaces get alice",
                " serviceaccounts create,list,watch",
                " serviceaccounts delete,get,patch web"
            ]
        );
    }

    #[test]
    fn rights_are_handed_on_by_name() {
        let role = object("rbac.authorization.k8s.io/v1", "Role", &json!({}));
        let bound = |kind: &str| {
            let of = json!({"roleRef": {"kind": kind, "name": "reader"}});
            object("rbac.authorization.k8s.io/v1", "RoleBinding", &of)
        };
        let granted = |object| {
            let lines = granted(&[object], |_| {}).into_iter();
            lines
                .filter(|line| line.starts_with("rbac"))
                .collect::<Vec<_>>()
        };
        let group = "rbac.authorization.k8s.io";
        assert_eq!(
            granted(role),
            [format!("{group} roles create,escalate,get,patch web")]
        );
        assert_eq!(
            granted(bound("Role")),
            [
                format!("{group} rolebindings create,get,patch web"),
                format!("{group} roles bind reader")
            ]
        );
        assert_eq!(
            granted(bound("ClusterRole"))[0],
            format!("{group} clusterroles bind reader")
        );
    }

    #[test]
    fn a_declared_identity_is_read_in_its_own_namespace() {
        let declared = |request: &mut Value| request["cluster"]["id"] = json!("3f9c21");
        let roles = printed(&[], declared);
        let own = "\
metadata:
  name: \"windlass:services.client:myns-deep\"
  namespace: \"kube-system\"
rules:
- apiGroups: [\"\"]
  resources: [\"namespaces\"]
  resourceNames: [\"kube-system\"]
  verbs: [\"get\"]
";
        assert!(roles.ends_with(own), "{roles}");
    }

    #[test]
    fn whom_the_cluster_trusts_is_read_where_proof_is_required() {
        let roles = printed(&[], |request| {
            request["environment"]["proof"] = json!("required");
        });
        let own = "\
  namespace: \"windlass-system\"
rules:
- apiGroups: [\"\"]
  resources: [\"configmaps\"]
  resourceNames: [\"windlass-trust\"]
  verbs: [\"get\"]
";
        assert!(roles.ends_with(own), "{roles}");
    }

    #[test]
    fn an_account_of_two_targets_has_the_rights_of_both() {
        let of = |name: &str, verbs: &[&'static str]| {
            let mut roles = Roles::default();
            let rights = roles.rights("prod");
            rights.name(&Resource::config_maps(), verbs, name);
            rights.all(&Resource::pods(), "", &["list"]);
            roles
        };
        let mut both = of("a", &["get"]);
        both.add(&of("b", &["get", "patch"]));
        let mut all = Roles::default();
        all.rights("dev")
            .all(&Resource::config_maps(), "", &["get"]);
        both.add(&all);
        let rule = |plural: &str, names: &[&str], verbs: &[&str]| {
            let mut rule = json!({"apiGroups": [""], "resources": [plural], "verbs": verbs});
            if !names.is_empty() {
                rule["resourceNames"] = json!(names);
            }
            rule
        };
        let want = json!({
            "dev": [rule("configmaps", &[], &["get"])],
            "prod": [
                rule("configmaps", &["a", "b"], &["get"]),
                rule("configmaps", &["b"], &["patch"]),
                rule("pods", &[], &["list"]),
            ],
        });
        assert_eq!(serde_json::to_value(both.rules()).expect("JSON"), want);
        // A right on all of a kind takes in those by name.
        let mut wide = all;
        wide.rights("dev")
            .name(&Resource::config_maps(), &["get"], "a");
        assert_eq!(json!(wide.rules()["dev"]), want["dev"]);
    }

    #[test]
    fn what_is_in_no_namespace_is_named() {
        let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"name": "fast"}});
        let setup = |request: &mut Value| {
            request["environment"]["namespace"] = json!("");
            request["environment"]["personal"] = json!(false);
        };
        let roles = printed(&[class], setup);
        let head = "\
# What applying //services/client:myns-deep takes, and no more.
# In no Role, since it is in no namespace:
#   StorageClass `fast`
apiVersion: rbac.authorization.k8s.io/v1
";
        assert!(roles.starts_with(head), "{roles}");
        assert!(!roles.contains("storageclasses"), "{roles}");
    }
}
