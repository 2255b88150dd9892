"""What this machine lacks to run a cluster in a test: the repository @windlass_probe."""

_BUILD = """\
# Made by //cluster:probe.bzl. No platform has a value of this setting: a test that asks for one is
# skipped, and the value's name is the reason that Bazel gives.
constraint_setting(name = "missing")

[
    constraint_value(
        name = reason,
        constraint_setting = ":missing",
        visibility = ["//visibility:public"],
    )
    for reason in [
        "linux_is_missing",
        "root_is_missing",
        "cluster_programs_are_missing_so_bazel_run_cluster_build",
    ]
]

exports_files(["probe.bzl"])
"""

_PROBE = """\
\"\"\"What this machine lacks to run a cluster in a test.\"\"\"

# For target_compatible_with: empty where such a test can run.
CLUSTER_TESTS = %s
"""

def _missing(rctx):
    """The first thing that is missing, and a sentence about it; None where nothing is."""
    if "linux" not in rctx.os.name.lower():
        return "linux_is_missing", "the embedded cluster runs on Linux, this is " + rctx.os.name
    user = rctx.execute(["id", "-u"]).stdout.strip()
    if user != "0":
        return "root_is_missing", "the embedded cluster needs root, this is user " + user
    programs = rctx.getenv("WINDLASS_CLUSTER_PROGRAMS")
    if not programs:
        script = rctx.path(Label("//cluster:kubernetes/programs/name"))
        rctx.watch_tree(script.dirname)
        name = rctx.execute([script]).stdout.strip()
        cache = rctx.getenv("XDG_CACHE_HOME") or rctx.getenv("HOME", "/root") + "/.cache"
        programs = "%s/windlass/%s" % (cache, name)

    # Whoever builds them makes the tests run, without anything else to do.
    rctx.watch(programs + "/bin")
    if not rctx.path(programs + "/bin").exists:
        return (
            "cluster_programs_are_missing_so_bazel_run_cluster_build",
            "%s is missing: bazel run //cluster:build" % programs,
        )
    return None

def _probe_repo_impl(rctx):
    missing = _missing(rctx)
    if missing:
        # buildifier: disable=print
        print("tests on a cluster are skipped: " + missing[1])
    values = ["@@%s//:%s" % (rctx.name, missing[0])] if missing else []
    rctx.file("BUILD.bazel", _BUILD)
    rctx.file("probe.bzl", _PROBE % json.encode(values))

_probe_repo = repository_rule(
    implementation = _probe_repo_impl,
    doc = "Makes `probe.bzl` with `CLUSTER_TESTS`: what a test on a cluster must ask for to be skipped here; else empty.",
    local = True,
)

def _cluster_probe_impl(_mctx):
    _probe_repo(name = "windlass_probe")

cluster_probe = module_extension(
    implementation = _cluster_probe_impl,
    doc = "Makes @windlass_probe, which says whether tests on a cluster can run on this machine.",
)
