"""ImageInfo: one container image, as the build knows it."""

ImageInfo = provider(
    doc = "One container image for one platform (OCI image specification 1.1).",
    fields = {
        "config": "File: the image's config, byte for byte as it is pushed",
        "descriptor": "File: JSON {\"mediaType\", \"digest\", \"size\"} of the manifest; what a reference is made of",
        "layers": "tuple[struct(blob = File, metadata = File)]: the layers, bottom first; metadata is JSON " +
                  "{\"mediaType\", \"digest\", \"size\", \"diffId\"}; empty for an image with no files",
        "manifest": "File: the image's manifest, byte for byte as it is pushed",
    },
)
