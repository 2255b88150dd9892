"""PinInfo: which images an environment runs."""

PinInfo = provider(
    doc = "The pinned images of one environment.",
    fields = {
        "attestations": "tuple[File]: what proves of images which commit they were built from; empty by default",
        "environment": "str: the environment's name",
        "lock": "File: the checked pins of this environment alone, in the form of a lock file: `{environment: {image key: {\"image\": \"...@sha256:...\"}}}`, or `{}`",
    },
)
