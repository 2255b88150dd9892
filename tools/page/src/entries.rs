//! What the page says of an object: a line for each of its images, or one where it has none.

use std::collections::BTreeMap;

use windlass_k8s_object::images;
use windlass_page::links::links;
use windlass_page::table::{Commit, Digest, Entry};
use windlass_pins::Lock;
use windlass_rendered::manifest::Manifest;

/// What runs by a name alone is built when it is applied.
const BUILT: &str = "built when it is applied";
/// Nobody has said which image it is.
const UNPINNED: &str = "not pinned";
/// A name can come to mean another image.
const BY_TAG: &str = "by its tag";

/// The lines of an object. `lock` has the pins of its service where images are pinned; `commits` are
/// those that pins name, by hash.
pub fn entries(
    manifest: &Manifest,
    lock: Option<&Lock>,
    commits: &BTreeMap<String, Commit>,
) -> Vec<Entry> {
    let key = manifest.key();
    let entry = Entry {
        service: manifest.service().to_owned(),
        object: format!("{} {}", key.kind.as_str(), key.name.as_str()),
        links: links(manifest.object.document(), None),
        ..Entry::default()
    };
    let mut names: Vec<String> = Vec::new();
    for (_, name) in images::list(manifest.object.document()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return vec![entry];
    }
    let of_image = |name: String| {
        let pins = lock.map_or(&[][..], |lock| lock.pins(&manifest.environment));
        let mut pins = pins.iter().map(|(_, pin)| pin);
        let pin = pins.find(|pin| pin.image().to_string() == name);
        if let Some(pin) = pin {
            let commit = pin.commit.as_ref();
            return Entry {
                image: Some(pin.image().repository().to_string()),
                digest: Digest::Pinned(pin.digest().to_string()),
                commit: commit.and_then(|commit| commits.get(commit.as_str()).cloned()),
                who: pin.who.as_ref().map(ToString::to_string),
                ..entry.clone()
            };
        }
        let (image, digest) = match name.split_once('@') {
            Some((image, digest)) => (image.to_owned(), Digest::Pinned(digest.to_owned())),
            None if name.contains([':', '/']) => (name, Digest::Other(BY_TAG.to_owned())),
            None if lock.is_some() => (name, Digest::Other(UNPINNED.to_owned())),
            None => (name, Digest::Other(BUILT.to_owned())),
        };
        Entry {
            image: Some(image),
            digest,
            ..entry.clone()
        }
    };
    names.into_iter().map(of_image).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use windlass_rendered::manifest::of_value;

    const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

    fn shown(app: &str, lock: Option<&str>) -> Vec<String> {
        let container = |image: &str| json!({"name": "x", "image": image});
        let images = [
            app,
            app,
            "sidecar",
            "r.io/redis:8",
            &format!("r.io/a@{DIGEST}"),
        ];
        let object = of_value(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "app", "namespace": "shop"},
            "spec": {"template": {"spec": {"containers": images.map(container)}}}}));
        let manifest = Manifest {
            label: "//services/app:prod-deployment".to_owned(),
            environment: "prod".to_owned(),
            namespace: "shop".to_owned(),
            object: object.expect("an object"),
        };
        let hash = "3f9c21a0b1c2".to_owned();
        let commit = Commit {
            hash: hash.clone(),
            known: None,
        };
        let lock = lock.map(|text| Lock::parse(text).expect("pins"));
        let lines = entries(&manifest, lock.as_ref(), &BTreeMap::from([(hash, commit)]));
        let line = |entry: Entry| {
            assert_eq!(
                (&*entry.service, &*entry.object),
                ("//services/app", "Deployment app")
            );
            let digest = match entry.digest {
                Digest::None => String::new(),
                Digest::Pinned(digest) => digest.replace(DIGEST, "DIGEST"),
                Digest::Other(text) => text,
            };
            let commit = entry.commit.map_or(String::new(), |commit| commit.hash);
            let who = entry.who.unwrap_or_default();
            format!(
                "{} {digest} {commit} {who}",
                entry.image.unwrap_or_default()
            )
        };
        lines.into_iter().map(line).collect()
    }

    #[test]
    fn images_are_pinned_or_not_and_each_is_told_once() {
        let rest = ["r.io/redis:8 by its tag  ", "r.io/a DIGEST  "];
        let built = [
            "app built when it is applied  ",
            "sidecar built when it is applied  ",
        ];
        assert_eq!(shown("app", None), [built, rest].concat());
        let app = format!("r.io/demo/app@{DIGEST}");
        let pins = json!({"prod": {"app": {"image": app,
            "commit": "3f9c21a0b1c2", "who": "ci@example.com"}}});
        let pinned = [
            "r.io/demo/app DIGEST 3f9c21a0b1c2 ci@example.com",
            "sidecar not pinned  ",
        ];
        assert_eq!(
            shown(&app, Some(&pins.to_string())),
            [pinned, rest].concat()
        );
    }
}
