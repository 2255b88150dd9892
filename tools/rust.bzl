"""How the Rust crates of this repository are built: one call, the same targets for each."""

load("@rules_rust//rust:defs.bzl", "rust_binary", "rust_clippy", "rust_library", "rust_test", "rustfmt_test")
load("@windlass_crates//:defs.bzl", "all_crate_deps")
load("@windlass_static_libc//:static_libc.bzl", "STATIC_LIBC")
load("//rules:image.bzl", "rust_image")

# Tools run for milliseconds. One at an address of its own choice, with no library to look for, has nothing to
# relocate when it starts, which is half of the start of the largest. Go programs, the peers among them, are linked so
# too. How a panic is unwound is found in the program's headers; gcc's start of a static program would read all that is
# said of that in the program, each time.
_STATIC = [
    "-Ctarget-feature=+crt-static",
    "-Clink-arg=-Wl,--defsym=__register_frame_info=0,--defsym=__deregister_frame_info=0",
    # Look-ups of names need no shared libraries of glibc since 2.34, whatever the linker says.
    "-Alinker_messages",
] if STATIC_LIBC else []

_STARTS_FAST = select({
    "@platforms//os:linux": ["-Crelocation-model=static"] + _STATIC,
    "//conditions:default": [],
})

def rust_lib(name, crate_name = None, srcs = None, deps = [], compile_data = [], test_data = [], test_deps = [], test_size = "small", **kwargs):
    """A library crate with its unit tests, clippy and rustfmt.

    Makes `<name>`, `<name>_test`, `<name>_clippy` and `<name>_format_test`.

    Args:
      name: the library's name.
      crate_name: its crate's name, `windlass_<name>` if not given.
      srcs: its sources, all of `src/` but `main.rs` if not given.
      deps: crates of this repository; those of Cargo.toml are added.
      compile_data: files that `include_str!` reads.
      test_data: files that the unit tests read.
      test_deps: crates of this repository that only the unit tests use.
      test_size: how much time the unit tests take.
      **kwargs: more attributes of rust_library.
    """
    rust_library(
        name = name,
        srcs = srcs or native.glob(["src/**/*.rs"], exclude = ["src/main.rs"]),
        crate_name = crate_name or "windlass_" + name,
        compile_data = compile_data,
        edition = "2024",
        proc_macro_deps = all_crate_deps(proc_macro = True),
        visibility = ["//visibility:public"],
        deps = all_crate_deps(normal = True) + deps,
        **kwargs
    )
    rust_test(
        name = name + "_test",
        size = test_size,
        crate = ":" + name,
        data = test_data,
        edition = "2024",
        proc_macro_deps = all_crate_deps(proc_macro_dev = True),
        deps = all_crate_deps(normal_dev = True) + test_deps,
    )
    rust_clippy(
        name = name + "_clippy",
        testonly = True,
        deps = [":" + name, ":" + name + "_test"],
    )
    rustfmt_test(
        name = name + "_format_test",
        targets = [":" + name],
    )

def rust_tool(name, crate_name = None, deps = [], compile_data = [], rustc_flags = [], test_data = [], test_deps = [], test_size = "small", testonly = False, **kwargs):
    """A tool: the library of all its code, and a binary of `main.rs` alone.

    Makes what `rust_lib` makes for `lib` (crate `windlass_<name>`), and the binary `<name>`.

    Args:
      name: the binary's name.
      crate_name: the library's crate name, `windlass_<name>` if not given.
      deps: crates of this repository; those of Cargo.toml are added.
      compile_data: files that `include_str!` reads.
      rustc_flags: flags for library and binary; the unit tests are built without.
      test_data: files that the unit tests read.
      test_deps: crates of this repository that only the unit tests use.
      test_size: how much time the unit tests take.
      testonly: whether only tests may run it.
      **kwargs: more attributes of rust_binary.
    """
    rust_lib(
        name = "lib",
        compile_data = compile_data,
        crate_name = crate_name or "windlass_" + name,
        rustc_flags = rustc_flags,
        deps = deps,
        test_data = test_data,
        test_deps = test_deps,
        test_size = test_size,
        testonly = testonly,
    )
    rust_binary(
        name = name,
        srcs = ["src/main.rs"],
        edition = "2024",
        # C++'s library, which no tool links, and the linker takes as a shared one.
        features = ["-default_link_libs"] if STATIC_LIBC else [],
        rustc_flags = _STARTS_FAST + rustc_flags,
        testonly = testonly,
        visibility = ["//visibility:public"],
        deps = all_crate_deps(normal = True) + deps + [":lib"],
        **kwargs
    )
    rust_clippy(
        name = "main_clippy",
        testonly = testonly,
        deps = [":" + name],
    )
    rustfmt_test(
        name = "main_format_test",
        targets = [":" + name],
    )

def rust_service(name, crate_name, deps = [], compile_data = [], **kwargs):
    """The program of a service: the library of all its code, and an image of `main.rs` alone.

    Makes what `rust_lib` makes for `lib`, and what `rust_image` makes for `name`.

    Args:
      name: the image's name.
      crate_name: the name of library and program.
      deps: crates of this repository; those of Cargo.toml are added.
      compile_data: files that `include_str!` reads.
      **kwargs: more attributes of rust_image.
    """
    deps = deps + ["//tools/lib/report"]
    rust_lib(
        name = "lib",
        compile_data = compile_data,
        crate_name = crate_name,
        deps = deps,
    )
    rust_image(
        name = name,
        srcs = ["src/main.rs"],
        crate_name = crate_name,
        edition = "2024",
        visibility = ["//visibility:public"],
        deps = all_crate_deps(normal = True) + deps + [":lib"],
        **kwargs
    )
