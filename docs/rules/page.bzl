"""A reference page of one .bzl file."""

load("@bazel_skylib//rules:write_file.bzl", "write_file")
load("@stardoc//stardoc:stardoc.bzl", "stardoc")

def page(name, src, title, guide, render_main_repo_name = True):
    """The page `<name>.made.md`.

    Args:
      name: the target's name.
      src: the .bzl file.
      title: the page's title.
      guide: the page of docs/ that says what all that is for.
      render_main_repo_name: whether people load the file from `@windlass`.
    """
    write_file(
        name = name + ".header",
        out = name + ".vm",
        content = [
            "# " + title,
            "",
            "What it is for: [%s](../%s). This page is what docstrings say, made by `bazel run //:update`." % (guide, guide),
            "",
            "${moduleDocstring}",
            "",
            "",
        ],
    )
    stardoc(
        name = name,
        out = name + ".made.md",
        header_template = name + ".vm",
        input = src,
        render_main_repo_name = render_main_repo_name,
        deps = ["//prod:bzl"],
    )
