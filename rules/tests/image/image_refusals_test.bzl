"""Tests of the image rules: what they refuse."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load(
    "//rules:image.bzl",
    "ca_certificates_layer",
    "image",
    "image_import",
    "image_index",
    "image_layer",
    "image_push",
    "image_test",
    "passwd_layer",
)

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
    "dir_lines": ("attribute dirs: got \"/a\\nb\", " + _PATH, {"dirs": {"/a\nb": "0755"}}),
    "dir_path": ("attribute dirs: got \"/tmp/\", " + _PATH, {"dirs": {"/tmp/": "0755"}}),
    "dot": ("attribute files: got \"/a/../b\", " + _PATH, {"files": {":config": "/a/../b"}}),
    "empty": (
        "image_layer //rules/tests/image:image_refusals_test_layer_empty: attribute files: got {}, " +
        "want something to put into the layer: files, dirs or symlinks",
        {},
    ),
    "lines": ("attribute files: got \"/a\\nb\", " + _PATH, {"files": {":config": "/a\nb"}}),
    "lines_folder": ("attribute files: got \"/a\\r/\", " + _PATH, {"files": {":config": "/a\r/"}}),
    "many_files": (
        "attribute files: got \"/base\", want a path that ends in a slash, since //rules/tests/image:base gives 2 files",
        {"files": {":base": "/base"}},
    ),
    "mode": ("attribute mode: got \"0888\", " + _MODE, {"files": {":config": "/a"}, "mode": "0888"}),
    "modes_lines": ("attribute modes: got \"/a\\n\", " + _PATH, {"files": {":config": "/a"}, "modes": {"/a\n": "0755"}}),
    "modes_mode": ("attribute modes: got \"755\", " + _MODE, {"files": {":config": "/a"}, "modes": {"/a": "755"}}),
    "modes_path": ("attribute modes: got \"a\", " + _PATH, {"files": {":config": "/a"}, "modes": {"a": "0755"}}),
    "owner": (
        "attribute owner: got \"root:root\", want numbers, as in \"0:0\"; names mean nothing in an empty image",
        {"files": {":config": "/a"}, "owner": "root:root"},
    ),
    "owner_lines": ("attribute owner: got \"0:0\\n\", want numbers", {"files": {":config": "/a"}, "owner": "0:0\n"}),
    "owners": (
        "attribute owners: got \"root\", want numbers, as in \"0:0\"; names mean nothing in an empty image",
        {"files": {":config": "/a"}, "owners": {"/a": "root"}},
    ),
    "owners_lines": ("attribute owners: got \"/a\\n\", " + _PATH, {"files": {":config": "/a"}, "owners": {"/a\n": "0:0"}}),
    "relative": ("attribute files: got \"a/b\", " + _PATH, {"files": {":config": "a/b"}}),
    "strip_other": (
        "attribute strip_prefix: got \"golden\", " +
        "want a folder of //rules/tests/image:config that rules/tests/image/config.json is in",
        {"files": {":config": "/a/"}, "strip_prefix": "golden"},
    ),
    "strip_up": (
        "attribute strip_prefix: got \"../a\", want a folder below the label's package, as in \"static\", or \".\"",
        {"files": {":config": "/a/"}, "strip_prefix": "../a"},
    ),
    "symlink_lines": (
        "attribute symlinks: got \"a\\nb\", want what the link points to, one line",
        {"symlinks": {"/link": "a\nb"}},
    ),
    "symlink_nowhere": ("attribute symlinks: got \"\", want what the link points to", {"symlinks": {"/link": ""}}),
    "symlink_path": ("attribute symlinks: got \"link\", " + _PATH, {"symlinks": {"link": "/a"}}),
}

_USER = "; nodes cannot tell whether a name is root"

# name -> (part of the message, attributes of image)
_IMAGES_REFUSED = {
    "env_name": ("attribute env: got \"A=B\", want names without \"=\"", {"env": {"A=B": "C"}}),
    "label_name": ("attribute labels: got \"\", want names without \"=\"", {"labels": {"": "C"}}),
    "lines_cmd": ("attribute cmd: got \"a\\nb\", want one line", {"cmd": ["a\nb"]}),
    "lines_entrypoint": ("attribute entrypoint: got \"a\\nb\", want one line", {"entrypoint": ["a\nb"]}),
    "lines_env": ("attribute env: got \"a\\nb\", want one line", {"env": {"A": "a\nb"}}),
    "lines_env_name": ("attribute env: got \"A\\nB\", want one line", {"env": {"A\nB": "C"}}),
    "lines_signal": ("attribute stop_signal: got \"a\\nb\", want one line", {"stop_signal": "a\nb"}),
    "lines_labels": ("attribute labels: got \"a\\nb\", want one line", {"labels": {"A": "a\nb"}}),
    "platform_processor": (
        "attribute platform: got \"//rules/tests/image:linux_riscv64\", " +
        "want a platform whose processor is one of arm64, amd64",
        {"platform": "//rules/tests/image:linux_riscv64"},
    ),
    "base_index": (
        "attribute base: got \"//rules/tests/image:index\", want an image for one platform, not an index",
        {"base": ":index"},
    ),
    "platform_system": (
        "attribute platform: got \"//rules/tests/image:foreign\", want a platform whose system is one of linux",
        {"platform": "//rules/tests/image:foreign"},
    ),
    "port": (
        "attribute exposed_ports: got \"http\", want a port from 1 to 65535, as in \"8080\" or \"53/udp\"",
        {"exposed_ports": ["8080/tcp", "53/udp", "http"]},
    ),
    "port_protocol": ("attribute exposed_ports: got \"80/sctp\"", {"exposed_ports": ["80/sctp"]}),
    "port_range": ("attribute exposed_ports: got \"65536\"", {"exposed_ports": ["65536"]}),
    "user": (
        "image //rules/tests/image:image_refusals_test_image_user: attribute user: got \"root\", " +
        "want numbers, as in \"65532:65532\"" + _USER,
        {"user": "root"},
    ),
    "user_alone": ("attribute user: got \"0\", want numbers", {"user": "0"}),
    "volume": (
        "attribute volumes: got \"data\", want an absolute path in the image, as in \"/data\"",
        {"volumes": ["/data", "data"]},
    ),
    "volume_dots": ("attribute volumes: got \"/a/../b\"", {"volumes": ["/a/../b"]}),
    "workdir": (
        "attribute workdir: got \"data\", want an absolute path in the image, as in \"/data\"",
        {"workdir": "data"},
    ),
}

_NAME = "want a name of at most 32 letters a to z, digits, `_` and `-`, that begins with a letter or `_`"
_IDS = "want numbers from 0 to 2147483647, without zeros before them"
_ALWAYS = "want other users than root and nobody, who are always there"

# name -> (part of the message, attributes of passwd_layer)
_USERS_REFUSED = {
    "ids": ("attribute users: got \"1000\", want numbers, as in \"65532:65532\"", {"users": {"app": "1000"}}),
    "ids_large": ("attribute users: got \"1:2147483648\", " + _IDS, {"users": {"app": "1:2147483648"}}),
    "ids_zeros": ("attribute users: got \"01:1\", " + _IDS, {"users": {"app": "01:1"}}),
    "name": (
        "passwd_layer //rules/tests/image:image_refusals_test_users_name: attribute users: got \"a:b\", " + _NAME,
        {"users": {"a:b": "1:1"}},
    ),
    "name_empty": ("attribute users: got \"\", " + _NAME, {"users": {"": "1:1"}}),
    "name_first": ("attribute users: got \"1a\", " + _NAME, {"users": {"1a": "1:1"}}),
    "name_long": (_NAME, {"users": {"a" * 33: "1:1"}}),
    "nobody": ("attribute users: got \"nobody\", " + _ALWAYS, {"users": {"nobody": "1:1"}}),
    "root": ("attribute users: got \"root\", " + _ALWAYS, {"users": {"root": "0:0"}}),
    "uid_of_root": ("attribute users: got \"toor:0:0\", want another uid than that of root", {"users": {"toor": "0:0"}}),
    "uid_twice": (
        "attribute users: got \"b:1:2\", want another uid than that of a",
        {"users": {"a": "1:1", "b": "1:2"}},
    ),
}

# name -> (part of the message, attributes of ca_certificates_layer)
_CERTIFICATES_REFUSED = {
    "empty": ("attribute must be non empty", {"srcs": []}),
}

_SIZE = "want a number and one of B, kB, MB or GB, as in \"20MB\""

# name -> (part of the message, attributes of image_test)
_TESTS_REFUSED = {
    "mode": (
        "attribute files: got \"755\", want a mode of four octal digits, as in \"0644\", or nothing for any",
        {"files": {"/a": "755"}},
    ),
    "no_path": ("attribute no_files: got \"/a/\", " + _PATH, {"no_files": ["/a/"]}),
    "index": (
        "attribute image: got \"//rules/tests/image:index\", want an image for one platform, not an index",
        {"image": ":index"},
    ),
    "pulled": (
        "attribute image: got \"//rules/tests/image:on-base\", want an image all of whose layers are here",
        {"image": ":on-base"},
    ),
    "path": (
        "image_test //rules/tests/image:image_refusals_test_tests_path: attribute files: got \"a\", " + _PATH,
        {"files": {"a": ""}},
    ),
    "size": ("attribute max_size: got \"20\", " + _SIZE, {"max_size": "20"}),
    "size_unit": ("attribute max_size: got \"20MiB\", " + _SIZE, {"max_size": "20MiB"}),
    "size_word": ("attribute max_size: got \"MB\", " + _SIZE, {"max_size": "MB"}),
}

_REPOSITORY = "want registry/path in lower case, as in \"ghcr.io/acme/server\", without tag or digest"
_TAG = "want a tag: at most 128 letters, digits, `_`, `.` and `-`, none of the last two first"

# name -> (part of the message, attributes of image_push)
_PUSHES_REFUSED = {
    "digest": ("attribute repository: got \"ghcr.io/a@sha256:0\", " + _REPOSITORY, {"repository": "ghcr.io/a@sha256:0"}),
    "empty": ("attribute repository: got \"ghcr.io/\", " + _REPOSITORY, {"repository": "ghcr.io/"}),
    "registry": (
        "image_push //rules/tests/image:image_refusals_test_push_registry: attribute repository: got \"acme/server\", " +
        _REPOSITORY,
        {"repository": "acme/server"},
    ),
    "scheme": ("attribute repository: got \"https://ghcr.io/a\", " + _REPOSITORY, {"repository": "https://ghcr.io/a"}),
    "tag_empty": ("attribute remote_tags: got \"\", " + _TAG, {"remote_tags": [""]}),
    "tag_first": ("attribute remote_tags: got \"-a\", " + _TAG, {"remote_tags": ["-a"]}),
    "tag_letter": ("attribute remote_tags: got \"a:b\", " + _TAG, {"remote_tags": ["a:b"]}),
    "tag_long": (_TAG, {"remote_tags": ["a" * 129]}),
    "tag_twice": ("attribute remote_tags: got [\"a\", \"a\"], want each tag once", {"remote_tags": ["a", "a"]}),
    "tagged": ("attribute repository: got \"ghcr.io/a:v1\", " + _REPOSITORY, {"repository": "ghcr.io/a:v1"}),
}

_INDEXES_REFUSED = {
    "both": (
        "image_index //rules/tests/image:image_refusals_test_index_both: attribute images: got image and images, " +
        "want image with platforms, or images",
        {"image": ":empty", "images": [":empty"], "platforms": ["//rules/platforms:linux_amd64"]},
    ),
    "image_alone": ("attribute platforms: got nothing, want the platforms to build image for", {"image": ":empty"}),
    "nested": ("attribute images: got //rules/tests/image:index, want images, not another index", {"images": [":index"]}),
    "nothing": ("attribute images: got nothing, want image with platforms, or images", {}),
}

_IMPORTS_REFUSED = {
    "both": (
        "attribute layout: got layout and archive, want a layout or an archive",
        {"archive": ":saved.tar", "layout": ":read-gzip.layout"},
    ),
    "file": (
        "image_import //rules/tests/image:image_refusals_test_import_file: attribute layout: " +
        "got //rules/tests/image:saved, which gives a file, want a directory; a file is an archive",
        {"layout": ":saved"},
    ),
    "nothing": ("attribute layout: got nothing, want a layout or an archive", {}),
    "platform": (
        "image_import //rules/tests/image:image_refusals_test_import_platform: attribute platform: " +
        "got \"//rules/tests/image:linux_riscv64\", want a platform whose processor is one of arm64, amd64",
        {"layout": ":read-gzip.layout", "platform": "//rules/tests/image:linux_riscv64"},
    ),
}

def _refused(name, rule, prefix, refused, tests):
    for case, (want, attributes) in refused.items():
        subject = "%s_%s_%s" % (name, prefix, case)
        rule(name = subject, tags = ["manual"], **attributes)
        _fails_test(name = subject + "_test", target_under_test = subject, want = want)
        tests.append(subject + "_test")

def image_refusals_test_suite(name):
    """A test for each `fail()` of the image rules, and what it is about.

    Args:
      name: the suite's name.
    """
    tests = []
    _refused(name, image_layer, "layer", _LAYERS_REFUSED, tests)
    _refused(name, image, "image", _IMAGES_REFUSED, tests)
    _refused(name, image_import, "import", _IMPORTS_REFUSED, tests)
    _refused(name, image_index, "index", _INDEXES_REFUSED, tests)
    _refused(name, ca_certificates_layer, "certificates", _CERTIFICATES_REFUSED, tests)
    _refused(name, passwd_layer, "users", _USERS_REFUSED, tests)
    refused = {case: (want, {"image": ":empty"} | attributes) for case, (want, attributes) in _TESTS_REFUSED.items()}
    _refused(name, image_test, "tests", refused, tests)
    refused = {
        case: (want, {"image": ":empty", "repository": "ghcr.io/a"} | attributes)
        for case, (want, attributes) in _PUSHES_REFUSED.items()
    }
    _refused(name, image_push, "push", refused, tests)
    native.test_suite(name = name, tests = tests)
