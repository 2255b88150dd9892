"""The demo rule: run targets in turn, then a log."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load("//tools/lib/runfiles:runfiles.bzl", "runfile")

def _step(target, arguments):
    return struct(
        label = "//" + str(target.label).partition("//")[2],
        launcher = runfile(target[DefaultInfo].files_to_run.executable),
        arguments = arguments,
    )

def _demo_impl(ctx):
    request = declare_request(ctx, struct(
        version = 1,
        steps = [_step(target, []) for target in ctx.attr.steps],
        log = _step(ctx.attr.log, ctx.attr.log_args),
        until = ctx.attr.until,
        next = ctx.attr.next,
    ))
    targets = ctx.attr.steps + [ctx.attr.log]
    runfiles = ctx.runfiles().merge_all([target[DefaultInfo].default_runfiles for target in targets])
    return launcher(ctx, ctx.attr._demo, request, runfiles)

demo = rule(
    implementation = _demo_impl,
    doc = "Runs run targets in turn, then one that follows a log until it says what it should.",
    attrs = {
        "log": attr.label(cfg = "target", doc = "A run target that prints a log.", executable = True, mandatory = True),
        "log_args": attr.string_list(doc = "Its arguments."),
        "next": attr.string_list(doc = "Lines to print in the end."),
        "steps": attr.label_list(cfg = "target", doc = "Run targets, in order.", mandatory = True),
        "until": attr.string_list(doc = "Words that lines of the log must hold before the demo ends.", mandatory = True),
        "_demo": attr.label(cfg = "exec", default = "//tools/demo", executable = True),
    },
    executable = True,
)
