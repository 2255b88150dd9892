"""Tests of binary_image: which of a program's files are in which layer."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("@bazel_skylib//rules:diff_test.bzl", "diff_test")
load("@bazel_skylib//rules:select_file.bzl", "select_file")
load("//rules:image.bzl", "ImageInfo", "binary_image", "binary_layer")
load("//rules/private:binary_layer.bzl", "empty_path", "part_of", "placed", "runfiles_path")

# --- a program with everything that runfiles can hold ---------------------------------------------------

def _program_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(executable, ctx.attr.content, is_executable = True)
    folder = ctx.actions.declare_directory(ctx.label.name + ".folder")
    ctx.actions.run(
        executable = "/bin/mkdir",
        arguments = ["-p", folder.path + "/empty"],
        outputs = [folder],
    )
    runfiles = ctx.runfiles(
        files = [executable, folder] + ctx.files.data,
        root_symlinks = {"root.json": ctx.file.linked},
        symlinks = {
            path: ctx.file.linked
            for path in ["../other+/linked.json", "elsewhere/linked.json", "elsewhere/../external/linked.json"]
        },
    )
    return [DefaultInfo(executable = executable, runfiles = runfiles)]

_program = rule(
    implementation = _program_impl,
    doc = "A program that is a file, a folder, and what it is given.",
    attrs = {
        "content": attr.string(default = "#!/bin/sh\n", doc = "The program."),
        "data": attr.label_list(allow_files = True, doc = "Files that it reads."),
        "linked": attr.label(allow_single_file = True, doc = "A file that is in the runfiles by two links alone."),
    },
    executable = True,
)

# --- what the tool is given -----------------------------------------------------------------------------

def _placed(env):
    """What goes where: `path < source`; and what is unused."""
    action = [action for action in analysistest.target_actions(env) if action.mnemonic == "ImageLayer"][0]
    placed = []
    unused = []
    words = [arg.split("/bin/")[-1].removeprefix("rules/tests/image/") for arg in action.argv]
    for number, word in enumerate(action.argv):
        if word == "--file":
            placed.append("%s %s < %s" % (action.argv[number + 2], action.argv[number + 1], words[number + 3]))
        elif word in ["--symlink", "--copied-symlink"]:
            placed.append("%s %s < %s" % (word, action.argv[number + 1], words[number + 2]))
        elif word == "--dir":
            placed.append("%s %s/" % (action.argv[number + 2], action.argv[number + 1]))
        elif word == "--unused":
            unused.append(words[number + 1])
    return sorted(placed), sorted(unused)

def _part_test_impl(ctx):
    env = analysistest.begin(ctx)
    placed, unused = _placed(env)
    asserts.equals(env, sorted(ctx.attr.placed), placed)
    asserts.equals(env, sorted(ctx.attr.unused), unused)
    return analysistest.end(env)

_part_test = analysistest.make(
    _part_test_impl,
    attrs = {
        "placed": attr.string_list(doc = "What goes where."),
        "unused": attr.string_list(doc = "What does not."),
    },
)

def _part_of_test_impl(ctx):
    env = unittest.begin(ctx)
    for binary, path, want in [
        ("//services/web", "_main/services/web/web", "package"),
        ("//services/web", "_main/services/web/templates/a.html", "package"),
        ("//services/web", "_main/services/website/a.html", "repository"),
        ("//services/web", "_main/__init__.py", "repository"),
        ("//services/web", "_maintained/services/web/web", "external"),
        ("//services/web", "other+/services/web/web", "external"),
        ("//:web", "_main/web", "package"),
        ("//:web", "other+/web", "external"),
    ]:
        asserts.equals(env, want, part_of(path, Label(binary)), path)
    skylib = Label("@bazel_skylib//lib:paths")
    asserts.equals(env, "external", part_of("_main/lib/paths.bzl", skylib))
    asserts.equals(env, "repository", part_of(skylib.repo_name + "/rules/a", skylib))
    asserts.equals(env, "package", part_of(skylib.repo_name + "/lib/a", skylib))
    for path, want in {
        "../other+/a/b": "other+/a/b",
        "a/external/b": "_main/a/external/b",
        "external/linked": "_main/external/linked",
    }.items():
        asserts.equals(env, want, runfiles_path(path))
    for name, want in {
        "../other+/__init__.py": "other+/__init__.py",
        "a/__init__.py": "_main/a/__init__.py",
        "external/__init__.py": "__init__.py",
        "external/other+/__init__.py": "other+/__init__.py",
    }.items():
        asserts.equals(env, want, empty_path(name))
    return unittest.end(env)

_part_of_test = unittest.make(_part_of_test_impl)

def _link_test_impl(ctx):
    """A link that Bazel must not follow stays one; an earlier Bazel does not say which are."""
    env = unittest.begin(ctx)
    here = struct(binary = Label("//web"), part = "package", runfiles = "/app/web.runfiles")
    link = struct(is_symlink = True, path = "bin/web/link")
    file = struct(path = "bin/web/file")
    want = ["--copied-symlink", "/app/web.runfiles/_main/web/link", "bin/web/link"]
    asserts.equals(env, want, placed("_main/web/link", link, here))
    want = ["--file", "/app/web.runfiles/_main/web/file", "0755", "bin/web/file"]
    asserts.equals(env, want, placed("_main/web/file", file, here))
    asserts.equals(env, ["--unused", "bin/web/link"], placed("_main/link", link, here))
    return unittest.end(env)

_link_test = unittest.make(_link_test_impl)

def _refused_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(
        env,
        "binary_layer //rules/tests/image:binary_image_test_refused: attribute path: got \"app/\", " +
        "want an absolute path in the image, as in \"/app/server\"",
    )
    return analysistest.end(env)

_refused_test = analysistest.make(_refused_test_impl, expect_failure = True)

# --- the image -------------------------------------------------------------------------------------------

def _image_test_impl(ctx):
    env = analysistest.begin(ctx)
    action = [action for action in analysistest.target_actions(env) if action.mnemonic == "ImageManifest"][0]
    words = [word for word in action.argv if word.split("=")[0] in ["--cmd", "--entrypoint", "--env", "--port"]]
    asserts.equals(env, [
        "--entrypoint=/app/program",
        "--cmd=--fast",
        "--env=RUNFILES_DIR=/app/program.runfiles",
        "--env=A=B",
        "--port=8080",
    ], words)
    asserts.equals(env, "/app/program.runfiles/_main", action.argv[action.argv.index("--workdir") + 1])
    layers = analysistest.target_under_test(env)[ImageInfo].layers
    asserts.equals(env, [
        "base.layer.json",
        "program-image.external.layer.json",
        "program-image.repository.layer.json",
        "program-image.package.layer.json",
    ], [layer.metadata.basename for layer in layers])
    return analysistest.end(env)

_image_test = analysistest.make(_image_test_impl)

# --- all of them --------------------------------------------------------------------------------------------

def _in_parts(name):
    """What is in which layer.

    Args:
      name: that of the suite.

    Returns:
      names of tests.
    """
    tests = []
    main = "/app/program.runfiles/_main"
    skylib = Label("@bazel_skylib//lib:paths").repo_name
    paths = "external/%s/lib/paths.bzl" % skylib
    for part, (placed, unused) in {
        "external": (
            [
                "0755 /app/program.runfiles/%s/lib/paths.bzl < %s" % (skylib, paths),
                "0755 /app/program.runfiles/other+/linked.json < config.json",
                "0755 /app/program.runfiles/root.json < config.json",
            ],
            ["config.json", "config.json", "program", "program", "program.folder", "program.repo_mapping", "services/server/features.json"],
        ),
        "package": (
            [
                "--symlink /app/program < program.runfiles/_main/rules/tests/image/program",
                "0755 /app/program.runfiles/_repo_mapping < program.repo_mapping",
                "0755 %s/" % main,
                "0755 %s/rules/tests/image/program < program" % main,
                "0755 %s/rules/tests/image/program < program" % main,
                "0755 %s/rules/tests/image/program.folder < program.folder" % main,
                "1777 /tmp/",
            ],
            ["config.json", "config.json", "config.json", "config.json", paths, "services/server/features.json"],
        ),
        "repository": (
            [
                "0755 %s/elsewhere/linked.json < config.json" % main,
                "0755 %s/external/linked.json < config.json" % main,
                "0755 %s/services/server/features.json < services/server/features.json" % main,
            ],
            ["config.json", "config.json", paths, "program", "program", "program.folder", "program.repo_mapping"],
        ),
    }.items():
        _part_test(
            name = "%s_%s" % (name, part),
            placed = placed,
            target_under_test = ":program-image." + part,
            unused = unused,
        )
        tests.append("%s_%s" % (name, part))
    return tests

def _same_after_an_edit(name, data):
    """Another program with the same runfiles: all but the last layer have the same bytes.

    Args:
      name: that of the suite.
      data: the program's data.

    Returns:
      names of tests.
    """
    tests = []
    _program(name = "edited", content = "#!/bin/sh\necho\n", data = data, linked = "config.json")
    binary_image(name = "edited-image", binary = ":edited", path = "/app/program")
    for part in ["external", "repository"]:
        for program in ["edited", "program"]:
            select_file(
                name = "%s_%s_%s" % (name, part, program),
                srcs = ":%s-image.%s" % (program, part),
                subpath = "%s-image.%s.layer.json" % (program, part),
                tags = ["manual"],
            )
        diff_test(
            name = "%s_same_%s" % (name, part),
            file1 = "%s_%s_edited" % (name, part),
            file2 = "%s_%s_program" % (name, part),
        )
        tests.append("%s_same_%s" % (name, part))
    return tests

def binary_image_test_suite(name):
    """All tests of this file, and what they are about.

    Args:
      name: the suite's name.
    """
    data = ["//services/server:features.json", "@bazel_skylib//lib:paths"]
    _program(name = "program", data = data, linked = "config.json")
    binary_image(
        name = "program-image",
        binary = ":program",
        cmd = ["--fast"],
        env = {"A": "B"},
        exposed_ports = ["8080"],
        layers = [":base"],
    )
    tests = _in_parts(name) + _same_after_an_edit(name, data)
    binary_layer(
        name = name + "_refused",
        binary = ":program",
        part = "package",
        path = "app/",
        tags = ["manual"],
    )
    _refused_test(name = name + "_path", target_under_test = name + "_refused")
    _image_test(name = name + "_image", target_under_test = ":program-image")
    _link_test(name = name + "_link")
    _part_of_test(name = name + "_part_of")
    tests += ["%s_%s" % (name, case) for case in ["image", "link", "part_of", "path"]]
    native.test_suite(name = name, tests = tests)
