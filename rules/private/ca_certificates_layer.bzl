"""The ca_certificates_layer rule: whom programs in an image trust."""

load("//rules/private/providers:layer_info.bzl", "LayerInfo")
load(":layer_action.bzl", "LAYER_ATTRS", "write_layer")

# The first place that Go, rustls-native-certs, and OpenSSL of Debian look at.
_PATH = "/etc/ssl/certs/ca-certificates.crt"

def _impl(ctx):
    bundle = ctx.actions.declare_file(ctx.label.name + ".crt")
    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("certificates")
    args.add_all(ctx.files.srcs)
    args.add("--out", bundle)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = ctx.files.srcs,
        mnemonic = "ImageCertificates",
        outputs = [bundle],
        progress_message = "Collecting certificates %{label}",
    )
    return write_layer(ctx, files = [(_PATH, "0644", bundle)])

ca_certificates_layer = rule(
    implementation = _impl,
    doc = """A layer with the certificates that programs trust: `/etc/ssl/certs/ca-certificates.crt`.

Whom to trust is the user's decision, so there is no default: the bundle of the machine that builds
would be another on each machine, and one of ours would be as old as our release. Pin one in
MODULE.bazel; its publisher names each version by a date:

```starlark
http_file(
    name = "mozilla_authorities",
    sha256 = "...",
    url = "https://curl.se/ca/cacert-<date>.pem",
)
```
```starlark
ca_certificates_layer(
    name = "certificates",
    srcs = ["@mozilla_authorities//file", "our_authority.crt"],
)
```

Each file must be certificates as PEM, and nothing else: a private key is refused. The layer has the
certificates alone, in the order of the files, each once, and no comments.
""",
    attrs = LAYER_ATTRS | {
        "srcs": attr.label_list(
            allow_empty = False,
            allow_files = True,
            doc = "Files of certificates: bundles, or single ones.",
            mandatory = True,
        ),
    },
    provides = [LayerInfo],
)
