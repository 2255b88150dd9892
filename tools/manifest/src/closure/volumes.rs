//! Mounts: of volumes that the pod has, or of claims that its `StatefulSet` makes. A volume that
//! nobody mounts is no finding: nothing dangles.

use windlass_k8s_object::images::{containers, pod_spec};
use windlass_nearest::nearest;

use super::finding::Problem;
use super::graph::names;
use super::{Check, entries, text};

pub(super) fn check(check: &mut Check<'_>) {
    let document = check.document();
    let Some((_, spec)) = pod_spec(document) else {
        return;
    };
    let mut known: Vec<_> = names(spec, "volumes").collect();
    if check.is("apps", "StatefulSet") {
        let claims = entries(&document["spec"], "volumeClaimTemplates");
        known.extend(claims.filter_map(|(_, claim)| text(claim, "/metadata/name")));
    }
    for (path, container) in containers(document) {
        for field in ["volumeMounts", "volumeDevices"] {
            for (index, mount) in entries(container, field) {
                let Some(name) = text(mount, "/name") else {
                    continue;
                };
                if !known.contains(&name) {
                    let problem = Problem::Part {
                        of: "the pod".to_owned(),
                        part: format!("volume `{name}`"),
                        nearest: nearest(name, known.iter().copied()).map(str::to_owned),
                    };
                    check.report(format!("{path}.{field}[{index}].name"), problem);
                }
            }
        }
    }
}
