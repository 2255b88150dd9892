//! Questions to the cluster, asked by kubectl: a second opinion beside the tool's own client.

use crate::{Harness, Outcome};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

impl Harness {
    /// Runs kubectl.
    pub fn kubectl(&self, arguments: &[&str]) -> Outcome {
        self.kubectl_with(self.kubeconfig(), arguments)
    }

    /// The same with another kubeconfig.
    pub fn kubectl_with(&self, kubeconfig: &Path, arguments: &[&str]) -> Outcome {
        self.execute(&self.kubectl, kubeconfig, arguments)
    }

    /// The kubeconfig of a service account.
    #[track_caller]
    pub fn kubeconfig_of(&self, namespace: &str, account: &str) -> PathBuf {
        let token = self.kubectl(&["create", "token", account, "-n", namespace]);
        let token = token.succeeded().stdout.trim().to_owned();
        let own = self.kubectl(&["config", "view", "--raw", "-o", "json"]);
        let mut own: Value = serde_json::from_str(&own.succeeded().stdout).expect("JSON");
        for user in own["users"].as_array_mut().expect("users") {
            user["user"] = json!({ "token": token });
        }
        let path = self.state.join(format!("{namespace}-{account}.kubeconfig"));
        std::fs::write(&path, own.to_string()).expect("written");
        path
    }

    /// The rights of a Role, as [`crate::audit::allowed`] gives those that were used.
    #[track_caller]
    pub fn granted(&self, role: &[&str]) -> BTreeSet<String> {
        let role = self.get(role);
        let list = |rule: &Value, field: &str| -> Vec<String> {
            let all = rule[field].as_array().into_iter().flatten();
            all.filter_map(|one| one.as_str().map(str::to_owned))
                .collect()
        };
        let mut granted = BTreeSet::new();
        for rule in role["rules"].as_array().expect("rules") {
            let names = list(rule, "resourceNames");
            for (group, resource, verb) in list(rule, "apiGroups").iter().flat_map(|group| {
                let resources = list(rule, "resources").into_iter();
                resources.flat_map(move |resource| {
                    let verbs = list(rule, "verbs").into_iter();
                    verbs.map(move |verb| (group.clone(), resource.clone(), verb))
                })
            }) {
                let right = format!("{group} {resource} {verb}");
                if names.is_empty() {
                    granted.insert(right.clone());
                }
                granted.extend(names.iter().map(|name| format!("{right} {name}")));
            }
        }
        granted
    }

    /// `kubectl get ... -o json`, parsed.
    #[track_caller]
    pub fn get(&self, arguments: &[&str]) -> Value {
        let arguments = [&["get", "-o", "json"], arguments].concat();
        let output = self.kubectl(&arguments);
        output.succeeded();
        serde_json::from_str(&output.stdout).expect("kubectl prints JSON")
    }

    /// The items of a list.
    #[track_caller]
    pub fn list(&self, arguments: &[&str]) -> Vec<Value> {
        let list = self.get(arguments);
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// Pods that are not Ready, as text; `None` when there are `count` pods and all are.
    pub fn not_ready(&self, namespace: &str, count: usize) -> Option<String> {
        let pods = self.list(&["pods", "-n", namespace]);
        let waiting: Vec<&str> = pods.iter().filter(|pod| !is_ready(pod)).map(name).collect();
        (pods.len() != count || !waiting.is_empty())
            .then(|| format!("{} pods of {count}, not ready: {waiting:?}", pods.len()))
    }

    /// Restarts of all containers in the namespace, `pod/container: n`, those with none left out.
    pub fn restarts(&self, namespace: &str) -> Vec<String> {
        let pods = self.list(&["pods", "-n", namespace]);
        let statuses = |pod: &Value| {
            let own = pod["status"]["containerStatuses"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let pod = name(pod).to_owned();
            own.into_iter()
                .map(move |status| (pod.clone(), status))
                .collect::<Vec<_>>()
        };
        let all = pods.iter().flat_map(statuses);
        all.filter(|(_, status)| status["restartCount"].as_u64() != Some(0))
            .map(|(pod, status)| format!("{pod}/{}: {}", status["name"], status["restartCount"]))
            .collect()
    }

    /// Ready addresses behind a Service.
    pub fn ready_endpoints(&self, namespace: &str, service: &str) -> usize {
        let selector = format!("kubernetes.io/service-name={service}");
        let slices = self.list(&["endpointslices", "-n", namespace, "-l", &selector]);
        let endpoints = slices
            .iter()
            .flat_map(|slice| slice["endpoints"].as_array().cloned().unwrap_or_default());
        endpoints
            .filter(|endpoint| endpoint["conditions"]["ready"] == Value::Bool(true))
            .count()
    }

    /// The log of a workload since its start.
    pub fn log(&self, namespace: &str, workload: &str, container: &str) -> String {
        self.kubectl(&[
            "logs",
            "-n",
            namespace,
            workload,
            "-c",
            container,
            "--tail=-1",
        ])
        .stdout
    }

    /// Everything in a namespace that a write would change: `kind/name uid resourceVersion`.
    pub fn versions(&self, namespace: &str) -> Vec<String> {
        let kinds =
            "deployments,statefulsets,services,configmaps,secrets,serviceaccounts,pvc,pdb,leases";
        let items = self.list(&[kinds, "-n", namespace]);
        let version = |item: &Value| {
            let meta = &item["metadata"];
            format!(
                "{}/{} {} {}",
                item["kind"], meta["name"], meta["uid"], meta["resourceVersion"]
            )
        };
        items.iter().map(version).collect()
    }
}

/// The name of an object.
pub(crate) fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.is_some_and(|all| {
        all.iter()
            .any(|c| c["type"] == "Ready" && c["status"] == "True")
    })
}
