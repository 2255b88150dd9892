"""Tests of the rules that take images from elsewhere, and of indexes."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:image.bzl", "ImageInfo")
load(":argv.bzl", "argv_test", "arm64_argv_test")

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
    return analysistest.end(env)

_files_test = analysistest.make(_files_test_impl)

def _platforms_test_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[ImageInfo]
    folders = {image.manifest.dirname: None for image in info.manifests}
    asserts.equals(env, 2, len(folders))
    return analysistest.end(env)

_platforms_test = analysistest.make(
    _platforms_test_impl,
    doc = "An index has another image for each platform.",
)

def sources_test_suite(name):
    """All tests of this file, and what they are about.

    Args:
      name: the suite's name.
    """
    tests = []
    for case, (test, target, mnemonic, want) in {
        "archive": (
            argv_test,
            ":from-archive",
            "ImageImport",
            _import_argv("from-archive", "--archive", "saved.tar", "--layout-out", "from-archive.layout"),
        ),
        "import": (
            argv_test,
            ":from-layout",
            "ImageImport",
            _import_argv("from-layout", "--layout", "read-gzip.oci"),
        ),
        "index": (argv_test, ":index", "ImageIndex", _INDEX_ARGV),
        "on_base_arm64": (arm64_argv_test, ":on-base", "ImageManifest", _ON_BASE_ARGV),
    }.items():
        test(name = "%s_%s" % (name, case), target_under_test = target, mnemonic = mnemonic, want = want)
        tests.append("%s_%s" % (name, case))
    _files_test(name = name + "_files", target_under_test = ":index")
    tests.append(name + "_files")
    for index in ["index", "index-of-arm64"]:
        tests.append("%s_platforms_%s" % (name, index))
        _platforms_test(name = tests[-1], target_under_test = index)
    native.test_suite(name = name, tests = tests)
