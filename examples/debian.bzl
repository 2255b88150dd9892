"""Packages of Debian that a machine has not installed, for a repository of an example."""

def debian_packages(rctx, packages):
    """Downloads packages by this machine's apt, with what they need that is not installed, and unpacks them in `root/`.

    Nothing is installed; apt's lists and files stay in the repository, and go.

    Args:
      rctx: the repository rule's context.
      packages: names of packages.

    Returns:
      None, or what apt says where that failed.
    """
    toolbox = rctx.getenv("WINDLASS_TOOLBOX")
    state = str(rctx.path("apt"))
    options = {
        "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": rctx.execute(["id", "-un"]).stdout.strip(),
        "Debug::NoLocking": "true",
        "Dir::Cache": state + "/cache",
        "Dir::State": state,
        # In the toolbox, /usr is its own and /var is not.
        "Dir::State::status": toolbox + "/var/lib/dpkg/status" if toolbox else "/var/lib/dpkg/status",
    }
    apt = ["apt-get", "-q", "-q", "--yes"]
    for name, value in options.items():
        apt += ["-o", "%s=%s" % (name, value)]
    rctx.execute(["mkdir", "-p", "root", "apt/lists/partial", "apt/cache/archives/partial"])
    for arguments in [
        ["update", "--error-on=any"],
        ["install", "--download-only", "--no-install-recommends"] + packages,
    ]:
        rctx.report_progress("apt-get " + " ".join(arguments))
        result = rctx.execute(apt + arguments, timeout = 1800)
        if result.return_code:
            return result.stderr
    for package in rctx.path("apt/cache/archives").readdir():
        if package.basename.endswith(".deb"):
            result = rctx.execute(["dpkg-deb", "-x", package, "root"])
            if result.return_code:
                return result.stderr
    rctx.delete("apt")
    return None

def installed(rctx, path):
    """A file of a package: unpacked in `root/`, or installed.

    Args:
      rctx: the repository rule's context.
      path: its absolute path.

    Returns:
      a path.
    """
    unpacked = rctx.path("root" + path)
    return unpacked if unpacked.exists else rctx.path(path)

def shared_libraries(rctx, files, environment = {}):
    """Links the shared libraries of programs, their loader among them, to where an image has them: in `image/`.

    Args:
      rctx: the repository rule's context.
      files: programs and shared libraries.
      environment: for the loader: `LD_LIBRARY_PATH`.
    """
    lines = rctx.execute(["ldd"] + files, environment = environment).stdout.splitlines()
    own = str(rctx.path(""))
    linked = {}
    for line in lines:
        path, found, _ = line.strip().rpartition("=> ")[2].partition(" (0x")
        if not found or not path.startswith("/") or path in linked:
            continue
        linked[path] = True
        place = path.removeprefix(own + "/root") if path.startswith(own + "/root/") else path
        if place.startswith(own):
            continue  # It is in the image as it is.

        # /lib may be a link to /usr/lib, and is one in the image.
        place = "/usr" + place if place.startswith("/lib") else place
        target = rctx.path("image" + place)
        if not target.exists:
            rctx.symlink(path, target)
