"""Labels as users type them."""

def label_text(label):
    """The text of a label without what Bazel adds.

    Args:
      label: a Label.

    Returns:
      `//services/server` for @@//services/server:server, `//prod:setup`, `@windlass//jsonnet` for another
      module's.
    """
    repository, _, path = str(label).removeprefix("@@").partition("//")

    # A module's repository is called `<module>~` by Bazel 7, `<module>+` by later ones. What a module
    # extension makes has no name that holds in every module, and stays as it is.
    repository = repository.removesuffix("~").removesuffix("+")
    text = ("@" + repository if repository else "") + "//" + path
    package, _, name = text.partition(":")
    if not name or package.rpartition("/")[2] == name:
        return package
    return text
