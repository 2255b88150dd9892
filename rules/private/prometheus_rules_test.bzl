"""prometheus_rules_test: rules of Prometheus, tested by promtool."""

load("@bazel_skylib//rules:copy_file.bzl", "copy_file")
load(":jsonnet_to_json.bzl", "jsonnet_to_json")

def _rules_test_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = ctx.executable._promtool, is_executable = True)
    return [DefaultInfo(executable = executable, runfiles = ctx.runfiles(files = ctx.files.data))]

_rules_test = rule(
    implementation = _rules_test_impl,
    doc = "promtool; the attribute `args` says what it does.",
    attrs = {
        "data": attr.label_list(
            allow_files = True,
            doc = "What promtool reads.",
        ),
        "_promtool": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "@windlass_promtool//:promtool",
            executable = True,
        ),
    },
    test = True,
)

def prometheus_rules_test(name, rules, src, size = "small", **kwargs):
    """A test that rules of Prometheus do what they are for: `promtool test rules`, with the rules as they are applied.

    Skipped where Go cannot build promtool. Makes `<name>`, and in the folder `<name>.files` what promtool reads.

    Args:
      name: the test's name.
      rules: the PrometheusRule, as rendered: "prod.monitoring/rules.json".
      src: the tests, in YAML, as promtool has them (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/),
        with `rule_files: [rules.json]`, which is what the rules are called here.
      size: of the test.
      **kwargs: what all tests have (tags, timeout, ...).
    """
    folder = name + ".files"
    tags = kwargs.get("tags", [])
    jsonnet_to_json(
        name = folder + ".rules",
        testonly = True,
        src = Label("//rules/private:rules_test.jsonnet"),
        out_dir = folder,
        outs = ["rules.json"],
        tla_code_files = {rules: "rules"},
        tags = tags,
    )

    # As it is: YAML of promtool is not always that of others, such as `0x10` for ten zeros.
    copy_file(
        name = folder + ".tests",
        testonly = True,
        src = src,
        out = folder + "/tests.yaml",
        tags = tags,
    )
    _rules_test(
        name = name,
        size = size,
        args = ["test", "rules", "$(rootpath %s/tests.yaml)" % folder],
        data = [
            folder + "/rules.json",
            folder + "/tests.yaml",
        ],
        **kwargs
    )
