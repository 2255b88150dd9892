"""Tests of the rules that make layers ready for use, and of image_test: what they write, and what they hand to the tool."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:image.bzl", "passwd_layer")
load(":argv.bzl", "argv")

def _actions(env, mnemonic):
    return [action for action in analysistest.target_actions(env) if action.mnemonic == mnemonic]

def _written(env, name):
    """What an action writes into a file."""
    for action in analysistest.target_actions(env):
        if action.mnemonic == "FileWrite" and [out for out in action.outputs.to_list() if out.basename == name]:
            return action.content
    return None

def _certificates_test_impl(ctx):
    env = analysistest.begin(ctx)
    want = ["certificates", "rules/tests/image/authority.pem", "--out", "certificates.crt"]
    asserts.equals(env, want, argv(env, "ImageCertificates"))
    want = ["layer", "--file", "/etc/ssl/certs/ca-certificates.crt", "0644", "certificates.crt", "--owner", "0:0"]
    asserts.equals(env, want, argv(env, "ImageLayer")[:len(want)])
    return analysistest.end(env)

_certificates_test = analysistest.make(_certificates_test_impl)

def _users_test_impl(ctx):
    env = analysistest.begin(ctx)
    name = analysistest.target_under_test(env).label.name
    asserts.equals(env, ctx.attr.passwd, (_written(env, name + ".passwd") or "").split("\n"))
    asserts.equals(env, ctx.attr.group, (_written(env, name + ".group") or "").split("\n"))
    args = argv(env, "ImageLayer")
    asserts.equals(env, ctx.attr.folders, [" ".join(args[i + 1:i + 3]) for i in range(len(args)) if args[i] == "--dir"])
    asserts.equals(env, ctx.attr.owners, [" ".join(args[i + 1:i + 3]) for i in range(len(args)) if args[i] == "--set-owner"])
    return analysistest.end(env)

_users_test = analysistest.make(
    _users_test_impl,
    attrs = {
        "folders": attr.string_list(doc = "Homes, with their modes."),
        "group": attr.string_list(doc = "The lines of /etc/group."),
        "owners": attr.string_list(doc = "Homes, with their owners."),
        "passwd": attr.string_list(doc = "The lines of /etc/passwd."),
    },
)

def _request_test_impl(ctx):
    env = analysistest.begin(ctx)
    want = {
        "version": 1,
        "verb": "check",
        "label": "//rules/tests/image:folder_test",
        "image": "//rules/tests/image:folder-image",
        "layout": "_main/rules/tests/image/folder-image.oci",
        "expected": {
            "entrypoint": [],
            "env": {"A": "1"},
            "files": {
                "/data": "",
                "/etc/server/link": "0600",
                "/srv/config.json": "0644",
                "/usr/share/starlark/paths.bzl": "0644",
                "/usr/share/zoneinfo/config.json": "0644",
                "/usr/share/zoneinfo/golden/config.json": "0644",
                "/usr/share/zoneinfo/golden/manifest.json": "0644",
            },
            "labels": {"b": "c"},
            "max_size": 100000,
            "no_files": [],
            "no_shell": False,
            "user_not_root": True,
        },
    }
    asserts.equals(env, want, json.decode(_written(env, "folder_test.json")))

    # A launcher is the tool: it holds no shell.
    links = [action for action in _actions(env, "ExecutableSymlink")]
    tools = [file.path.split("/bin/")[-1] for action in links for file in action.inputs.to_list()]
    asserts.equals(env, ["tools/image/image"], tools)
    return analysistest.end(env)

_request_test = analysistest.make(_request_test_impl)

def layers_test_suite(name):
    """All tests of this file, and what they are about.

    Args:
      name: the suite's name.
    """
    _certificates_test(name = name + "_certificates", target_under_test = ":certificates")
    _request_test(name = name + "_request", target_under_test = ":folder_test")
    _users_test(
        name = name + "_users",
        folders = ["/root 0700", "/home/nonroot 0700"],
        group = ["root:x:0:", "nonroot:x:65532:", "nobody:x:65534:", ""],
        owners = ["/home/nonroot 65532:65532"],
        passwd = [
            "root:x:0:0::/root:/sbin/nologin",
            "nonroot:x:65532:65532::/home/nonroot:/sbin/nologin",
            "nobody:x:65534:65534::/nonexistent:/sbin/nologin",
            "",
        ],
        target_under_test = ":users",
    )
    passwd_layer(
        name = name + "_shared",
        tags = ["manual"],
        users = {"first": "20:100", "last": "1000:0", "_one-2": "10:100"},
    )
    _users_test(
        name = name + "_users_shared_group",
        folders = ["/root 0700", "/home/_one-2 0700", "/home/first 0700", "/home/last 0700"],
        group = ["root:x:0:", "_one-2:x:100:", "nobody:x:65534:", ""],
        owners = ["/home/_one-2 10:100", "/home/first 20:100", "/home/last 1000:0"],
        passwd = [
            "root:x:0:0::/root:/sbin/nologin",
            "_one-2:x:10:100::/home/_one-2:/sbin/nologin",
            "first:x:20:100::/home/first:/sbin/nologin",
            "last:x:1000:0::/home/last:/sbin/nologin",
            "nobody:x:65534:65534::/nonexistent:/sbin/nologin",
            "",
        ],
        target_under_test = name + "_shared",
    )
    native.test_suite(
        name = name,
        tests = [name + case for case in ["_certificates", "_request", "_users", "_users_shared_group"]],
    )
