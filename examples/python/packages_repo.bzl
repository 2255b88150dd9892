"""The packages that requirements.txt names, for this machine's Python: the repository @windlass_python_packages."""

load("//examples:debian.bzl", "debian_packages", "shared_libraries")
load("//examples:machine.bzl", "link", "skip")

_BUILD = """\
# Made by //examples/python:packages_repo.bzl.
load("@rules_python//python:defs.bzl", "py_library")

package(default_visibility = ["//visibility:public"])

exports_files(["bin/protoc"])

# grpc_tools is for bin/protoc alone.
py_library(
    name = "packages",
    srcs = glob(
        ["packages/**/*.py"],
        exclude = ["packages/grpc_tools/**", "packages/setuptools/**", "packages/pkg_resources/**", "packages/_distutils_hack/**"],
    ),
    data = glob(
        ["packages/**/*.so", "packages/**/*.pem"],
        exclude = ["packages/grpc_tools/**"],
    ),
    imports = ["packages"],
)

# As files of an image.
filegroup(
    name = "libraries",
    srcs = glob(["image/**"]),
)
"""

_TARGETS = ["bin/protoc", "libraries", "packages"]

_PROTOC = """\
#!/usr/bin/python3
import pathlib, sys
sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "packages"))
from grpc_tools import protoc
sys.exit(protoc.main(sys.argv))
"""

def _pip(rctx):
    """Installs the packages into `packages/`; gives why that failed, or None."""
    said = debian_packages(rctx, ["python3-pip"])
    if said:
        return said
    arguments = ["install", "--quiet", "--no-compile", "--only-binary=:all:", "--require-hashes", "--target=packages"]
    rctx.report_progress("pip " + " ".join(arguments))
    result = rctx.execute(
        ["/usr/bin/python3", "-m", "pip"] + arguments + ["--requirement", rctx.path(rctx.attr.requirements)],
        environment = {
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(rctx.path("root/usr/lib/python3/dist-packages")),
        },
        timeout = 1800,
    )
    rctx.delete("root")
    return result.stdout + result.stderr if result.return_code else None

def _impl(rctx):
    missing = link(rctx, ["python3", "apt-get"])
    said = None if missing else _pip(rctx)
    if missing or said:
        skip(rctx, _TARGETS, "examples in Python", missing or "pip_cannot_install_packages", said or "")
        return

    # Another Python takes other packages.
    rctx.watch("/usr/bin/python3")
    modules = rctx.execute(["find", rctx.path("packages"), "-name", "*.so", "-not", "-path", "*/grpc_tools/*"])
    shared_libraries(rctx, modules.stdout.splitlines())
    rctx.file("bin/protoc", _PROTOC, executable = True)
    rctx.file("BUILD.bazel", _BUILD)

packages_repo = repository_rule(
    implementation = _impl,
    attrs = {"requirements": attr.label(default = "//examples/python:requirements.txt", doc = "Versions and hashes.")},
    doc = "Makes the py_library `packages`, `libraries` for an image, and `bin/protoc`.",
)
