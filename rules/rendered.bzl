"""Rendered manifests: what a change does to them, goldens of them, and a page of them. See docs/rendered.md and docs/eyes.md.

```starlark
# BUILD.bazel
load("@windlass//rules:rendered.bzl", "deployments_page", "rendered_diff")

deployments_page(name = "page")

rendered_diff(name = "rendered")

# services/client/BUILD.bazel
load("@windlass//rules:rendered.bzl", "environments_diff_test", "manifest_diff_test")

manifest_diff_test(
    name = "manifests_test",
    goldens = {"golden/prod.json": ":prod-shallow"},
)

environments_diff_test(
    name = "environments_test",
    mapped = ["Deployment client: spec.replicas"],
    targets = [":prod-shallow", ":staging-shallow"],
)
```
"""

load("//rules/private:deployments_page.bzl", _deployments_page = "deployments_page")
load("//rules/private:environments_diff_test.bzl", _environments_diff_test = "environments_diff_test")
load("//rules/private:manifest_diff_test.bzl", _manifest_diff_test = "manifest_diff_test")
load("//rules/private:rendered_diff.bzl", _rendered_diff = "rendered_diff")

deployments_page = _deployments_page
environments_diff_test = _environments_diff_test
manifest_diff_test = _manifest_diff_test
rendered_diff = _rendered_diff
