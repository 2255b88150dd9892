"""The module extension of windlass: repositories that depend on the machine or on who builds."""

load("//rules/private:go_jsonnet_repo.bzl", "go_jsonnet_repo")
load("//rules/private:static_libc_repo.bzl", "static_libc_repo")
load("//rules/private:user_repo.bzl", "user_repo")

def _windlass_impl(_mctx):
    go_jsonnet_repo(name = "windlass_go_jsonnet")
    static_libc_repo(name = "windlass_static_libc")
    user_repo(name = "windlass_user")

windlass = module_extension(
    implementation = _windlass_impl,
    doc = """Makes @windlass_user, which holds $USER, @windlass_go_jsonnet, which holds programs of go-jsonnet, and
@windlass_static_libc, which says how the C compiler links.""",
)
