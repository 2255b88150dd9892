"""RenderedInfo: JSON that a Jsonnet source was rendered to."""

RenderedInfo = provider(
    doc = "The outputs of one rendering.",
    fields = {
        "files": "dict[str, File]: name of an output, such as `service.json`, without `out_dir`, to its file",
    },
)
