"""The rust_image macro: rust_binary, in an image."""

load("@rules_rust//rust:defs.bzl", "rust_binary")
load(":image.bzl", "image")
load(":image_layer.bzl", "image_layer")

# The image has nothing but the program, so the program needs nothing: no loader, no libc.
# The linker says of glibc that look-ups of names want its shared libraries; since 2.34 they do not.
_STATIC = ["-Ctarget-feature=+crt-static", "-Alinker_messages"]

# The standard library and libc come with more debug information than a service has code. A panic
# still names file and line, and a backtrace its functions.
_STRIPPED = ["-Cstrip=debuginfo"]

def rust_image(
        name,
        crate_name = None,
        rustc_flags = [],
        base = None,
        layers = [],
        cmd = [],
        image_env = {},
        user = "65532:65532",
        exposed_ports = [],
        platform = None,
        visibility = None,
        **kwargs):
    """An image of a Rust program: written like a rust_binary.

    The image holds the program, statically linked, as `/<crate name>`, which is its entrypoint, and
    an empty `/tmp` that everybody can write to. Makes `<name>`, `<name>.binary` (the rust_binary)
    and `<name>.layer`; where more is to be said about the image, write `image` with these layers.

    Args:
      name: the image's name.
      crate_name: the name of crate and program; that of the package's folder if not given.
      rustc_flags: as in rust_binary.
      base: the image to build on; nothing if not given, which is enough for the program.
      layers: image_layers to put below the program.
      cmd: arguments that a container may replace.
      image_env: environment variables of the image; `env` is that of `bazel run`, as in rust_binary.
      user: who the program runs as, `<uid>:<gid>`.
      exposed_ports: ports that the program listens on.
      platform: the platform to build for; that of the cluster's nodes if not given.
      visibility: of all targets.
      **kwargs: all other attributes of rust_binary: srcs, deps, proc_macro_deps, compile_data, ...
        `data` is not in the image: give it an image_layer.
    """
    program = crate_name or (native.package_name().split("/")[-1] or name).replace("-", "_")
    shared = {key: kwargs[key] for key in ["testonly", "target_compatible_with"] if key in kwargs}
    tags = kwargs.pop("tags", [])

    # `//...` reaches these through the image, for its platform: it need not build them for this
    # machine as well.
    parts_tags = tags + ["manual"]
    rust_binary(
        name = name + ".binary",
        crate_name = program,
        rustc_flags = _STATIC + _STRIPPED + rustc_flags,
        tags = parts_tags,
        visibility = visibility,
        **kwargs
    )
    image_layer(
        name = name + ".layer",
        dirs = {"/tmp": "1777"},
        files = {":%s.binary" % name: "/" + program},
        mode = "0755",
        tags = parts_tags,
        visibility = visibility,
        **shared
    )
    image(
        name = name,
        base = base,
        cmd = cmd,
        entrypoint = ["/" + program],
        env = image_env,
        exposed_ports = exposed_ports,
        layers = layers + [":%s.layer" % name],
        platform = platform,
        tags = tags,
        user = user,
        visibility = visibility,
        **shared
    )
