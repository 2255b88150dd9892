"""Tests of the image rules: what they hand to the tool, and for which platform."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:image.bzl", "ImageInfo", "LayerInfo", "image")
load("//rules/private:platform_transition.bzl", "is_default", "is_host")
load(":argv.bzl", "argv", "argv_test", "arm64_argv_test", "foreign_argv_test")

_AMD64 = Label("//rules/platforms:linux_amd64")
_ARM64 = Label("//rules/platforms:linux_arm64")

# --- what the tool is given -----------------------------------------------------------------------------

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

_VOLUMES_ARGV = [
    "manifest",
    "--os",
    "linux",
    "--architecture",
    "amd64",
    "--layer",
    "base-zstd.layer.json",
    "--layer",
    "folder.layer.json",
    "--layer",
    "stripped.layer.json",
    "--env=A=1",
    "--label=b=c",
    "--volume=/data",
    "--user",
    "65532:65532",
    "--config-out",
    "folder-image.config.json",
    "--manifest-out",
    "folder-image.manifest.json",
    "--descriptor-out",
    "folder-image.descriptor.json",
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
    arguments = argv(env, "ImageManifest")
    asserts.equals(env, ctx.attr.want, "_".join([arguments[2], arguments[4]]))
    return analysistest.end(env)

_PLATFORM_ATTRS = {"want": attr.string(doc = "The platform's name.", mandatory = True)}

_foreign_platform_test = analysistest.make(
    _platform_test_impl,
    attrs = _PLATFORM_ATTRS,
    config_settings = {"//command_line_option:platforms": str(Label("//rules/tests/image:foreign"))},
)

_platform_test = analysistest.make(_platform_test_impl, attrs = _PLATFORM_ATTRS)

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
        "argv_base": (argv_test, ":base", "ImageLayer", _BASE_ARGV),
        "argv_empty_arm64": (arm64_argv_test, ":empty", "ImageManifest", _EMPTY_ARGV),
        "argv_layout": (argv_test, ":server-image", "ImageLayout", _LAYOUT_ARGV),
        "argv_manifest": (argv_test, ":server-image", "ImageManifest", _manifest_argv("amd64")),
        "argv_manifest_foreign": (foreign_argv_test, ":server-image", "ImageManifest", _manifest_argv("amd64")),
        "argv_program": (argv_test, ":server-image.layer", "ImageLayer", _PROGRAM_ARGV),
        "argv_volumes": (argv_test, ":folder-image", "ImageManifest", _VOLUMES_ARGV),
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
    _tools_test(name = name + "_same_tool", target_under_test = name + "_arm64")
    _host_test(name = name + "_host")
    tests += [
        "%s_%s" % (name, case)
        for case in ["host", "platform_foreign", "platform_override", "same_configuration", "same_tool"]
    ]
    native.test_suite(name = name, tests = tests)
