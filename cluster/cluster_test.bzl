"""Tests that need a real cluster: each brings its own up, beside itself, and it ends with the test.

The cluster is in a network namespace and a folder of the test's own. So tests neither see one
another nor the user's cluster, and the ports are the usual ones.
"""

load("@windlass_probe//:probe.bzl", "CLUSTER_TESTS")
load(":launcher.bzl", "LAUNCHER_ATTRS", "launch")

# Where the tool finds the toolbox and the programs: `bazel test` hides these from tests.
_INHERITED = ["HOME", "WINDLASS_CLUSTER_PROGRAMS", "WINDLASS_TOOLBOX", "XDG_CACHE_HOME"]

# What is brought up -> the cluster tool's verb.
_VERBS = {
    "api-server": "with-api-server",
    "cluster": "with",
}

def _cluster_test_impl(ctx):
    found = [target[DefaultInfo].default_runfiles for target in [ctx.attr.command] + ctx.attr.data]
    runfiles = [ctx.runfiles(files = ctx.files.data)] + found
    return [
        launch(ctx, _VERBS[ctx.attr.beside], ctx.executable.command, runfiles),
        RunEnvironmentInfo(
            environment = ctx.attr.env,
            inherited_environment = _INHERITED,
        ),
    ]

_cluster_test = rule(
    implementation = _cluster_test_impl,
    doc = "Runs a command beside a cluster of its own.",
    attrs = LAUNCHER_ATTRS | {
        "beside": attr.string(
            default = "cluster",
            values = _VERBS.keys(),
            doc = "What is brought up: a cluster, or an API server with no node, which is there sooner.",
        ),
        "command": attr.label(
            cfg = "target",
            executable = True,
            mandatory = True,
            doc = "What to run; the test passes if it exits with 0.",
        ),
        "data": attr.label_list(
            allow_files = True,
            doc = "What the command finds in its runfiles.",
        ),
        "env": attr.string_dict(doc = "Variables for the command."),
    },
    test = True,
)

def cluster_test(name, command, tags = [], target_compatible_with = [], **kwargs):
    """A test that runs a command beside a real cluster of its own.

    The command's environment has KUBECONFIG (context as in //:cluster_constants.bzl),
    WINDLASS_CLUSTER_STATE (the cluster's folder; the audit log is var/log/cluster/audit.log below
    it) and WINDLASS_KUBECTL. Its exit code is the test's. Where a cluster cannot run, the test is
    SKIPPED, and `@windlass_probe` says why.

    Args:
      name: the test's name.
      command: label of an executable; `args` are its arguments.
      tags: more tags.
      target_compatible_with: more that the test needs.
      **kwargs: beside, data, env, and what all tests have (args, size, timeout, ...).
    """
    _cluster_test(
        name = name,
        command = command,
        # One at a time on two cores: a cluster and its pods keep both busy.
        tags = tags + ["cpu:2", "local", "no-sandbox", "requires-network"],
        target_compatible_with = target_compatible_with + CLUSTER_TESTS,
        **kwargs
    )
