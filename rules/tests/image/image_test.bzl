"""Tests of the image rules: what they refuse, what they hand to the tool, and for which platform."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:image.bzl", "ImageInfo", "LayerInfo", "image", "image_layer")
load("//rules/private:platform_transition.bzl", "is_default", "is_host")

_AMD64 = Label("//rules/platforms:linux_amd64")
_ARM64 = Label("//rules/platforms:linux_arm64")

# --- refusals -----------------------------------------------------------------------------------------

def _fails_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.want)
    return analysistest.end(env)

_fails_test = analysistest.make(
    _fails_test_impl,
    attrs = {"want": attr.string(doc = "A part of the message.", mandatory = True)},
    expect_failure = True,
)

_PATH = "want an absolute path in the image without `.`, `..` or double slashes, as in \"/app/config.json\""
_MODE = "want a mode of four octal digits, as in \"0644\""

# name -> (part of the message, attributes of image_layer)
_LAYERS_REFUSED = {
    "dir_mode": ("attribute dirs: got \"755\", " + _MODE, {"dirs": {"/tmp": "755"}}),
    "dir_path": ("attribute dirs: got \"/tmp/\", " + _PATH, {"dirs": {"/tmp/": "0755"}}),
    "dot": ("attribute files: got \"/a/../b\", " + _PATH, {"files": {":config": "/a/../b"}}),
    "empty": (
        "image_layer //rules/tests/image:image_test_layer_empty: attribute files: got {}, " +
        "want something to put into the layer: files, dirs or symlinks",
        {},
    ),
    "many_files": (
        "attribute files: got \"/base\", want a path that ends in a slash, since //rules/tests/image:base gives 2 files",
        {"files": {":base": "/base"}},
    ),
    "mode": ("attribute mode: got \"0888\", " + _MODE, {"files": {":config": "/a"}, "mode": "0888"}),
    "owner": (
        "attribute owner: got \"root:root\", want numbers, as in \"0:0\"; names mean nothing in an empty image",
        {"files": {":config": "/a"}, "owner": "root:root"},
    ),
    "relative": ("attribute files: got \"a/b\", " + _PATH, {"files": {":config": "a/b"}}),
    "symlink_path": ("attribute symlinks: got \"link\", " + _PATH, {"symlinks": {"link": "/a"}}),
}

_USER = "; nodes cannot tell whether a name is root"

# name -> (part of the message, attributes of image)
_IMAGES_REFUSED = {
    "env_name": ("attribute env: got \"A=B\", want names without \"=\"", {"env": {"A=B": "C"}}),
    "label_name": ("attribute labels: got \"\", want names without \"=\"", {"labels": {"": "C"}}),
    "lines": ("attribute cmd: got \"a\\nb\", want one line", {"cmd": ["a\nb"]}),
    "platform": (
        "want a platform whose system is one of linux",
        {"platform": "//rules/tests/image:foreign"},
    ),
    "port": (
        "attribute exposed_ports: got \"http\", want a port from 1 to 65535, as in \"8080\" or \"53/udp\"",
        {"exposed_ports": ["8080/tcp", "53/udp", "http"]},
    ),
    "port_protocol": ("attribute exposed_ports: got \"80/sctp\"", {"exposed_ports": ["80/sctp"]}),
    "port_range": ("attribute exposed_ports: got \"65536\"", {"exposed_ports": ["65536"]}),
    "user": (
        "image //rules/tests/image:image_test_image_user: attribute user: got \"root\", " +
        "want numbers, as in \"65532:65532\"" + _USER,
        {"user": "root"},
    ),
    "user_alone": ("attribute user: got \"0\", want numbers", {"user": "0"}),
    "workdir": (
        "attribute workdir: got \"data\", want an absolute path in the image, as in \"/data\"",
        {"workdir": "data"},
    ),
}

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
    "--blob",
    "base.tar.gz",
    "--metadata",
    "base.json",
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
    "--blob",
    "server-image.layer.tar.gz",
    "--metadata",
    "server-image.layer.json",
]

def _manifest_argv(architecture):
    return [
        "manifest",
        "--os",
        "linux",
        "--architecture",
        architecture,
        "--layer",
        "base.json",
        "--layer",
        "server-image.layer.json",
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
    "--manifest",
    "server-image.manifest.json",
    "--config",
    "server-image.config.json",
    "--descriptor",
    "server-image.descriptor.json",
    "--layer",
    "base.tar.gz",
    "base.json",
    "--layer",
    "server-image.layer.tar.gz",
    "server-image.layer.json",
    "--out",
    "server-image.oci",
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

def _refused(name, rule, prefix, refused, tests):
    for case, (want, attributes) in refused.items():
        subject = "%s_%s_%s" % (name, prefix, case)
        rule(name = subject, tags = ["manual"], **attributes)
        _fails_test(name = subject + "_test", target_under_test = subject, want = want)
        tests.append(subject + "_test")

def image_test_suite(name):
    """All tests of this file, and what they are about.

    Args:
      name: the suite's name.
    """
    tests = []
    _refused(name, image_layer, "layer", _LAYERS_REFUSED, tests)
    _refused(name, image, "image", _IMAGES_REFUSED, tests)

    for case, (test, target, mnemonic, want) in {
        "argv_base": (_argv_test, ":base", "ImageLayer", _BASE_ARGV),
        "argv_empty_arm64": (_arm64_argv_test, ":empty", "ImageManifest", _EMPTY_ARGV),
        "argv_layout": (_argv_test, ":server-image", "ImageLayout", _LAYOUT_ARGV),
        "argv_manifest": (_argv_test, ":server-image", "ImageManifest", _manifest_argv("amd64")),
        "argv_manifest_foreign": (_foreign_argv_test, ":server-image", "ImageManifest", _manifest_argv("amd64")),
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
    _tools_test(name = name + "_same_tool", target_under_test = name + "_arm64")
    _host_test(name = name + "_host")
    tests += [
        "%s_%s" % (name, case)
        for case in ["host", "platform_foreign", "platform_override", "same_configuration", "same_tool"]
    ]
    native.test_suite(name = name, tests = tests)
