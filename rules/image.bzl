"""Container images: `rust_image` for services, `image` and `image_layer` for everything else.

```starlark
load("//rules:image.bzl", "rust_image")

rust_image(
    name = "image",
    srcs = glob(["src/**/*.rs"]),
    deps = ["//proto/routeguide/v1:routeguide_rust", "@crates//:tokio"],
)
```
"""

load("//rules/private:image.bzl", _image = "image")
load("//rules/private:image_layer.bzl", _image_layer = "image_layer")
load("//rules/private:rust_image.bzl", _rust_image = "rust_image")
load("//rules/private/providers:image_info.bzl", _ImageInfo = "ImageInfo")
load("//rules/private/providers:layer_info.bzl", _LayerInfo = "LayerInfo")

ImageInfo = _ImageInfo
LayerInfo = _LayerInfo
image = _image
image_layer = _image_layer
rust_image = _rust_image
