"""Paths in the runfiles, as requests name files."""

def runfile(file):
    """The path of a file in the runfiles.

    Args:
      file: a File.

    Returns:
      `_main/services/client/x.json`, or `<repository>/...` for another repository's.
    """
    path = file.short_path
    return path[3:] if path.startswith("../") else "_main/" + path
