"""gRPC and hiredis for C++, from packages of Debian: the repository @windlass_cpp."""

load("//examples:debian.bzl", "debian_packages", "installed")
load("//examples:machine.bzl", "link", "skip")

_BUILD = """\
# Made by //examples/cpp:cpp_repo.bzl.
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

exports_files(["bin/protoc", "bin/protoc-gen-grpc"])

filegroup(
    name = "archives",
    srcs = glob(["lib/*.a"]),
)

# Each of them needs others, in both directions. Nothing is left for an image to have.
cc_library(
    name = "grpc",
    hdrs = glob(["root/usr/include/**"]),
    additional_linker_inputs = [":archives"],
    includes = ["root/usr/include", "root/usr/include/{triple}"],
    linkopts = ["-static", "-Wl,--start-group", "$(execpaths :archives)", "-Wl,--end-group"],
)
"""

_TARGETS = ["bin/protoc", "bin/protoc-gen-grpc", "grpc"]

_PACKAGES = ["libgrpc++-dev", "libhiredis-dev", "libprotobuf-dev", "libzstd-dev", "protobuf-compiler-grpc", "zlib1g-dev"]

# Of gRPC, what knows no TLS: nothing else has it in this stack. OpenSSL is there for a hash.
_ARCHIVES = [
    "libaddress_sorting.a",
    "libcares.a",
    "libcrypto.a",
    "libgpr.a",
    "libgrpc++_unsecure.a",
    "libgrpc_unsecure.a",
    "libhiredis.a",
    "libprotobuf.a",
    "libre2.a",
    "libupb.a",
    "libz.a",
    "libzstd.a",
]

def _missing(rctx):
    """Why there is nothing to build with, and what was said about it; None where there is."""
    missing = link(rctx, ["g++", "protoc", "apt-get"])
    if missing:
        return missing, ""
    said = debian_packages(rctx, _PACKAGES)
    if said:
        return "packages_cannot_be_fetched", said
    triple = rctx.execute(["g++", "-dumpmachine"]).stdout.strip()
    lib = "/usr/lib/%s/" % triple
    archives = {name: installed(rctx, lib + name) for name in _ARCHIVES}
    folder = installed(rctx, lib + "libabsl_base.a").dirname
    for file in folder.readdir():
        if file.basename.startswith("libabsl_") and file.basename.endswith(".a") and "test" not in file.basename:
            archives[file.basename] = file
    for name, file in archives.items():
        if not file.exists:
            return "an_archive_is_missing", name
        rctx.symlink(file, "lib/" + name)
    plugin = installed(rctx, "/usr/bin/grpc_cpp_plugin")
    libraries = rctx.execute(["ldd", plugin]).stdout
    if "not found" in libraries:
        return "the_plugin_of_protoc_lacks_libraries", libraries
    rctx.symlink(plugin, "bin/protoc-gen-grpc")
    rctx.file("BUILD.bazel", _BUILD.format(triple = triple))
    return None, ""

def _impl(rctx):
    missing, said = _missing(rctx)
    if missing:
        skip(rctx, _TARGETS, "examples in C++", missing, said)

cpp_repo = repository_rule(
    implementation = _impl,
    doc = "Makes the cc_library `grpc`, which brings hiredis too, and `bin/` with protoc and its plugin.",
)
