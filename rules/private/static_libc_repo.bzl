"""Whether this machine's C compiler links programs that need no shared library, as a Starlark constant."""

_BZL = '''\
"""Whether tools can be linked to the C library as an archive."""

STATIC_LIBC = %s
'''

def _links(rctx):
    if "linux" not in rctx.os.name.lower():
        return False
    forced = rctx.getenv("WINDLASS_STATIC_LIBC", "")
    if forced:
        return forced == "1"
    compiler = rctx.which(rctx.getenv("CC", "") or "cc") or rctx.which("gcc")
    if not compiler:
        return False
    rctx.file("main.c", "int main(void) { return 0; }\n")
    return rctx.execute([compiler, "-static", "main.c", "-o", "main"]).return_code == 0

def _static_libc_repo_impl(rctx):
    rctx.file("static_libc.bzl", _BZL % _links(rctx))
    rctx.file("BUILD.bazel", 'exports_files(["static_libc.bzl"])\n')

static_libc_repo = repository_rule(
    implementation = _static_libc_repo_impl,
    doc = """Makes `static_libc.bzl` with `STATIC_LIBC`: whether the C compiler of this machine links a program with `-static`.

Debian's does; elsewhere glibc's archive is often a package of its own. Who registers a C++ toolchain that does it
other than this machine's compiler says so: `--repo_env=WINDLASS_STATIC_LIBC=0` or `=1`.""",
)
