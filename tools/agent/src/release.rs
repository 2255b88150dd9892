//! A release is what one target was at one commit: the image of its bundle.
//!
//! `--publish` pushes it to [`repository`], attests it, and then tags it with the commit, by its whole
//! hash. The attestation is an envelope as `image attest` makes it, of the image's digest, that
//! repository and the commit; it is a referrer of the image, annotated with [`REVISION`].
//!
//! The tag only says where to look, since anybody who may push can move it; it comes last, so that what
//! is found can be proven. What counts is the digest whose attestation names repository and commit.
//! Commits that change nothing of a target have one digest, and an attestation each: [`REVISION`] says
//! which one to read, and is not believed either.

pub use windlass_attestation::beside::REVISION;
use windlass_oci_reference::{ParseError, Registry, Repository};

/// Where releases of a target go: where `<target>.bundle` pushes its image.
///
/// # Errors
/// The target is none of this repository, or its name cannot be a part of a repository's.
pub fn repository(
    registry: &Registry,
    project: &str,
    target: &str,
) -> Result<Repository, ParseError> {
    let (package, name) = parts(target);
    let parts = [project, "bundles", package, name];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Repository::new(registry.clone(), &parts.join("/"))
}

/// A target as requests name it: `//prod` for `//prod:prod`.
pub fn canonical(target: &str) -> String {
    let (package, name) = parts(target);
    if package.rsplit('/').next() == Some(name) {
        format!("//{package}")
    } else {
        format!("//{package}:{name}")
    }
}

/// Package and name of a target.
fn parts(target: &str) -> (&str, &str) {
    let label = target.strip_prefix("//").unwrap_or(target);
    label.split_once(':').unwrap_or_else(|| {
        let name = label.rsplit('/').next().unwrap_or_default();
        (label, name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_one_repository_and_one_name() {
        let registry: Registry = "localhost:31000".parse().expect("a registry");
        for (target, path, name) in [
            (
                "//services/client:prod-deep",
                "demo/bundles/services/client/prod-deep",
                "//services/client:prod-deep",
            ),
            ("//prod", "demo/bundles/prod/prod", "//prod"),
            ("//a/prod:prod", "demo/bundles/a/prod/prod", "//a/prod"),
            ("//:prod", "demo/bundles/prod", "//:prod"),
        ] {
            let repository = repository(&registry, "demo", target).expect(target);
            assert_eq!(repository.path(), path);
            assert_eq!(canonical(target), name);
        }
        assert!(repository(&registry, "demo", "@other//Services:prod").is_err());
    }
}
