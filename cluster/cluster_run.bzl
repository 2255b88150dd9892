"""Run targets that need a real cluster: each brings its own up, beside itself, and it ends with
the program. For benchmarks and the like; what can fail is a cluster_test.
"""

load(":launcher.bzl", "LAUNCHER_ATTRS", "launch")

def _cluster_run_impl(ctx):
    programs = [program[DefaultInfo].default_runfiles for program in [ctx.attr.command] + ctx.attr.tools]
    return launch(ctx, "with", ctx.executable.command, [ctx.runfiles(files = ctx.files.tools)] + programs)

cluster_run = rule(
    implementation = _cluster_run_impl,
    doc = "Runs a command beside a cluster of its own. The command's environment is that of cluster_test.",
    attrs = LAUNCHER_ATTRS | {
        "command": attr.label(
            cfg = "target",
            executable = True,
            mandatory = True,
            doc = "What to run; its exit code is that of the run.",
        ),
        "tools": attr.label_list(
            cfg = "exec",
            doc = "Programs that the command finds in its runfiles, built as run targets have them.",
        ),
    },
    executable = True,
)
