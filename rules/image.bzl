"""Container images: `rust_image` for services in Rust, `binary_image` for other programs, `image` and `image_layer` for
everything else, `image_pull` and `image_import` for what others made, `image_index` for several platforms, `image_push`
for who uses them elsewhere.

`ca_certificates_layer` and `passwd_layer` are what most programs need beside themselves, and
`image_test` says what an image must have.

```starlark
load("@windlass//rules:image.bzl", "rust_image")

rust_image(
    name = "image",
    srcs = glob(["src/**/*.rs"]),
    deps = ["//proto/routeguide/v1:routeguide_rust", "@crates//:tokio"],
)
```
"""

load("//rules/private:binary_image.bzl", _binary_image = "binary_image")
load("//rules/private:binary_layer.bzl", _binary_layer = "binary_layer")
load("//rules/private:ca_certificates_layer.bzl", _ca_certificates_layer = "ca_certificates_layer")
load("//rules/private:image.bzl", _image = "image")
load("//rules/private:image_import.bzl", _image_import = "image_import", _image_pull = "image_pull")
load("//rules/private:image_index.bzl", _image_index = "image_index")
load("//rules/private:image_layer.bzl", _image_layer = "image_layer")
load("//rules/private:image_push.bzl", _image_push = "image_push")
load("//rules/private:image_test.bzl", _image_test = "image_test")
load("//rules/private:passwd_layer.bzl", _passwd_layer = "passwd_layer")
load("//rules/private:rust_image.bzl", _rust_image = "rust_image")
load("//rules/private/providers:image_info.bzl", _ImageInfo = "ImageInfo")
load("//rules/private/providers:layer_info.bzl", _LayerInfo = "LayerInfo")

ImageInfo = _ImageInfo
LayerInfo = _LayerInfo
binary_image = _binary_image
binary_layer = _binary_layer
ca_certificates_layer = _ca_certificates_layer
image = _image
image_import = _image_import
image_index = _image_index
image_layer = _image_layer
image_pull = _image_pull
image_push = _image_push
image_test = _image_test
passwd_layer = _passwd_layer
rust_image = _rust_image
