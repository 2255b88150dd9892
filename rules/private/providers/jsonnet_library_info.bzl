"""JsonnetLibraryInfo: what a Jsonnet source may import."""

JsonnetLibraryInfo = provider(
    doc = "Files that can be imported, and how imports find them.",
    fields = {
        "direct": "tuple[File]: the files of the target itself, data included; empty where it only hands on its deps",
        "names": "depset[struct(name, file)]: import names that hold everywhere; empty without an `import_prefix`",
        "search": "depset[str]: folders to look up imports in, as short paths: `.` is this repository's " +
                  "root, `../other~` that of another",
        "sources": "depset[File]: the files themselves, data included; never anything that is not declared",
    },
)
