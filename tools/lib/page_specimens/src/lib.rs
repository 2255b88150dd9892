//! Pages for a browser to open, which no checkout has: objects in each state, a thousand of them, and texts
//! that would be markup if nobody escaped them.

use serde_json::{Value, json};
use windlass_page::graph;
use windlass_page::links::links;
use windlass_page::stack::{Group, Image, Object, STATES, Stack};
use windlass_page::table::{self, Commit, Deployments, Digest, Entry, Known};

/// A text that is markup where it is not escaped.
const HOSTILE: &str =
    "</script></style><img src=x onerror=\"document.title='hacked'\">'\"><!--&lt;";

/// The pages, by the names of their files.
pub fn specimens() -> Vec<(&'static str, String)> {
    let small = stack(
        &["redis", "server", "client"],
        "ready",
        &[&[], &[0], &[0, 1]],
    );
    let hostile = stack(&[HOSTILE, "server"], HOSTILE, &[&[], &[0]]);
    let names: Vec<String> = (0..200).map(|at| format!("service-{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // Each needs two that come well before it, as in a company's stack.
    let needs: Vec<Vec<usize>> = (0..200_usize)
        .map(|at| match at {
            0..20 => Vec::new(),
            _ => vec![at % 20, at / 2 + at % 7],
        })
        .collect();
    let needs: Vec<&[usize]> = needs.iter().map(Vec::as_slice).collect();
    let large = stack(&names, "ready", &needs);
    vec![
        ("graph.html", graph::html(&small)),
        ("graph.svg", graph::svg(&small)),
        ("hostile.html", graph::html(&hostile)),
        ("hostile.svg", graph::svg(&hostile)),
        ("large.html", graph::html(&large)),
        ("table.html", table::html(&deployments("Deployment server"))),
        ("hostile-table.html", table::html(&deployments(HOSTILE))),
    ]
}

/// A stack of groups of five objects.
fn stack(names: &[&str], says: &str, needs: &[&[usize]]) -> Stack {
    let group = |(name, needs): (&&str, &&[usize])| Group {
        name: (*name).to_owned(),
        label: format!("//services/{name}:myns-shallow"),
        needs: needs.to_vec(),
        commands: vec![format!("bazel run //services/{name}:myns-shallow.apply")],
    };
    let groups = names.iter().zip(needs).map(group).collect();
    let objects = names.iter().enumerate();
    let objects = objects.flat_map(|(at, name)| objects_of(at, name, says));
    Stack {
        target: format!("//services/{}:myns-deep", names[names.len() - 1]),
        facts: vec![
            ("environment", "myns".to_owned()),
            ("namespace", "alice".to_owned()),
        ],
        unseen: None,
        commands: vec!["bazel run //services/client:myns-deep.apply".to_owned()],
        groups,
        objects: objects.collect(),
    }
}

fn objects_of(group: usize, name: &str, says: &str) -> Vec<Object> {
    let metadata = json!({"name": name, "namespace": "alice"});
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata,
        "spec": {"selector": {"app": name}, "ports": [{"port": 80}]}});
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
        "spec": {"template": {"metadata": {"labels": {"app": name}}, "spec": {
            "serviceAccountName": name, "volumes": [{"configMap": {"name": name}}]}}}});
    let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": metadata, "spec": {"rules": [{"host": format!("{name}.example.com"),
            "http": {"paths": [{"path": "/", "backend": {"service": {"name": name}}}]}}]}});
    let all = [config, service, account, deployment, ingress];
    let object = |(at, manifest): (usize, Value)| Object {
        group,
        label: format!("//services/{name}:myns-{at}"),
        state: Some(STATES[(group + at) % STATES.len()]),
        says: vec![says.to_owned()],
        images: match at {
            3 => vec![Image {
                reference: format!("localhost:31000/demo/{name}@sha256:{}", "1f".repeat(32)),
                commit: Some("3f9c21a0b1c2d3e4f5".to_owned()),
                others: vec![format!(
                    "localhost:31000/demo/{name}@sha256:{}",
                    "2e".repeat(32)
                )],
            }],
            _ => Vec::new(),
        },
        links: links(&manifest, None),
        commands: vec![format!("kubectl -n alice describe {name}")],
        manifest,
    };
    all.into_iter().enumerate().map(object).collect()
}

/// A table of a hundred lines, each a day older than the one before.
fn deployments(object: &str) -> Deployments {
    let entry = |at: usize| Entry {
        service: format!("//services/s{at}"),
        object: object.to_owned(),
        image: Some(format!("r.io/demo/{object}")),
        digest: Digest::Pinned(format!("sha256:{}", "1f".repeat(32))),
        commit: Some(Commit {
            hash: format!("{at:012}3f9c"),
            known: (!at.is_multiple_of(10)).then(|| Known {
                time: format!("2025-{:02}-{:02}T10:00:00Z", 12 - at / 28, 28 - at % 28),
                author: "Ada".to_owned(),
                subject: object.to_owned(),
            }),
        }),
        who: Some("ci@example.com".to_owned()),
        links: Vec::new(),
    };
    Deployments {
        environment: "prod".to_owned(),
        facts: vec![("namespace", "prod".to_owned())],
        entries: (0..100).map(entry).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_each_time() {
        assert_eq!(specimens(), specimens());
        let objects = |page: &str| page.matches("<tr id=\"o").count();
        let pages = specimens();
        let (_, large) = pages
            .iter()
            .find(|(name, _)| *name == "large.html")
            .expect("it");
        assert_eq!(objects(large), 1000);
    }
}
