//! A release is what one target was at one commit: the image of its bundle.
//!
//! `--publish` pushes it to [`repository`], tags it with the commit, by its whole hash, and attests it:
//! of subject and revision, an envelope as `image attest` makes it, as a referrer of the image,
//! annotated with [`REVISION`].
//!
//! The tag only says where to look, since anybody who may push can move it. What counts is the digest
//! whose attestation names repository and commit. Commits that change nothing of a target have one
//! digest, and an attestation each: so [`REVISION`] says which one to read, and is not believed either.

use windlass_oci_reference::{ParseError, Registry, Repository};

/// The annotation of an attestation in a registry that says of which commit it speaks.
pub const REVISION: &str = "org.opencontainers.image.revision";

/// Where releases of a target go: where `<target>.bundle` pushes its image.
///
/// # Errors
/// The target is none of this repository, or its name cannot be a part of a repository's.
pub fn repository(
    registry: &Registry,
    project: &str,
    target: &str,
) -> Result<Repository, ParseError> {
    let label = target.trim_start_matches('/');
    let (package, name) = label
        .rsplit_once(':')
        .unwrap_or((label, label.rsplit('/').next().unwrap_or_default()));
    let parts = [project, "bundles", package, name];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Repository::new(registry.clone(), &parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_one_repository() {
        let registry: Registry = "localhost:31000".parse().expect("a registry");
        for (target, want) in [
            (
                "//services/client:prod-deep",
                "localhost:31000/demo/bundles/services/client/prod-deep",
            ),
            ("//prod", "localhost:31000/demo/bundles/prod/prod"),
            ("//:prod", "localhost:31000/demo/bundles/prod"),
        ] {
            let repository = repository(&registry, "demo", target).expect(target);
            assert_eq!(repository.to_string(), want);
        }
        assert!(repository(&registry, "demo", "@other//Services:prod").is_err());
    }
}
