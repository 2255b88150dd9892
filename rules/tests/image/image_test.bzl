"""Tests of the image rules: what they hand to the tool, and for which platform."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:image.bzl", "ImageInfo", "LayerInfo", "image")
load("//rules/private:platform_transition.bzl", "is_default", "is_host")

_AMD64 = Label("//rules/platforms:linux_amd64")
_ARM64 = Label("//rules/platforms:linux_arm64")

# --- what the tool is given -----------------------------------------------------------------------------

def _argv(env, mnemonic):
    """The tool's arguments, folders of the build left out."""
    for action in analysistest.target_actions(env):
        if action.mnemonic == mnemonic:
            return [arg.split("/bin/rules/tests/image/")[-1] for arg in action.argv[1:] if not arg.startswith("@")]
    return None

def _argv_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, ctx.attr.want, _argv(env, ctx.attr.mnemonic))
    return analysistest.end(env)

_ARGV_ATTRS = {
    "mnemonic": attr.string(doc = "Which action.", mandatory = True),
    "want": attr.string_list(doc = "Its arguments."),
}

_argv_test = analysistest.make(_argv_test_impl, attrs = _ARGV_ATTRS)

# The same from a machine that is nothing like the nodes.
_foreign_argv_test = analysistest.make(
    _argv_test_impl,
    attrs = _ARGV_ATTRS,
    config_settings = {"//command_line_option:platforms": str(Label("//rules/tests/image:foreign"))},
)

_arm64_argv_test = analysistest.make(
    _argv_test_impl,
    attrs = _ARGV_ATTRS,
    config_settings = {str(Label("//rules:node_platform")): str(_ARM64)},
)

_BASE_ARGV = [
    "layer",
    "--file",
    "/etc/server/config.json",
    "0644",
    "config.json",
    "--dir",
    "/data",
    "0700",
    "--symlink",
    "/etc/server/link",
    "config.json",
    "--owner",
    "65532:65532",
    "--set-mode",
    "/etc/server/config.json",
    "0600",
    "--set-owner",
    "/etc/server/link",
    "0:0",
    "--compression",
    "gzip",
    "--blob",
    "base.layer.tar.gz",
    "--metadata",
    "base.layer.json",
]

_PROGRAM_ARGV = [
    "layer",
    "--file",
    "/image",
    "0755",
    "server-image.binary",
    "--dir",
    "/tmp",
    "1777",
    "--owner",
    "0:0",
    "--compression",
    "gzip",
    "--blob",
    "server-image.layer.layer.tar.gz",
    "--metadata",
    "server-image.layer.layer.json",
]

def _manifest_argv(architecture):
    return [
        "manifest",
        "--os",
        "linux",
        "--architecture",
        architecture,
        "--layer",
        "base.layer.json",
        "--layer",
        "server-image.layer.layer.json",
        "--entrypoint=/image",
        "--cmd=--port",
        "--cmd=8080",
        "--env=RUST_LOG=info",
        "--port=8080",
        "--user",
        "65532:65532",
        "--config-out",
        "server-image.config.json",
        "--manifest-out",
        "server-image.manifest.json",
        "--descriptor-out",
        "server-image.descriptor.json",
    ]

_LAYOUT_ARGV = [
    "layout",
    "--files",
    "server-image.files.json",
    "--out",
    "server-image.oci",
]

_ON_BASE_ARGV = [
    "manifest",
    "--os",
    "linux",
    "--architecture",
    "arm64",
    "--layer",
    "base.layer.json",
    "--base",
    "pulled.manifest.json",
    "pulled.config.json",
    "--entrypoint=/etc/server/link",
    "--user",
    "65532:65532",
    "--config-out",
    "on-base.config.json",
    "--manifest-out",
    "on-base.manifest.json",
    "--descriptor-out",
    "on-base.descriptor.json",
]

