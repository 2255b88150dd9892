//! The order in which services are applied means nothing.

use super::own_namespace;
use crate::Harness;
use serde_json::Value;

const ORDERS: [[&str; 3]; 6] = [
    ["client", "server", "redis"],
    ["client", "redis", "server"],
    ["server", "client", "redis"],
    ["server", "redis", "client"],
    ["redis", "client", "server"],
    ["redis", "server", "client"],
];

pub(super) fn run(h: &Harness) {
    let ns = own_namespace(h);
    h.run("//prod:setup.apply", &[]).succeeded();
    let mut first: Option<Vec<Value>> = None;
    for order in ORDERS {
        for service in order {
            h.run(
                &format!("//services/{service}:myns-shallow.apply"),
                &["--wait=false"],
            )
            .succeeded();
        }
        h.until(&format!("{order:?}: all Ready"), 180, || {
            h.not_ready(&ns, 8)
        });
        assert_eq!(h.restarts(&ns), [""; 0], "{order:?}");
        let specs = specs(h, &ns);
        match &first {
            None => first = Some(specs),
            Some(first) => assert_eq!(*first, specs, "{order:?}"),
        }
        h.run("//services/client:myns-deep.delete", &[]).succeeded();
        h.until("all is gone", 120, || {
            let left = h.list(&["pods,pvc", "-n", &ns]);
            (!left.is_empty()).then(|| format!("{} objects", left.len()))
        });
    }
}

fn specs(h: &Harness, ns: &str) -> Vec<Value> {
    let items = h.list(&["deployments,statefulsets", "-n", ns]);
    items
        .into_iter()
        .map(|mut item| item["spec"].take())
        .collect()
}
