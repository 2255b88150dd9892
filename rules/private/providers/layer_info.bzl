"""LayerInfo: one layer of an image."""

LayerInfo = provider(
    doc = "One layer of an image, and all there is to know of it without reading it.",
    fields = {
        "blob": "File: the compressed archive, byte for byte as it is pushed",
        "metadata": "File: JSON {\"mediaType\", \"digest\", \"size\", \"diffId\"} of the blob",
    },
)
