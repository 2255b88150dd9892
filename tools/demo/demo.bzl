"""The demo rule: run targets in turn, then a log."""

load("//tools/lib/runfiles:runfiles.bzl", "runfile")

def _step(target, arguments):
    return struct(
        label = "//" + str(target.label).partition("//")[2],
        launcher = runfile(target[DefaultInfo].files_to_run.executable),
        arguments = arguments,
    )

def _demo_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = ctx.executable._demo,
        is_executable = True,
    )
    request = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(request, json.encode_indent(struct(
        version = 1,
        steps = [_step(target, []) for target in ctx.attr.steps],
        log = _step(ctx.attr.log, ctx.attr.log_args),
        until = ctx.attr.until,
        next = ctx.attr.next,
    )))
    runfiles = ctx.runfiles(files = [executable, request])
    for target in ctx.attr.steps + [ctx.attr.log, ctx.attr._demo]:
        runfiles = runfiles.merge(target[DefaultInfo].default_runfiles)
    return [DefaultInfo(
        executable = executable,
        files = depset([executable, request]),
        runfiles = runfiles,
    )]

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
