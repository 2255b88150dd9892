"""What repository rules of the examples share: programs of the machine that builds, and targets that are skipped."""

_SKIPPED = """\
# What this machine lacks.
constraint_setting(name = "missing")

constraint_value(
    name = {reason},
    constraint_setting = ":missing",
)

# No platform has that value, so what needs one of these is skipped, and the value's name is the reason that Bazel gives.
[
    filegroup(
        name = name,
        target_compatible_with = [":" + {reason}],
        visibility = ["//visibility:public"],
    )
    for name in {names}
]
"""

def link(rctx, programs):
    """Links programs of this machine into `bin/`.

    Args:
      rctx: the repository rule's context.
      programs: their names.

    Returns:
      the reason why there is nothing to build with; None where all are there.
    """
    for program in programs:
        path = rctx.which(program)
        if not path:
            # It may be there the next time.
            for folder in rctx.getenv("PATH", "").split(":"):
                if folder.startswith("/"):
                    rctx.watch(folder + "/" + program)
            return program + "_is_missing"
        rctx.symlink(path, "bin/" + program)
    return None

def skip(rctx, names, what, reason, said = ""):
    """Makes targets that no platform has.

    Args:
      rctx: the repository rule's context.
      names: the names of the targets.
      what: what is skipped for it, as in `examples in Go`.
      reason: why, as the name of a target.
      said: what a program has said about it.
    """

    # buildifier: disable=print
    print("%s are skipped: %s%s" % (what, reason.replace("_", " "), ":\n" + said if said else ""))
    rctx.file("BUILD.bazel", _SKIPPED.format(names = repr(names), reason = repr(reason)))
