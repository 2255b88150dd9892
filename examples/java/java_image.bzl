"""The java_image macro: binary_image of a java_binary, started without its launcher."""

load("//rules:image.bzl", "binary_image")

def java_image(name, binary, main_class, layers = [], **kwargs):
    """An image of a java_binary, whose launcher is a shell script: the JVM is started instead, among the same runfiles.

    Args:
      name: the image's name.
      binary: the java_binary.
      main_class: its main class.
      layers: layers below the program, beside the JVM.
      **kwargs: all other attributes of binary_image.
    """
    folders = [native.package_name(), "examples/java", "examples/java/maven"]
    binary_image(
        name = name,
        binary = binary,
        entrypoint = [
            "/usr/lib/jvm/java/bin/java",
            # The file system is read-only.
            "-XX:-UsePerfData",
            "-XX:+UseSerialGC",
            "-cp",
            ":".join([folder + "/*" for folder in folders]),
            main_class,
        ],
        layers = ["//examples/java:jre"] + layers,
        **kwargs
    )
