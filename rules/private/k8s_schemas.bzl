"""The versions of Kubernetes whose schemas are here."""

# Minor versions, oldest first: those that get patches, and one before.
KUBERNETES_VERSIONS = ["1.34", "1.35", "1.36", "1.37"]

def refusal_of_versions(versions):
    """Why a list of versions is not what `kubernetes_versions` may be.

    Args:
      versions: list of minor versions.

    Returns:
      a text; None where all is well.
    """
    if type(versions) != type([]) or not versions:
        return "kubernetes_versions: got %r, want a list of minor versions, as in [%r]" % (versions, KUBERNETES_VERSIONS[-1])
    for version in versions:
        if version not in KUBERNETES_VERSIONS:
            return "kubernetes_versions: got %r, want some of %s" % (version, KUBERNETES_VERSIONS)
    return None

def schema_labels(versions):
    """The files with the schemas of some versions.

    Args:
      versions: list of minor versions.

    Returns:
      list of Labels.
    """
    return [Label("//tools/lib/k8s_schema:kubernetes/%s.json" % version) for version in versions]
