"""Programs that are built from Go modules where somebody first asks for them: what monitoring runs."""

load(":go_repo.bzl", "BUILD", "MODULE_ATTRS", "skip", "write_module")

def _go_program_repo_impl(rctx):
    names = [package.rpartition("/")[2] for package in rctx.attr.packages]
    what = "what needs %s is" % " and ".join(names)
    go = rctx.which("go")
    if not go:
        skip(rctx, names, what, "no go in PATH")
        return
    module = write_module(rctx)
    rctx.report_progress("go build %s, which takes minutes the first time" % " ".join(names))
    command = [go, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-tags=" + ",".join(rctx.attr.tags_of_go)]
    result = rctx.execute(
        command + ["-o", str(rctx.path(".")) + "/"] + rctx.attr.packages,
        environment = {"CGO_ENABLED": "0", "GOWORK": "off"} | ({"GOOS": rctx.attr.goos} if rctx.attr.goos else {}),
        timeout = 1800,
        working_directory = module,
    )
    if result.return_code != 0:
        skip(rctx, names, what, "go build %s says:\n%s" % (" ".join(rctx.attr.packages), result.stderr))
        return
    rctx.file("BUILD.bazel", BUILD % repr(names))

go_program_repo = repository_rule(
    implementation = _go_program_repo_impl,
    doc = "Makes programs out of Go packages, or targets that no platform has where Go cannot build them.",
    attrs = MODULE_ATTRS | {
        "goos": attr.string(doc = "The system that the programs run on, as Go calls it; \"\" for this one."),
        "packages": attr.string_list(
            doc = "The packages; each gives a program of its last name.",
            mandatory = True,
        ),
        "tags_of_go": attr.string_list(doc = "Build tags of Go."),
    },
)
