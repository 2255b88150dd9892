"""Transitions to what the nodes of a cluster are: an image fits them, whoever builds it."""

load("@platforms//host:constraints.bzl", "HOST_CONSTRAINTS")

_IMAGE_PLATFORM = str(Label("//rules:image_platform"))
_NODE_PLATFORM = str(Label("//rules:node_platform"))
_PLATFORMS = "//command_line_option:platforms"

# What is known of platforms without analysing them.
_CONSTRAINTS = {
    Label("//rules/platforms:linux_amd64"): ["@platforms//cpu:x86_64", "@platforms//os:linux"],
    Label("//rules/platforms:linux_arm64"): ["@platforms//cpu:aarch64", "@platforms//os:linux"],
}

# Bazel's own names for the machine it runs on.
_HOST_NAMES = ["//host:host", "//tools:host_platform"]

def is_host(platform, host_constraints = HOST_CONSTRAINTS):
    """Whether a platform is known to be the machine that Bazel runs on.

    Args:
      platform: the platform's Label.
      host_constraints: labels, as texts, of what the machine is.

    Returns:
      A bool.
    """
    return sorted(_CONSTRAINTS.get(platform, [])) == sorted(host_constraints)

def is_default(platforms):
    """Whether `--platforms` has the value that Bazel gives it.

    Args:
      platforms: the option's value, a list of Labels.

    Returns:
      A bool.
    """
    if not platforms:
        return True
    text = str(platforms[0])
    return len(platforms) == 1 and any([text.endswith(name) for name in _HOST_NAMES])

def _impl(settings, attr):
    # An index builds an image for each of its platforms, also one that names a platform itself.
    asked = settings[_IMAGE_PLATFORM]
    wanted = Label(asked) if asked else attr.platform or settings[_NODE_PLATFORM]
    platforms = settings[_PLATFORMS]

    # The same machine under another name would be another configuration, and everything would be
    # compiled twice: once for tests, once for images.
    if not (is_host(wanted) and is_default(platforms)):
        platforms = [wanted]

    # Not the flag as well: tools would inherit it, and be compiled once more.
    return {_IMAGE_PLATFORM: "", _PLATFORMS: platforms}

platform_transition = transition(
    implementation = _impl,
    inputs = [_IMAGE_PLATFORM, _NODE_PLATFORM, _PLATFORMS],
    outputs = [_IMAGE_PLATFORM, _PLATFORMS],
)

def _base_impl(settings, _attr):
    platforms = settings[_PLATFORMS]
    return {_IMAGE_PLATFORM: str(platforms[0]) if platforms else ""}

# To the image that an image is built on: one for the same platform.
base_transition = transition(
    implementation = _base_impl,
    inputs = [_PLATFORMS],
    outputs = [_IMAGE_PLATFORM],
)

def _index_impl(_settings, attr):
    return {
        str(number): {_IMAGE_PLATFORM: str(platform)}
        for number, platform in enumerate(attr.platforms)
    }

# To the image of an index, once for each platform.
index_transition = transition(
    implementation = _index_impl,
    inputs = [],
    outputs = [_IMAGE_PLATFORM],
)
