"""The java_image macro: an image of a java_binary, started without its launcher."""

load("//rules:image.bzl", "binary_layer", "image")

# What the launcher would be: its runfiles are beside it.
_PATH = "/app/program"

def java_image(name, binary, main_class, layers = [], visibility = None, **kwargs):
    """An image of a java_binary, whose launcher is a shell script: the JVM is started instead, among the same runfiles.

    It is binary_image without the layer of other repositories, which is the JDK that compiled: the JVM is a layer of its own.

    Args:
      name: the image's name.
      binary: the java_binary.
      main_class: its main class.
      layers: layers below the program, beside the JVM.
      visibility: of the image.
      **kwargs: all other attributes of image.
    """
    parts = []
    for part in ["repository", "package"]:
        parts.append("%s.%s" % (name, part))
        binary_layer(
            name = parts[-1],
            binary = binary,
            part = part,
            path = _PATH,
            # `//...` reaches these through the image, for its platform.
            tags = ["manual"],
        )

    # A JVM looks into folders by itself.
    folders = [native.package_name(), "examples/java", "examples/java/maven"]
    image(
        name = name,
        entrypoint = [
            "/usr/lib/jvm/java/bin/java",
            # The file system is read-only.
            "-XX:-UsePerfData",
            "-XX:+UseSerialGC",
            "-cp",
            ":".join([folder + "/*" for folder in folders]),
            main_class,
        ],
        layers = ["//examples/java:jre"] + layers + parts,
        visibility = visibility,
        workdir = _PATH + ".runfiles/_main",
        **kwargs
    )
