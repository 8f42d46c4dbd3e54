# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Release archives of the true layout, with the stand-in server where upstream has Ollama.

    python3 -m tests.standin.pack --version 0.32.15 0.34.4 --out DIR

writes DIR/v<version>/ollama-linux-<arch>.tar.zst (.tgz below 0.14.0), the overlays that upstream has for that version,
and DIR/v<version>/sha256sum.txt. The same call writes the same bytes. Needs the program zstd.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from . import layout

PACKAGE = Path(__file__).resolve().parent / "ollama"
SHEBANG = b"#!/usr/bin/python3 -IsS\n"
DIE = """import os
import signal


def die(number, _frame):
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(2)


# As every Go program from its first moment, also where the kernel does not let a signal end it: as a container's first process.
signal.signal(signal.SIGTERM, die)
"""
START = """import runpy
import sys

# The link it was started through may soon lead to another release; what is read later is read from this file.
sys.path[0] = os.path.realpath(sys.path[0])
runpy.run_module("standin", run_name="__main__", alter_sys=True)
"""
BAD_START = """import sys

if sys.argv[1:] == ["serve"]:
    %s
"""
MOMENT = 1767225600  # every member's time: 2026-01-01, so that equal contents are equal bytes
FAULTS = {
    "exit": "the server ends at once with status 1",
    "hang": "the server never opens its port",
    "wrong-version": "the server says it is 0.0.1",
    "no-tokens": "the server starts, and generates nothing",
}


class PackError(Exception):
    """Told in one line."""


def pack(version, out, arches=layout.ARCHES, fault=None, padding_mb=0, package=PACKAGE):
    """Write the archives of one version below ``out``; return {asset: sha256} of all that now lie beside them."""
    folder = Path(out) / ("v" + version)
    folder.mkdir(parents=True, exist_ok=True)
    program = executable(version, fault, package)
    for arch in arches:
        for suffix, members in layout.archives(version, arch, program, padding_mb << 20).items():
            _write_archive(folder / layout.asset(version, arch, suffix), members)
    return _write_checksums(folder)


def executable(version, fault=None, package=PACKAGE):
    """Return bin/ollama: one file that the system's Python runs, holding the server, its version and its fault."""
    faults = {"no_tokens": True} if fault == "no-tokens" else {}
    contents = {
        "__main__.py": _start(fault).encode("ascii"),
        "standin/VERSION": b"0.0.1" if fault == "wrong-version" else version.encode("ascii"),
        "standin/faults.json": json.dumps(faults).encode("ascii"),
    }
    for path in package.rglob("*.py"):
        contents["standin/" + path.relative_to(package).as_posix()] = path.read_bytes()
    file = io.BytesIO()
    file.write(SHEBANG)
    with zipfile.ZipFile(file, "a") as archive:
        for name in sorted(contents):
            # A ZipInfo's own time is 1980; stored, because the archive around it compresses better.
            archive.writestr(zipfile.ZipInfo(name), contents[name])
    return file.getvalue()


def _start(fault):
    if fault == "exit":
        return DIE + BAD_START % 'sys.exit("Error: this release was made to fail")' + START
    if fault == "hang":
        return DIE + BAD_START % "signal.pause()" + START
    return DIE + START


def _write_archive(path, members):
    staging = path.with_name(".new-" + path.name)
    with _compressed(staging) as stream, tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        for member in members:
            archive.addfile(_header(member), io.BytesIO(member.content))
    os.replace(str(staging), str(path))


def _header(member):
    header = tarfile.TarInfo(member.name)
    header.uname = header.gname = "root"
    header.mtime = MOMENT
    header.mode = member.mode
    header.type = member.type
    header.linkname = member.target
    header.size = len(member.content)
    return header


@contextlib.contextmanager
def _compressed(path):
    """Open ``path`` for writing through gzip or zstd, whichever its name asks for."""
    if path.name.endswith(".tgz"):
        with open(str(path), "wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=MOMENT) as stream:
            yield stream
        return
    if not shutil.which("zstd"):
        raise PackError("the program zstd is missing: install the package zstd")
    command = ["zstd", "--quiet", "--force", "-3", "-", "-o", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as zstd:
        yield zstd.stdin
    if zstd.returncode:
        raise PackError("zstd could not write %s (exit status %d)" % (path, zstd.returncode))


def _write_checksums(folder):
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("ollama-linux-*"))}
    lines = "".join("%s  ./%s\n" % (digest, name) for name, digest in sums.items())
    (folder / "sha256sum.txt").write_text(lines, encoding="ascii")
    return sums


def main():
    parser = argparse.ArgumentParser(prog="python3 -m tests.standin.pack", description=__doc__.splitlines()[0])
    parser.add_argument("--version", nargs="+", required=True, help="versions, X.Y.Z")
    parser.add_argument("--out", required=True, metavar="DIR", help="directory of all releases")
    parser.add_argument("--arch", nargs="+", choices=layout.ARCHES, default=layout.ARCHES, help="default: all")
    parser.add_argument("--fault", choices=FAULTS,
                        help="make a bad release: " + "; ".join("%s: %s" % item for item in FAULTS.items()))
    parser.add_argument("--padding-mb", type=int, default=0, metavar="N", help="make the base archives N MB larger")
    options = parser.parse_args()
    for version in options.version:
        try:
            sums = pack(version, options.out, options.arch, options.fault, options.padding_mb)
        except PackError as error:
            sys.exit("pack: %s" % error)
        for name, digest in sums.items():
            print("%s  v%s/%s" % (digest, version, name))


if __name__ == "__main__":
    main()