def _import_argv(name, *source):
    return [
        "import",
    ] + list(source[:2]) + [
        "--os",
        "linux",
        "--architecture",
        "amd64",
    ] + list(source[2:]) + [
        "--config-out",
        name + ".config.json",
        "--manifest-out",
        name + ".manifest.json",
        "--descriptor-out",
        name + ".descriptor.json",
    ]

_INDEX_ARGV = [
    "index",
    "--image",
    "on-base.descriptor.json",
    "on-base.config.json",
    "--image",
    "on-base.descriptor.json",
    "on-base.config.json",
    "--manifest-out",
    "index.index.json",
    "--descriptor-out",
    "index.descriptor.json",
]

_EMPTY_ARGV = [
    "manifest",
    "--os",
    "linux",
    "--architecture",
    "arm64",
    "--label=a=b",
    "--user",
    "0:0",
    "--workdir",
    "/data",
    "--stop-signal",
    "SIGINT",
    "--config-out",
    "empty.config.json",
    "--manifest-out",
    "empty.manifest.json",
    "--descriptor-out",
    "empty.descriptor.json",
]

# --- platforms --------------------------------------------------------------------------------------------

def _probe_impl(ctx):
    file = ctx.actions.declare_file("%s.%s" % (ctx.label.name, ctx.fragments.platform.platform.name))
    ctx.actions.write(file, "")
    return LayerInfo(blob = file, metadata = file)

_probe = rule(
    implementation = _probe_impl,
    doc = "A layer whose file is named for the platform it was built for.",
    fragments = ["platform"],
)

def _platform_test_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[ImageInfo]
    asserts.equals(env, ["image_test_probe." + ctx.attr.want], [layer.blob.basename for layer in info.layers])
    argv = _argv(env, "ImageManifest")
    asserts.equals(env, ctx.attr.want, "_".join([argv[2], argv[4]]))
    return analysistest.end(env)

_PLATFORM_ATTRS = {"want": attr.string(doc = "The platform's name.", mandatory = True)}

_foreign_platform_test = analysistest.make(
    _platform_test_impl,
    attrs = _PLATFORM_ATTRS,
    config_settings = {"//command_line_option:platforms": str(Label("//rules/tests/image:foreign"))},
)

_platform_test = analysistest.make(_platform_test_impl, attrs = _PLATFORM_ATTRS)

def _files_test_impl(ctx):
    """A base reaches through: its layers are not there, but where they are."""
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[ImageInfo]
    asserts.equals(env, ["index.index.json", "index.descriptor.json"], [info.manifest.basename, info.descriptor.basename])
    asserts.equals(env, None, info.config)
    for image in info.manifests:
        asserts.equals(env, ["base.layer.tar.gz"], [layer.blob.basename for layer in image.layers])
        asserts.equals(env, "pulled.source.json", image.source.basename)
        asserts.equals(env, None, image.layout)
    folders = {image.manifest.dirname: None for image in info.manifests}
    asserts.equals(env, 2, len(folders))
    return analysistest.end(env)

_files_test = analysistest.make(_files_test_impl)

def _same_configuration_test_impl(ctx):
    """On a machine like the nodes, images share everything with what is built for the machine."""
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[ImageInfo]
    asserts.equals(env, [ctx.bin_dir.path], [layer.blob.root.path for layer in info.layers])
    return analysistest.end(env)

_same_configuration_test = analysistest.make(_same_configuration_test_impl)

def _tools_test_impl(ctx):
    """An image for another platform is made by the same tool: it is not compiled again."""
    env = analysistest.begin(ctx)
    argv0 = [a for a in analysistest.target_actions(env) if a.mnemonic == "ImageManifest"][0].argv[0]
    asserts.equals(env, ctx.executable._tool.path, argv0)
    return analysistest.end(env)

_tools_test = analysistest.make(
    _tools_test_impl,
    attrs = {
        "_tool": attr.label(
            cfg = "exec",
            default = "//tools/image",
            doc = "The tool as other rules have it.",
            executable = True,
        ),
    },
)

