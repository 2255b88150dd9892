"""The formatter and the linter of go-jsonnet, built from their Go module where a test first asks for them."""

# toolbox/format reads it as well.
_VERSION = "v0.22.0"

_PROGRAMS = ["jsonnet-lint", "jsonnetfmt"]

_BUILD = """\
package(default_visibility = ["//visibility:public"])

exports_files(%s)
"""

# Who cannot build the programs has no such tests: they are skipped.
_BUILD_WITHOUT = """\
package(default_visibility = ["//visibility:public"])

[
    filegroup(
        name = name,
        target_compatible_with = ["@platforms//:incompatible"],
    )
    for name in %s
]
"""

def _skip(rctx, why):
    """Makes targets that no platform has, until there is another Go in PATH or another GOPROXY."""

    # buildifier: disable=print
    print("tests of format and lint of Jsonnet are skipped: " + why)
    for folder in rctx.getenv("PATH", "").split(":"):
        if folder.startswith("/"):
            rctx.watch(folder + "/go")
    rctx.getenv("GOPROXY")
    rctx.file("BUILD.bazel", _BUILD_WITHOUT % repr(_PROGRAMS))

def _go_jsonnet_repo_impl(rctx):
    go = rctx.which("go")
    if not go:
        _skip(rctx, "no go in PATH")
        return
    for program in _PROGRAMS:
        module = "github.com/google/go-jsonnet/cmd/%s@%s" % (program, _VERSION)
        rctx.report_progress("go install " + module)
        result = rctx.execute(
            [go, "install", "-trimpath", module],
            environment = {"CGO_ENABLED": "0", "GOBIN": str(rctx.path("."))},
            timeout = 1800,
        )
        if result.return_code != 0:
            _skip(rctx, "go install %s says:\n%s" % (module, result.stderr))
            return
    rctx.file("BUILD.bazel", _BUILD % repr(_PROGRAMS))

go_jsonnet_repo = repository_rule(
    implementation = _go_jsonnet_repo_impl,
    doc = "Makes the programs `jsonnetfmt` and `jsonnet-lint`, or targets that no platform has where Go cannot build them.",
)
