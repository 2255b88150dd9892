"""The Python of the machine that builds, for an image: the repository @windlass_python."""

_INTERPRETER = "/usr/bin/python3"

# What the service is written for.
_OLDEST = (3, 10)

_BUILD = """\
# Made by //examples/python:host_python.bzl.
constraint_setting(name = "missing")

# No platform has one of these: what asks for it is skipped, and its name is the reason that Bazel gives.
[
    constraint_value(
        name = reason,
        constraint_setting = ":missing",
        visibility = ["//visibility:public"],
    )
    for reason in [
        "usr_bin_python3_is_missing",
        "usr_bin_python3_is_too_old",
    ]
]

exports_files(
    ["python.bzl"] + glob(
        ["usr/**"],
        allow_empty = True,
    ),
    visibility = ["//visibility:public"],
)
"""

_PYTHON = """\
\"\"\"The Python of this machine.\"\"\"

# For target_compatible_with: empty where there is one that is new enough.
PYTHON = {missing}

# Label -> path in the image: interpreter, standard library, shared libraries.
PYTHON_FILES = {{Label("//:" + path): "/" + path for path in {paths}}}
"""

def _refusal(rctx):
    """The name of the reason why there is no Python; None where there is one."""
    if "linux" not in rctx.os.name or not rctx.path(_INTERPRETER).exists:
        return "usr_bin_python3_is_missing"
    is_old = "import sys; sys.exit(sys.version_info < %s)" % repr(_OLDEST)
    if rctx.execute([_INTERPRETER, "-I", "-c", is_old]).return_code:
        return "usr_bin_python3_is_too_old"
    return None

def _copy(rctx):
    """Copies Python; gives the paths."""
    copied = rctx.execute([_INTERPRETER, "-I", rctx.path(rctx.attr._copy), rctx.path(".")])
    if copied.return_code:
        fail("cannot copy %s: %s" % (_INTERPRETER, copied.stderr))
    paths = copied.stdout.splitlines()

    # Another Python is another image. Its own files change with it, libraries of others do not.
    for path in paths:
        if ".so" in path:
            rctx.watch("/" + path)
    return paths

def _impl(rctx):
    rctx.watch(_INTERPRETER)
    refusal = _refusal(rctx)
    paths = [] if refusal else _copy(rctx)
    missing = ["@@%s//:%s" % (rctx.name, refusal)] if refusal else []
    rctx.file("BUILD.bazel", _BUILD)
    rctx.file("python.bzl", _PYTHON.format(missing = json.encode(missing), paths = json.encode_indent(paths)))

_host_python_repo = repository_rule(
    implementation = _impl,
    attrs = {"_copy": attr.label(default = "//examples/python:host_python.py", doc = "What copies.")},
    doc = "Makes `python.bzl` with `PYTHON` and `PYTHON_FILES`.",
)

def _host_python_impl(_mctx):
    _host_python_repo(name = "windlass_python")

host_python = module_extension(
    implementation = _host_python_impl,
    doc = "Makes @windlass_python: this machine's Python, as files for an image.",
)
