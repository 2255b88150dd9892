#!/usr/bin/env python3
"""Adds an image of one layer of plain files to an OCI layout, without a container engine.

The same files give the same bytes. LAYOUT/images.json holds `{"<name>": <descriptor>}`: which
references the images get is decided where they are imported.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import re
import subprocess
import tarfile

KIND = "application/vnd.oci.image."


def libraries(path):
    """Every shared library that the program needs, by the paths where it looks for them."""
    found = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
    return re.findall(r"(/\S+) \(0x", found)


def applets(busybox):
    """The names that busybox answers to."""
    return subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()


def layer(files, links):
    """A tar of files (path -> source) and links (path -> target). Parents come first; times and owners are fixed."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        folders = {"tmp": 0o1777}
        for path in [*files, *links]:
            while path := os.path.dirname(path):
                folders.setdefault(path, 0o755)
        for name, mode in sorted(folders.items()):
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, mode
            tar.addfile(info)
        for target, source in sorted(files.items()):
            info = tarfile.TarInfo(target)
            info.size = os.path.getsize(source)
            info.mode = 0o755 if os.access(source, os.X_OK) else 0o644
            with open(source, "rb") as data:
                tar.addfile(info, data)
        for name, target in sorted(links.items()):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode = tarfile.SYMTYPE, target, 0o777
            tar.addfile(info)
    return raw.getvalue()


def digest(data):
    """The data's digest as OCI writes it."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob(layout, data, kind):
    """Stores the data and returns its descriptor."""
    folder = os.path.join(layout, "blobs", "sha256")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, digest(data)[7:]), "wb") as file:
        file.write(data)
    return {"mediaType": KIND + kind, "digest": digest(data), "size": len(data)}


def main():
    """Reads the command line and writes the image."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layout", help="folder of the OCI layout")
    parser.add_argument("name", help="key of the image in images.json")
    parser.add_argument("--entrypoint", nargs="+")
    parser.add_argument("--cmd", nargs="+")
    parser.add_argument("--user", default="")
    parser.add_argument("--file", action="append", required=True, metavar="SOURCE=TARGET")
    parser.add_argument("--libraries", action="store_true", help="take along what ldd names")
    parser.add_argument("--applets", action="store_true", help="the file is busybox: add a link for each of its names")
    args = parser.parse_args()

    files, links = {}, {}
    for pair in args.file:
        source, target = pair.split("=")
        files[target.lstrip("/")] = source
        if args.libraries:
            files.update({library.lstrip("/"): library for library in libraries(source)})
        if args.applets:
            folder = os.path.dirname(target).lstrip("/")
            links.update({f"{folder}/{name}": target for name in applets(source) if f"{folder}/{name}" != target.lstrip("/")})

    raw = layer(files, links)
    packed = gzip.compress(raw, compresslevel=1, mtime=0)
    runtime = {"Entrypoint": args.entrypoint, "Cmd": args.cmd, "User": args.user, "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}
    config = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()],
        "os": "linux",
        "config": {key: value for key, value in runtime.items() if value},
        "rootfs": {"type": "layers", "diff_ids": [digest(raw)]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": KIND + "manifest.v1+json",
        "config": blob(args.layout, json.dumps(config).encode(), "config.v1+json"),
        "layers": [blob(args.layout, packed, "layer.v1.tar+gzip")],
    }
    descriptor = blob(args.layout, json.dumps(manifest).encode(), "manifest.v1+json")

    path = os.path.join(args.layout, "images.json")
    images = {}
    if os.path.exists(path):
        with open(path) as file:
            images = json.load(file)
    images[args.name] = descriptor
    with open(path, "w") as file:
        json.dump(images, file, indent=1)
    with open(os.path.join(args.layout, "oci-layout"), "w") as file:
        file.write('{"imageLayoutVersion":"1.0.0"}')


if __name__ == "__main__":
    main()
