//! Mounts: of volumes that the pod has, or of claims that its `StatefulSet` makes. A volume that
//! nobody mounts is no finding: nothing dangles. A mount of one file of a volume (`subPath`) needs that
//! file, where all that the volume has is known.

use std::collections::BTreeSet;

use serde_json::Value;
use windlass_k8s_object::images::{containers, pod_spec};
use windlass_nearest::nearest;

use super::finding::Problem;
use super::graph::{CONFIG_MAP, Found, SECRET, Target, keys, names};
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
                } else if let Some(file) = text(mount, "/subPath") {
                    let path = format!("{path}.{field}[{index}].subPath");
                    let is = |volume: &&Value| text(volume, "/name") == Some(name);
                    let mut volumes = entries(spec, "volumes").map(|(_, volume)| volume);
                    if let Some(volume) = volumes.find(is) {
                        mounted(check, &path, file, volume);
                    }
                }
            }
        }
    }
}

/// Reports a file, or a folder of files, that a volume does not have.
fn mounted(check: &mut Check<'_>, path: &str, file: &str, volume: &Value) {
    let Some(files) = files(check, volume) else {
        return;
    };
    let plain = file.trim_start_matches("./").trim_end_matches('/');
    let is = |one: &str| {
        let rest = one.strip_prefix(plain);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if plain == "." || files.iter().any(|one| is(one)) {
        return;
    }
    let name = text(volume, "/name").unwrap_or_default();
    let problem = Problem::Part {
        of: format!("volume `{name}`"),
        part: format!("file `{file}`"),
        nearest: nearest(file, files).map(str::to_owned),
    };
    check.report(path, problem);
}

/// The files of a volume that is made of one object; `None` where nobody knows them.
fn files<'a>(check: &Check<'a>, volume: &'a Value) -> Option<BTreeSet<&'a str>> {
    let of = |field: &str, target: Target<'_>, name: &str| {
        let source = volume.get(field)?;
        let name = text(source, name)?;
        let items = entries(source, "items").filter_map(|(_, item)| text(item, "/path"));
        let items: BTreeSet<_> = items.collect();
        let is_optional = source.get("optional") == Some(&Value::Bool(true));
        match check.graph.find(target, check.namespace(), name) {
            Found::Object(_) if !items.is_empty() => Some(items),
            Found::Object(object) if !is_optional => keys(object),
            _ => None,
        }
    };
    of("configMap", CONFIG_MAP, "/name").or_else(|| of("secret", SECRET, "/secretName"))
}
