"""Files of a Go module: the definitions of the custom resources that monitoring needs."""

load(":go_repo.bzl", "BUILD", "MODULE_ATTRS", "THERE", "skip", "write_module")

def _version(rctx, path, module):
    """The version of a module that a go.mod requires."""
    for line in rctx.read(path).split("\n"):
        words = line.strip().removeprefix("require ").split(" ")
        if words[0] == module:
            return words[1]
    fail("go_files_repo %s: %s does not require %s" % (rctx.name, path, module))

def _go_files_repo_impl(rctx):
    names = rctx.attr.files.keys()
    what = "what needs files of %s is" % rctx.attr.of
    go = rctx.which("go")
    if not go:
        skip(rctx, names, what, "no go in PATH")
        return
    module = write_module(rctx)
    version = _version(rctx, module + "/go.mod", rctx.attr.of)
    rctx.report_progress("go mod download %s@%s" % (rctx.attr.of, version))
    result = rctx.execute(
        [go, "mod", "download", "-json", "%s@%s" % (rctx.attr.of, version)],
        environment = {"GOWORK": "off"},
        working_directory = module,
    )
    if result.return_code != 0:
        skip(rctx, names, what, "go mod download %s@%s says:\n%s" % (rctx.attr.of, version, result.stdout + result.stderr))
        return
    folder = rctx.path(json.decode(result.stdout)["Dir"])
    for name, source in rctx.attr.files.items():
        # A copy, byte by byte: Go's cache may be cleaned.
        rctx.file(name, rctx.read(folder.get_child(source)), executable = False, legacy_utf8 = False)
    rctx.file("BUILD.bazel", BUILD % repr(names) + THERE)

go_files_repo = repository_rule(
    implementation = _go_files_repo_impl,
    doc = "Makes files of a Go module, or targets that no platform has where Go cannot download it.",
    attrs = MODULE_ATTRS | {
        "files": attr.string_dict(
            doc = "The names that they get -> where they are in the module.",
            mandatory = True,
        ),
        "of": attr.string(
            doc = "The path of the module.",
            mandatory = True,
        ),
    },
)
