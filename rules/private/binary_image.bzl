"""The binary_image macro: any program with its runfiles, in an image."""

load(":binary_layer.bzl", "MAIN", "PARTS", "binary_layer")
load(":image.bzl", "image")

# Of all rules.
_SHARED = ["tags", "target_compatible_with", "testonly"]

def binary_image(
        name,
        binary,
        path = None,
        layers = [],
        compression = "gzip",
        entrypoint = [],
        env = {},
        workdir = None,
        visibility = None,
        **kwargs):
    """An image of a program in any language: it starts as it does under `bazel run`.

    The image holds the program with its runfiles, and an empty `/tmp` that everybody can write to.
    Of what else it needs, an interpreter or a libc, it has what `layers` give it.

    The runfiles are three layers, by how often they change: files of other repositories (`<name>.external`),
    of this repository (`<name>.repository`), and of the program's own package (`<name>.package`).

    Args:
      name: the image's name.
      binary: the program: a `py_binary`, `java_binary`, `go_binary`, ...
      path: where the program is in the image; `/app/<name of binary>` if not given.
      layers: layers to put below the program.
      compression: `gzip` or `zstd`, as in image_layer.
      entrypoint: what starts; the program if not given.
      env: environment variables; `RUNFILES_DIR` is set as well. `env` and `args` of the binary are
        those of `bazel run` alone.
      workdir: where it starts; among the runfiles, as under `bazel run`, if not given.
      visibility: of all targets.
      **kwargs: all other attributes of image: cmd, user, exposed_ports, platform, ...
    """
    path = path or "/app/" + native.package_relative_label(binary).name.split("/")[-1]
    shared = {key: kwargs[key] for key in _SHARED if key in kwargs}
    parts = []
    for part in PARTS:
        parts.append("%s.%s" % (name, part))
        binary_layer(
            name = parts[-1],
            binary = binary,
            compression = compression,
            part = part,
            path = path,
            visibility = visibility,
            # `//...` reaches these through the image, for its platform.
            **(shared | {"tags": shared.get("tags", []) + ["manual"]})
        )
    image(
        name = name,
        entrypoint = entrypoint or [path],
        env = {"RUNFILES_DIR": path + ".runfiles"} | env,
        layers = layers + parts,
        visibility = visibility,
        workdir = workdir or "%s.runfiles/%s" % (path, MAIN),
        **kwargs
    )
