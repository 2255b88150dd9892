"""Tests that a program is the RouteGuide client or server, whatever it is written in."""

load("@bazel_skylib//rules:copy_file.bzl", "copy_file")
load("@bazel_skylib//rules:native_binary.bzl", "native_test")
load("//prod:k8s.bzl", "NAMESPACES")
load("//rules:image.bzl", "image_test")
load("//rules:rendered.bzl", "manifest_diff_test")

_FEATURES = Label("//services/server:features.json")
_SERVER = Label("//services/server:image.binary")

def _conformance_test(name, args, data, tags, **kwargs):
    native_test(
        name = name,
        size = "medium",
        src = "//e2e:conformance",
        out = name + ".program",
        args = args + ["$(rootpath %s)" % label for label in data],
        data = data,
        # A Redis of its own, on loopback.
        tags = tags + ["requires-network"],
        target_compatible_with = ["@platforms//os:linux"],
        **kwargs
    )

def server_test(name, program, tags = [], **kwargs):
    """A test of a server beside a Redis of its own: that it does what //services/server does.

    Args:
      name: the test's name.
      program: the server.
      tags: more tags.
      **kwargs: what all tests have.
    """
    _conformance_test(name, ["server"], [program, _FEATURES], tags, **kwargs)

def client_test(name, program, tags = [], **kwargs):
    """A test of a client beside the server in Rust and a Redis of its own: that it logs what //services/client logs.

    Args:
      name: the test's name.
      program: the client.
      tags: more tags.
      **kwargs: what all tests have.
    """
    _conformance_test(name, ["client"], [program, _FEATURES, _SERVER], tags, **kwargs)

def same_manifests_test(name, of):
    """A test that the manifests of this package are those of another one: there is no second description.

    Args:
      name: the test's name.
      of: the package, as in `//services/client`.
    """
    for env in NAMESPACES:
        copy_file(
            name = "%s.%s.golden" % (name, env),
            src = "%s:golden/%s.json" % (of, env),
            out = "golden/%s.json" % env,
        )
    manifest_diff_test(
        name = name,
        goldens = {"golden/%s.json" % env: env + "-shallow" for env in NAMESPACES},
    )

def _like(test, of, program):
    same_manifests_test(name = "manifests_test", of = of)
    test(name = "conformance_test", program = program)
    image_test(name = "image_test", image = ":image", no_shell = True)

def client_tests(program):
    """The tests of a package whose service `client` is //services/client in another language, and whose image is `image`.

    Args:
      program: the client.
    """
    _like(client_test, "//services/client", program)

def server_tests(program):
    """The tests of a package whose service `server` is //services/server in another language, and whose image is `image`.

    Args:
      program: the server.
    """
    _like(server_test, "//services/server", program)
