//! Claims of storage by name, the volumes and claims that they name, and their storage classes.

use serde_json::Value;
use windlass_k8s_object::images::pod_spec;

use super::graph::{CLAIM, Graph, Target, VOLUME};
use super::{Check, entries, text};

const STORAGE: &str = "storage.k8s.io";
const CLASS: Target<'_> = Target {
    group: STORAGE,
    kind: "StorageClass",
};
const ATTRIBUTES: Target<'_> = Target {
    group: STORAGE,
    kind: "VolumeAttributesClass",
};

pub(super) fn check(check: &mut Check<'_>) {
    let document = check.document();
    if check.is("", "PersistentVolumeClaim") {
        claim(check, "spec", &document["spec"]);
    }
    if check.is("apps", "StatefulSet") {
        for (index, template) in entries(&document["spec"], "volumeClaimTemplates") {
            let path = format!("spec.volumeClaimTemplates[{index}].spec");
            claim(check, &path, &template["spec"]);
        }
    }
    let Some((path, spec)) = pod_spec(document) else {
        return;
    };
    for (index, volume) in entries(spec, "volumes") {
        let path = format!("{path}.volumes[{index}]");
        if let Some(name) = text(volume, "/persistentVolumeClaim/claimName")
            && !is_of_stateful_set(check.graph, check.namespace(), name)
        {
            let path = format!("{path}.persistentVolumeClaim.claimName");
            check.named(&path, CLAIM, name);
        }
        if let Some(own) = volume.pointer("/ephemeral/volumeClaimTemplate/spec") {
            let path = format!("{path}.ephemeral.volumeClaimTemplate.spec");
            claim(check, &path, own);
        }
    }
}

/// Whether a `StatefulSet` makes the claim: `data-redis-0` is of the template `data` of `redis`.
fn is_of_stateful_set(graph: &Graph<'_>, namespace: &str, name: &str) -> bool {
    let Some((rest, ordinal)) = name.rsplit_once('-') else {
        return false;
    };
    let is_of = |set: &windlass_k8s_object::Object| {
        let templates = entries(&set.document()["spec"], "volumeClaimTemplates");
        let mut names = templates.filter_map(|(_, one)| text(one, "/metadata/name"));
        names.any(|template| rest == format!("{template}-{}", set.key().name.as_str()))
    };
    let group = "apps";
    let kind = "StatefulSet";
    ordinal.parse::<u32>().is_ok() && graph.all(Target { group, kind }, namespace).any(is_of)
}

fn claim(check: &mut Check<'_>, path: &str, spec: &Value) {
    if let Some(name) = text(spec, "/volumeName") {
        check.named(&format!("{path}.volumeName"), VOLUME, name);
    }
    // The name may be one that volumes and claims alone agree on.
    if let Some(name) = text(spec, "/storageClassName")
        && !check
            .graph
            .all(VOLUME, "")
            .any(|volume| text(volume.document(), "/spec/storageClassName") == Some(name))
    {
        check.named(&format!("{path}.storageClassName"), CLASS, name);
    }
    if let Some(name) = text(spec, "/volumeAttributesClassName") {
        let path = format!("{path}.volumeAttributesClassName");
        check.named(&path, ATTRIBUTES, name);
    }
    for field in ["dataSource", "dataSourceRef"] {
        let Some(source) = spec.get(field) else {
            continue;
        };
        if text(source, "/kind") == Some(CLAIM.kind)
            && text(source, "/namespace").is_none()
            && let Some(name) = text(source, "/name")
        {
            check.named(&format!("{path}.{field}.name"), CLAIM, name);
        }
    }
}
