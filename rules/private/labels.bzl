"""Labels as users type them."""

def label_text(label):
    """The text of a label without what Bazel adds.

    Args:
      label: a Label.

    Returns:
      `//services/server` for @@//services/server:server, `//prod:setup`, `@repository//jsonnet` for another repository's.
    """
    text = str(label).removeprefix("@@")
    if not text.startswith("//"):
        text = "@" + text
    package, _, name = text.partition(":")
    if not name or package.rpartition("/")[2] == name:
        return package
    return text
