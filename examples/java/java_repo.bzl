"""A JDK of the machine that builds, and the jars that maven.bzl names: the repository @windlass_java."""

load("//examples:debian.bzl", "debian_packages", "installed", "shared_libraries")
load("//examples:machine.bzl", "link", "skip")
load(":maven.bzl", "JARS", "PLUGIN", "PLUGINS", "jar")

_BUILD = """\
# Made by //examples/java:java_repo.bzl.
package(default_visibility = ["//visibility:public"])

exports_files(glob(["jars/*.jar"]) + ["bin/protoc", "bin/protoc-gen-grpc-java"])

# As files of an image.
filegroup(
    name = "jre",
    srcs = glob(["image/**"]),
)
"""

# What the services use of the JDK.
_MODULES = ["java.base", "java.logging", "java.management", "java.naming", "java.sql", "jdk.unsupported"]

_IVY = """\
<ivy-module version="2.0" xmlns:m="http://ant.apache.org/ivy/maven">
  <info organisation="windlass" module="examples"/>
  <configurations><conf name="default"/></configurations>
  <dependencies>
{dependencies}
  </dependencies>
</ivy-module>
"""

_DEPENDENCY = """    <dependency org="%s" name="%s" rev="%s" conf="default->*" transitive="false">%s</dependency>"""

_PLUGIN = """<artifact name="protoc-gen-grpc-java" type="exe" ext="exe" m:classifier="%s"/>"""

# Maven Central is what ibiblio is in Ivy.
_IVY_SETTINGS = """\
<ivysettings>
  <settings defaultResolver="central"/>
  <resolvers><ibiblio name="central" m2compatible="true" usepoms="false"/></resolvers>
</ivysettings>
"""

def _sha256(rctx, file):
    return rctx.execute(["sha256sum", file]).stdout.partition(" ")[0]

def _fetch(rctx, java):
    """Puts the jars into `jars/` and the plugin into `bin/`; gives why that failed, or None."""
    said = debian_packages(rctx, ["ivy"])
    if said:
        return said
    classifier, hash = PLUGINS[rctx.os.arch]
    dependencies = [_DEPENDENCY % tuple(one.split(":") + [""]) for one in JARS]
    dependencies.append(_DEPENDENCY % tuple(PLUGIN.split(":") + [_PLUGIN % classifier]))
    rctx.file("ivy.xml", _IVY.format(dependencies = "\n".join(dependencies)))
    rctx.file("ivysettings.xml", _IVY_SETTINGS)
    rctx.report_progress("fetching jars")
    ivy = ["-jar", installed(rctx, "/usr/share/java/ivy.jar"), "-settings", "ivysettings.xml", "-ivy", "ivy.xml", "-warn"]
    result = rctx.execute([java, "-Duser.home=" + str(rctx.path("."))] + ivy + ["-retrieve", "jars/[artifact]-[revision].[ext]"], timeout = 1800)
    if result.return_code:
        return result.stdout + result.stderr
    for coordinates, want in JARS.items():
        got = _sha256(rctx, "jars/" + jar(coordinates))
        if got != want:
            fail("%s: SHA-256: got %s, want %s" % (coordinates, got, want))
    plugin = "jars/" + jar(PLUGIN).removesuffix(".jar") + ".exe"
    got = _sha256(rctx, plugin)
    if got != hash:
        fail("%s for %s: SHA-256: got %s, want %s" % (PLUGIN, classifier, got, hash))
    rctx.execute(["chmod", "+x", plugin])
    rctx.symlink(plugin, "bin/protoc-gen-grpc-java")
    rctx.delete(".ivy2")
    return None

def _jre(rctx, home):
    """Makes a JRE in `image/`; gives why that failed, or None."""
    rctx.report_progress("jlink")
    jlink = [home + "/bin/jlink", "--add-modules", ",".join(_MODULES), "--output", "image/usr/lib/jvm/java"]
    strip = ["--strip-java-debug-attributes", "--strip-native-debug-symbols=exclude-debuginfo-files"]
    result = rctx.execute(jlink + strip + ["--no-header-files", "--no-man-pages"], timeout = 600)
    if result.return_code:
        return result.stdout + result.stderr
    rctx.delete("image/usr/lib/jvm/java/legal")

    # They are set aside, not left out.
    rctx.execute(["find", "image", "-name", "*.debuginfo", "-delete"])
    lib = rctx.path("image/usr/lib/jvm/java/lib")
    libraries = [file for file in lib.readdir() + lib.get_child("server").readdir() if file.basename.endswith(".so")]
    shared_libraries(rctx, [rctx.path("image/usr/lib/jvm/java/bin/java")] + libraries)
    return None

def _impl(rctx):
    targets = ["jars/" + jar(coordinates) for coordinates in JARS] + ["bin/protoc", "bin/protoc-gen-grpc-java", "jre"]
    missing = link(rctx, ["java", "javac", "protoc", "apt-get"])
    if not missing and rctx.os.arch not in PLUGINS:
        missing = "there_is_no_grpc_plugin_for_this_processor"
    if missing:
        skip(rctx, targets, "examples in Java", missing)
        return
    java = rctx.path("bin/java").realpath
    said = _fetch(rctx, java) or _jre(rctx, str(java.dirname.dirname))
    if said:
        skip(rctx, targets, "examples in Java", "jars_cannot_be_fetched", said)
        return
    rctx.file("BUILD.bazel", _BUILD)

java_repo = repository_rule(
    implementation = _impl,
    doc = "Makes `jars/`, `jre` for an image, and `bin/` with protoc and its plugin.",
)
