"""What repository rules share that ask Go: targets in place of what it cannot give."""

# A module of our own: its requirements are the versions, its go.sum the hashes.
MODULE_ATTRS = {
    "module": attr.label(
        allow_single_file = True,
        doc = "The go.mod that requires what is asked for.",
        mandatory = True,
    ),
    "sums": attr.label(
        allow_single_file = True,
        doc = "The go.sum beside it.",
        mandatory = True,
    ),
}

# What a repository is that has what Go gave.
BUILD = """\
package(default_visibility = ["//visibility:public"])

exports_files(%s)
"""

# What a select asks for to do without what Go gives.
THERE = """
constraint_setting(
    name = "presence",
    default_constraint_value = ":there",
)

constraint_value(
    name = "there",
    constraint_setting = ":presence",
)
"""

# A test, or an image, of what Go cannot give here is skipped: no platform has such a target, and the name says why.
_BUILD_WITHOUT = """\
package(default_visibility = ["//visibility:public"])

constraint_setting(name = "missing")

constraint_value(
    name = "go_is_missing_or_cannot_build_this",
    constraint_setting = ":missing",
)

constraint_value(
    name = "there",
    constraint_setting = ":missing",
)

[
    filegroup(
        name = name,
        target_compatible_with = [":go_is_missing_or_cannot_build_this"],
    )
    for name in %s
]
"""

def write_module(rctx):
    """Writes the module of MODULE_ATTRS.

    Args:
      rctx: the context of a repository rule.

    Returns:
      the folder that it is in.
    """
    for file in [rctx.attr.module, rctx.attr.sums]:
        path = rctx.path(file)
        rctx.file("module/" + path.basename, rctx.read(path), executable = False)
    return "module"

def skip(rctx, targets, what, why):
    """Makes targets that no platform has, until there is another Go in PATH or another GOPROXY.

    Args:
      rctx: the context of a repository rule.
      targets: list of names of targets.
      what: what is skipped for it.
      why: what Go says.
    """

    # buildifier: disable=print
    print("%s skipped: %s" % (what, why))
    for folder in rctx.getenv("PATH", "").split(":"):
        if folder.startswith("/"):
            rctx.watch(folder + "/go")
    rctx.getenv("GOPROXY")
    rctx.file("BUILD.bazel", _BUILD_WITHOUT % repr(targets))
