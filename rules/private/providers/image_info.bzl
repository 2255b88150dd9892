"""ImageInfo: one container image, as the build knows it."""

ImageInfo = provider(
    doc = "One container image (OCI image specification 1.1), be it made here, taken from elsewhere, or an index " +
          "of images for several platforms.",
    fields = {
        "config": "File: the image's config, byte for byte as it is pushed; None for an index",
        "descriptor": "File: JSON {\"mediaType\", \"digest\", \"size\"} of the manifest; what a reference is made of",
        "layers": "tuple[struct(blob = File, metadata = File)]: the layers that were made here; metadata is JSON " +
                  "{\"mediaType\", \"digest\", \"size\", \"diffId\"}",
        "layout": "File: an OCI layout directory that has further layers; None if there are none",
        "manifest": "File: the manifest or the index, byte for byte as it is pushed",
        "manifests": "tuple[ImageInfo]: the images that an index names; () for an image for one platform",
        "source": "File: JSON {\"repository\", \"insecure\"} of the repository that has all other layers; None if " +
                  "there are none",
    },
)
