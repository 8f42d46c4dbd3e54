# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Container images of the true one's shape, with the stand-in server where upstream has Ollama.

    python3 -m tests.standin.image --root root.tar --version 0.32.15 0.34.4 --out DIR

writes below DIR what containers.py serves as ``ollama/ollama``: the tags <version> and <version>-rocm. ``root.tar`` is
the file system of a distribution. As in the true image there is bash and no curl, wget or python: the interpreter that the
stand-in needs is hidden below /usr/lib/standin. The same call writes the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import platform
import sys
import tarfile
from pathlib import Path

from . import layout
from .pack import FAULTS, MOMENT, PACKAGE, SHEBANG, executable

REPOSITORY = "ollama/ollama"
PYTHON = "usr/lib/standin/python"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}
CREATED = "2026-01-01T00:00:00Z"
PATH = "/usr/local/nvidia/bin:/usr/local/cuda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RUNS = {
    "Entrypoint": ["/bin/ollama"],
    "Cmd": ["serve"],
    "ExposedPorts": {"11434/tcp": {}},
    "Env": ["PATH=" + PATH, "LD_LIBRARY_PATH=/usr/local/nvidia/lib:/usr/local/nvidia/lib64",
            "NVIDIA_DRIVER_CAPABILITIES=compute,utility", "NVIDIA_VISIBLE_DEVICES=all", "OLLAMA_HOST=0.0.0.0:11434"],
}


class Images:
    """The directory of one image registry: blobs by digest, tags that name an index."""

    def __init__(self, root):
        self.root = Path(root)

    def blob(self, digest):
        """Path of what has the digest ``sha256:<hex>``; it need not exist."""
        return self.root / "blobs" / digest.replace(":", "-")

    def tag(self, repository, name):
        """Path of the file that holds a tag's digest; it need not exist."""
        return self.root / "tags" / repository / name

    def add(self, media, content, **more):
        """Store a blob; return its descriptor."""
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        path = self.blob(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return {"mediaType": media, "digest": digest, "size": len(content), **more}

    def publish(self, repository, name, arch, layers):
        """Offer layers, each a (descriptor, digest of the unpacked tar), as an image; return the index's digest."""
        config = {"architecture": arch, "os": "linux", "created": CREATED, "config": RUNS,
                  "rootfs": {"type": "layers", "diff_ids": [unpacked for _descriptor, unpacked in layers]},
                  "history": [{"created": CREATED, "created_by": "stand-in"} for _layer in layers]}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": self.add(CONFIG_TYPE, _json(config)),
                    "layers": [descriptor for descriptor, _unpacked in layers]}
        described = self.add(MANIFEST_TYPE, _json(manifest), platform={"architecture": arch, "os": "linux"})
        index = self.add(INDEX_TYPE, _json({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [described]}))
        path = self.tag(repository, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(index["digest"], encoding="ascii")
        return index["digest"]

    def layer(self, members):
        """Store a layer made of layout's members; return (descriptor, digest of the unpacked tar)."""
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for header, content in members:
                archive.addfile(header, io.BytesIO(content))
        unpacked = "sha256:" + hashlib.sha256(tar.getvalue()).hexdigest()
        return self.add(LAYER_TYPE, gzip.compress(tar.getvalue(), 1, mtime=MOMENT)), unpacked


def pack(version, images, base, fault=None, package=PACKAGE):
    """Offer both images of one version, on the layer ``base``; return {tag: digest of its index}."""
    arch = ARCHES[platform.machine()]
    program = executable(version, fault, package)
    program = b"#!/%s -IsS\n" % PYTHON.encode("ascii") + program[len(SHEBANG):]
    archives = layout.archives(version, arch, program)
    contents = {version: archives[""]}
    if "-rocm" in archives:
        contents[version + "-rocm"] = [member for member in archives[""] if "cuda" not in member.name] + archives["-rocm"]
    return {tag: images.publish(REPOSITORY, tag, arch, [base, images.layer(_release(members))])
            for tag, members in contents.items()}


def distribution(path):
    """Yield the members of the distribution's tar, the interpreter under its hidden name."""
    with tarfile.open(str(path)) as root:
        for member in root:
            if member.name.startswith("usr/bin/python"):
                if not member.isreg():
                    continue
                member.name = PYTHON
            yield member, root.extractfile(member).read() if member.isreg() else b""


def _release(members):
    """Yield a release archive's members below /usr, where the image has them."""
    for member in members:
        header = tarfile.TarInfo("usr/" + member.name)
        header.mtime, header.mode, header.type = MOMENT, member.mode, member.type
        header.linkname, header.size = member.target, len(member.content)
        yield header, member.content


def _json(content):
    return json.dumps(content, separators=(",", ":")).encode("ascii")


def main():
    parser = argparse.ArgumentParser(prog="python3 -m tests.standin.image", description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, metavar="TAR", help="a distribution's file system with bash and Python")
    parser.add_argument("--version", nargs="+", required=True, help="versions, X.Y.Z")
    parser.add_argument("--out", required=True, metavar="DIR", help="directory of all images")
    parser.add_argument("--fault", choices=FAULTS, help="make bad images")
    options = parser.parse_args()
    if platform.machine() not in ARCHES:
        sys.exit("image: upstream has no image for %s" % platform.machine())
    images = Images(options.out)
    base = images.layer(distribution(options.root))
    for version in options.version:
        for tag, digest in pack(version, images, base, options.fault).items():
            print("%s  %s:%s" % (digest, REPOSITORY, tag))


if __name__ == "__main__":
    main()