def _host_test_impl(ctx):
    env = unittest.begin(ctx)
    x86_64_linux = ["@platforms//os:linux", "@platforms//cpu:x86_64"]
    asserts.true(env, is_host(_AMD64, x86_64_linux))
    asserts.false(env, is_host(_ARM64, x86_64_linux))
    asserts.false(env, is_host(_AMD64, ["@platforms//cpu:x86_64", "@platforms//os:osx"]))
    asserts.false(env, is_host(Label("//rules/tests/image:foreign"), x86_64_linux))
    asserts.true(env, is_default([]))
    asserts.true(env, is_default([Label("@platforms//host:host")]))
    asserts.true(env, is_default([Label("@bazel_tools//tools:host_platform")]))
    asserts.false(env, is_default([_AMD64]))
    asserts.false(env, is_default([Label("@platforms//host:host"), _AMD64]))
    return unittest.end(env)

_host_test = unittest.make(_host_test_impl)

# --- all of them --------------------------------------------------------------------------------------------

def image_test_suite(name):
    """All tests of this file, and what they are about.

    Args:
      name: the suite's name.
    """
    tests = []
    for case, (test, target, mnemonic, want) in {
        "argv_base": (_argv_test, ":base", "ImageLayer", _BASE_ARGV),
        "argv_empty_arm64": (_arm64_argv_test, ":empty", "ImageManifest", _EMPTY_ARGV),
        "argv_archive": (
            _argv_test,
            ":from-archive",
            "ImageImport",
            _import_argv("from-archive", "--archive", "saved.tar", "--layout-out", "from-archive.layout"),
        ),
        "argv_import": (
            _argv_test,
            ":from-layout",
            "ImageImport",
            _import_argv("from-layout", "--layout", "read-gzip.oci"),
        ),
        "argv_index": (_argv_test, ":index", "ImageIndex", _INDEX_ARGV),
        "argv_layout": (_argv_test, ":server-image", "ImageLayout", _LAYOUT_ARGV),
        "argv_manifest": (_argv_test, ":server-image", "ImageManifest", _manifest_argv("amd64")),
        "argv_manifest_foreign": (_foreign_argv_test, ":server-image", "ImageManifest", _manifest_argv("amd64")),
        "argv_on_base_arm64": (_arm64_argv_test, ":on-base", "ImageManifest", _ON_BASE_ARGV),
        "argv_program": (_argv_test, ":server-image.layer", "ImageLayer", _PROGRAM_ARGV),
    }.items():
        test(name = "%s_%s" % (name, case), target_under_test = target, mnemonic = mnemonic, want = want)
        tests.append("%s_%s" % (name, case))

    probe = name + "_probe"
    _probe(name = probe, tags = ["manual"])
    image(name = name + "_nodes", layers = [probe], tags = ["manual"])
    image(name = name + "_arm64", layers = [probe], platform = _ARM64, tags = ["manual"])
    _foreign_platform_test(
        name = name + "_platform_foreign",
        target_under_test = name + "_nodes",
        want = "linux_amd64",
    )
    _platform_test(name = name + "_platform_override", target_under_test = name + "_arm64", want = "linux_arm64")
    _same_configuration_test(
        name = name + "_same_configuration",
        target_compatible_with = ["@platforms//cpu:x86_64", "@platforms//os:linux"],
        target_under_test = name + "_nodes",
    )
    _files_test(name = name + "_files", target_under_test = ":index")
    _tools_test(name = name + "_same_tool", target_under_test = name + "_arm64")
    _host_test(name = name + "_host")
    tests += [
        "%s_%s" % (name, case)
        for case in ["files", "host", "platform_foreign", "platform_override", "same_configuration", "same_tool"]
    ]
    native.test_suite(name = name, tests = tests)
