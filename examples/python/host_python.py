"""Copies the Python that runs this to a folder, as it has to lie in an image; prints the paths.

Of shared libraries, those that `ldd` finds for the interpreter and for its modules.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig

# What no service imports.
UNUSED = {"__pycache__", "ensurepip", "idlelib", "pydoc_data", "test", "tkinter", "turtledemo", "venv"}


def files(folder):
    """All files of the standard library."""
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in UNUSED and not name.startswith("config-")]
        yield from (pathlib.Path(here, name) for name in names)


def libraries(program):
    """The shared libraries of a program, its loader among them."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return map(pathlib.Path, re.findall(r"(?:=> |^\s)(/\S+) \(0x", listed.stdout, re.M))


def main():
    out = pathlib.Path(sys.argv[1])
    stdlib = sysconfig.get_path("stdlib")
    interpreter = pathlib.Path(sys.executable)
    # Where a file goes -> where it is. /lib may be a link to /usr/lib, so folders are resolved.
    found = {interpreter: interpreter.resolve()}
    found |= {path: path for path in files(stdlib) if path.exists()}
    for program in [interpreter, *pathlib.Path(stdlib, "lib-dynload").glob("*.so")]:
        for library in libraries(program):
            found[library.parent.resolve() / library.name] = library
    for place, source in sorted(found.items()):
        copy = out / place.relative_to("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        print(place.relative_to("/"))


main()
