"""Names of images in a registry (distribution specification 1.1, "Pulling manifests").

The tools parse them again, and know more: these find a slip before anything is built.
"""

_LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"
_WORD = _LOWER + _LOWER.upper() + "_"

# What is right, in words.
REPOSITORY = "registry/path in lower case, as in \"ghcr.io/acme/server\", without tag or digest"
TAG = "a tag: at most 128 letters, digits, `_`, `.` and `-`, none of the last two first"

def is_tag(text):
    """Whether a text can be a tag.

    Args:
      text: a text.

    Returns:
      A bool.
    """
    if not text or len(text) > 128 or text[0] not in _WORD:
        return False
    return all([letter in _WORD + ".-" for letter in text.elems()])

def _is_component(text):
    return bool(text) and all([letter in _LOWER + "._-" for letter in text.elems()])

def is_repository(text):
    """Whether a text can be a repository with its registry.

    Args:
      text: a text.

    Returns:
      A bool.
    """
    registry, _, path = text.partition("/")
    is_named = "." in registry or ":" in registry or registry == "localhost"
    return is_named and all([_is_component(part) for part in path.split("/")])

def bundle_repository(registry, project, label):
    """Where the bundle of a group goes if nobody says: `<registry>/<project>/bundles/<package>/<name>`.

    Args:
      registry: host:port.
      project: the project.
      label: the group's Label.

    Returns:
      A text, which need not be a repository: a label may have other letters.
    """
    parts = [registry, project, "bundles", label.package, label.name]
    return "/".join([part for part in parts if part])
