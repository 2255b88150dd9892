"""Go of the machine that builds, and the modules that go.mod names: the repository @windlass_go."""

load("//examples:machine.bzl", "link", "skip")

_BUILD = """\
# Made by //examples/go:go_repo.bzl.
package(default_visibility = ["//visibility:public"])

exports_files(["bin/go", "bin/protoc", "bin/protoc-gen-go", "bin/protoc-gen-go-grpc", "version"])

filegroup(
    name = "modules",
    srcs = glob(
        ["modules/**"],
        exclude = ["modules/**/*_test.go", "modules/**/testdata/**"],
    ),
)
"""

_TARGETS = ["bin/go", "bin/protoc", "bin/protoc-gen-go", "bin/protoc-gen-go-grpc", "modules", "version"]

_PLUGINS = ["google.golang.org/protobuf/cmd/protoc-gen-go", "google.golang.org/grpc/cmd/protoc-gen-go-grpc"]

def _go(rctx, arguments):
    """Runs go; gives what it says."""
    environment = {
        "CGO_ENABLED": "0",
        "GOBIN": str(rctx.path("bin")),
        "GOFLAGS": "-modcacherw",
        "GOMODCACHE": str(rctx.path("modules")),
        "GOTOOLCHAIN": "local",
    }
    rctx.report_progress("go " + " ".join(arguments))
    return rctx.execute(["go"] + arguments, environment = environment, timeout = 1800)

def _impl(rctx):
    missing = link(rctx, ["go", "protoc"])
    if missing:
        skip(rctx, _TARGETS, "examples in Go", missing)
        return

    # Not links: go reads what is beside them.
    rctx.file("go.mod", rctx.read(rctx.attr.go_mod))
    rctx.file("go.sum", rctx.read(rctx.attr.go_sum))
    for arguments in [["mod", "download"], ["install", "-trimpath"] + _PLUGINS]:
        result = _go(rctx, arguments)
        if result.return_code:
            skip(rctx, _TARGETS, "examples in Go", "go_cannot_fetch_modules", result.stderr)
            return

    # Another Go gives other programs.
    rctx.file("version", _go(rctx, ["version"]).stdout)

    # They are unpacked.
    rctx.execute(["find", "modules/cache", "(", "-name", "*.zip", "-o", "-name", "*.lock", "-o", "-name", "lock", ")", "-delete"])
    rctx.delete("modules/cache/download/sumdb")
    rctx.file("BUILD.bazel", _BUILD)

go_repo = repository_rule(
    implementation = _impl,
    attrs = {
        "go_mod": attr.label(default = "//examples/go:go.mod", doc = "The modules and their versions."),
        "go_sum": attr.label(default = "//examples/go:go.sum", doc = "Their hashes."),
    },
    doc = "Makes `modules`, and `bin/` with go, protoc and its plugins.",
)
