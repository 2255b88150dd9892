//! Releases: what the targets of an environment are at a commit.

use windlass_oci_reference::Tag;
use windlass_oci_registry::Push;

use super::bazel::Bazel;
use super::error::Error;
use super::images::Origin;
use super::turn::Publisher;
use crate::release::repository;
use crate::request::EnvironmentRequest;

/// A release that is in its registry.
#[derive(Clone, Debug)]
pub(super) struct Release {
    pub(super) env: String,
    pub(super) target: String,
    /// The image, by digest.
    pub(super) image: String,
    /// Whether this turn has put it there.
    pub(super) is_new: bool,
}

impl Publisher<'_> {
    /// Makes the releases of an environment at a commit be there. All of them are built before the
    /// first is pushed.
    pub(super) async fn release(
        &self,
        environment: &EnvironmentRequest,
        bazel: &Bazel<'_>,
        origin: &Origin,
    ) -> Result<Vec<Release>, Error> {
        let name = &environment.name;
        let labels = environment.targets.iter().map(|target| bundle(target));
        let labels: Vec<_> = labels.collect();
        let blame = format!("releases of `{name}` do not build");
        let pushes = bazel.pushes(&labels, &blame)?;
        let mut releases = Vec::new();
        for (target, push) in environment.targets.iter().zip(pushes) {
            let at = repository(&environment.registry, &self.request.project, target);
            let at = at.map_err(|source| Error::Repository {
                target: target.clone(),
                source,
            })?;
            let push = Push {
                target: self.target(at),
                tags: Vec::new(),
                ..push
            };
            releases.push(Release {
                env: name.clone(),
                target: target.clone(),
                image: push.target.repository.at(push.image.digest()).to_string(),
                is_new: self.publish(push, origin).await?,
            });
        }
        Ok(releases)
    }

    /// Makes a release be there: the image, what is said of it, and then its tag, so that what is found
    /// by that is proven. Says whether it was not.
    async fn publish(&self, mut push: Push, origin: &Origin) -> Result<bool, Error> {
        let tag: Tag = origin.commit.as_str().parse().expect("a hash is a tag");
        let digest = push.image.digest();
        let there = self.client.is_tagged(&push.target, &tag, &digest).await;
        if there.map_err(Error::registry)? {
            return Ok(false);
        }
        let pushed = self.client.push(&push, &self.progress).await;
        pushed.map_err(Error::registry)?;
        self.attest_release(&push, origin).await?;
        push.add(tag);
        let tagged = self.client.push(&push, &self.progress).await;
        tagged.map_err(Error::registry)?;
        Ok(true)
    }
}

/// The target that pushes the release of another one.
fn bundle(target: &str) -> String {
    format!("{}.bundle", whole(target))
}

/// A label with its name: `//prod:prod` for `//prod`.
fn whole(target: &str) -> String {
    if target.contains(':') {
        return target.to_owned();
    }
    let name = target.rsplit('/').next().unwrap_or_default();
    format!("{target}:{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_of_targets() {
        for (target, want) in [
            (
                "//services/client:prod-deep",
                "//services/client:prod-deep.bundle",
            ),
            ("//prod", "//prod:prod.bundle"),
            ("//:prod", "//:prod.bundle"),
        ] {
            assert_eq!(bundle(target), want);
        }
    }
}
