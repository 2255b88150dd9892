"""The formatter and the linter of go-jsonnet, built from their Go module where a test first asks for them."""

load(":go_repo.bzl", "BUILD", "skip")

# toolbox/format reads it as well.
_VERSION = "v0.22.0"

_PROGRAMS = ["jsonnet-lint", "jsonnetfmt"]

_WHAT = "tests of format and lint of Jsonnet are"

def _go_jsonnet_repo_impl(rctx):
    go = rctx.which("go")
    if not go:
        skip(rctx, _PROGRAMS, _WHAT, "no go in PATH")
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
            skip(rctx, _PROGRAMS, _WHAT, "go install %s says:\n%s" % (module, result.stderr))
            return
    rctx.file("BUILD.bazel", BUILD % repr(_PROGRAMS))

go_jsonnet_repo = repository_rule(
    implementation = _go_jsonnet_repo_impl,
    doc = "Makes the programs `jsonnetfmt` and `jsonnet-lint`, or targets that no platform has where Go cannot build them.",
)
