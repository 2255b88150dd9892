"""The Python of the machine that builds, for an image: the repository @windlass_python."""

_INTERPRETER = "/usr/bin/python3"

_BUILD = """\
# Made by //examples/python:host_python.bzl.
constraint_setting(name = "missing")

# No platform has it: what asks for it is skipped, and its name is the reason that Bazel gives.
constraint_value(
    name = "usr_bin_python3_is_missing",
    constraint_setting = ":missing",
    visibility = ["//visibility:public"],
)

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

# For target_compatible_with: empty where there is one.
PYTHON = {missing}

# Label -> path in the image: interpreter, standard library, shared libraries.
PYTHON_FILES = {{Label("//:" + path): "/" + path for path in {paths}}}
"""

def _impl(rctx):
    # Another Python is another image.
    rctx.watch(_INTERPRETER)
    paths = []
    missing = []
    if "linux" in rctx.os.name and rctx.path(_INTERPRETER).exists:
        copied = rctx.execute([_INTERPRETER, "-I", rctx.path(rctx.attr._copy), rctx.path(".")])
        if copied.return_code:
            fail("cannot copy %s: %s" % (_INTERPRETER, copied.stderr))
        paths = copied.stdout.splitlines()
    else:
        missing = ["@@%s//:usr_bin_python3_is_missing" % rctx.name]
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
